from odoo import models


class CreditCollectionLetter(models.AbstractModel):
    _name = "credit.collection.letter"
    _description = "Dunning Letters"

    def _render(self, dunnings):
        """Return `{dunning: PDF}`, made in one go."""
        return {dunning: b"%PDF-1.4" for dunning in dunnings}

    def _merge(self, dunnings):
        """Return an attachment with all letters."""
        return dunnings.letter_id[:1]
