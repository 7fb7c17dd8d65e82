import importlib.util
from pathlib import Path

from odoo import fields
from odoo.tests import tagged

from .common import CollectionCommon

_HERE = Path(__file__).resolve().parent


def _get_script():
    spec = importlib.util.spec_from_file_location(
        "credit_collection_replay", _HERE.parent / "scripts" / "replay.py"
    )
    script = importlib.util.module_from_spec(spec)
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

    def _replay(self, first="2026-01-01", last="2026-02-28", name="Replay"):
        self._day("2026-03-31")  # the ledger is read when all of its payments were made
        replay = self.script.Replay(
            self.env(su=True), (_HERE / "data" / "ledger_replay.csv").read_bytes(), name
        )
        replay.company.collection_policy_id = self.policy
        day, last = fields.Date.to_date(first), fields.Date.to_date(last)
        replay.begin(day)
        while day <= last:
            self._day(day)
            replay.live(day)
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

    def test_policy_by_name_by_id_or_from_a_file(self):
        shipped = self.env.ref("credit_collection.policy_consumer")
        self.assertEqual(self.script.get_policy(self.env, "consumer"), shipped)
        self.assertEqual(self.script.get_policy(self.env, "test policy"), self.policy)
        ladder = self.script.get_policy(self.env, str(_HERE / "data" / "ladder.csv"))
        self.assertEqual(ladder.level_ids.mapped("delay_days"), [5, 15])
        with self.assertRaisesRegex(SystemExit, "no policy nobody"):
            self.script.get_policy(self.env, "nobody")
