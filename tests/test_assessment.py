from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestSelection(CollectionCommon):
    """Which open items are reminded, and why the others are not."""

    def test_an_invoice_forty_days_late_gets_one_line_at_the_first_level(self):
        """S1."""
        invoice = self._overdue_invoice(due="2026-01-21")
        run = self._propose()
        self.assertNotices(run, [(self.customer, 1, {invoice: 1})])
        self.assertEqual(run.dunning_ids.level_id, self._level(1))
        self._dun()
        self.assertLevel(invoice, 1)
