from odoo import models


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def _prepare_collection_bank_vals(self):
        """Return the account as a notice shows it."""
        number = self.acc_number or ""
        if self.acc_type == "iban":
            number = self.sanitized_acc_number
            number = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
        return {
            "account_number": number,
            "account_is_iban": self.acc_type == "iban",
            "account_holder": self.acc_holder_name or self.partner_id.name or "",
            "bic": self.bank_bic or "",
        }

    def _get_collection_qr_params(self, amount, currency, debtor, reference, is_structured):
        """Return how to draw the QR code of this payment, or None when the account has none."""
        vals = self and self._build_qr_code_vals(
            amount, reference, is_structured and reference, currency, debtor
        )
        return vals and self._get_qr_code_generation_params(**vals)
