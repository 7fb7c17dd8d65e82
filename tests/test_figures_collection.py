"""The figures of what collectors do, each against the records told in plain Python."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from .figures_common import FiguresCommon
from .test_charge import ChargeCommon

_DAY = date(2026, 3, 31)


@tagged("post_install", "-at_install")
class TestCollectionFigures(FiguresCommon, ChargeCommon):
    """Notices, promises, disputes, charges and plans, and what came of them."""

    def _promise(self, invoice, amount, by, **vals):
        self._commit()
        lines = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        return self.env["credit.collection.promise"].create(
            {
                "case_id": self._case(invoice.commercial_partner_id).id,
                "move_line_ids": lines.ids,
                "amount": amount,
                "date_promised": by,
                **vals,
            }
        )

    def _judge(self, on):
        self._run_cron("credit_collection.ir_cron_judge_promises", on=on)

    # -- recovery

    def _live_with_notices(self):
        """Ten weeks: every Monday what is due is reminded, in between customers pay."""
        draw = random.Random(3)  # noqa: S311
        customers = [self._customer(f"Late {number}") for number in range(4)]
        invoices = [
            self._overdue_invoice(
                draw.randint(100, 900),
                date(2025, 12, 20) + timedelta(days=draw.randint(0, 60)),
                draw.choice(customers),
            )
            for _number in range(14)
        ]
        for week in range(10):
            monday = date(2026, 1, 12) + timedelta(weeks=week)
            run = self._propose(str(monday))
            if run.dunning_ids:
                run.action_approve()
                self._send()
            for _time in range(2):
                waiting = [one for one in invoices if one.amount_residual]
                if waiting:
                    invoice = draw.choice(waiting)
                    part = draw.choice([1, 0.5])
                    paid = monday + timedelta(days=draw.randint(0, 6))
                    self._pay(invoice, round(invoice.amount_residual * part, 2), on=str(paid))

    def _tell_recovery(self, day, days):
        """Return [(level, channels, days are over, claimed, paid)] of each reminded item."""
        notices = self.env["credit.collection.dunning"].search(
            [("state", "=", "sent"), ("date_sent", "<=", day)]
        )
        told = []
        for line in notices.line_ids.filtered("level_id"):
            sent, item = line.dunning_id.date_sent, line.move_line_id
            later = [
                other.dunning_id.date_sent
                for other in notices.line_ids
                if other.move_line_id == item and other.dunning_id.date_sent > sent
            ]
            over = sent + timedelta(days=days)
            paid = sum(
                match.amount
                for match in item.matched_credit_ids
                if sent < match.credit_move_id.date <= min([over, day, *later])
            )
            channels = {one.channel for one in line.dunning_id.delivery_ids if one.state == "sent"}
            told.append(
                (
                    line.level_id,
                    "+".join(sorted(channels)),
                    over <= day,
                    line.amount_company,
                    min(paid, line.amount_company),
                )
            )
        return told

    def test_recovery_counts_each_payment_for_the_notice_before_it(self):
        self._live_with_notices()
        self.company.sudo().collection_recovery_days = 10
        for day in (date(2026, 2, 10), _DAY):
            told = self._tell_recovery(day, 10)
            self.assertGreater(len(told), 10)
            report = self._report("recovery", day)
            for groupby, position in (("level_id", 0), ("channels", 1), ("is_over", 2)):
                sums = defaultdict(lambda: [0.0, 0.0])
                for row in told:
                    sums[row[position]][0] += row[3]
                    sums[row[position]][1] += row[4]
                found = report._read_group(
                    [], [groupby], ["amount:sum", "amount_paid:sum", "rate:avg"]
                )
                self.assertEqual(
                    {key: (self._cents(a), self._cents(b)) for key, a, b, _rate in found},
                    {key: (self._cents(a), self._cents(b)) for key, (a, b) in sums.items()},
                )
                for key, _claimed, _paid, rate in found:
                    self.assertRatio(rate, sums[key][1] / sums[key][0])

    # -- promises

    def test_promises_kept_by_number_and_by_amount(self):
        invoices = [self._overdue_invoice(amount) for amount in (100.0, 200.0, 400.0, 800.0, 50.0)]
        kept, partial, broken, waiting, canceled = (
            self._promise(invoice, invoice.amount_residual, by)
            for invoice, by in zip(
                invoices,
                ("2026-03-06", "2026-03-06", "2026-03-09", "2026-06-01", "2026-03-06"),
                strict=True,
            )
        )
        canceled.action_cancel()
        self._pay(invoices[0], on="2026-03-05")
        self._pay(invoices[1], 60.0, on="2026-03-05")
        self._judge("2026-03-20")
        self.assertEqual(
            [one.state for one in (kept, partial, broken, waiting)],
            ["kept", "partial", "broken", "open"],
        )
        [row] = self._report("promise", _DAY)._read_group(
            [],
            aggregates=[
                "__count",
                "amount:sum",
                "judged_count:sum",
                "kept_count:sum",
                "amount_judged:sum",
                "amount_kept:sum",
                "rate:avg",
                "rate_amount:avg",
            ],
        )
        self.assertEqual(row[:6], (4, 1500.0, 3, 1, 700.0, 160.0))
        self.assertRatio(row[6], 1 / 3)
        self.assertRatio(row[7], 160 / 700)
        self.assertEqual(
            self._report("promise", date(2026, 3, 3)).search([]).mapped("state"), ["open"] * 4
        )

    # -- disputes

    def test_disputes_by_reason_are_open_until_the_day_they_were_closed(self):
        price = self.env.ref("credit_collection.dispute_reason_price")
        quality = self.env.ref("credit_collection.dispute_reason_quality")
        disputes = [
            self.env["credit.collection.dispute"].create(
                {
                    "move_id": self._overdue_invoice(amount).id,
                    "reason_id": reason.id,
                    "amount": disputed,
                }
            )
            for amount, disputed, reason in (
                (100.0, 40.0, price),
                (200.0, 200.0, price),
                (300.0, 30.0, quality),
            )
        ]
        self._day("2026-03-12")
        disputes[1].resolution = "It is the price that was agreed."
        disputes[1].action_reject()

        def read(day):
            groups = self._report("dispute", day)._read_group(
                [], ["reason_id"], ["__count", "amount:sum", "amount_open:sum", "days_open:sum"]
            )
            return {reason: values for reason, *values in groups}

        self.assertEqual(
            read(date(2026, 3, 11)), {price: [2, 240.0, 240.0, 18], quality: [1, 30.0, 30.0, 9]}
        )
        self.assertEqual(
            read(date(2026, 3, 22)), {price: [2, 240.0, 40.0, 30], quality: [1, 30.0, 30.0, 20]}
        )

    # -- charges

    def test_charges_claimed_posted_waived_and_collected(self):
        self._booked()
        first, second = self._overdue_invoice(1000.0), self._overdue_invoice(500.0)
        self._dun("2026-03-02")
        self._dun("2026-03-12")
        charges = self._charges(state="claimed")
        waived = self._charges(second, kind="fee")
        self._day("2026-03-15")
        self._decide(waived, "waive")
        self._day("2026-03-16")
        posted = self._charges(first)
        posted.action_post()
        document = posted.charge_move_id
        self._pay(document, round(document.amount_total / 2, 2), on="2026-03-20")
        self.assertEqual(document.date, date(2026, 3, 12), "the day of the notice")
        claimed = sum(charges.mapped("amount_company"))
        booked = sum(posted.mapped("amount_company"))
        for day, expected in (
            (date(2026, 3, 11), [0, 0, 0, 0]),
            (date(2026, 3, 14), [claimed, booked, 0, 0]),
            (date(2026, 3, 15), [claimed, booked, 40.0, 0]),
            (date(2026, 3, 16), [claimed, booked, 40.0, 0]),
        ):
            self.assertEqual(self._read_charges(day), [self._cents(one) for one in expected], day)
        share = Decimal(str(document.amount_total - document.amount_residual)) / Decimal(
            str(document.amount_total)
        )
        collected = sum(
            (self._cents(Decimal(str(one.amount_company)) * share) for one in posted), Decimal(0)
        )
        self.assertEqual(self._read_charges(_DAY)[3], collected)

    def _read_charges(self, day):
        measures = ("amount", "amount_posted", "amount_waived", "amount_collected")
        [row] = self._report("charge", day)._read_group(
            [], aggregates=[f"{measure}:sum" for measure in measures]
        )
        return [self._cents(amount) for amount in row]

    # -- collectors

    def test_month_of_a_collector_is_what_he_did_and_what_came_of_it(self):
        anne = self._user("anne", "credit_collection_group_user")
        first, second = self._overdue_invoice(100.0), self._overdue_invoice(300.0)
        early = self._overdue_invoice(70.0, "2026-04-30", invoice_date="2026-03-01")
        self._commit()
        self._case().user_id = anne
        self._dun("2026-03-02")
        self._promise(first, 100.0, "2026-03-06", user_id=anne.id)
        self._pay(first, on="2026-03-05")
        self._pay(early, on="2026-03-06")
        self._judge("2026-03-20")
        dispute = self.env["credit.collection.dispute"].create(
            {
                "move_id": second.id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": 20.0,
                "user_id": anne.id,
                "resolution": "No.",
            }
        )
        dispute.action_reject()
        self._day("2026-04-01")
        self._contact_of(anne, "call", "2026-03-03 10:00:00")
        self._contact_of(anne, "visit", "2026-03-31 21:00:00")
        self._contact_of(anne, "email", "2026-03-04 10:00:00")
        self._contact_of(self.env["res.users"], "email", "2026-03-05 10:00:00", direction="in")
        found = {
            (user, kind): (count, self._cents(amount))
            for user, kind, count, amount in self._report("collector", _DAY)._read_group(
                [("date", ">=", "2026-03-01")],
                ["user_id", "kind"],
                ["__count", "amount:sum"],
            )
        }
        notice = self.env["credit.collection.dunning"].search([("state", "=", "sent")])
        self.assertEqual(
            found,
            {
                (anne, "recovered"): (1, self._cents(100)),
                (anne, "in_time"): (1, self._cents(70)),
                (anne, "notice"): (1, self._cents(sum(notice.mapped("amount_due")))),
                (anne, "promise"): (1, self._cents(100)),
                (anne, "kept"): (1, self._cents(100)),
                (anne, "dispute"): (1, self._cents(20)),
                (anne, "call"): (2, self._cents(0)),
                (anne, "written"): (2, self._cents(0)),
            },
        )
        self._check_measures(found, anne)

    def _contact_of(self, user, channel, when, **vals):
        """Note a contact with the late payer, as it is kept."""
        return (
            self.env["credit.collection.contact"]
            .sudo()  # answers are noted by themselves
            .create(
                {
                    "case_id": self._case().id,
                    "channel": channel,
                    "date": when,
                    "user_id": user.id,
                    "outcome_id": self.env.ref("credit_collection.contact_outcome_reached").id
                    if channel != "email"
                    else False,
                    **vals,
                }
            )
        )

    def _check_measures(self, found, user):
        """Each measure is the sum of its own kind, and of no other."""
        report = self._report("collector", _DAY)
        measures = report._get_measures()
        [totals] = report._read_group(
            [("date", ">=", "2026-03-01"), ("user_id", "=", user.id)],
            [],
            [f"{measure}:sum" for measure in measures],
        )
        for (measure, (_value, kind)), total in zip(measures.items(), totals, strict=True):
            count, amount = found.get((user, kind), (0, 0))
            if measure.startswith("amount_"):
                self.assertEqual(self._cents(total), self._cents(amount), measure)
            else:
                self.assertEqual(total, count, measure)

    # -- the forecast

    def _forecast(self, day):
        """Return `{(source, day): amount}`."""
        return {
            (source, when or None): self._cents(amount)
            for source, when, amount in self._report("forecast", day)._read_group(
                [], ["source", "date_expected:day"], ["amount:sum"]
            )
        }

    def test_what_is_cancelled_later_is_expected_as_it_was_then(self):
        today = date(2026, 3, 2)
        promise = self._promise(self._overdue_invoice(400.0, "2026-02-20"), 300.0, "2026-03-13")
        other = self._customer("Planner")
        plan = self._plan(self._overdue_invoice(600.0, "2026-02-20", partner=other))

        def taken(day):
            return self._report("promise", day)._read_group([], [], ["__count", "amount:sum"])

        expected, counted = self._forecast(today), taken(today)
        self.assertEqual({source for source, _day in expected}, {"promise", "plan", "due"})
        self._day("2026-03-05")
        promise.action_cancel()
        plan.action_cancel()
        self.assertEqual((self._forecast(today), taken(today)), (expected, counted))
        self.assertEqual({source for source, _day in self._forecast(date(2026, 3, 5))}, {"due"})
        self.assertEqual(taken(date(2026, 3, 5)), [(0, False)])

    def test_forecast_takes_agreements_at_their_word(self):
        today = date(2026, 3, 2)
        promised = self._overdue_invoice(400.0, "2026-02-20")
        self._promise(promised, 300.0, "2026-03-13")
        other = self._customer("Planner")
        planned = self._overdue_invoice(600.0, "2026-02-20", partner=other)
        self._plan(planned)
        third = self._customer("Objector")
        disputed = self._overdue_invoice(1000.0, "2026-03-20", partner=third)
        self.env["credit.collection.dispute"].create(
            {
                "move_id": disputed.id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": 250.0,
            }
        )
        self._credit_note(50.0, "2026-02-20", partner=third)
        self._overdue_invoice(80.0, "2025-10-01", partner=self._customer("Gone"))
        self.assertEqual(
            self._forecast(today),
            {
                ("promise", date(2026, 3, 13)): self._cents(300),
                ("due", date(2026, 3, 12)): self._cents(100),
                ("plan", date(2026, 3, 16)): self._cents(200),
                ("plan", date(2026, 4, 16)): self._cents(200),
                ("plan", date(2026, 5, 16)): self._cents(200),
                ("due", date(2026, 3, 20)): self._cents(700),
                ("due", None): self._cents(80),
            },
        )
        self._pay(planned, 250.0, on="2026-03-02")
        self.assertEqual(
            {key: amount for key, amount in self._forecast(today).items() if key[0] == "plan"},
            {
                ("plan", date(2026, 4, 16)): self._cents(150),
                ("plan", date(2026, 5, 16)): self._cents(200),
            },
        )

    def test_what_is_promised_and_planned_is_expected_once(self):
        today = date(2026, 3, 2)
        invoice = self._overdue_invoice(600.0, "2026-02-20")
        promise = self._promise(invoice, 300.0, "2026-03-13")
        self._plan(invoice)
        self.assertEqual(promise.state, "cancel", "the plan takes its place")
        self.assertIn("was cancelled", self._case().message_ids[1].preview)
        planned = self._forecast(today)
        self.assertEqual({source for source, _day in planned}, {"plan"})
        self._promise(invoice, 200.0, "2026-03-16")
        self.assertEqual(self._forecast(today), planned, "the installment, promised again")

    def test_a_promise_of_what_is_not_planned_stays(self):
        today = date(2026, 3, 2)
        invoice = self._overdue_invoice(1000.0, "2026-02-20")
        promise = self._promise(invoice, 400.0, "2026-03-06")
        self._plan(invoice, 600.0)
        self.assertEqual(promise.state, "open")
        self.assertEqual(self._forecast(today)["promise", date(2026, 3, 6)], self._cents(400))
        self.assertEqual(sum(self._forecast(today).values()), self._cents(1000))

    def _plan(self, invoice, amount=None):
        self._commit()
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case(invoice.commercial_partner_id).id,
                "line_ids": [
                    Command.create(
                        {"move_line_id": line.id, "amount": amount or line.amount_residual}
                    )
                    for line in invoice.line_ids
                    if line.account_type == "asset_receivable"
                ],
                "installment_ids": [
                    Command.create({"date_due": day, "amount": 200.0})
                    for day in ("2026-03-16", "2026-04-16", "2026-05-16")
                ],
            }
        )
        plan.action_propose()
        plan.action_activate()
        return plan

    def test_forecast_is_kept_once_a_week_and_compared_with_what_came_in(self):
        Forecast = self.env["credit.collection.forecast"]
        first = self._overdue_invoice(100.0, "2026-03-10", invoice_date="2026-02-10")
        second = self._overdue_invoice(200.0, "2026-03-12", invoice_date="2026-02-10")
        self._run_cron("credit_collection.ir_cron_keep_forecast", on="2026-03-02")
        kept = Forecast.search([("company_id", "=", self.env.company.id)])
        self.assertEqual(
            [(one.date, one.week, one.amount) for one in kept],
            [(date(2026, 3, 2), date(2026, 3, 9), 300.0)],
        )
        self._run_cron("credit_collection.ir_cron_keep_forecast", on="2026-03-04")
        self.assertEqual(
            Forecast.search([("company_id", "=", self.env.company.id)]), kept, "once a week"
        )
        self._pay(first, on="2026-03-11")
        self._pay(second, on="2026-03-16")
        newer = self._overdue_invoice(999.0, "2026-03-11", invoice_date="2026-03-05")
        self._pay(newer, on="2026-03-11")
        [row] = self._report("accuracy", _DAY).search([("date", "=", "2026-03-02")])
        self.assertEqual(
            (row.weeks_ahead, row.is_over, row.amount_expected, row.amount_received),
            (1, True, 300.0, 100.0),
        )
        self.assertRatio(row.rate, 1 / 3)
        [row] = self._report("accuracy", date(2026, 3, 10)).search([("date", "=", "2026-03-02")])
        self.assertEqual((row.is_over, row.amount_received), (False, 0.0))

    # -- the dashboard

    def _dashboard(self, day, **context):
        """Return {key: tile}, and all charts and tables, of a day."""
        self.env.flush_all()
        self.env.invalidate_all()
        Dashboard = self.env["credit.collection.dashboard"].with_context(**context)
        frame = Dashboard.get_sections(str(day))
        sections = [Dashboard.get_section(name, str(day)) for name in frame["sections"]]
        tiles = {tile["key"]: tile for one in sections for tile in one.get("tiles", [])}
        parts = [
            part
            for one in sections
            for part in [*one.get("charts", []), *([one["table"]] if "table" in one else [])]
        ]
        return tiles, parts

    def _sum_behind(self, action, field):
        """Return the sum of what a click on a figure opens."""
        report = self.env[action["res_model"]].with_context(**action["context"])
        [(amount,)] = report._read_group(action["domain"], aggregates=[f"{field}:sum"])
        return self._cents(amount)

    def test_documents_behind_a_figure_add_up_to_it(self):
        self._live_with_notices()
        self._overdue_invoice(500.0, "2026-03-30", invoice_date="2026-03-05")
        tiles, parts = self._dashboard(date(2026, 3, 20))
        for key, field in (
            ("receivable", "amount_residual"),
            ("overdue", "amount_overdue"),
            ("received", "amount"),
            ("disputed", "amount_open"),
            ("charges", "amount"),
            ("expected", "amount"),
        ):
            tile = tiles[key]
            self.assertEqual(
                self._sum_behind(tile["action"], field), self._cents(tile["value"]), key
            )
        self.assertGreater(tiles["overdue"]["value"], 0)
        self.assertGreater(tiles["received"]["value"], 0)
        charts = {part["key"]: part for part in parts}
        for key, field in (("ageing", "amount_residual"), ("forecast", "amount")):
            for bar in charts[key]["bars"]:
                self.assertEqual(self._sum_behind(bar["action"], field), self._cents(bar["value"]))
        for bar in charts["trend"]["bars"]:
            self.assertEqual(
                self._sum_behind(bar["action"], "amount_overdue"), self._cents(bar["value"])
            )
        rolled = charts["roll"]["rows"]
        for row in rolled:
            self.assertAlmostEqual(sum(cell or 0 for cell in row["cells"][2:]), 1.0)
        self.assertTrue(tiles["dso"]["help"], "the formula is in the help")
        self.assertEqual(len(tiles), 12, "a dozen")

    def test_a_click_on_a_row_opens_what_it_counts(self):
        collector = self._user("clicks", "credit_collection_group_user")
        self._live_with_notices()
        invoice = self._overdue_invoice(500.0, "2026-03-30", invoice_date="2026-03-05")
        self._promise(invoice, 500.0, "2026-04-10")
        self.env["credit.collection.dispute"].create(
            {
                "move_id": self._overdue_invoice(100.0).id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": 40.0,
            }
        )
        case = self._plan(self._overdue_invoice(600.0, "2026-03-30")).case_id
        for name, field in (
            ("item", "move_id"),
            ("payment", "move_id"),
            ("roll", "move_id"),
            ("forecast", "move_id"),
            ("recovery", "dunning_id"),
            ("charge", "charge_id"),
            ("promise", "promise_id"),
            ("dispute", "dispute_id"),
            ("collector", "case_id"),
        ):
            report = self._report(name, _DAY)
            row = report.search([(field, "!=", False)], limit=1)
            action = row.with_user(collector).action_open_document()
            self.assertEqual(
                (action["res_model"], action["res_id"]), (row[field]._name, row[field].id), name
            )
        planned = self._report("forecast", _DAY).search([("source", "=", "plan")], limit=1)
        action = planned.action_open_document()
        self.assertEqual((action["res_model"], action["res_id"]), (case._name, case.id))

    def test_dashboard_of_a_company_without_anything_is_empty_and_not_wrong(self):
        tiles, parts = self._dashboard(date(2020, 1, 31))
        self.assertEqual({tile["value"] or 0 for tile in tiles.values()}, {0})
        self.assertTrue(parts)

    def test_amounts_of_another_company_are_converted(self):
        self._currency("CHF", 2.0)
        data = self.setup_other_company(name="Swiss ledger")
        other = data["company"]
        other.currency_id = self.env.ref("base.CHF")
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.env.ref("base.EUR").id,
                "company_id": other.id,
                "name": "2020-01-01",
                "rate": 2.0,
            }
        )
        self._overdue_invoice(100.0)
        both = [self.env.company.id, other.id]
        self.env.user.company_ids = [Command.link(other.id)]
        only = {"allowed_company_ids": self.env.company.ids}
        alone = self._dashboard(_DAY, **only)[0]["receivable"]["value"]
        move = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-02-01",
                    "currency_id": other.currency_id.id,
                    "invoice_line_ids": [
                        Command.create({"name": "Goods", "price_unit": 300.0, "tax_ids": []})
                    ],
                }
            )
        )
        move.action_post()
        together = self._dashboard(_DAY, allowed_company_ids=both)[0]["receivable"]["value"]
        self.assertAlmostEqual(together - alone, 600.0)
        now = self._dashboard(_DAY, **only)[0]["receivable"]["value"]
        self.assertEqual(now, alone)

    def test_queries_do_not_grow_with_the_ledger(self):
        Dashboard = self.env["credit.collection.dashboard"]
        sections = Dashboard.get_sections(str(_DAY))["sections"]

        def count():
            self.env.flush_all()
            counts = {}
            for name in sections:
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                Dashboard.get_section(name, str(_DAY))
                counts[name] = self.env.cr.sql_log_count - before
            return counts

        self._overdue_invoice(10.0)
        self._dun("2026-03-12")
        count()
        few = count()
        for number in range(12):
            partner = self._customer(f"More {number}")
            self._overdue_invoice(100.0 + number, partner=partner)
        self._dun("2026-03-23")
        many = count()
        for name in sections:
            self.assertLessEqual(many[name], few[name] + 3, name)

    # -- the weekly e-mail

    def test_weekly_mail_is_off_until_somebody_switches_it_on(self):
        digest = self.env.ref("credit_collection.digest_digest_weekly")
        self.assertEqual((digest.state, digest.periodicity), ("deactivated", "weekly"))
        self.assertFalse(digest.user_ids)

    def test_weekly_mail_says_what_is_overdue_now_beside_every_span(self):
        manager = self._user("digest_manager", "credit_collection_group_manager")
        self._overdue_invoice(100.0, "2026-02-28")
        self._overdue_invoice(900.0, "2026-02-10")
        self.env.flush_all()
        digest = self.env.ref("credit_collection.digest_digest_weekly").sudo()
        told = {kpi["kpi_name"]: kpi for kpi in digest._compute_kpis(self.env.company, manager)}
        today = date(2026, 3, 2)
        [(dso,)] = self._report("month", today)._read_group(
            [("date", "=", today)], aggregates=["dso:avg"]
        )
        columns = ("kpi_col1", "kpi_col2", "kpi_col3")
        for name, value in (("overdue", "1k"), ("dso", f"{dso:.2f}")):
            for column in columns:
                self.assertIn(value, told[f"kpi_collection_{name}"][column]["value"], column)
        margins = [told["kpi_collection_overdue"][column]["margin"] for column in columns]
        self.assertEqual(margins[:2], [0.0, 11.11], "a week ago 900 were overdue")

    def test_a_program_that_reads_the_weekly_mail_gets_the_figures_of_a_week(self):
        recent, older = self._overdue_invoice(1234.0), self._overdue_invoice(100.0)
        self._pay(recent, 234.0, on="2026-02-26")
        self._pay(older, 50.0, on="2026-02-23")
        self.env.flush_all()
        digest = self.env.ref("credit_collection.digest_digest_weekly").sudo()
        self.assertEqual(digest.read()[0]["kpi_collection_recovered_value"], 234.0)

    def test_weekly_mail_says_the_figures_of_the_company_of_its_reader(self):
        manager = self._user("digest_manager", "credit_collection_group_manager")
        reader = self._user("digest_reader")
        invoice, _other = self._overdue_invoice(1234.0), self._overdue_invoice(100.0)
        self._pay(invoice, 234.0, on="2026-03-01")
        self.env.flush_all()
        digest = self.env.ref("credit_collection.digest_digest_weekly").sudo()
        values = {
            kpi["kpi_name"]: kpi["kpi_col2"]["value"]
            for kpi in digest._compute_kpis(self.env.company, manager)
        }
        self.assertIn("1.1", values["kpi_collection_overdue"])
        self.assertIn("234", values["kpi_collection_recovered"])
        self.assertEqual(
            set(values),
            {f"kpi_collection_{name}" for name in ("overdue", "dso", "recovered", "promises_kept")},
        )
        self.assertFalse(digest._compute_kpis(self.env.company, reader))
        digest.user_ids = manager
        digest.action_send_manual()
        mail = self.env["mail.mail"].sudo().search([("email_to", "ilike", manager.email)], limit=1)
        self.assertIn("Overdue Receivables", mail.body_html)
