from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class CreditCollectionClientReportMake(models.TransientModel):
    """For which clients, and which month, reports are made in one go."""

    _name = "credit.collection.client.report.make"
    _description = "Make Client Reports"

    month = fields.Selection(
        selection="_selection_month",
        required=True,
        default=lambda self: self._selection_month()[1][0],
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Clients",
        default=lambda self: self.env.user.company_ids,
        domain=lambda self: [("id", "in", self.env.user.company_ids.ids)],
    )
    is_sent = fields.Boolean(
        "Send them", help="To the recipient in the settings of each client, else to its address."
    )
    no_recipient = fields.Char("Without an e-mail address", compute="_compute_no_recipient")

    @api.model
    def _selection_month(self):
        """Return this month and the twelve before it."""
        first = fields.Date.start_of(fields.Date.context_today(self), "month")
        months = [fields.Date.subtract(first, months=back) for back in range(13)]
        return [
            (fields.Date.to_string(day), format_date(self.env, day, date_format="MMMM y"))
            for day in months
        ]

    @api.depends("company_ids")
    def _compute_no_recipient(self):
        for wizard in self:
            companies = wizard.company_ids.sudo().filtered(  # who makes reports sees their sender
                lambda one: not (one.collection_report_partner_id or one.partner_id).email
            )
            wizard.no_recipient = ", ".join(companies.mapped("name"))

    def action_make(self):
        """Make the reports, and list them."""
        self.ensure_one()
        if not self.company_ids:
            raise UserError(self.env._("Choose at least one client."))
        Report = self.env["credit.collection.client.report"]
        month = fields.Date.to_date(self.month)
        reports = Report._make(self.company_ids._origin, month, self.is_sent)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "credit_collection.credit_collection_client_report_action"
        )
        return action | {"domain": [("id", "in", reports.ids)], "context": {}}
