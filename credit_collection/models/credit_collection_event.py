from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..const import CONTACT_CHANNELS

# each kind of event has its own range of ids: a multiple of this, and its place in the list
_KINDS = 16


class CreditCollectionEvent(models.Model):
    """The time line of a customer: what was sent, said, agreed and paid, read where it is kept."""

    _name = "credit.collection.event"
    _description = "Event of a Case"
    _order = "date desc, id desc"
    _auto = False
    _depends = {
        "account.move.line": ["parent_state", "balance", "partner_id", "journal_id"],
        "credit.collection.case": ["partner_id", "company_id"],
        "credit.collection.contact": ["case_id", "date", "channel", "user_id", "delivery_id"],
        "credit.collection.delivery": ["dunning_id", "channel", "state", "date_sent"],
        "credit.collection.dispute": ["case_id", "amount", "user_id"],
        "credit.collection.dunning": ["case_id", "amount_due"],
        "credit.collection.hold": ["case_id", "user_id"],
        "credit.collection.litigation": ["case_id", "user_id", "amount_claimed"],
        "credit.collection.payment.plan": ["case_id", "user_id"],
        "credit.collection.promise": ["case_id", "amount", "user_id"],
    }

    case_id = fields.Many2one("credit.collection.case", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Datetime("When", readonly=True)
    kind = fields.Selection(
        [
            *CONTACT_CHANNELS,
            ("payment", "Payment"),
            ("promise", "Promise"),
            ("plan", "Payment plan"),
            ("dispute", "Dispute"),
            ("hold", "Hold"),
            ("litigation", "Litigation"),
        ],
        "What",
        readonly=True,
    )
    direction = fields.Selection(
        [("out", "We to them"), ("in", "They to us")], "Who to whom", readonly=True
    )
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    detail = fields.Char(readonly=True)
    summary = fields.Char(compute="_compute_summary")

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT id::bigint * %s + %s AS id, case_id, company_id, date, kind, direction,"
                " amount, currency_id, user_id, %s AS res_model, id AS res_id, detail"
                " FROM (%s) event",
                _KINDS,
                place,
                model,
                query,
            )
            for place, (model, query) in enumerate(self._get_queries())
        )

    @api.model
    def _get_queries(self):
        """Return `[(model, query), ...]`: where the events are kept, in an order that stays."""
        return [
            ("credit.collection.contact", self._get_contact_sql()),
            ("credit.collection.delivery", self._get_delivery_sql()),
            ("account.move.line", self._get_payment_sql()),
            ("credit.collection.promise", self._get_agreement_sql("promise", "amount", "date")),
            ("credit.collection.payment.plan", self._get_agreement_sql("payment_plan")),
            ("credit.collection.dispute", self._get_agreement_sql("dispute", "amount", "date")),
            (
                "credit.collection.litigation",
                self._get_agreement_sql("litigation", day="date_open"),
            ),
            ("credit.collection.hold", self._get_hold_sql()),
        ]

    @api.model
    def _get_contact_sql(self):
        """What was said; what notices have sent is told by their deliveries."""
        return SQL(
            """
            SELECT id, case_id, company_id, date, channel AS kind, direction,
                   NULL::numeric AS amount, NULL::int AS currency_id, user_id, note AS detail
              FROM credit_collection_contact
             WHERE delivery_id IS NULL
                OR channel = 'call'
            """
        )

    @api.model
    def _get_delivery_sql(self):
        return SQL(
            """
            SELECT delivery.id, dunning.case_id, dunning.company_id, delivery.date_sent AS date,
                   CASE WHEN delivery.channel = ANY(%(channels)s)
                        THEN delivery.channel ELSE 'other' END AS kind,
                   'out' AS direction, dunning.amount_due AS amount, company.currency_id,
                   NULLIF(delivery.sent_by_id, %(robot)s) AS user_id, dunning.name AS detail
              FROM credit_collection_delivery delivery
              JOIN credit_collection_dunning dunning ON dunning.id = delivery.dunning_id
              JOIN res_company company ON company.id = dunning.company_id
             WHERE delivery.state = 'sent' AND delivery.channel != 'call'
            """,
            channels=[channel for channel, _label in CONTACT_CHANNELS],
            robot=SUPERUSER_ID,
        )

    @api.model
    def _get_payment_sql(self):
        """What came in by bank or cash, matched or not, in the currency of the company."""
        return SQL(
            """
            SELECT line.id, cases.id AS case_id, line.company_id, line.date::timestamp AS date,
                   'payment' AS kind, 'in' AS direction, -line.balance AS amount,
                   line.company_currency_id AS currency_id, NULL::int AS user_id,
                   concat_ws(', ', line.move_name, NULLIF(line.name, line.move_name)) AS detail
              FROM credit_collection_case cases
              JOIN res_partner debtor ON debtor.commercial_partner_id = cases.partner_id
              JOIN account_move_line line
                ON line.partner_id = debtor.id AND line.company_id = cases.company_id
              JOIN account_account account
                ON account.id = line.account_id AND account.account_type = 'asset_receivable'
              JOIN account_journal journal
                ON journal.id = line.journal_id AND journal.type IN ('bank', 'cash', 'credit')
             WHERE line.parent_state = 'posted' AND line.balance < 0
            """
        )

    @api.model
    def _get_agreement_sql(self, name, amount=None, day="create_date"):
        """What was agreed: when it was entered, or late on the day that it is dated."""
        table = SQL.identifier(f"credit_collection_{name}")
        return SQL(
            """
            SELECT id, case_id, company_id,
                   CASE WHEN create_date::date = COALESCE(%(day)s, create_date)::date
                        THEN create_date
                        ELSE %(day)s::date + time '23:59' END AS date,
                   %(kind)s AS kind, NULL AS direction, %(amount)s AS amount,
                   %(currency)s AS currency_id, user_id, state AS detail
              FROM %(table)s
            """,
            kind={"payment_plan": "plan"}.get(name, name),
            amount=SQL.identifier(amount) if amount else SQL("NULL::numeric"),
            currency=SQL.identifier("currency_id") if amount else SQL("NULL::int"),
            table=table,
            day=SQL.identifier(day),
        )

    @api.model
    def _get_hold_sql(self):
        """The holds that a person has placed: those of agreements are told by these."""
        return SQL(
            """
            SELECT id, case_id, company_id, create_date AS date, 'hold' AS kind,
                   NULL AS direction, NULL::numeric AS amount, NULL::int AS currency_id, user_id,
                   note AS detail
              FROM credit_collection_hold hold
             WHERE NOT %s
            """,
            self.env["credit.collection.hold"]._get_has_origin_sql("hold"),
        )

    @api.depends("res_model", "res_id", "detail")
    @api.depends_context("lang")
    def _compute_summary(self):
        by_model = defaultdict(list)
        for event in self:
            by_model[event.res_model].append(event.res_id)
        records = {model: self.env[model].browse(ids) for model, ids in by_model.items() if model}
        for event in self:
            record = records[event.res_model].browse(event.res_id)
            record = record.with_prefetch(records[event.res_model].ids)
            describe = getattr(self, f"_describe_{event.kind}", self._describe_contact)
            event.summary = describe(event, record)

    def _describe_contact(self, event, record):
        if record._name == "credit.collection.delivery":
            return f"{record.dunning_id.level_id.name}, {event.detail}"
        parts = (record.outcome_id.name, record.contact_id.name, event.detail)
        return ", ".join(filter(None, parts))

    def _describe_payment(self, event, _record):
        return event.detail

    def _describe_promise(self, event, record):
        states = dict(record._fields["state"]._description_selection(self.env))
        return f"{record.display_name}: {states.get(event.detail, '')}"

    _describe_plan = _describe_promise
    _describe_dispute = _describe_promise
    _describe_litigation = _describe_promise

    def _describe_hold(self, _event, record):
        return record._describe()

    def action_open(self):
        """Open what the event is about."""
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id)
        if record._name == "account.move.line":
            return record.move_id._get_records_action(context={})
        if record._name == "credit.collection.delivery":
            record = record.dunning_id
        return record._get_records_action(context={})
