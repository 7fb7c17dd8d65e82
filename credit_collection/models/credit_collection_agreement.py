from odoo import api, fields, models
from odoo.exceptions import UserError


def without_defaults(records, names):
    """Return the records without what the context proposes for these fields."""
    proposed = {f"default_{name}" for name in names}
    context = {key: value for key, value in records.env.context.items() if key not in proposed}
    return records.with_env(records.env(context=context))


class CreditCollectionAgreement(models.AbstractModel):
    """What was agreed with a customer, or stands between him and us.

    Promises, payment plans, disputes and litigations stop dunning through the hold that they place,
    and by no other way. They follow the ledger: `_follow_ledger` is called in the transaction that
    changes what their customer owes, and by a daily job for what time alone brings.
    """

    _name = "credit.collection.agreement"
    _description = "Agreement with a Customer"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"

    # the field of a hold that names what has placed it
    _hold_field = None
    _running_states = ("open",)

    case_id = fields.Many2one(
        "credit.collection.case", "Customer", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Debtor")
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    note = fields.Text()

    @api.model_create_multi
    def create(self, vals_list):
        # a note that a dialog proposes is about the agreement, not about the hold that it places
        free = without_defaults(self, self._get_judged_fields() | {"note"})
        agreements = super(CreditCollectionAgreement, free).create(vals_list)
        agreements.case_id._finish_next_step()
        return agreements

    @api.model
    def _get_judged_fields(self):
        """Return the fields with which nothing begins, whatever a context or a user says."""
        return {"state"}

    def write(self, vals):
        if not self.env.su and self._get_protected_fields() & vals.keys():
            raise UserError(self.env._("This changes only through its buttons."))
        return super().write(vals)

    @api.model
    def _get_protected_fields(self):
        """Return the fields that no user writes directly once the record exists."""
        return {"case_id", "company_id", "state"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(one.state != "draft" for one in self):
            raise UserError(
                self.env._("It is part of the file of the customer: cancel it instead.")
            )

    # -------------------------------------------------------------------------
    # Business
    # -------------------------------------------------------------------------

    def _set_state(self, state, allowed, **vals):
        """Move these records; return those that moved. The hold ends with what placed it."""
        moved = self.filtered(lambda one: one.state in allowed)
        if moved:
            moved.check_access("write")
            moved.sudo().write({"state": state, **vals})
            if state not in self._running_states:
                moved._end_holds()
        return moved

    def _follow_ledger(self):
        """Look whether the ledger, or the time, has settled these records."""
        raise NotImplementedError

    def _place_hold(self, reason, date_end, lines=None, **vals):
        """Place the hold of this record; `lines` are (item, amount outside of the agreement)."""
        self.ensure_one()
        Hold = self.env["credit.collection.hold"].sudo()  # holds of agreements are theirs alone
        return Hold.create(
            {
                "case_id": self.case_id.id,
                self._hold_field: self.id,
                "reason": reason,
                "user_id": self.user_id.id,
                "date_end": date_end,
                "line_ids": [
                    fields.Command.create({"move_line_id": line.id, "amount_outside": outside})
                    for line, outside in lines or ()
                ],
                **vals,
            }
        )

    def _get_holds(self):
        """Return the holds of these records that are in force."""
        return (
            self.env["credit.collection.hold"]
            .sudo()
            .search([(self._hold_field, "in", self.ids), ("state", "=", "active")])
        )

    def _end_holds(self):
        """End the holds of these records: the next run decides what is sent."""
        self._get_holds()._set_state("expired", date_released=fields.Date.context_today(self))
