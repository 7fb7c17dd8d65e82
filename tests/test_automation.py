from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestAutomation(CollectionCommon):
    """The rules that give the collector tasks, once, and the tasks that close by themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.collection_large_amount = 5000.0

    def _tasks(self, name):
        activity_type = self.env.ref(f"credit_collection.mail_activity_type_{name}")
        return self._case().activity_ids.filtered(
            lambda task: task.activity_type_id == activity_type
        )

    def test_a_failed_notice_gives_one_task(self):
        self.customer.email = False
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        self.assertEqual(len(self._tasks("notice_failed")), 1)
        self.assertIn("no e-mail address", self._tasks("notice_failed").note)
        self.assertIn("no e-mail address", dunning.note)
        dunning.action_retry()
        self.assertFalse(dunning.note, "why it failed before says nothing of the next try")
        self.assertEqual(dunning.delivery_text, "E-mail")
        self._send()
        self.assertEqual(len(self._tasks("notice_failed")), 1)

    def test_the_last_level_gives_one_task(self):
        self.customer.collection_policy_id = self._policy([(10, 0)])
        self._overdue_invoice()
        self._overdue_invoice()
        self._dun()
        self.assertEqual(len(self._tasks("last_level")), 1)
        self._overdue_invoice()
        self._dun("2026-03-05")
        self.assertEqual(len(self._tasks("last_level")), 1, "the task that is open is enough")

    def test_a_middle_level_gives_none(self):
        self._overdue_invoice()
        self._dun()
        self.assertFalse(self._tasks("last_level"))

    def _check_time(self, on):
        self._day(on)
        self._commit()
        rules = self.env.ref("credit_collection.automation_large_overdue").sudo()
        rules.last_run = False
        with mute_logger("odoo.addons.base_automation.models.base_automation"):
            self._run_cron("base_automation.ir_cron_data_base_automation_check")

    def test_a_large_invoice_gives_a_task_when_it_becomes_overdue(self):
        self._overdue_invoice(6000.0, due="2026-03-10")
        self._overdue_invoice(100.0, due="2026-03-10", partner=self._customer("Small"))
        self._check_time("2026-03-10")
        self.assertFalse(self._tasks("large_overdue"))
        self._check_time("2026-03-12")
        self.assertEqual(len(self._tasks("large_overdue")), 1)
        self.assertFalse(
            self._case(self.env["res.partner"].search([("name", "=", "Small")])).activity_ids
        )

    def test_the_first_instalment_of_a_large_invoice_gives_the_task(self):
        self._overdue_invoice(6000.0, due="2026-03-01", term=self._term((50, 0), (50, 60)))
        self._check_time("2026-03-05")
        self.assertEqual(len(self._tasks("large_overdue")), 1)

    def test_a_large_invoice_on_hold_gives_none(self):
        self._hold(self._overdue_invoice(6000.0))
        self._check_time("2026-03-05")
        self.assertFalse(self._tasks("large_overdue"))

    def test_tasks_close_when_the_debt_is_paid(self):
        self.customer.collection_policy_id = self._policy([(10, 0)])
        invoice = self._overdue_invoice()
        self._dun()
        by_hand = self.env["mail.activity"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id("credit.collection.case"),
                "res_id": self._case().id,
                "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
                "summary": "Visit",
            }
        )
        self.assertEqual(len(self._case().activity_ids), 2)
        self._pay(invoice, 50.0)
        self._commit()
        self.assertEqual(len(self._case().activity_ids), 2, "something is still owed")
        self._pay(invoice)
        self._commit()
        self.assertEqual(self._case().activity_ids, by_hand, "what a person planned stays")
        self.assertIn("Closed by itself", "".join(self._case().message_ids.mapped("body")))

    def test_the_task_of_a_level_is_given_when_the_notice_was_sent(self):
        activity_type = self.env.ref("mail.mail_activity_data_call")
        self._level(1).activity_type_id = activity_type
        self._overdue_invoice()
        self._run()
        self.assertFalse(self._case().activity_ids)
        self._send()
        self.assertEqual(self._case().activity_ids.activity_type_id, activity_type)

    def test_a_rule_that_is_switched_off_does_nothing(self):
        self.env.ref("credit_collection.automation_last_level").sudo().active = False
        self.customer.collection_policy_id = self._policy([(10, 0)])
        self._overdue_invoice()
        self._dun()
        self.assertFalse(self._tasks("last_level"))
