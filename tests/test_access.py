from odoo.api import Environment
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged

from .common import CollectionCommon

READ, WRITE, CREATE, UNLINK = "read", "write", "create", "unlink"
ALL = {READ, WRITE, CREATE, UNLINK}

# What each group may do with each model; nobody else may do anything.
RIGHTS = {
    "credit.collection.absence": ({READ}, ALL, ALL),
    "credit.collection.assignment.rule": ({READ}, {READ}, ALL),
    "credit.collection.case": ({READ}, {READ, WRITE}, {READ, WRITE}),
    "credit.collection.case.assign": (set(), ALL, ALL),
    "credit.collection.case.document": ({READ}, ALL, ALL),
    "credit.collection.case.doubtful": (set(), set(), ALL),
    "credit.collection.case.handover": (set(), ALL, ALL),
    "credit.collection.case.hold": (set(), ALL, ALL),
    "credit.collection.case.interest": (ALL, ALL, ALL),
    "credit.collection.case.statement": (ALL, ALL, ALL),
    "credit.collection.case.statement.letter": (ALL, ALL, ALL),
    "credit.collection.case.write.off": (set(), set(), ALL),
    "credit.collection.case.write.off.line": (set(), set(), ALL),
    "credit.collection.bucket": ({READ}, {READ}, ALL),
    "credit.collection.forecast": (set(), {READ}, {READ}),
    "credit.collection.report.item": (set(), {READ}, {READ}),
    "credit.collection.report.payment": (set(), {READ}, {READ}),
    "credit.collection.report.recovery": (set(), {READ}, {READ}),
    "credit.collection.report.roll": (set(), {READ}, {READ}),
    "credit.collection.report.month": (set(), {READ}, {READ}),
    "credit.collection.report.promise": (set(), {READ}, {READ}),
    "credit.collection.report.dispute": (set(), {READ}, {READ}),
    "credit.collection.report.charge": (set(), {READ}, {READ}),
    "credit.collection.report.collector": (set(), {READ}, {READ}),
    "credit.collection.report.forecast": (set(), {READ}, {READ}),
    "credit.collection.report.accuracy": (set(), {READ}, {READ}),
    "credit.collection.charge": ({READ}, {READ, WRITE}, {READ, WRITE}),
    "credit.collection.charge.decide": (set(), ALL, ALL),
    "credit.collection.charge.item": ({READ}, {READ}, {READ}),
    "credit.collection.client.report": ({READ}, {READ}, {READ}),
    "credit.collection.client.report.make": (set(), set(), ALL),
    "credit.collection.cockpit": ({READ}, {READ}, {READ}),
    "credit.collection.contact": ({READ}, {READ, WRITE, CREATE}, {READ, WRITE, CREATE}),
    "credit.collection.contact.outcome": ({READ}, {READ}, ALL),
    "credit.collection.delivery": ({READ}, {READ}, {READ}),
    "credit.collection.dispute": ({READ}, {READ, WRITE, CREATE}, {READ, WRITE, CREATE}),
    "credit.collection.dispute.reason": ({READ}, {READ}, ALL),
    "credit.collection.dunning": ({READ}, {READ, WRITE}, {READ, WRITE}),
    "credit.collection.dunning.cancel": (set(), ALL, ALL),
    "credit.collection.dunning.line": ({READ}, {READ}, {READ}),
    "credit.collection.dunning.override": (set(), set(), ALL),
    "credit.collection.handover": ({READ}, {READ}, {READ}),
    "credit.collection.handover.annex": ({READ}, {READ}, {READ}),
    "credit.collection.handover.gap": ({READ}, {READ}, {READ}),
    "credit.collection.hold": ({READ}, {READ, WRITE, CREATE}, {READ, WRITE, CREATE}),
    "credit.collection.hold.line": ({READ}, {READ}, {READ}),
    "credit.collection.installment": ({READ}, ALL, ALL),
    "credit.collection.interruption": (
        {READ},
        {READ, WRITE, CREATE},
        {READ, WRITE, CREATE},
    ),
    "credit.collection.item": ({READ}, {READ}, {READ}),
    "credit.collection.item.limitation": (ALL, ALL, ALL),
    "credit.collection.item.limitation.line": (ALL, ALL, ALL),
    "credit.collection.event": ({READ}, {READ}, {READ}),
    "credit.collection.fee": ({READ}, {READ}, ALL),
    "credit.collection.fee.tier": ({READ}, {READ}, ALL),
    "credit.collection.interest.rate": ({READ}, {READ}, ALL),
    "credit.collection.legal.profile": ({READ}, {READ}, ALL),
    "credit.collection.level": ({READ}, {READ}, ALL),
    "credit.collection.litigation": ({READ}, ALL, ALL),
    "credit.collection.litigation.close": (set(), ALL, ALL),
    "credit.collection.litigation.kind": ({READ}, {READ}, ALL),
    "credit.collection.litigation.line": ({READ}, ALL, ALL),
    "credit.collection.litigation.party": ({READ}, ALL, ALL),
    "credit.collection.litigation.stage": ({READ}, {READ}, ALL),
    "credit.collection.litigation.step": ({READ}, ALL, ALL),
    "credit.collection.limitation.rule": ({READ}, {READ}, ALL),
    "credit.collection.mention": ({READ}, {READ}, ALL),
    "credit.collection.move.first.reminder": (set(), set(), ALL),
    "credit.collection.move.policy": (set(), set(), ALL),
    "credit.collection.payment.plan": ({READ}, ALL, ALL),
    "credit.collection.payment.plan.decline": (set(), ALL, ALL),
    "credit.collection.payment.plan.line": ({READ}, ALL, ALL),
    "credit.collection.policy": ({READ}, {READ}, ALL),
    "credit.collection.policy.rule": ({READ}, {READ}, ALL),
    "credit.collection.priority.preview": (set(), set(), ALL),
    "credit.collection.priority.preview.place": (set(), set(), ALL),
    "credit.collection.priority.preview.rule": (set(), set(), ALL),
    "credit.collection.priority.rule": ({READ}, {READ}, ALL),
    "credit.collection.promise": ({READ}, {READ, WRITE, CREATE}, {READ, WRITE, CREATE}),
    "credit.collection.provision": ({READ}, {READ}, {READ, CREATE}),
    "credit.collection.rate.series": ({READ}, {READ}, ALL),
    "credit.collection.run": ({READ}, ALL, ALL),
    "credit.collection.run.exclusion": ({READ}, {READ}, {READ}),
    "credit.collection.write.off": ({READ}, {READ}, {READ, CREATE}),
}


@tagged("post_install", "-at_install")
class TestAccess(CollectionCommon):
    """Who may do what, asked of the server, whatever the screens show."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._user(cls, "reader", "credit_collection_group_readonly")
        cls.collector = cls._user(cls, "collector", "credit_collection_group_user")
        cls.manager = cls._user(cls, "manager", "credit_collection_group_manager")
        cls.seller = cls._user(cls, "seller", "base.group_partner_manager")
        cls.portal = cls._user(cls, "portal", only="base.group_portal")
        cls.public = cls.env.ref("base.public_user")

    def _call(self, user, model, method, *args, **kwargs):
        """Call a method the way a client does."""
        env = Environment(self.env.cr, user.id, {"lang": "en_US"})
        result = call_kw(env[model], method, args, kwargs)
        env.flush_all()
        return result

    def test_each_group_has_its_rights_on_each_model(self):
        """I7."""
        ours = {name for name in self.registry if name.startswith("credit.collection.")}
        stored = {name for name in ours if not self.env[name]._abstract}
        self.assertEqual(stored - set(RIGHTS) - self._get_models_of_others(), set())
        for model, rights in RIGHTS.items():
            for user, allowed in zip(
                (self.reader, self.collector, self.manager), rights, strict=True
            ):
                for operation in sorted(ALL):
                    self.assertEqual(
                        self.env[model].with_user(user).has_access(operation),
                        operation in allowed,
                        f"{user.login} {operation} {model}",
                    )
            for user in (self.seller, self.portal, self.public):
                for operation in sorted(ALL):
                    self.assertFalse(self.env[model].with_user(user).has_access(operation))

    def _get_models_of_others(self):
        """The models that have tests of their own."""
        return {
            name for name in self.registry if name.startswith("credit.collection.ledger.import")
        }

    def test_accountants_read_by_default(self):
        for name in ("account.group_account_invoice", "account.group_account_readonly"):
            user = self._user(name.rsplit("_", 1)[1], name)
            self.assertTrue(user.has_group("credit_collection.credit_collection_group_readonly"))
            self.assertFalse(user.has_group("credit_collection.credit_collection_group_user"))

    def test_a_reader_reads_everything_and_changes_nothing(self):
        """I7, I8: the buttons too."""
        invoice = self._overdue_invoice()
        dunning = self._dun().dunning_ids
        hold = self._hold(invoice)
        run = self._propose("2026-03-20")
        case = self._case()
        for records in (case, dunning, dunning.line_ids, hold, run, case.item_ids):
            self.assertTrue(self._call(self.reader, records._name, "read", records.ids))
        refused = (
            (run, "action_propose"),
            (run, "action_approve"),
            (run, "action_cancel"),
            (run, "action_send_now"),
            (run, "action_take_back"),
            (dunning, "action_retry"),
            (dunning, "action_mark_posted"),
            (dunning, "action_print_letters"),
            (hold, "action_release"),
        )
        for records, method in refused:
            with self.assertRaises(UserError, msg=method):
                self._call(self.reader, records._name, method, records.ids)
        with self.assertRaises(AccessError):
            self._call(self.reader, "credit.collection.run", "action_open_proposal")
        self.assertState(dunning, "sent")
        self.assertEqual(hold.state, "active")

    def test_a_reader_does_not_make_drafts_disappear(self):
        """I8."""
        self._overdue_invoice()
        run = self._propose()
        for records, method in (
            (run.dunning_ids, "action_leave_out"),
            (run.dunning_ids.line_ids, "action_leave_out"),
        ):
            with self.assertRaises(AccessError):
                self._call(self.reader, records._name, method, records.ids)
        self.assertEqual(len(run.dunning_ids), 1)

    def test_a_collector_works_the_cases_and_sends(self):
        """I7."""
        invoice = self._overdue_invoice()
        self._commit()
        run_id = self._call(self.collector, "credit.collection.run", "action_open_proposal")[
            "res_id"
        ]
        self._call(self.collector, "credit.collection.run", "action_approve", [run_id])
        self._send()
        self.assertLevel(invoice, 1)
        case = self._case()
        hold_id = self._call(
            self.collector,
            "credit.collection.hold",
            "create",
            [{"case_id": case.id, "reason": "query", "date_end": "2026-04-01"}],
        )
        self._call(self.collector, "credit.collection.hold", "action_release", hold_id)
        self._call(self.collector, "credit.collection.case", "write", case.ids, {"user_id": 2})
        self._call(self.collector, "credit.collection.case", "action_refresh", case.ids)
        dunning = self.env["credit.collection.run"].browse(run_id).dunning_ids
        wizard_id = self._call(
            self.collector,
            "credit.collection.dunning.cancel",
            "create",
            [{"dunning_ids": [(6, 0, dunning.ids)], "reason": "Mistake"}],
        )
        self._call(self.collector, "credit.collection.dunning.cancel", "action_cancel", wizard_id)
        self.assertState(dunning, "cancel")

    def test_a_collector_does_not_configure(self):
        """I7."""
        invoice = self._overdue_invoice()
        policy, level = self.policy, self._level(1)
        with self.assertRaises(AccessError):
            self._call(self.collector, policy._name, "write", policy.ids, {"quiet_days": 1})
        with self.assertRaises(AccessError):
            self._call(self.collector, level._name, "write", level.ids, {"delay_days": 1})
        with self.assertRaises(AccessError):
            self._call(self.collector, policy._name, "create", [{"name": "Mine"}])
        with self.assertRaises(AccessError):
            invoice.with_user(self.collector).collection_policy_id = policy
        self.assertFalse(
            invoice.with_user(self.manager).fields_get(["collection_policy_id"])[
                "collection_policy_id"
            ]["readonly"]
        )
        self.assertTrue(
            invoice.with_user(self.collector).fields_get(["collection_policy_id"])[
                "collection_policy_id"
            ]["readonly"]
        )

    def test_the_policy_of_a_customer_is_the_collectors_choice(self):
        spare = self._policy(name="Spare")
        accountant = self._user(
            "accountant", "account.group_account_user", "base.group_partner_manager"
        )
        with self.assertRaises(AccessError):
            self.customer.with_user(accountant).collection_policy_id = spare
        collector = self._user(
            "seller2", "credit_collection_group_user", "base.group_partner_manager"
        )
        self.customer.with_user(collector).collection_policy_id = spare
        self.assertEqual(self.customer.collection_policy_id, spare)

    def test_a_manager_configures(self):
        """I7."""
        policy_ids = self._call(
            self.manager, "credit.collection.policy", "create", [{"name": "Mine"}]
        )
        self._call(self.manager, "credit.collection.policy", "write", policy_ids, {"quiet_days": 3})
        self._call(self.manager, "credit.collection.policy", "unlink", policy_ids)

    def test_what_only_the_engine_does_cannot_be_called_from_outside(self):
        """I8: by anybody."""
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        private = (
            (dunning, "_set_state"),
            (dunning, "_cancel"),
            (dunning.delivery_ids, "_set_sent"),
            (self._case(), "_refresh"),
            (self.env["credit.collection.item"], "_assess"),
            (dunning.run_id, "_approve"),
        )
        for records, method in private:
            with self.assertRaises(AccessError):
                self._call(self.manager, records._name, method, records.ids)

    def test_states_are_not_written_from_outside(self):
        """I8: not by the manager either."""
        invoice = self._overdue_invoice()
        hold = self._hold(invoice)
        other = self._overdue_invoice()
        run = self._propose()
        self.assertTrue(other)
        for records, vals in (
            (run, {"state": "approved"}),
            (run.dunning_ids, {"state": "sent"}),
            (hold, {"state": "released"}),
            (self._case(), {"state": "closed"}),
        ):
            with self.assertRaises(UserError):
                self._call(self.manager, records._name, "write", records.ids, vals)
        with self.assertRaises(UserError):
            self._call(
                self.manager,
                run._name,
                "create",
                [{"state": "approved", "company_id": self.env.company.id}],
            )
        with self.assertRaises(UserError):
            self._call(
                self.manager,
                hold._name,
                "create",
                [{"case_id": hold.case_id.id, "reason": "query", "state": "released"}],
            )

    def test_whoever_has_no_right_gets_nothing(self):
        """I8: salesperson, portal and public."""
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        records = (dunning, dunning.line_ids, dunning.case_id, dunning.run_id, self.policy)
        for user in (self.seller, self.portal, self.public):
            for record in records:
                with self.assertRaises(AccessError):
                    self._call(user, record._name, "read", record.ids, ["id"])
                with self.assertRaises(AccessError):
                    self._call(user, record._name, "search_read", [])
            with self.assertRaises(AccessError):
                self._call(user, "credit.collection.run", "action_open_proposal")
            with self.assertRaises(AccessError):
                self._call(user, "res.partner", "action_collection_open_case", self.customer.ids)

    def test_whoever_sees_no_dunning_duplicates_customers_as_ever(self):
        keeper = self._user("keeper", "base.group_partner_manager")
        self.customer.write({"collection_debtor_kind": "public", "collection_nature": "goods"})
        copied = self.customer.with_user(keeper).copy().sudo()
        self.assertFalse(copied.collection_debtor_kind, "the copy is another debtor")
        self.assertFalse(copied.collection_nature)

    def test_the_debtor_does_not_read_the_letter_of_another(self):
        self._overdue_invoice()
        dunning = self._dun().dunning_ids
        for user in (self.seller, self.portal, self.public):
            with self.assertRaises(AccessError):
                self._call(user, "ir.attachment", "read", dunning.letter_id.ids, ["datas"])
