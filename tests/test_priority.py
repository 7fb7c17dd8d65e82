from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestPriority(CollectionCommon):
    """Whom to call first, and why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["credit.collection.priority.rule"].search([]).active = False

    def _rule(self, measure, threshold, points, **vals):
        return self.env["credit.collection.priority.rule"].create(
            {"measure": measure, "threshold": threshold, "points": points, **vals}
        )

    def assertPriority(self, case, text):
        self._commit()
        case._update_priorities()
        self.assertEqual(case.priority_text, text)
        self.assertEqual(case.priority, sum((case.priority_parts or {}).values()))

    def test_the_priority_is_the_sum_of_its_points_and_says_so(self):
        self._rule("amount", 1000, 200)
        self._rule("late", 30, 120)
        self._rule("broken", 1, 100)
        self._overdue_invoice(1500.0, due="2026-01-15")
        self._commit()
        case = self._case()
        self.assertPriority(case, "320 = 200 amount + 120 late")
        promise = self.env["credit.collection.promise"].create(
            {"case_id": case.id, "amount": 1500.0, "date_promised": "2026-03-03"}
        )
        self.assertPriority(case, "120 = 120 late")  # who has promised is left in peace
        self._run_cron("credit_collection.ir_cron_judge_promises", "2026-03-20")
        self.assertEqual(promise.state, "broken")
        self.assertPriority(case, "420 = 200 amount + 120 late + 100 broken promise")

    def test_the_highest_threshold_reached_counts(self):
        for threshold, points in ((100, 10), (500, 20), (1000, 40)):
            self._rule("amount", threshold, points)
        self._overdue_invoice(500.0)
        self._commit()
        self.assertPriority(self._case(), "20 = 20 amount")

    def test_the_nearer_the_deadline_the_more_points(self):
        self._rule("limitation", 90, 60)
        self._rule("limitation", 30, 150)
        invoice = self._overdue_invoice()
        self._commit()
        items = self._items(invoice)
        for date_lapse, text in (
            ("2026-06-30", "0"),
            ("2026-05-31", "60 = 60 claim lapses"),
            ("2026-04-01", "150 = 150 claim lapses"),
            ("2026-03-01", "0"),
        ):
            items.sudo().date_lapse = date_lapse
            self.assertPriority(self._case(), text)

    def test_habits_and_sales_are_read_from_the_ledger(self):
        self._rule("behaviour", 15, 20)
        self._rule("size", 250, 30)
        for due, paid in (("2026-01-10", "2026-01-20"), ("2026-01-10", "2026-02-09")):
            self._pay(self._overdue_invoice(100.0, due), on=paid)
        self._overdue_invoice(100.0)
        self._run_cron("credit_collection.ir_cron_assess")
        case = self._case()
        self.assertEqual((case.days_late_average, case.amount_sales), (20, 300.0))
        self.assertPriority(case, "50 = 20 slow payer + 30 large customer")

    def test_silence_levels_and_calls_count(self):
        self._rule("silence", 30, 40)
        self._rule("level", 1, 10)
        self._rule("action", 0, 60)
        self._overdue_invoice(due="2026-01-20")
        self._commit()
        case = self._case()
        self.assertPriority(case, "40 = 40 no contact")
        self._dun()
        self.assertPriority(case, "10 = 10 level")
        case.date_next_action = "2026-03-02"
        self.assertPriority(case, "70 = 10 level + 60 to call")

    def test_an_insolvency_and_an_answer_raise_the_case(self):
        self._rule("litigation", 3, 60)
        self._rule("answer", 1, 80)
        self._overdue_invoice()
        self._commit()
        case = self._case()
        case.message_post(body="Wait", message_type="email", author_id=self.customer.id)
        self.assertEqual(case.priority_text, "80 = 80 answer to read")
        kind = self.env["credit.collection.litigation.kind"].search(
            [("category", "=", "insolvency")], limit=1
        )
        litigation = self.env["credit.collection.litigation"].create(
            {"case_id": case.id, "kind_id": kind.id}
        )
        litigation.date_judgment = "2026-02-25"
        litigation.action_open()
        self.assertPriority(case, "140 = 60 litigation + 80 answer to read")

    def test_the_rules_of_a_company_take_the_place_of_the_shared_ones(self):
        self._rule("amount", 1, 10)
        self._rule("late", 1, 5)
        self._rule("amount", 1, 70, company_id=self.company.id)
        self._overdue_invoice()
        self._commit()
        self.assertPriority(self._case(), "75 = 70 amount + 5 late")

    def test_a_case_that_is_paid_has_no_priority(self):
        self._rule("amount", 1, 10)
        invoice = self._overdue_invoice()
        self._commit()
        self.assertEqual(self._case().priority, 10)
        self._pay(invoice)
        self._commit()
        self.assertEqual((self._case().priority, self._case().priority_parts), (0, False))

    def test_the_worklist_is_in_the_order_of_the_priority(self):
        self._rule("late", 30, 100)
        small = self._customer("Small but late")
        self._overdue_invoice(10.0, "2026-01-01", small)
        self._overdue_invoice(1000.0)
        self._commit()
        cases = self.env["credit.collection.case"].search([("company_id", "=", self.company.id)])
        self.assertEqual(cases.partner_id, small | self.customer)
        self.assertEqual(cases[0].partner_id, small)

    def test_the_effect_is_seen_before_the_rules_are_switched_on(self):
        rule = self._rule("amount", 100, 10)
        small = self._customer("Small but late")
        self._overdue_invoice(10.0, "2026-01-01", small)
        self._overdue_invoice(1000.0)
        self._commit()
        before = self._case()
        preview = self.env["credit.collection.priority.preview"].create({})
        preview.rule_ids.filtered(lambda line: line.rule_id == rule).points = 20
        preview.write({"rule_ids": [(0, 0, {"measure": "late", "threshold": 30, "points": 90})]})
        preview.action_try()
        self.assertEqual((preview.case_count, preview.moved_count), (2, 2))
        first = preview.place_ids[0]
        self.assertEqual(first.case_id.partner_id, small)
        self.assertEqual((first.rank, first.rank_before, first.priority_before), (1, 2, 0))
        self.assertEqual(first.reasons, "90 = 90 late")
        self.assertEqual((before.priority, rule.points), (10, 10))  # nothing has changed yet
        preview.action_apply()
        self.assertEqual((before.priority, self._case(small).priority), (20, 90))

    def test_a_rule_that_is_taken_out_is_switched_off(self):
        rule = self._rule("amount", 1, 10)
        preview = self.env["credit.collection.priority.preview"].create({})
        preview.rule_ids.filtered(lambda line: line.rule_id == rule).unlink()
        preview.action_apply()
        self.assertFalse(rule.active)

    def test_collectors_read_the_rules_and_do_not_change_them(self):
        rule = self._rule("amount", 1, 10)
        collector = self._user("collector", "credit_collection_group_user")
        self.assertEqual(rule.with_user(collector).points, 10)
        with self.assertRaises(AccessError):
            rule.with_user(collector).points = 20

    def test_a_manager_sees_no_rules_of_another_company(self):
        rule = self._rule("amount", 1, 10, company_id=self.company.id)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        manager = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=company.id,
            company_ids=company.ids,
        )
        theirs = rule.with_user(manager).with_context(allowed_company_ids=company.ids)
        self.assertFalse(theirs.search([("id", "=", rule.id)]))
        with self.assertRaises(AccessError):
            theirs.points = 20


@tagged("post_install", "-at_install")
class TestAssignment(CollectionCommon):
    """Whose customer it is: by rule, by hand, and while somebody is away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._user(cls, "ann", "credit_collection_group_user")
        cls.bob = cls._user(cls, "bob", "credit_collection_group_user")
        cls.eve = cls._user(cls, "eve", "credit_collection_group_user")
        cls.company.collection_user_id = cls.ann

    def _rule(self, user, **vals):
        return self.env["credit.collection.assignment.rule"].create({"user_id": user.id, **vals})

    def _absence(self, user, substitute, first="2026-03-02", last="2026-03-06", **vals):
        return self.env["credit.collection.absence"].create(
            {
                "user_id": user.id,
                "substitute_id": substitute.id,
                "date_from": first,
                "date_to": last,
                **vals,
            }
        )

    def _owe(self, amount=100.0, **vals):
        customer = self._customer(f"Customer {amount}", **vals)
        self._overdue_invoice(amount, partner=customer)
        self._commit()
        return self._case(customer)

    def test_the_first_rule_that_fits_decides_when_a_case_opens(self):
        tag = self.env["res.partner.category"].create({"name": "Key account"})
        self._rule(self.eve, category_ids=tag.ids, sequence=1)
        self._rule(self.bob, country_ids=self.env.ref("base.fr").ids, sequence=2)
        self._rule(self.bob, amount_min=1000.0, sequence=3)
        france = self.env.ref("base.fr").id
        self.assertEqual(self._owe(1.0).user_id, self.ann)
        self.assertEqual(self._owe(2.0, country_id=france).user_id, self.bob)
        self.assertEqual(self._owe(3.0, country_id=france, category_id=tag.ids).user_id, self.eve)
        self.assertEqual(self._owe(999.0).user_id, self.ann)
        self.assertEqual(self._owe(1000.0).user_id, self.bob)

    def test_a_rule_of_a_language_is_for_customers_who_speak_it(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._rule(self.bob, lang="fr_FR")
        self.assertEqual(self._owe(1.0, lang="fr_FR").user_id, self.bob)
        self.assertEqual(self._owe(2.0, lang=False).user_id, self.ann)

    def test_the_rules_are_applied_to_the_cases_chosen(self):
        cases = self._owe(10.0) | self._owe(2000.0)
        self._rule(self.bob, amount_min=1000.0)
        wizard = self.env["credit.collection.case.assign"].create(
            {"case_ids": cases.ids, "method": "rule"}
        )
        answer = wizard.action_assign()
        self.assertIn("No rule fits 1 of these cases", answer["params"]["message"])
        self.assertEqual(cases.mapped("user_id"), self.ann | self.bob)
        self.assertEqual(cases[1].user_id, self.bob)

    def test_nobody_is_assigned_by_default(self):
        wizard = self.env["credit.collection.case.assign"].create({"case_ids": self._owe().ids})
        with self.assertRefused("Choose who works these cases"):
            wizard.action_assign()

    def test_the_substitute_works_the_cases_until_the_collector_is_back(self):
        case = self._owe()
        self._absence(self.ann, self.bob)
        mine = [("acting_user_id", "=", self.bob.id)]
        Case = self.env["credit.collection.case"]
        self.assertEqual((case.acting_user_id, case.user_id), (self.bob, self.ann))
        self.assertEqual(Case.search(mine), case)
        self.assertFalse(Case.search([("acting_user_id", "=", self.ann.id)]))
        task = case._schedule_task("credit_collection.mail_activity_type_large_overdue")
        self.assertEqual(task.user_id, self.bob)
        self._day("2026-03-07")
        self.env.invalidate_all()
        self.assertEqual(case.acting_user_id, self.ann)
        self.assertFalse(Case.search(mine))

    def _task(self, case, user, day):
        return case.activity_schedule(
            "mail.mail_activity_data_call", fields.Date.to_date(day), user_id=user.id
        )

    def test_tasks_that_fall_due_meanwhile_are_on_the_list_of_the_substitute(self):
        case = self._owe()
        due, soon, later = (
            self._task(case, self.ann, day) for day in ("2026-02-27", "2026-03-04", "2026-03-09")
        )
        own = self._task(case, self.bob, "2026-03-02")
        self._absence(self.ann, self.bob)
        self.assertEqual((due.user_id, soon.user_id), (self.bob, self.ann))
        to_call = case._get_to_call_domain() & Domain("acting_user_id", "=", self.bob.id)
        self.assertEqual(case.search(to_call), case)
        cron = "credit_collection.ir_cron_pass_tasks"
        self._run_cron(cron, on="2026-03-04")
        self.assertEqual((soon.user_id, later.user_id), (self.bob, self.ann))
        self._run_cron(cron, on="2026-03-07")
        self.assertEqual((due | soon | later).user_id, self.ann, "she is back")
        self.assertFalse((due | soon).collection_absent_user_id)
        self.assertEqual(own.user_id, self.bob)

    def test_an_absence_that_is_called_off_gives_the_tasks_back(self):
        case = self._owe()
        kept, given = (self._task(case, self.ann, "2026-03-02") for _number in range(2))
        absence = self._absence(self.ann, self.bob)
        given.user_id = self.eve
        absence.unlink()
        self.assertEqual((kept.user_id, given.user_id), (self.ann, self.eve))

    def test_a_substitute_who_is_away_is_stood_in_for(self):
        case = self._owe()
        self._absence(self.ann, self.bob)
        self._absence(self.bob, self.eve)
        self.assertEqual(case.acting_user_id, self.eve)
        self._absence(self.eve, self.ann)  # nobody is left
        self.env.invalidate_all()
        self.assertEqual(case.acting_user_id, self.ann)

    def test_an_absence_in_another_company_changes_nothing_here(self):
        case = self._owe()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self._absence(self.ann, self.bob, company_id=other.id)
        self.assertEqual(case.acting_user_id, self.ann)

    def test_a_manager_of_one_company_changes_no_rule_of_another(self):
        rule = self._rule(self.bob, company_id=self.company.id)
        absence = self._absence(self.ann, self.bob, company_id=self.company.id)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._user(
            "stranger",
            "credit_collection_group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        for record, vals in ((rule, {"sequence": 1}), (absence, {"date_to": "2026-03-09"})):
            theirs = record.with_user(stranger).with_context(allowed_company_ids=other.ids)
            self.assertFalse(theirs.search([("id", "=", record.id)]))
            with self.assertRaises(AccessError):
                theirs.write(vals)

    def test_absences_make_sense(self):
        self._absence(self.ann, self.bob)
        with self.assertRefused("is away already"):
            self._absence(self.ann, self.eve, "2026-03-06", "2026-03-09")
        self._absence(self.ann, self.eve, "2026-03-07", "2026-03-09")

    def test_a_collector_enters_his_own_absence_only(self):
        Absence = self.env["credit.collection.absence"].with_user(self.ann)
        vals = {"date_from": "2026-03-02", "date_to": "2026-03-03", "substitute_id": self.eve.id}
        self.assertEqual(Absence.create(vals).user_id, self.ann)
        with self.assertRaises(AccessError):
            Absence.create({**vals, "user_id": self.bob.id})
