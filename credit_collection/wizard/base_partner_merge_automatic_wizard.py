from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Customers who are merged have one case in each company: theirs are merged first."""
        debtor = dst_partner.commercial_partner_id
        Case = self.env["credit.collection.case"].sudo()  # whoever merges customers
        moving = Case.search([("partner_id", "in", (src_partners - debtor).ids)])
        for company, cases in moving.grouped("company_id").items():
            kept = Case.search([("partner_id", "=", debtor.id), ("company_id", "=", company.id)])
            if not kept:
                kept, cases = cases[:1], cases[1:]
                kept.partner_id = debtor
            if cases:
                cases._merge_into(kept)
        res = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["account.move"]._collection_touch(partners=debtor)
        return res
