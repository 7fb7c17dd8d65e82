from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize, email_split

from ..const import URGENT_DECISIONS
from ..tools.ageing import days_late


class CreditCollectionCase(models.Model):
    """One customer in one company: a row of the collector's worklist.

    Cases are opened, totalled and closed by `credit.collection.item._assess`, in the transaction
    that changes the ledger. What a person decides (collector, notes, tasks) is kept.
    """

    _name = "credit.collection.case"
    _description = "Collection Case"
    _inherit = [
        "credit.collection.called",
        "credit.collection.contacted",
        "credit.collection.prioritized",
        "credit.collection.litigated",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "priority desc, amount_overdue desc, id"
    _check_company_auto = True
    _mail_post_access = "read"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_phone = fields.Char(related="partner_id.phone")
    partner_email = fields.Char(related="partner_id.email")
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        "Collector",
        tracking=True,
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    policy_id = fields.Many2one("credit.collection.policy", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("closed", "Nothing overdue")],
        required=True,
        default="open",
        readonly=True,
    )
    amount_residual = fields.Monetary("Open", readonly=True)
    amount_overdue = fields.Monetary(
        "Overdue",
        readonly=True,
        help="Due before today, and not excluded from dunning: the aged balance counts that too.",
    )
    amount_credit = fields.Monetary("Open credits", readonly=True)
    amount_held = fields.Monetary(
        "Disputed or on hold", readonly=True, help="Open, but not collected at the moment."
    )
    amount_due = fields.Monetary(
        "To be reminded", readonly=True, help="What the next run would send a notice for."
    )
    amount_sales = fields.Monetary(
        "Sales", readonly=True, help="Invoiced in the last twelve months, without tax."
    )
    date_oldest_due = fields.Date("Overdue since", readonly=True)
    days_late = fields.Integer("Days late", compute="_compute_days_late")
    level_id = fields.Many2one("credit.collection.level", readonly=True)
    date_last_notice = fields.Date("Last notice", readonly=True)
    date_next_notice = fields.Date("Next notice", readonly=True)

    item_ids = fields.One2many("credit.collection.item", "case_id", readonly=True)
    hold_ids = fields.One2many("credit.collection.hold", "case_id", readonly=True)
    dunning_ids = fields.One2many("credit.collection.dunning", "case_id", readonly=True)
    document_ids = fields.One2many(
        "credit.collection.case.document", "case_id", "Documents for the file"
    )
    handover_ids = fields.One2many("credit.collection.handover", "case_id", readonly=True)
    interruption_ids = fields.One2many(
        "credit.collection.interruption", "case_id", "Interruptions of limitation"
    )
    date_lapse = fields.Date(
        "First claim lapses on", compute="_compute_date_lapse", search="_search_date_lapse"
    )
    dunning_count = fields.Integer(compute="_compute_counts")
    hold_count = fields.Integer(compute="_compute_counts")
    handover_count = fields.Integer(compute="_compute_counts")
    explanation = fields.Char("What happens next", compute="_compute_explanation")

    _partner_company_unique = models.UniqueIndex(
        "(partner_id, company_id)", "There is one case for a customer in a company."
    )
    _worklist_idx = models.Index("(company_id, state, priority DESC, amount_overdue DESC, id)")

    @api.depends("partner_id.name")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.sudo().name  # the name alone, also when archived

    @api.depends("date_oldest_due")
    def _compute_days_late(self):
        today = fields.Date.context_today(self)
        for case in self:
            case.days_late = (case.date_oldest_due and days_late(case.date_oldest_due, today)) or 0

    def _compute_counts(self):
        notices = self.env["credit.collection.dunning"]._read_group(
            [("case_id", "in", self.ids), ("state", "!=", "draft")], ["case_id"], ["__count"]
        )
        holds = self.env["credit.collection.hold"]._read_group(
            [("case_id", "in", self.ids), ("state", "=", "active")], ["case_id"], ["__count"]
        )
        handovers = self.env["credit.collection.handover"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        notice_count = {case.id: count for case, count in notices}
        hold_count = {case.id: count for case, count in holds}
        handover_count = {case.id: count for case, count in handovers}
        for case in self:
            case.handover_count = handover_count.get(case.id, 0)
            case.dunning_count = notice_count.get(case.id, 0)
            case.hold_count = hold_count.get(case.id, 0)

    @api.depends("item_ids.decision", "item_ids.date_next")
    @api.depends_context("lang")
    def _compute_explanation(self):
        """Say what happens next to the item that comes first."""
        leading = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (case_id) case_id, id
                      FROM credit_collection_item
                     WHERE case_id = ANY(%s) AND decision NOT IN ('credit', 'excluded')
                  ORDER BY case_id, array_position(%s, decision), date_next NULLS LAST, date_due,
                           id
                    """,
                    self.ids,
                    list(URGENT_DECISIONS),
                    to_flush=self.env["credit.collection.item"]._fields["decision"],
                )
            )
        )
        items = self.env["credit.collection.item"].browse(leading.values()).grouped("case_id")
        for case in self:
            item = items.get(case)
            case.explanation = item.explanation if item else self.env._("Nothing is open.")

    @api.depends("item_ids.date_lapse")
    def _compute_date_lapse(self):
        groups = self.env["credit.collection.item"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["date_lapse:min"]
        )
        dates = {case.id: date for case, date in groups}
        for case in self:
            case.date_lapse = dates.get(case.id, False)

    def _search_date_lapse(self, operator, value):
        return Domain("item_ids", "any", [("date_lapse", operator, value)])

    def write(self, vals):
        if not self.env.su and self._get_assessed_fields() & vals.keys():
            raise UserError(self.env._("The figures of a case come from the ledger."))
        collectors = {case: case.user_id for case in self} if "user_id" in vals else {}
        res = super().write(vals)
        for case, before in collectors.items():
            if case.user_id != before:
                case._reassign_tasks(before)
        if "date_next_action" in vals:
            self._update_priorities()
        return res

    @api.model
    def _get_assessed_fields(self):
        """The fields that the assessment writes, and nobody else."""
        return {
            name
            for name, field in self._fields.items()
            if field.store and name.startswith(("amount_", "date_"))
        } - {"date_next_action"} | {
            "company_id",
            "days_late_average",
            "level_id",
            "partner_id",
            "policy_id",
            "priority",
            "priority_parts",
            "state",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_notices(self):
        self.dunning_ids._unlink_except_draft()

    # -------------------------------------------------------------------------
    # Actions
    # -------------------------------------------------------------------------

    def action_open_items(self):
        self.ensure_one()
        return self._open("credit_collection_item_action", [("case_id", "=", self.id)])

    def action_open_dunnings(self):
        self.ensure_one()
        return self._open("credit_collection_dunning_action", [("case_id", "=", self.id)])

    def action_open_holds(self):
        self.ensure_one()
        action = self._open("credit_collection_hold_action", [("case_id", "=", self.id)])
        return action | {"context": {"default_case_id": self.id}}

    def action_open_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        return action | {
            "domain": [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("move_type", "in", self.env["account.move"].get_sale_types(True)),
            ],
            "context": {"create": False},
        }

    def action_hold(self):
        """Open a new hold on this customer."""
        return self._open_new(self.env._("Put on hold"), "credit.collection.hold")

    def action_interest(self):
        """Show the late interest on what this customer owes."""
        return self._open_interest()

    def _open_interest(self, **defaults):
        action = self._open_new(
            self.env._("Late Interest"), "credit.collection.case.interest", **defaults
        )
        return action | {"context": action["context"] | {"dialog_size": "extra-large"}}

    def action_write_off(self):
        """Propose to write off what is overdue and not part of an agreement."""
        self.ensure_one()
        return self._get_overdue_items().action_write_off()

    def action_doubtful(self):
        """Propose to treat as doubtful what is overdue and not part of an agreement.

        What was moved already is chosen by hand, in the list of items.
        """
        self.ensure_one()
        items = self._get_overdue_items()
        fresh = items.filtered(lambda item: not item.move_line_id.collection_origin_line_id)
        return (fresh or items).action_doubtful()

    def action_statement(self):
        """Choose what the statements of account of these customers are to say."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement of account"),
            "res_model": "credit.collection.case.statement",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_case_ids": self.ids, "dialog_size": "extra-large"},
        }

    def action_handover(self):
        """Make a hand-over file about all that is open, in the language of the company."""
        self.ensure_one()
        handover = self.env["credit.collection.handover"]._make(self, self._get_claimed_lines())
        return handover._get_records_action(context={})

    def action_handover_wizard(self):
        """Choose the items and the language of a hand-over file."""
        self.ensure_one()
        self.check_access("write")
        return self._open_new(self.env._("Hand-over file"), "credit.collection.case.handover")

    def action_open_handovers(self):
        self.ensure_one()
        return self._open("credit_collection_handover_action", [("case_id", "=", self.id)])

    def action_refresh(self):
        """Look at the ledger of these customers again."""
        self._refresh()

    def _open(self, action_name, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"credit_collection.{action_name}")
        return action | {"domain": domain, "context": {}}

    def _open_new(self, name, model, **defaults):
        """Open the dialog of a new record about this customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_case_id": self.id, **defaults},
        }

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    @api.model
    def _get_for_partner(self, partner, company):
        """Return the case of a customer in a company, opening it if there is none yet."""
        commercial = partner.commercial_partner_id
        Case = self.sudo().with_context(tracking_disable=True)  # opened for whoever needs it
        case = Case.search([("partner_id", "=", commercial.id), ("company_id", "=", company.id)])
        if not case:
            case = Case.create(
                {
                    "partner_id": commercial.id,
                    "company_id": company.id,
                    "user_id": company.sudo().collection_user_id.id,
                    "state": "closed",
                }
            )
        return case.sudo(self.env.su).with_context(tracking_disable=False)

    def _get_claimed_lines(self):
        """Return what is owed: all that is open but for the credits."""
        items = self.item_ids.filtered(lambda item: item.amount_residual_currency > 0)
        return items.sorted(lambda item: (item.date_due, item.id)).move_line_id

    def _get_overdue_items(self):
        """Return what may be given up: overdue debts that no agreement holds."""
        items = self.item_ids.filtered(
            lambda item: (
                item.days_late > 0 and item.decision != "credit" and not item._get_agreement()
            )
        )
        if not items:
            raise UserError(
                self.env._("Nothing of this customer is overdue and free of an agreement.")
            )
        return items

    def _refresh(self):
        """Assess these customers again, now."""
        self.env["credit.collection.item"]._assess(self.company_id, partners=self.partner_id)

    def _get_collector(self):
        """Return who works this case: tasks go to this user."""
        self.ensure_one()
        manager = self.env.ref("credit_collection.credit_collection_group_manager")
        return (
            self.acting_user_id
            or self.company_id.collection_user_id
            or manager.sudo().all_user_ids.filtered(
                lambda user: user.active and not user.share and self.company_id in user.company_ids
            )[:1]
            or self.env.user
        )

    def _schedule_task(self, xmlid, summary="", note="", date_deadline=None):
        """Give the collector a task, unless the case already has one of this type that is open."""
        activity_type = self.env.ref(xmlid)
        idle = self.filtered(lambda case: activity_type not in case.activity_ids.activity_type_id)
        tasks = self.env["mail.activity"]
        for user, cases in idle.grouped(lambda case: case._get_collector()).items():
            named = activity_type.with_context(lang=user.lang)
            tasks |= cases.activity_schedule(
                xmlid,
                date_deadline=date_deadline,
                summary=summary or named.summary or named.name,
                note=note,
                user_id=user.id,
                automated=True,
            )
        return tasks

    def _close_tasks(self):
        """Close the tasks that were about a debt that is paid, and stop what has not left yet."""
        reason = self.env._("Closed by itself: nothing is overdue any more.")
        self.dunning_ids._call_off(reason)
        calls = self.dunning_ids.delivery_ids.activity_id  # still to be made: a courtesy call
        (self.activity_ids.filtered("automated") - calls).action_feedback(feedback=reason)

    def _update_limitation(self):
        """Work out anew when the claims on these customers lapse."""
        self.env["credit.collection.item"]._update_limitation([("case_id", "in", self.ids)])

    def _merge_into(self, case):
        """Give another case of the company all that these ones hold, and let them go."""
        self.dunning_ids.filtered(lambda dunning: dunning.state == "draft").unlink()
        case.user_id = case.user_id or self.user_id[:1]
        Merge = self.env["base.partner.merge.automatic.wizard"]
        Merge._update_foreign_keys_generic(self._name, self, case)
        Merge._update_reference_fields_generic(self._name, self, case)
        self.env.invalidate_all()
        self.unlink()

    def _log(self, body, moves):
        """Note what happened where people look: on the case, and on the invoices."""
        self.ensure_one()
        self._message_log(body=body)
        moves_sudo = moves.sudo()  # a collector may only read invoices
        moves_sudo._message_log_batch(bodies=dict.fromkeys(moves.ids, body))

    def _reassign_tasks(self, before):
        self.ensure_one()
        tasks = self.activity_ids.filtered(lambda task: task.automated and task.user_id == before)
        if tasks and self.user_id:
            tasks.user_id = self.user_id

    def _get_email_blocked(self, emails):
        """Return those of the addresses that asked not to be written to."""
        normalized = [
            email_normalize(part) for email in emails if email for part in email_split(email)
        ]
        blocked = self.env["mail.blacklist"].sudo().search([("email", "in", normalized)])
        return set(blocked.mapped("email"))

    def _get_email_problem(self, email, blocked=None):
        """Return why nobody can be written to at this address; nothing when it is fine."""
        if not email:
            return self.env._("There is no e-mail address.")
        if not email_split(email) or not email_normalize(email, strict=False):
            return self.env._("%(email)s is not an e-mail address.", email=email)
        if blocked is None:
            blocked = self._get_email_blocked([email])
        if blocked & set(map(email_normalize, email_split(email))):
            return self.env._("%(email)s asked not to be written to.", email=email)
        return None

    def _tell_first_letters(self, items):
        """Return by which letters what is owed was first claimed, where the law wants it recalled.

        In the language of the environment; nothing where no firm writes, or no letter left yet.
        """
        self.ensure_one()
        company, customer = self.company_id, self.partner_id
        if not company._collection_get_firm():
            return ""
        profile = customer._collection_get_contracts(company)[customer].profile
        if not profile._demands_first_letters(company):
            return ""
        owed = items.sudo().filtered(lambda line: line.amount_residual > 0)
        return owed._collection_get_first_letters()._tell_first_letters()

    @api.model
    def _cron_assess(self):
        """Look at every company's ledger once a day: levels are reached by waiting alone."""
        companies = self.env["res.company"].search(Domain.TRUE)
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            company._collection_do(self._assess_daily)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _assess_daily(self, company):
        """Look at the ledger of a company, and at what time alone changes."""
        self._update_habits(company, fields.Date.context_today(self))
        self.env["credit.collection.item"].sudo().search(
            [("is_ticked", "=", True), ("company_id", "=", company.id)]
        ).is_ticked = False  # ticks are about the call of a day
        self.env["credit.collection.item"]._assess(company)
        orphans = self.search(
            [("company_id", "=", company.id), ("state", "=", "open"), ("user_id", "=", False)]
        )
        orphans._assign_by_rule()
