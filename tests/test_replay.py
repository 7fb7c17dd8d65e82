import importlib.util
import sys
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from .common import CollectionCommon

_HERE = Path(__file__).resolve().parent


def _get_script():
    folder = _HERE.parent / "scripts"
    spec = importlib.util.spec_from_file_location("credit_collection_replay", folder / "replay.py")
    script = importlib.util.module_from_spec(spec)
    with patch.object(sys, "path", [str(folder), *sys.path]):
        spec.loader.exec_module(script)
    return script


@tagged("post_install", "-at_install")
class TestReplay(CollectionCommon):
    """The levels of the tests, 10, 20 and 30 days late, over tests/data/ledger_replay.csv."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = _get_script()
        cls.policy.is_automatic = True
        cls.reason = cls.env.ref("credit_collection.dispute_reason_price")

    def _replay(self, first="2026-01-01", last="2026-02-28", name="Replay", sayings=None):
        self._day("2026-03-31")  # the ledger is read when all of its payments were made
        content = (_HERE / "data" / "ledger_replay.csv").read_bytes()
        seed = None if sayings is None else 1
        replay = self.script.Replay(self.env(su=True), content, name, seed=seed)
        if replay.agreements:
            replay.agreements.sayings = sayings
        replay.company.collection_policy_id = self.policy
        day, last = fields.Date.to_date(first), fields.Date.to_date(last)
        replay.begin(day)
        while day <= last:
            self._day(day)
            replay.live(day, self._commit)
            day = fields.Date.add(day, days=1)
        return replay

    def _sent(self, replay):
        return [
            (str(line["day"]), line["level"].name, line["number"]) for line in replay.get_lines()
        ]

    def test_notices_go_on_their_days_until_the_payment_arrives(self):
        replay = self._replay()
        self.assertEqual(
            self._sent(replay),
            [
                ("2026-01-11", "Level 1", "A2"),
                ("2026-01-11", "Level 1", "A3"),
                ("2026-01-15", "Level 1", "A5"),
                ("2026-01-21", "Level 2", "A3"),
                ("2026-01-25", "Level 2", "A5"),
                ("2026-01-30", "Level 1", "A4"),
                ("2026-01-31", "Level 3", "A3"),
                ("2026-02-04", "Level 3", "A5"),
                ("2026-02-09", "Level 2", "A4"),
                ("2026-02-19", "Level 3", "A4"),
            ],
        )

    def test_what_was_settled_before_is_not_loaded(self):
        replay = self._replay(last="2026-01-01")
        self.assertNotIn("A6", {number for number, _customer in replay.loaded})

    def test_table_counts_what_was_paid_soon_after(self):
        lines = self._replay(last="2026-01-31").get_lines()
        total = self.script.summarize(lines)
        self.assertEqual((total["notices"], total["customers"], total["invoices"]), (7, 3, 7))
        self.assertEqual((total["soon"], total["in_vain"]), (1, 1), "A2, two days after")
        table = self.script.get_table(lines, self.env.company.currency_id)
        self.assertIn("| 2026-01 | Level 2 | 2 | 2 | 2 | 1,200 | 0 | 0 |", table)

    def test_result_is_the_same_again(self):
        one, two = (self._replay(last="2026-01-31", name=name) for name in ("One", "Two"))
        self.assertEqual(self._sent(one), self._sent(two))
        fingerprint = self.script.get_fingerprint
        self.assertEqual(fingerprint(one.get_lines()), fingerprint(two.get_lines()))

    def test_what_is_agreed_loses_no_cent_and_keeps_notices_back(self):
        plain = self._replay()
        talkative = {"promise": 20, "plan": 15, "dispute": 15, "withdraw": 10, "litigation": 5}
        replay = self._replay(name="Talkative", sayings=talkative)
        self.assertEqual(replay.agreements.problems, [])
        for name in self.env["credit.collection.case"]._get_agreement_models():
            domain = [("company_id", "=", replay.company.id)]
            self.assertTrue(self.env[name].search_count(domain), name)
        self.assertLess(len(replay.get_lines()), len(plain.get_lines()))
        self.assertIn("Promise to Pay: ", replay.agreements.get_summary()[0])

    def test_what_should_not_be_is_seen_by_the_check_of_every_day(self):
        replay = self._replay(last="2026-01-11", sayings={})
        today, agreements = fields.Date.today(), replay.agreements
        run = self.env["credit.collection.run"].search([], order="id desc", limit=1)
        self.assertEqual(len(run.dunning_ids), 2)
        line = run.dunning_ids[0].line_ids.move_line_id

        def check():
            agreements.problems = []
            agreements.check(today, run)
            return "\n".join(agreements.problems)

        self.assertEqual(check(), "")
        for model, vals, problem in (
            ("promise", {"move_line_ids": line.ids}, "claims .*, which is on hold"),
            ("dispute", {"move_id": line.move_id.id, "reason_id": self.reason.id}, "too much"),
        ):
            with self.env.cr.savepoint() as savepoint:
                record = agreements.env[f"credit.collection.{model}"].create(
                    {"case_id": run.dunning_ids[0].case_id.id, "amount": 50.0, **vals}
                )
                self._commit()
                self.assertRegex(check(), problem)
                self._update(record, "state = 'cancel'")
                self.assertRegex(check(), "outlives")
                savepoint.rollback()
            self.env.invalidate_all()
        items = agreements.env["credit.collection.item"].search([("move_line_id", "=", line.id)])
        self._update(items, "amount_claim_currency = 50")
        self.assertEqual(check(), "", "part of it may be held")
        self._update(items, "amount_disputed = 1000")
        self.assertRegex(check(), "A.: .* open, 1000.* disputed")

    def _update(self, records, change):
        """Change a table behind the software's back."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id = ANY(%s)", SQL(records._table), SQL(change), records.ids
            )
        )

    def test_policy_by_name_by_id_or_from_a_file(self):
        shipped = self.env.ref("credit_collection.policy_consumer")
        self.assertEqual(self.script.get_policy(self.env, "consumer"), shipped)
        self.assertEqual(self.script.get_policy(self.env, "test policy"), self.policy)
        ladder = self.script.get_policy(self.env, str(_HERE / "data" / "ladder.csv"))
        self.assertEqual(ladder.level_ids.mapped("delay_days"), [5, 15])
        with self.assertRaisesRegex(SystemExit, "no policy nobody"):
            self.script.get_policy(self.env, "nobody")
