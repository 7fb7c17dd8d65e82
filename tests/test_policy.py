from psycopg2 import IntegrityError

from odoo import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestPolicy(CollectionCommon):
    """A procedure that cannot be set up wrongly by accident."""

    def test_the_first_level_waits_for_nothing(self):
        """L6."""
        with self.assertRefused("no previous notice to wait for"):
            self._policy([(10, 5)])
        with self.assertRefused("no previous notice to wait for"):
            self._level(1).wait_days = 3
        with self.assertRefused("no previous notice to wait for"):
            self._level(1).delay_days = 25  # the second, which waits, becomes the first

    def test_two_levels_of_a_policy_have_two_delays(self):
        """L7."""
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self._policy([(10, 0), (10, 5)])

    def test_an_archived_level_frees_its_delay(self):
        self._level(2).active = False
        self.env.flush_all()
        self.policy.level_ids = [Command.create(self._prepare_level_vals(9, 20, 10))]
        self.assertEqual(sorted(self.policy.level_ids.mapped("delay_days")), [10, 20, 30])

    def test_a_policy_without_dunning_has_no_levels(self):
        with self.assertRefused("remove its levels first"):
            self.policy.is_no_dunning = True

    def test_an_unknown_placeholder_is_refused(self):
        """C22: in each text, and the message says which ones exist."""
        for name in ("letter_subject", "letter_intro", "letter_closing"):
            with self.assertRefused(r"\{amont_due\}.*\{amount_due\}"):
                self._level(1)[name] = "Pay {amont_due}"

    def test_a_level_has_a_channel_and_an_email_has_a_template(self):
        with self.assertRefused("at least one channel"):
            self._level(1).send_email = False
        with self.assertRefused("e-mail template"):
            self._level(1).mail_template_id = False
        self._level(1).write({"send_email": False, "send_letter": True})

    def test_negative_numbers_are_refused(self):
        level = self._level(1)
        for record, name in (
            (self.policy, "quiet_days"),
            (self.policy, "grace_days"),
            (self.policy, "tolerance"),
            (level, "deadline_days"),
            (level, "amount_min"),
            (self._level(2), "wait_days"),
        ):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                record[name] = -1
                self.env.flush_all()
            record.invalidate_recordset()

    def test_the_default_policy_of_a_company_cannot_be_archived_or_given_away(self):
        with self.assertRefused("choose another default"):
            self.policy.active = False
        other = self.setup_other_company()["company"]
        with self.assertRefused("choose another default"):
            self.policy.company_id = other
        spare = self._policy(name="Spare")
        self.company.collection_policy_id = spare
        self.policy.active = False
        with self.assertRefused("choose another default"):
            self.company.collection_policy_id = self.policy

    def test_a_level_that_was_used_is_archived_not_deleted(self):
        self._overdue_invoice()
        self._dun()
        with self.assertRefused("archive it instead"):
            self._level(1).unlink()
        self._level(3).unlink()

    def test_a_policy_that_was_used_cannot_be_deleted(self):
        policy = self._policy([(10, 0)], name="Used")
        self.customer.collection_policy_id = policy
        self._overdue_invoice()
        self._dun()
        with self.assertRefused("archive it instead"):
            policy.unlink()

    def test_an_archived_level_is_not_reached_any_more(self):
        invoice = self._overdue_invoice()
        self._dun()
        self._level(2).active = False
        self._assess()
        self.assertDecision(invoice, "not_late", next_on="2026-03-22")
        self.assertEqual(self._items(invoice).next_level_id.delay_days, 30)

    def test_a_policy_is_copied_with_its_levels(self):
        copy = self.policy.copy()
        self.assertEqual(copy.name, "Test policy (copy)")
        self.assertEqual(copy.level_ids.mapped("delay_days"), [10, 20, 30])

    def test_the_last_level_knows_that_it_is_the_last(self):
        self.assertEqual(
            [level.is_last for level in self.policy.level_ids.sorted("delay_days")],
            [False, False, True],
        )

    def test_a_notice_keeps_its_text_when_the_policy_changes(self):
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        letter, body = dunning.letter_id.raw, dunning.delivery_ids.mail_message_id.body
        self._level(1).letter_intro = "<p>Something else.</p>"
        self.assertEqual(dunning.letter_id.raw, letter)
        self.assertEqual(dunning.delivery_ids.mail_message_id.body, body)

    def test_a_new_company_can_dun_at_once(self):
        """S25."""
        company = self.env["res.company"].create({"name": "New"})
        policy = self.env.ref("credit_collection.policy_business")
        self.assertEqual(company.collection_policy_id, policy)
        self.assertTrue(policy.level_ids)

    def test_the_window_of_the_envelope_follows_the_country(self):
        for code, window in (("de", "left"), ("nl", "left"), ("be", "right"), ("fr", "right")):
            company = self.env["res.company"].create(
                {"name": code, "country_id": self.env.ref(f"base.{code}").id}
            )
            self.assertEqual(company.collection_window, window, code)

    def test_the_settings_write_to_the_company(self):
        spare = self._policy(name="Spare")
        self.env["res.config.settings"].create(
            {"collection_policy_id": spare.id, "collection_hold_review_days": 15}
        ).execute()
        self.assertEqual(self.company.collection_policy_id, spare)
        self.assertEqual(self.company.collection_hold_review_days, 15)

    def test_a_policy_is_made_in_its_form(self):
        form = Form(self.env["credit.collection.policy"])
        form.name = "Made by hand"
        form.quiet_days = 5
        policy = form.save()
        self.assertEqual((policy.catch_up, policy.grouping), ("step", "customer"))
