from functools import partial

from odoo import fields, models
from odoo.tools import split_every

from .credit_collection_dunning_document import DocumentWriter

# A wkhtmltopdf without patches does not repeat the head of a table that runs over a page: longer
# tables are printed in parts, each with its head and on one page.
_TABLE_ROWS = 12


class CreditCollectionPaymentPlan(models.Model):
    """What the agreement and the reminders of a payment plan say, written in its language."""

    _inherit = "credit.collection.payment.plan"

    def _make_agreements(self):
        """Write the agreements that do not exist yet, and keep them."""
        missing = self.filtered(lambda plan: not plan.agreement_id)
        if not missing:
            return
        documents = self.env["credit.collection.letter"]._render(missing)
        for plan in missing.sudo():  # the document is evidence
            plan.agreement_id = (
                self.env["ir.attachment"]
                .sudo()
                .create(
                    {
                        "name": f"{plan.name.replace('/', '-')}.pdf",
                        "raw": documents[plan],
                        "mimetype": "application/pdf",
                        "res_model": plan._name,
                        "res_id": plan.id,
                    }
                )
            )

    def _get_document_vals(self):
        """Return `{plan: the values of its agreement}`."""
        vals = {}
        for plan in self:
            plan_lang = plan.with_context(lang=plan.lang)
            vals[plan] = plan_lang._prepare_document_vals(DocumentWriter(plan_lang.env, {}))
        return vals

    def _prepare_document_vals(self, writer):
        self.ensure_one()
        company, currency = self.company_id, self.currency_id
        items = [
            {
                "name": line.name,
                "date_due": writer.date(line.date_due),
                "open": writer.amount(line.amount_residual, currency),
                "covered": writer.amount(line.amount, currency),
            }
            for line in self.line_ids
        ]
        installments = [
            {
                "number": one.number,
                "date_due": writer.date(one.date_due),
                "amount": writer.amount(one.amount, currency),
                "reference": one.reference,
            }
            for one in self.installment_ids
        ]
        bank = company._get_collection_bank_account(self.line_ids.move_line_id.move_id)
        return {
            "plan": self,
            "company": company,
            "contact": self.user_id,
            "debtor": self.partner_id,
            "address": self._get_contact()._get_collection_address(self.partner_id, company),
            "creditor_address": company.partner_id._get_collection_address(
                company.partner_id, company
            ),
            "date": writer.date(fields.Date.context_today(self)),
            "amount": writer.amount(self.amount, currency),
            "items": list(split_every(_TABLE_ROWS, items)),
            "installments": list(split_every(_TABLE_ROWS, installments)),
            "tolerance_days": company.sudo().collection_plan_tolerance_days,
            "bank": bank._prepare_collection_bank_vals(),
            "first_letters": self._tell_first_letters(),
        }

    def _tell_first_letters(self):
        """Return the sentence on the letters that came first, where the law wants it recalled."""
        return self.case_id._tell_first_letters(self.line_ids.move_line_id)

    def _get_continuation(self, number):
        """Return the line at the top of the pages after the first one."""
        return self.env._("Continuation of payment plan %(number)s", number=number)

    def _get_email(self):
        """Return where the customer is written to."""
        self.ensure_one()
        return self._get_contact().email or self.partner_id.email


class CreditCollectionInstallment(models.Model):
    _inherit = "credit.collection.installment"

    def _get_text_vals(self):
        """Return what the reminder of a late installment names, as text in its language."""
        self.ensure_one()
        writer = DocumentWriter(self.env, {})
        currency = self.currency_id
        tolerance = self.company_id.sudo().collection_plan_tolerance_days
        return {
            "amount": writer.amount(self._get_amount_left(), currency),
            "date_due": writer.date(self.date_due),
            "deadline": writer.date(fields.Date.add(self.date_due, days=tolerance)),
            "rest": writer.amount(self.plan_id.amount_open, currency),
        }

    def _prepare_mail_vals(self, email):
        """Return the e-mail that reminds of this installment."""
        self.ensure_one()
        plan, company = self.plan_id, self.company_id
        one = self.with_context(lang=plan.lang)
        template = self.env.ref("credit_collection.mail_template_installment_late").sudo()
        subject = template._render_field("subject", one.ids, set_lang=plan.lang)[one.id]
        body = template._render_field("body_html", one.ids, set_lang=plan.lang)[one.id]
        author = company.partner_id
        reply_to = plan._notify_get_reply_to_batch(author_ids={plan.id: author.id})
        return {
            "subject": subject,
            "body_html": one._wrap_body(body),
            "body": body,
            "email_from": company._collection_get_email_from(),
            "email_to": email,
            "reply_to": reply_to[plan.id],
            "author_id": author.id,
            "model": plan._name,
            "res_id": plan.id,
            "message_type": "email_outgoing",
            "subtype_id": False,
            # the message stays on the plan when the mail leaves the queue
            "is_notification": True,
            "auto_delete": True,
        }

    def _wrap_body(self, body):
        """Return the e-mail around a text: how to pay the installment."""
        plan, company = self.plan_id, self.company_id
        Delivery = self.env["credit.collection.delivery"]
        currency, debtor, amount = self.currency_id, plan.partner_id, self._get_amount_left()
        bank = company._get_collection_bank_account(plan.line_ids.move_line_id.move_id)
        qr_params = bank._get_collection_qr_params(
            bank._get_collection_qr_method(currency, debtor),
            amount,
            currency,
            debtor,
            self.reference,
            False,
        )
        texts = self._get_text_vals()
        # mail programs show pictures of a server that they can reach, and no others
        is_public = company.get_base_url().startswith("https:")
        return self.env["ir.qweb"]._render(
            "credit_collection.installment_email_layout",
            {
                "plan": plan,
                "company": company,
                "body": body,
                "deadline": texts["deadline"],
                "first_letters": plan.with_env(self.env)._tell_first_letters(),
                "payment": {
                    "amount": texts["amount"],
                    "reference": self.reference,
                    "qr": qr_params,
                    **bank._prepare_collection_bank_vals(),
                },
                "logo_url": is_public and Delivery._get_logo_url(company),
                "qr_url": is_public and partial(Delivery._get_qr_url, company),
            },
        )
