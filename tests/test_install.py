"""Installing, upgrading, uninstalling and neutralizing, each in a database of its own.

`make test` tells where Odoo is: CC_ODOO_CMD, CC_CHECK_LOG, CC_BASE_TEMPLATE.
"""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from odoo.tests import BaseCase, tagged

MODULE = "credit_collection"

# One row for each thing that a module may leave behind.
INVENTORY = """
SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
 WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename || '.' || indexname FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid != 0
UNION ALL SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = 'public'
UNION ALL SELECT 'xmlid', module || '.' || name FROM ir_model_data
UNION ALL SELECT 'model', model FROM ir_model
UNION ALL SELECT 'field', model || '.' || name FROM ir_model_fields
UNION ALL SELECT 'job', cron_name FROM ir_cron
UNION ALL SELECT 'parameter', key FROM ir_config_parameter
UNION ALL SELECT 'group', name::text FROM res_groups
UNION ALL SELECT 'privilege', name::text FROM res_groups_privilege
UNION ALL SELECT 'automation', name::text FROM base_automation
UNION ALL SELECT 'action', name::text FROM ir_actions
UNION ALL SELECT 'menu', name::text FROM ir_ui_menu
UNION ALL SELECT 'view', name FROM ir_ui_view
UNION ALL SELECT 'rule', name FROM ir_rule
UNION ALL SELECT 'access', name FROM ir_model_access
UNION ALL SELECT 'template', name::text FROM mail_template
UNION ALL SELECT 'subtype', name::text FROM mail_message_subtype
UNION ALL SELECT 'task type', name::text FROM mail_activity_type
UNION ALL SELECT 'number', name FROM ir_sequence
UNION ALL SELECT 'message', model FROM mail_message WHERE model LIKE 'credit.collection.%'
UNION ALL SELECT 'task', res_model FROM mail_activity WHERE res_model LIKE 'credit.collection.%'
UNION ALL SELECT 'follower', res_model FROM mail_followers
 WHERE res_model LIKE 'credit.collection.%'
UNION ALL SELECT 'file', res_model FROM ir_attachment WHERE res_model LIKE 'credit.collection.%'
UNION ALL SELECT 'filter', name FROM ir_filters
UNION ALL SELECT 'default', json_value FROM ir_default
UNION ALL SELECT 'asset', name FROM ir_asset
"""

# A company that has worked with the module: a sent and a queued notice, a hold, a promise, a
# dispute, tasks, mails.
WORK = """
from odoo import fields
from odoo.tools import config
config["report_url"] = False
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company=company, install_demo=False)
policy = company.collection_policy_id
policy.level_ids.write({"send_email": False, "send_letter": False, "send_call": True})
customers = env["res.partner"].create(
    [{"name": name, "is_company": True, "email": name + "@customer.example"} for name in "ABC"])
day = fields.Date.subtract(fields.Date.today(), days=60)
for customer in customers:
    env["account.move"].create({
        "move_type": "out_invoice", "partner_id": customer.id, "invoice_date": day,
        "invoice_date_due": day, "invoice_payment_term_id": False,
        "invoice_line_ids": [(0, 0, {"name": "Goods", "price_unit": 100.0, "tax_ids": []})],
    }).action_post()
env.cr.flush()
Case = env["credit.collection.case"]
cases = Case.search([("partner_id", "in", customers.ids)])
assert len(cases) == 3, cases
env["credit.collection.hold"].create(
    {"case_id": cases[0].id, "reason": "query",
     "date_end": fields.Date.add(fields.Date.today(), days=30)})
disputed = env["account.move"].search([("partner_id", "=", customers[2].id)])
dispute = env["credit.collection.dispute"].create(
    {"move_id": disputed.id, "amount": 40.0,
     "reason_id": env.ref("credit_collection.dispute_reason_price").id})
dispute.action_accept()
company.collection_litigation_block_credit = True
litigation = env["credit.collection.litigation"].create(
    {"case_id": cases[2].id,
     "kind_id": env.ref("credit_collection.litigation_kind_bankruptcy_be").id,
     "date_judgment": fields.Date.subtract(day, days=30),
     "party_ids": [(0, 0, {"role": "curator", "partner_id": customers[1].id})]})
litigation.action_open()
assert litigation.is_credit_blocked and litigation.activity_ids, litigation.state
bill = env["account.move"].create(
    {"move_type": "in_invoice", "partner_id": company.partner_id.id, "invoice_date": day,
     "collection_litigation_id": litigation.id,
     "invoice_line_ids": [(0, 0, {"name": "Fees", "price_unit": 50.0, "tax_ids": []})]})
run = env["credit.collection.run"].browse(
    env["credit.collection.run"].action_open_proposal()["res_id"])
assert len(run.dunning_ids) == 2, run.dunning_ids
run.action_approve()
deliveries = run.dunning_ids.delivery_ids
deliveries._send()
deliveries[0].activity_id.action_feedback(feedback="They pay on Friday.")
assert run.dunning_ids.mapped("state") == ["sent", "queued"] or \\
    sorted(run.dunning_ids.mapped("state")) == ["queued", "sent"], run.dunning_ids.mapped("state")
run.dunning_ids[0].letter_id = env["ir.attachment"].create(
    {"name": "letter.pdf", "raw": b"%PDF-1.4", "res_model": run.dunning_ids._name,
     "res_id": run.dunning_ids[0].id})
customers[0].collection_policy_id = env.ref("credit_collection.policy_no_dunning")
cases[0].message_post(body="A note")
cases.message_subscribe(env.user.partner_id.ids)
env["mail.mail"].create(
    {"model": "credit.collection.case", "res_id": cases[0].id, "subject": "Reminder",
     "email_to": "a@customer.example", "state": "outgoing"})
plan = env["credit.collection.payment.plan"].create(
    {"case_id": cases[0].id,
     "line_ids": [(0, 0, {"move_line_id": cases[0].item_ids.move_line_id.id})]})
plan.action_make_installments()
plan.agreement_id = env["ir.attachment"].create(
    {"name": "plan.pdf", "raw": b"%PDF-1.4", "res_model": plan._name, "res_id": plan.id})
plan.action_propose()
plan.action_activate()
env["credit.collection.promise"].create({"case_id": cases[0].id, "amount": 10.0})
assert plan.state == "active" and cases[0].hold_count == 3, (plan.state, cases[0].hold_count)
env["mail.mail"].create(
    {"model": plan._name, "res_id": plan.id, "subject": "Late installment",
     "email_to": "a@customer.example", "state": "outgoing"})
policy.is_automatic = True
invoice = env["account.move"].search([("partner_id", "=", customers[1].id)])
invoice._collection_set_policy(policy, policy.level_ids[0])
env.cr.commit()
print("WORKED")
"""


@tagged("post_install", "-at_install", "-standard", "credit_collection_lifecycle")
class TestLifecycle(BaseCase):
    """What the module brings, it takes away again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odoo = shlex.split(os.environ["CC_ODOO_CMD"])
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def _database(self, name):
        """Return a copy of the template that has everything but our module."""
        name = f"cc_lifecycle_{os.getpid()}_{name}"
        self._program("createdb", "-T", os.environ["CC_BASE_TEMPLATE"], name)
        self.addCleanup(self._program, "dropdb", "--force", "--if-exists", name)
        return name

    def _program(self, *command, text=None):
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=540, check=False
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}"[-4000:])
        return done.stdout

    def _odoo(self, database, *arguments, command="server", text=None):
        """Run Odoo; nothing that it warns of is tolerated."""
        log = self.folder / f"{database}.{len(list(self.folder.iterdir()))}.log"
        # `python -m odoo --config=...`: the command comes before the options
        program, options = self.odoo[:3], self.odoo[3:]
        output = self._program(
            *program,
            command,
            *options,
            "-d",
            database,
            "--no-http",
            *arguments,
            f"--logfile={log}",
            text=text,
        )
        if log.exists():
            self._program(*shlex.split(os.environ["CC_CHECK_LOG"]), str(log))
        return output

    def _install(self, database, *arguments):
        self._odoo(database, "-i", MODULE, "--stop-after-init", *arguments)

    def _uninstall(self, database):
        self._odoo(
            database,
            text="env['ir.module.module'].search([('name', '=', 'credit_collection')])"
            ".button_immediate_uninstall()\n",
            command="shell",
        )

    def _sql(self, database, query):
        return self._program("psql", "-XAtqd", database, "-F", "|", "-c", query).splitlines()

    def _inventory(self, database):
        return set(self._sql(database, INVENTORY))

    def test_what_is_installed_is_uninstalled(self):
        """Also after a company has worked with it, and after an upgrade."""
        database = self._database("plain")
        before = self._inventory(database)
        self._install(database)
        installed = self._inventory(database)
        self.assertIn("model|credit.collection.case", installed - before)
        default = self._sql(
            database, "SELECT count(*) FROM res_company WHERE collection_policy_id IS NULL"
        )
        self.assertEqual(default, ["0"], "every company has a policy")
        self._odoo(database, "-u", MODULE, "--stop-after-init")
        self.assertEqual(self._inventory(database), installed, "an upgrade changes nothing")
        self.assertIn("WORKED", self._odoo(database, text=WORK, command="shell"))
        worked = self._inventory(database) - installed
        self._uninstall(database)
        left = self._inventory(database)
        self.assertEqual(left - before - worked, set())
        names = ("credit.collection", "credit_collection", "collection_", "dunning_")
        self.assertEqual([row for row in left - before if any(name in row for name in names)], [])

    def test_it_installs_with_demo_data(self):
        database = self._database("demo")
        self._install(database, "--with-demo")
        self.assertEqual(
            self._sql(
                database, "SELECT state FROM ir_module_module WHERE name = 'credit_collection'"
            ),
            ["installed"],
        )

    def test_it_installs_again_after_it_was_uninstalled(self):
        database = self._database("again")
        self._install(database)
        first = self._named(self._inventory(database))
        self._uninstall(database)
        self._install(database)
        self.assertEqual(self._named(self._inventory(database)), first)

    def _named(self, inventory):
        """Leave out what is called by its number."""
        return {row for row in inventory if not row.startswith("sequence|ir_sequence_")}

    def test_a_neutralized_copy_writes_to_nobody(self):
        database = self._database("neutral")
        self._install(database)
        self._odoo(database, text=WORK, command="shell")
        self._odoo_neutralize(database)
        jobs = self._sql(
            database,
            "SELECT data.name FROM ir_cron JOIN ir_model_data data"
            " ON data.model = 'ir.cron' AND data.res_id = ir_cron.id"
            " WHERE ir_cron.active AND data.module = 'credit_collection' ORDER BY 1",
        )
        self.assertNotIn("ir_cron_run", jobs)
        self.assertNotIn("ir_cron_send_notices", jobs)
        self.assertNotIn("ir_cron_follow_plans", jobs)
        for query in (
            "SELECT id FROM credit_collection_policy WHERE is_automatic",
            "SELECT id FROM credit_collection_delivery WHERE state = 'todo'",
            """SELECT mail.id FROM mail_mail mail
                 JOIN mail_message message ON message.id = mail.mail_message_id
                WHERE mail.state = 'outgoing' AND message.model LIKE 'credit.collection.%'""",
        ):
            self.assertEqual(self._sql(database, query), [], query)

    def _odoo_neutralize(self, database):
        program, options = self.odoo[:3], self.odoo[3:]
        self._program(*program, "neutralize", *options, "-d", database)
