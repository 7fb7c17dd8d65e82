from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import LITIGATION_CATEGORIES


class CreditCollectionLitigated(models.AbstractModel):
    """What can be in litigation: an invoice, a customer, a case. Of several, the gravest counts."""

    _name = "credit.collection.litigated"
    _description = "Subject of Litigations"

    collection_litigation_status = fields.Selection(
        LITIGATION_CATEGORIES,
        "In litigation",
        compute="_compute_collection_litigation_status",
        search="_search_collection_litigation_status",
        groups="credit_collection.credit_collection_group_readonly",
    )

    @api.depends_context("company")
    def _compute_collection_litigation_status(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %(status)s FROM %(table)s WHERE id = ANY(%(ids)s)",
                status=self._get_litigation_status_sql(self._table),
                table=SQL.identifier(self._table),
                ids=list(self._origin.ids),
            )
        )
        status = dict(rows)
        for record in self:
            record.collection_litigation_status = status.get(record._origin.id)

    def _search_collection_litigation_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [one or "" for one in value]
        return Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "COALESCE(%s, '') = ANY(%s)", model._get_litigation_status_sql(alias), wanted
            )
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr == "collection_litigation_status":
            self._check_field_access(self._fields[field_expr], "read")
            return self._get_litigation_status_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _get_litigation_status_sql(self, alias):
        """Return the category of the gravest open litigation of a row; NULL when there is none."""
        raise NotImplementedError

    @api.model
    def _get_case_litigation_status_sql(self, cases):
        """Return the same for the cases that meet a condition."""
        return SQL(
            """
            (SELECT max(litigation.category)
               FROM credit_collection_litigation litigation
               JOIN credit_collection_case cases ON cases.id = litigation.case_id
              WHERE litigation.state = 'open' AND %s)
            """,
            cases,
            to_flush=self.env["credit.collection.litigation"]._fields["state"],
        )
