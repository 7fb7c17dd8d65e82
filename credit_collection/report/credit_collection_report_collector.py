from odoo import api, fields, models
from odoo.tools import SQL

from ..const import SPOKEN_CONTACTS, WRITTEN_CONTACTS


class CreditCollectionReportCollector(models.Model):
    """What each collector did, and what came of it: a row for each thing that happened.

    Sums over things of several kinds mean nothing: each kind has a measure of its own.
    """

    _name = "credit.collection.report.collector"
    _description = "Collector's Month"
    _inherit = ["credit.collection.report.customer"]
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "kind"
    _document = "case_id"

    kind = fields.Selection(
        [
            ("recovered", "Recovered"),
            ("in_time", "Paid in time"),
            ("call", "Calls and visits"),
            ("written", "E-mails and letters"),
            ("notice", "Notices sent"),
            ("promise", "Promises taken"),
            ("kept", "Promises kept"),
            ("plan", "Payment plans agreed"),
            ("dispute", "Disputes settled"),
        ],
        string="What",
        readonly=True,
        help="Money belongs to the collector of the customer, an agreement to whoever made it.",
    )
    author_id = fields.Many2one("res.users", "By", readonly=True)
    date = fields.Date(readonly=True)
    amount = fields.Monetary(currency_field="company_currency_id", readonly=True, aggregator=None)
    amount_recovered = fields.Monetary(
        "Amount recovered",
        currency_field="company_currency_id",
        readonly=True,
        help="Received after the due date from the customers of the collector.",
    )
    amount_in_time = fields.Monetary(
        "Amount paid in time", currency_field="company_currency_id", readonly=True
    )
    amount_promised = fields.Monetary(
        "Amount promised", currency_field="company_currency_id", readonly=True
    )
    call_count = fields.Integer("Calls and visits", readonly=True)
    written_count = fields.Integer(
        "E-mails and letters",
        readonly=True,
        help="Written by the collector, or by his customers to him. Notices are counted apart.",
    )
    notice_count = fields.Integer("Notices sent", readonly=True)
    promise_count = fields.Integer("Promises taken", readonly=True)
    kept_count = fields.Integer("Promises kept", readonly=True)
    plan_count = fields.Integer("Payment plans agreed", readonly=True)
    dispute_count = fields.Integer("Disputes settled", readonly=True)

    @api.model
    def _get_measures(self):
        """Return `{measure: what it adds up of a row, and the kind of these rows}`."""
        amounts = {"recovered": "recovered", "in_time": "in_time", "promised": "promise"}
        counts = ("call", "written", "notice", "promise", "kept", "plan", "dispute")
        return {
            **{f"amount_{name}": (SQL("figure.amount"), kind) for name, kind in amounts.items()},
            **{f"{kind}_count": (SQL("1"), kind) for kind in counts},
        }

    @api.model
    def _get_kinds(self, date, companies):
        """Return `{kind: rows}`: id, company, customer, who did it (or nobody), day, amount.

        The keys are those of the selection.
        """
        reports = {
            name: self.env[f"credit.collection.report.{name}"]._get_figure_sql(date, companies)
            for name in ("payment", "promise", "dispute")
        }
        company = self.env["credit.collection.item"]._get_company_sql
        return {
            "recovered": SQL(
                "SELECT id, company_id, partner_id, NULL::int AS author_id, date, amount"
                " FROM (%s) payment WHERE days_late > 0",
                reports["payment"],
            ),
            "in_time": SQL(
                "SELECT id, company_id, partner_id, NULL::int, date, amount"
                " FROM (%s) payment WHERE days_late = 0",
                reports["payment"],
            ),
            "call": self._get_contact_sql(date, companies, SPOKEN_CONTACTS),
            "written": self._get_contact_sql(date, companies, WRITTEN_CONTACTS),
            "notice": SQL(
                "SELECT dunning.id, dunning.company_id, cases.partner_id, NULL::int,"
                " dunning.date_sent, dunning.amount_due FROM credit_collection_dunning dunning"
                " JOIN credit_collection_case cases ON cases.id = dunning.case_id"
                " WHERE dunning.state = 'sent' AND dunning.date_sent <= %s AND %s",
                date,
                company(companies, "dunning.company_id"),
            ),
            "promise": SQL(
                "SELECT id, company_id, partner_id, taker_id, date, amount FROM (%s) promise",
                reports["promise"],
            ),
            "kept": SQL(
                "SELECT id, company_id, partner_id, taker_id, date_deadline, amount_kept"
                " FROM (%s) promise WHERE kept_count = 1",
                reports["promise"],
            ),
            "plan": SQL(
                "SELECT plan.id, plan.company_id, cases.partner_id, plan.user_id,"
                " plan.date_active, round(plan.amount * item.rate, 2)"
                " FROM credit_collection_payment_plan plan"
                " JOIN credit_collection_case cases ON cases.id = plan.case_id"
                " JOIN LATERAL (SELECT COALESCE(sum(line.balance)"
                "                   / NULLIF(sum(line.amount_currency), 0), 1) AS rate"
                "                 FROM credit_collection_payment_plan_line part"
                "                 JOIN account_move_line line ON line.id = part.move_line_id"
                "                WHERE part.plan_id = plan.id) item ON TRUE"
                " WHERE plan.date_active <= %s AND %s",
                date,
                company(companies, "plan.company_id"),
            ),
            "dispute": SQL(
                "SELECT id, company_id, partner_id, settler_id, date_closed, amount"
                " FROM (%s) dispute WHERE state IN ('accepted', 'rejected')",
                reports["dispute"],
            ),
        }

    def _get_contact_sql(self, date, companies, channels):
        """The contacts either way; what a notice has sent is told by the notice."""
        return SQL(
            "SELECT contact.id, contact.company_id, cases.partner_id, contact.user_id,"
            " contact.date::date, 0 FROM credit_collection_contact contact"
            " JOIN credit_collection_case cases ON cases.id = contact.case_id"
            " WHERE contact.channel = ANY(%s) AND contact.date::date <= %s AND %s"
            " AND (contact.delivery_id IS NULL OR contact.channel = 'call')",
            list(channels),
            date,
            self.env["credit.collection.item"]._get_company_sql(companies, "contact.company_id"),
        )

    def _get_query(self, date, companies):
        return SQL(
            """
            SELECT figure.id, figure.kind, figure.company_id, figure.partner_id, figure.author_id,
                   figure.date, figure.amount, figure.company_currency_id, figure.case_id,
                   COALESCE(figure.author_id, figure.user_id) AS user_id, figure.country_id,
                   %(measures)s
              FROM (%(figures)s) figure
            """,
            measures=SQL(", ").join(
                SQL(
                    "CASE WHEN figure.kind = %s THEN %s ELSE 0 END AS %s",
                    kind,
                    value,
                    SQL.identifier(name),
                )
                for name, (value, kind) in self._get_measures().items()
            ),
            figures=super()._get_query(date, companies),
        )

    def _get_figure_sql(self, date, companies):
        kinds = self._get_kinds(date, companies)
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT one.id * %(count)s::bigint + %(rank)s AS id, %(kind)s AS kind,"
                " one.company_id, one.partner_id, one.author_id, one.date, one.amount"
                " FROM (%(rows)s) one (id, company_id, partner_id, author_id, date, amount)",
                count=len(kinds),
                rank=rank,
                kind=kind,
                rows=rows,
            )
            for rank, (kind, rows) in enumerate(kinds.items())
        )
