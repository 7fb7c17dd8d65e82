"""The number of queries does not grow with the ledger. Times are measured by `make bench`."""

from lxml import etree

from odoo.tests import tagged

from .common import CollectionCommon

FEW, MANY = 2, 20


@tagged("post_install", "-at_install")
class TestPerformance(CollectionCommon):
    """Each piece of work is done for a few customers, then for ten times as many."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"].union(
            *(cls._customer(f"Customer {number}") for number in range(MANY))
        )
        for customer in cls.customers:
            cls._overdue_invoice(100.0, "2026-02-10", customer)
        cls.env["credit.collection.item"]._assess(cls.company)

    def _set_size(self, size):
        """Let only so many of the customers have something to be reminded of."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "in", self.customers.ids),
                ("account_type", "=", "asset_receivable"),
            ]
        )
        excluded = lines.filtered(lambda line: line.partner_id not in self.customers[:size])
        excluded.no_followup = True
        (lines - excluded).no_followup = False
        self._commit()

    def _count(self, work):
        """Return the number of queries of some work, from empty caches."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def assertConstant(self, work):
        """Assert that the work costs as many queries for many customers as for a few."""
        counts = []
        for size in (FEW, FEW, MANY):  # the first time fills the caches of the registry
            self._set_size(size)
            counts.append(self._count(work))
        self.assertLessEqual(counts[2], counts[1], f"queries: {counts}")

    def test_assessing_a_ledger_takes_two_queries(self):
        """One decides about the items, one orders the worklist."""
        Item = self.env["credit.collection.item"]
        Item._assess(self.company)
        for size in (FEW, MANY):
            self._set_size(size)
            with self.assertQueryCount(2):
                Item._assess(self.company)

    def test_proposing_takes_as_many_queries_for_many_customers(self):
        run = self._propose()
        self.assertConstant(run._propose)
        self.assertEqual(len(run.dunning_ids), MANY)

    def test_leaving_out_an_item_takes_as_many_queries_in_a_large_proposal(self):
        run = self._propose()

        def leave_out():
            run._propose()
            run.dunning_ids[:1].line_ids.action_leave_out()

        self.assertConstant(leave_out)

    def test_leaving_out_an_item_leaves_the_other_notices_alone(self):
        run = self._propose()
        first, others = run.dunning_ids[:1], run.dunning_ids[1:]
        run._leave_out(first.line_ids.move_line_id)
        self.assertFalse(first.exists())
        self.assertEqual(run.dunning_ids, others)
        self.assertEqual(run.exclusion_ids.mapped("decision"), ["left_out"])

    def test_approving_takes_as_many_queries_for_many_notices(self):
        counts = []
        for size in (FEW, FEW, MANY):
            self._set_size(size)
            run = self._propose()
            counts.append(self._count(run._approve))
            run.action_cancel()
        self.assertLessEqual(counts[2], counts[1], f"queries: {counts}")

    def test_checking_amounts_takes_as_many_queries_for_many_notices(self):
        many = self._run().dunning_ids
        many = many.browse(many.ids)  # read ahead together, also from empty caches
        few = many[:FEW]
        few._check_amounts()
        self.assertLessEqual(self._count(many._check_amounts), self._count(few._check_amounts))

    def test_noting_letters_as_posted_takes_as_many_queries_for_many(self):
        deliveries = self._run().dunning_ids.delivery_ids
        warm, few, many = deliveries[:1], deliveries[1 : FEW + 1], deliveries[FEW + 1 :]
        warm._set_sent()
        allowed = self._count(few._set_sent)
        self.assertLessEqual(self._count(many._set_sent), allowed)

    def test_placing_a_hold_looks_at_one_customer(self):
        def hold(customer):
            return lambda: self._hold(customer)

        self._hold(self.customers[0])
        self._set_size(FEW)
        allowed = self._count(hold(self.customers[1]))
        self._set_size(MANY)
        self.assertLessEqual(self._count(hold(self.customers[2])), allowed)

    def test_posting_and_paying_cost_four_queries_more_than_without_the_module(self):
        def post(is_bare):
            move = self._overdue_invoice(partner=self.customers[0], post=False)
            self._commit()
            return move, self._count(lambda: self._finish(move.action_post, is_bare))

        def pay(move, is_bare):
            return self._count(lambda: self._finish(lambda: self._pay(move), is_bare))

        counts = {}
        for is_bare in (False, True, False):  # the first time fills the caches of the registry
            move, posting = post(is_bare)
            counts[is_bare] = posting, pay(move, is_bare)
        for name, more, bare in zip(("post", "pay"), counts[False], counts[True], strict=True):
            with self.subTest(name):
                self.assertLessEqual(more, bare + 4)

    def _finish(self, work, is_bare):
        """Do some work up to its commit; bare: without what the module does before the commit."""
        work()
        if is_bare:
            self.env.cr.precommit.data.pop("credit_collection.touched")
        self.env.cr.flush()

    def test_the_case_list_takes_as_many_queries_for_many_rows(self):
        Case = self.env["credit.collection.case"]
        arch = etree.fromstring(Case.get_views([(False, "list")])["views"]["list"]["arch"])
        specification = {
            name: {"fields": {"display_name": {}}} if Case._fields[name].relational else {}
            for name in (node.get("name") for node in arch.iterfind("field"))
        }

        def open_list(size):
            return lambda: Case.web_search_read([], specification, limit=size)

        self._count(open_list(FEW))
        self.assertLessEqual(self._count(open_list(MANY)), self._count(open_list(FEW)))

    def test_a_new_customer_gets_one_case(self):
        """The number of a new case is drawn where the customer is found: once for each."""
        customer = self._customer("New")
        self._overdue_invoice(50.0, partner=customer)
        self._overdue_invoice(60.0, partner=self._contact(customer))
        self._assess()
        self.assertEqual(len(self._case(customer)), 1)
        self.assertEqual(len(self._case(customer).item_ids), 2)
