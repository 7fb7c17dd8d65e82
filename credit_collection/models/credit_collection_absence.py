from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class CreditCollectionAbsence(models.Model):
    """A collector is away, and a colleague works his cases until he is back.

    Nothing is written on the cases: they are his again by themselves. So are his tasks that fall
    due meanwhile, which are on the list of the substitute until somebody has done them.
    """

    _name = "credit.collection.absence"
    _description = "Absence of a Collector"
    _order = "date_from desc, id desc"

    user_id = fields.Many2one(
        "res.users",
        "Collector",
        required=True,
        default=lambda self: self.env.user,
        index=True,
        ondelete="cascade",
        domain="[('share', '=', False)]",
    )
    substitute_id = fields.Many2one(
        "res.users",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('share', '=', False), ('id', '!=', user_id)]",
    )
    date_from = fields.Date("Away from", required=True, default=fields.Date.context_today)
    date_to = fields.Date("Until", required=True, help="The last day of the absence.")
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty when it is so in all companies."
    )

    _dates_ordered = models.Constraint(
        "CHECK (date_to >= date_from)", "An absence ends after it has begun."
    )
    _substitute_other = models.Constraint(
        "CHECK (user_id != substitute_id)", "Nobody stands in for himself: choose a colleague."
    )

    @api.depends("user_id", "substitute_id")
    def _compute_display_name(self):
        for absence in self:
            absence.display_name = self.env._(
                "%(substitute)s for %(collector)s",
                substitute=absence.substitute_id.name,
                collector=absence.user_id.name,
            )

    @api.constrains("user_id", "date_from", "date_to", "company_id")
    def _check_overlap(self):
        for absence in self:
            other = self.search(
                [
                    ("id", "!=", absence.id),
                    ("user_id", "=", absence.user_id.id),
                    ("date_from", "<=", absence.date_to),
                    ("date_to", ">=", absence.date_from),
                    ("company_id", "in", (absence.company_id.id, False))
                    if absence.company_id
                    else (1, "=", 1),
                ],
                limit=1,
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "%(collector)s is away already at that time (%(absence)s): change that "
                        "absence.",
                        collector=absence.user_id.name,
                        absence=other.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        absences = super().create(vals_list)
        self._pass_tasks()
        return absences

    def write(self, vals):
        res = super().write(vals)
        self._pass_tasks()
        return res

    def unlink(self):
        res = super().unlink()
        self._pass_tasks()
        return res

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    @api.model
    def _get_today_domain(self):
        today = fields.Date.context_today(self)
        return Domain("date_from", "<=", today) & Domain("date_to", ">=", today)

    @api.model
    def _get_substitutes(self, company):
        """Return `{who is away today: who works his cases}` in a company.

        A substitute who is away himself is stood in for in his turn; when all are away, the cases
        stay where they are.
        """
        absences = self.sudo().search(  # whoever looks at the worklist
            self._get_today_domain() & Domain("company_id", "in", (company.id, False))
        )
        direct = {
            absence.user_id: absence.substitute_id
            for absence in absences
            if absence.substitute_id.active and company in absence.substitute_id.company_ids
        }
        found = {}
        for user in direct:
            seen, substitute = {user}, direct[user]
            while substitute in direct and substitute not in seen:
                seen.add(substitute)
                substitute = direct[substitute]
            if substitute not in seen:
                found[user.with_env(self.env)] = substitute.with_env(self.env)
        return found

    @api.model
    def _get_substitutes_by_company(self, companies):
        """Return `[(companies, {who is away: who works his cases}), ...]`."""
        by_answer = {}
        for company in companies:
            substitutes = self._get_substitutes(company)
            key = frozenset((user.id, by.id) for user, by in substitutes.items())
            both = by_answer.setdefault(key, [company.browse(), substitutes])
            both[0] |= company
        return [tuple(both) for both in by_answer.values()]

    @api.model
    def _cron_pass_tasks(self):
        """Pass on what has fallen due since, and give back what is of those who are here again."""
        self._pass_tasks()

    @api.model
    def _pass_tasks(self):
        """Give the tasks that are due to whoever works the cases today."""
        tasks = self._get_tasks_to_pass()
        companies = {
            case.id: case.company_id
            for case in self.env["credit.collection.case"].sudo().browse(tasks.mapped("res_id"))
        }
        substitutes = {
            company: self._get_substitutes(company) for company in set(companies.values())
        }
        moved = defaultdict(tasks.browse)
        for task in tasks:
            owner = task.collection_absent_user_id or task.user_id
            acting = substitutes[companies[task.res_id]].get(owner, owner)
            if acting != task.user_id:
                moved[owner, acting] |= task
        for (owner, acting), own in moved.items():
            own.with_context(mail_activity_quick_update=True).write(
                {
                    "user_id": acting.id,
                    "collection_absent_user_id": acting != owner and owner.id,
                }
            )

    @api.model
    def _get_tasks_to_pass(self):
        """Return the tasks on cases that are due of who is away, and those that were passed on."""
        away = self.sudo().search(self._get_today_domain()).user_id
        due = Domain("date_deadline", "<=", fields.Date.context_today(self))
        passed = Domain("collection_absent_user_id", "!=", False)
        return (
            self.env["mail.activity"]
            .sudo()  # the tasks of colleagues
            .search(
                Domain("res_model", "=", "credit.collection.case")
                & (passed | Domain("user_id", "in", away.ids) & due)
            )
        )
