from odoo import fields, models
from odoo.exceptions import AccessError

from ..const import FIGURES_DATE_KEY


class DigestDigest(models.Model):
    _inherit = "digest.digest"

    kpi_collection_overdue = fields.Boolean("Overdue Receivables")
    kpi_collection_overdue_value = fields.Monetary(compute="_compute_kpi_collection_overdue")
    kpi_collection_dso = fields.Boolean("Days Sales Outstanding")
    kpi_collection_dso_value = fields.Float(compute="_compute_kpi_collection_dso")
    kpi_collection_recovered = fields.Boolean("Recovered After the Due Date")
    kpi_collection_recovered_value = fields.Monetary(compute="_compute_kpi_collection_recovered")
    kpi_collection_promises_kept = fields.Boolean("Promises Kept (Amount)")
    kpi_collection_promises_kept_value = fields.Monetary(
        compute="_compute_kpi_collection_promises_kept"
    )

    def _collection_get_report(self, name, company, date):
        """Return a report for one company; a digest skips what its reader has no right to."""
        if not self.env.user.has_group("credit_collection.credit_collection_group_user"):
            raise AccessError(self.env._("The figures are for those who work in collections."))
        return self.env[f"credit.collection.report.{name}"].with_context(
            **{FIGURES_DATE_KEY: fields.Date.to_string(date), "allowed_company_ids": company.ids}
        )

    def _collection_get_last_day(self):
        """Return the last day of the span of time of the digest."""
        return fields.Date.to_date(self.env.context.get("end_datetime") or fields.Datetime.now())

    # one method for each figure: the digest forgets them one by one between two spans of time

    def _compute_kpi_collection_overdue(self):
        for digest in self:
            digest.kpi_collection_overdue_value = digest._collection_read_balance(
                "amount_overdue:sum"
            )

    def _compute_kpi_collection_dso(self):
        for digest in self:
            digest.kpi_collection_dso_value = digest._collection_read_balance("dso:avg")

    def _collection_read_balance(self, aggregate):
        """Return a figure as of the last day of the span of time of the digest."""
        self.ensure_one()
        day = self._collection_get_last_day()
        report = self._collection_get_report("month", self.company_id or self.env.company, day)
        [(value,)] = report._read_group([("date", "=", day)], aggregates=[aggregate])
        return value

    def _compute_kpi_collection_recovered(self):
        for digest in self:
            digest.kpi_collection_recovered_value = digest._collection_add_up(
                "payment", "amount_late", "date"
            )

    def _compute_kpi_collection_promises_kept(self):
        for digest in self:
            digest.kpi_collection_promises_kept_value = digest._collection_add_up(
                "promise", "amount_kept", "date_deadline", judged_after=1
            )

    def _collection_add_up(self, name, field, date_field, judged_after=0):
        """Return the sum of a measure over the span of time of the digest, a week if it has none.

        :param judged_after: how many days later one knows: a promise is judged on the next day
        """
        self.ensure_one()
        day = self._collection_get_last_day()
        start = fields.Date.to_date(self.env.context.get("start_datetime"))
        start = start or fields.Date.subtract(day, weeks=1)
        report = self._collection_get_report(name, self.company_id or self.env.company, day)
        [(amount,)] = report._read_group(
            [
                (date_field, ">", fields.Date.subtract(start, days=judged_after)),
                (date_field, "<=", fields.Date.subtract(day, days=judged_after)),
            ],
            aggregates=[f"{field}:sum"],
        )
        return amount

    def _compute_kpis_actions(self, company, user):
        res = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("credit_collection.credit_collection_menu_root").id
        for kpi, action in (
            ("overdue", "credit_collection_report_item_action"),
            ("dso", "credit_collection_report_month_action"),
            ("recovered", "credit_collection_report_payment_action"),
            ("promises_kept", "credit_collection_report_promise_action"),
        ):
            res[f"kpi_collection_{kpi}"] = f"credit_collection.{action}?menu_id={menu}"
        return res
