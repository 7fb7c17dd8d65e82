from odoo import api, fields, models
from odoo.exceptions import UserError


class CreditCollectionShipped(models.AbstractModel):
    """Law that comes with the module and is read again at each upgrade.

    Nobody edits it, or the next upgrade would take the change away: a row that a user adds goes
    before the shipped one, and no upgrade touches it.
    """

    _name = "credit.collection.shipped"
    _description = "Law as Data"

    is_shipped = fields.Boolean(
        "Comes with the module",
        readonly=True,
        copy=False,
        help="Kept up to date by upgrades of the module. To have it otherwise, add your own: it "
        "goes before this one.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if not self.env.su and any(one.is_shipped for one in records):
            raise UserError(self.env._("Only the module itself brings data of its own."))
        return records

    def write(self, vals):
        if not self.env.su:
            self._check_own("is_shipped" in vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        if not self.env.su:
            self._check_own()

    def _check_own(self, is_refused=False):
        """Refuse to change what the next upgrade would change back."""
        shipped = self.filtered("is_shipped")
        if shipped or is_refused:
            raise UserError(
                self.env._(
                    "%(record)s comes with the module, and an upgrade would undo the change: add "
                    "one of your own, it goes before this one.",
                    record=(shipped or self)[:1].display_name,
                )
            )
