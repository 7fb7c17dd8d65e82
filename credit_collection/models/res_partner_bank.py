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

    def _get_collection_qr_method(self, currency, debtor):
        """Return the kind of QR code for payments to this account, None when there is none.

        It depends on the account, the currency and the country of the debtor.
        """
        methods = self.get_available_qr_methods_in_sequence() if self else []
        return next(
            (
                method
                for method, _name in methods
                if not self._get_error_messages_for_qr(method, debtor, currency)
            ),
            None,
        )

    def _get_collection_qr_params(self, method, amount, currency, debtor, reference, is_structured):
        """Return how to draw the QR code of a payment, None when there is none."""
        structured = reference if is_structured else ""
        payment = (method, amount, currency, debtor, reference, structured)
        if not method or self._check_for_qr_code_errors(*payment):
            return None
        return self._get_qr_code_generation_params(*payment)
