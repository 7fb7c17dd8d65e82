"""All that is agreed over one ledger, in any order: what must hold whatever happens."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CollectionCommon

CRONS = (
    "ir_cron_expire_holds",
    "ir_cron_judge_promises",
    "ir_cron_follow_disputes",
    "ir_cron_follow_plans",
    "ir_cron_follow_litigations",
    "ir_cron_assess",
)
MODELS = {
    "promise": "credit.collection.promise",
    "dispute": "credit.collection.dispute",
    "plan": "credit.collection.payment.plan",
    "litigation": "credit.collection.litigation",
}
# Which invoices (the last of the three is due later), how much of them in cents, how many days.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["promise", "dispute", "plan", "pay", "pay", "credit", "unmatch", "cancel", "reject"]
            + ["litigation", "insolvency", "close"]
            + ["wait"] * 4
        ),
        st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 1, 2)]),
        st.integers(1, 12000),
        st.integers(1, 12),
    ),
    min_size=6,
    max_size=14,
)


@tagged("post_install", "-at_install")
class TestAgreements(CollectionCommon):
    """No sequence of agreements, payments and days loses a cent or leaves a hold behind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.is_automatic = True
        cls.reason = cls.env.ref("credit_collection.dispute_reason_price")

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(EVENTS)
    def _check_stories(self, events):
        with self.env.cr.savepoint() as savepoint:
            self._day("2026-03-02")
            self.today = fields.Date.today()
            term = self._term((40, 0), (60, 30))
            self.invoices = [
                self._overdue_invoice(100.0),
                self._overdue_invoice(80.01, due="2026-02-15", term=term),
                self._overdue_invoice(33.33, due="2026-03-20"),
            ]
            self._commit()
            for name, numbers, cents, days in events:
                invoices = [self.invoices[number] for number in numbers]
                self._try(getattr(self, f"_do_{name}"), invoices, cents / 100, days)
                self._check()
            savepoint.rollback()
        self.env.invalidate_all()

    def test_any_story(self):
        self._check_stories()

    def _try(self, do, *args):
        """What the software refuses must change nothing."""
        try:
            with self.env.cr.savepoint():
                do(*args)
        except UserError:
            self.env.invalidate_all()

    # -------------------------------------------------------------------------
    # What may happen
    # -------------------------------------------------------------------------

    def _open_lines(self, invoices):
        lines = self.env["account.move"].union(*invoices).line_ids
        return lines.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )

    def _do_promise(self, invoices, amount, days):
        self.env["credit.collection.promise"].create(
            {
                "case_id": self._case().id,
                "move_line_ids": self._open_lines(invoices).ids,
                "amount": amount,
                "date_promised": self.today + timedelta(days=days),
            }
        )

    def _do_dispute(self, invoices, amount, _days):
        self.env["credit.collection.dispute"].create(
            {"move_id": invoices[0].id, "reason_id": self.reason.id, "amount": amount}
        )

    def _do_plan(self, invoices, _amount, days):
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": self._case().id,
                "line_ids": [
                    fields.Command.create(
                        {"move_line_id": line.id, "amount": line.amount_residual_currency}
                    )
                    for line in self._open_lines(invoices)
                ],
                "installment_count": 1 + days % 3,
                "date_first": self.today + timedelta(days=days),
                "period": "week",
            }
        )
        plan.action_make_installments()
        plan.with_context(tracking_disable=True)._set_state("active", allowed=("draft",))

    def _do_litigation(self, invoices, _amount, days):
        """Go to court: over these invoices, or over everything."""
        self._litigate(
            "ios" if days % 2 else "full",
            covers_customer=days % 3 == 0,
            line_ids=[
                fields.Command.create({"move_line_id": line.id})
                for line in self._open_lines(invoices)
            ],
        )

    def _do_insolvency(self, _invoices, _amount, days):
        """The older invoices are part of it, and all three on other days of the judgment."""
        self._litigate(
            "debt_settlement_be" if days % 3 == 0 else "bankruptcy_be",
            date_judgment=self.today - timedelta(days=days * 3),
        )

    def _litigate(self, kind, **vals):
        self.env["credit.collection.litigation"].create(
            {
                "case_id": self._case().id,
                "kind_id": self.env.ref(f"credit_collection.litigation_kind_{kind}").id,
                **vals,
            }
        ).action_open()

    def _do_close(self, _invoices, _amount, days):
        for litigation in self._running("litigation")[:1]:
            litigation._close(litigation._get_outcomes()[days % 4])

    def _do_pay(self, invoices, amount, _days):
        for invoice in invoices:
            if invoice.amount_residual:
                self._pay(invoice, min(amount, invoice.amount_residual), on=str(self.today))

    def _do_credit(self, invoices, amount, _days):
        note = self._credit_note(amount, on=str(self.today))
        self._open_lines([invoices[0], note]).reconcile()

    def _do_unmatch(self, invoices, _amount, _days):
        invoices[0].line_ids.remove_move_reconcile()

    def _do_cancel(self, _invoices, _amount, days):
        """Take back one of the things that were agreed."""
        running = [one for kind in MODELS for one in self._running(kind)]
        if running:
            running[days % len(running)].action_cancel()

    def _do_reject(self, _invoices, _amount, _days):
        for dispute in self._running("dispute")[:1]:
            dispute.resolution = "As ordered."
            dispute.action_reject()

    def _do_wait(self, _invoices, _amount, days):
        """Let days pass, each with the jobs of its night."""
        for _day in range(days):
            self.today += timedelta(days=1)
            self._day(str(self.today))
            for name in CRONS:
                self._run_cron(f"credit_collection.{name}")
            self._check_run()

    def _running(self, kind):
        Model = self.env[MODELS[kind]]
        return Model.search([("state", "in", Model._running_states)], order="id")

    # -------------------------------------------------------------------------
    # What must hold
    # -------------------------------------------------------------------------

    def _check(self):
        self._commit()
        for item in self._items(self.env["account.move"].union(*self.invoices)):
            residual = item.amount_residual_currency
            disputed, claimed = item.amount_disputed, item.amount_claim_currency
            held = round(residual - disputed - claimed, 2)
            self.assertGreaterEqual(min(disputed, held, claimed), 0, item.explanation)
            self.assertEqual(round(disputed + held + claimed, 2), round(residual, 2))
            self.assertEqual(item.decision == "hold", not claimed, item.explanation)
        self._check_holds()

    def _check_holds(self):
        """A hold that counts today belongs to something that goes on."""
        today = fields.Date.today()
        holds = self.env["credit.collection.hold"].search([("state", "=", "active")])
        for hold in holds.filtered(lambda one: not one.date_end or one.date_end > today):
            origin = hold._get_origin()
            is_waiting = origin.state == "rejected" and origin.date_resume > today
            self.assertTrue(origin.state in origin._running_states or is_waiting, hold.display_name)

    def _check_run(self):
        """Nothing under a valid hold is dunned, and nothing more than is owed."""
        items = self._items(self.env["account.move"].union(*self.invoices))
        claimed = {item.move_line_id: item.amount_claim_currency for item in items}
        self._run_cron("credit_collection.ir_cron_run")
        notices = self.env["credit.collection.dunning"].search([("state", "=", "queued")])
        for line in notices.line_ids.filtered(lambda one: one.amount_original > 0):
            self.assertGreater(line.amount_residual, 0)
            self.assertAlmostEqual(line.amount_residual, claimed[line.move_line_id], places=2)
        notices.delivery_ids._set_sent()
