from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every
from odoo.tools.misc import format_date

from ..tools.limitation import derive

_BATCH = 10000
_TASK = "credit_collection.mail_activity_type_limitation"
_URGENT_TASK = "credit_collection.mail_activity_type_limitation_urgent"


class CreditCollectionItem(models.Model):
    """When an item lapses by limitation: worked out at night, and when something is recorded.

    The assessment knows nothing of it. See `tools/limitation.py` for the arithmetic.
    """

    _inherit = "credit.collection.item"

    date_lapse = fields.Date(
        "Lapses on",
        help="The last day on which one can still act, as far as the books know. Empty where no "
        "rule is known, and while proceedings last.",
    )
    lapse_warning = fields.Selection([("first", "Warned"), ("urgent", "Warned urgently")])

    _lapse_idx = models.Index("(date_lapse) WHERE date_lapse IS NOT NULL")

    def action_limitation(self):
        """Show how the day comes about."""
        self.ensure_one()
        wizard = self.env["credit.collection.item.limitation"].create(
            self._prepare_limitation_vals()
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("How this date comes about"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def _prepare_limitation_vals(self):
        """Return the derivation of one item, line by line."""
        rule, lapse, steps = self._derive()[self]
        lines = [
            {
                "date": step.day,
                "name": step.label or self._get_start_label(rule),
                "date_lapse": step.lapse,
                "is_counted": step.counts,
            }
            for step in steps
        ]
        return {
            "item_id": self.id,
            "rule_id": rule.id,
            "date_lapse": lapse,
            "line_ids": [fields.Command.create(vals) for vals in lines],
        }

    def _get_start_label(self, rule):
        starts = dict(rule._fields["start"]._description_selection(self.env))
        return self.env._("Start: %(start)s", start=starts[rule.start])

    # -------------------------------------------------------------------------
    # Working it out
    # -------------------------------------------------------------------------

    @api.model
    def _get_event_labels(self):
        """Return `{kind of event: what it is called}`."""
        Interruption = self.env["credit.collection.interruption"]
        return {
            **dict(Interruption._fields["kind"]._description_selection(self.env)),
            "payment": self.env._("Part payment"),
            "plan": self.env._("Payment plan agreed"),
        }

    def _derive(self):
        """Return `{item: (rule, day on which it lapses, steps)}`; without a rule, no day."""
        derived, memo = {}, {}
        labels = self._get_event_labels()
        for company, items in self.grouped("company_id").items():
            rules = self.env["credit.collection.limitation.rule"]._get_candidates(company)
            kinds = items.partner_id._collection_get_debtor_kind()
            facts = items._get_limitation_facts()
            events = self.env["credit.collection.interruption"]._get_interruptions(
                {source for source, *_rest in facts.values()}
            )
            for item in items:
                source, due, invoiced, nature = facts[item.id]
                own = tuple(events.get(source, ()))
                key = (company.id, kinds[item.partner_id], nature, due, invoiced, own)
                if key not in memo:
                    rule = rules._find(kinds[item.partner_id], nature)
                    memo[key] = self._derive_one(rule, due, invoiced, own, labels)
                derived[item] = memo[key]
        return derived

    @api.model
    def _derive_one(self, rule, due, invoiced, events, labels):
        if not rule:
            return rule, None, []
        start = (invoiced or due) if rule.start.startswith("invoice") else due
        told = tuple(
            rule._get_event(kind, date, end, labels.get(kind, kind)) for kind, date, end in events
        )
        return rule, *derive(rule._get_rule(), start, told)

    def _get_limitation_facts(self):
        """Return `{item id: (source item, due date, date of the invoice, nature)}`."""
        self.env.flush_all()
        return {
            item_id: facts
            for item_id, *facts in self.env.execute_query(
                SQL(
                    """
                    SELECT item.id, source.id, COALESCE(source.date_maturity, item.date_due),
                           move.invoice_date,
                           COALESCE(move.collection_nature, partner.collection_nature,
                                    company.collection_nature, 'general')
                      FROM credit_collection_item item
                      JOIN account_move_line line ON line.id = item.move_line_id
                      JOIN account_move_line source
                        ON source.id = COALESCE(line.collection_origin_line_id, line.id)
                      JOIN account_move move ON move.id = source.move_id
                      JOIN credit_collection_case cases ON cases.id = item.case_id
                      JOIN res_partner partner ON partner.id = cases.partner_id
                      JOIN res_company company ON company.id = cases.company_id
                     WHERE item.id = ANY(%s)
                    """,
                    list(self.ids),
                )
            )
        }

    @api.model
    def _update_limitation(self, domain):
        """Work out when these items lapse, and write what has changed."""
        items = self.sudo().search([("decision", "!=", "credit"), *domain])
        for batch in split_every(_BATCH, items.ids, self.sudo().browse):
            batch._write_limitation(
                {item.id: lapse for item, (_rule, lapse, _steps) in batch._derive().items()}
            )
            batch.invalidate_recordset()

    def _write_limitation(self, lapses):
        """Write the days that are new; the warning belongs to the day it was given for."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE credit_collection_item item
                   SET date_lapse = fresh.date_lapse, lapse_warning = NULL
                  FROM unnest(%s, %s::date[]) AS fresh (id, date_lapse)
                 WHERE item.id = fresh.id AND item.date_lapse IS DISTINCT FROM fresh.date_lapse
                """,
                list(lapses),
                list(lapses.values()),
            )
        )
        self.invalidate_recordset(["date_lapse", "lapse_warning"])

    # -------------------------------------------------------------------------
    # Warning in time
    # -------------------------------------------------------------------------

    @api.model
    def _cron_limitation(self):
        """Work out every night when claims lapse, and warn in time."""
        companies = self.env["res.company"].search(Domain.TRUE)
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            company._collection_do(self._follow_limitation)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _follow_limitation(self, company):
        own = [("case_id.company_id", "=", company.id)]
        self._update_limitation(own)
        days, urgent_days = company.collection_limitation_days, company.collection_limitation_urgent
        self._warn_of_limitation(company, own, days, "first", _TASK)
        self._warn_of_limitation(company, own, urgent_days, "urgent", _URGENT_TASK)

    @api.model
    def _warn_of_limitation(self, company, domain, days, warning, task):
        """Give the collector a task for each customer with claims that lapse soon, once."""
        today = fields.Date.context_today(self)
        last = fields.Date.add(today, days=days)
        soon = self.search(
            [*domain, ("date_lapse", ">=", today), ("date_lapse", "<=", last)], order="date_lapse"
        )
        self._close_limitation_tasks(company, soon.case_id, task)
        fresh = soon.filtered(lambda item: item.lapse_warning not in (warning, "urgent"))
        for case, items in fresh.grouped("case_id").items():
            one = company._collection_speak(case)
            one._schedule_task(task, note=items.with_env(one.env)._describe_limitation())
        fresh.lapse_warning = warning

    def _describe_limitation(self):
        return ", ".join(
            self.env._(
                "%(invoice)s lapses on %(date)s",
                invoice=item.display_name,
                date=format_date(self.env, item.date_lapse),
            )
            for item in self
        )

    @api.model
    def _close_limitation_tasks(self, company, warned_cases, task):
        """Close the tasks whose claims are paid, or lapse later now."""
        activities = self.env["mail.activity"].search(
            [
                ("res_model", "=", "credit.collection.case"),
                ("activity_type_id", "=", self.env.ref(task).id),
                ("automated", "=", True),
                ("res_id", "not in", warned_cases.ids),
            ]
        )
        cases = self.env["credit.collection.case"].browse(activities.mapped("res_id"))
        own = cases.filtered(lambda case: case.company_id == company)
        own.activity_feedback(
            [task], feedback=self.env._("Closed by itself: nothing lapses soon any more.")
        )
