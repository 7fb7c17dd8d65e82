"""A browser goes through the figures, as a manager does at the end of a month."""

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestFiguresTour(CollectionCommon, HttpCase):
    """The month is over: what was recovered, by whom, and what will come in."""

    def test_manager_reads_the_figures_of_the_month(self):
        paid = self._overdue_invoice(300.0, "2026-01-20")
        self._overdue_invoice(100.0, "2026-02-10")
        self._commit()
        manager = self._user(
            "manager",
            "credit_collection_group_manager",
            name="Mitchell",
            company_ids=[Command.set(self.env.company.ids)],
            lang="en_US",
        )
        self._case().user_id = manager
        self._pay(paid, on="2026-03-01")
        self._commit()
        self.start_tour("/odoo", "credit_collection_month_end", login="manager")
        self.assertEqual(paid.payment_state, "paid")
