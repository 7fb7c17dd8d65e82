"""Promises, plans, disputes and litigations laid over a replayed ledger, and what must hold.

The customers of a replay pay as they did; what they say before is drawn with a seed. A checker that
shares nothing with the assessment looks at every item, hold and notice on every day.
"""

import random
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import SQL

NIGHT = (
    "ir_cron_expire_holds",
    "ir_cron_judge_promises",
    "ir_cron_follow_disputes",
    "ir_cron_follow_plans",
    "ir_cron_follow_litigations",
)
# how many of a hundred customers with something overdue say this, or make us go to court, on a day
SAYINGS = {"promise": 6, "plan": 2, "dispute": 2, "withdraw": 1, "litigation": 1}


class Agreements:
    """What the customers of a replayed company say, day by day."""

    def __init__(self, env, seed):
        self.env = env
        self.random = random.Random(seed)
        self.sayings = SAYINGS
        self.problems = []
        self.refused = 0

    # -- a day

    def night(self):
        for name in NIGHT:
            self.env.ref(f"credit_collection.{name}").method_direct_trigger()

    def talk(self, day):
        """Let customers promise, ask for time, or complain about what is overdue."""
        cases = self.env["credit.collection.case"].search(
            [("company_id", "=", self.env.company.id), ("amount_overdue", ">", 0)], order="id"
        )
        for case in cases:
            number = self.random.randrange(100)
            for saying, share in self.sayings.items():
                if number < share:
                    self._try(getattr(self, f"_say_{saying}"), case, day)
                    break
                number -= share

    def _try(self, say, case, day):
        """What the software refuses changes nothing."""
        try:
            with self.env.cr.savepoint():
                say(case, day)
        except UserError:
            self.env.invalidate_all()
            self.refused += 1

    def _choose_lines(self, case):
        """Return some of what is open, in one currency."""
        lines = case.item_ids.filtered(lambda item: item.amount_residual_currency > 0).move_line_id
        groups = lines.grouped("currency_id")
        lines = groups[self.random.choice(list(groups))].sorted("id")
        return lines[: self.random.randint(1, len(lines))]

    def _choose_amount(self, currency, most):
        share = self.random.choice((1, 1, 0.5, self.random.random()))
        return max(currency.round(most * share), currency.rounding)

    def _say_promise(self, case, day):
        lines = self._choose_lines(case)
        most = sum(lines.mapped("amount_residual_currency"))
        self.env["credit.collection.promise"].create(
            {
                "case_id": case.id,
                "currency_id": lines.currency_id.id,
                "move_line_ids": lines.ids,
                "amount": self._choose_amount(lines.currency_id, most),
                "date_promised": day + timedelta(days=self.random.randint(0, 20)),
            }
        )

    def _say_plan(self, case, day):
        lines = self._choose_lines(case)
        plan = self.env["credit.collection.payment.plan"].create(
            {
                "case_id": case.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [
                    Command.create(
                        {
                            "move_line_id": line.id,
                            "amount": self._choose_amount(
                                line.currency_id, line.amount_residual_currency
                            ),
                        }
                    )
                    for line in lines
                ],
                "installment_count": self.random.randint(1, 6),
                "date_first": day + timedelta(days=self.random.randint(0, 30)),
                "period": self.random.choice(("week", "fortnight", "month")),
            }
        )
        plan.action_make_installments()
        plan.action_propose()
        plan.action_activate()

    def _say_dispute(self, case, _day):
        line = self._choose_lines(case)[0]
        self.env["credit.collection.dispute"].create(
            {
                "move_id": line.move_id.id,
                "reason_id": self.env.ref("credit_collection.dispute_reason_price").id,
                "amount": self._choose_amount(line.currency_id, line.amount_residual_currency),
            }
        )

    def _say_litigation(self, case, _day):
        """The customer says nothing any more: go to court."""
        self.env["credit.collection.litigation"].create(
            {
                "case_id": case.id,
                "kind_id": self.env.ref("credit_collection.litigation_kind_full").id,
                "covers_customer": self.random.random() < 0.5,
                "line_ids": [
                    Command.create({"move_line_id": line.id}) for line in self._choose_lines(case)
                ],
            }
        ).action_open()

    def _say_withdraw(self, case, _day):
        """Take back one of the things that were said, or be told no; end what went to court."""
        running = self._get_running(case)
        one = running and self.random.choice(running)
        if one and one._name == "credit.collection.dispute" and self.random.randrange(2):
            one.resolution = "As ordered."
            one.action_reject()
        elif one and one._name == "credit.collection.litigation":
            one._close(self.random.choice(one._get_outcomes()))
        elif one:
            one.action_cancel()

    def _get_running(self, case):
        found = []
        for name in case._get_agreement_models():
            Model = self.env[name]
            domain = [("case_id", "=", case.id), ("state", "in", Model._running_states)]
            found += Model.search(domain, order="id")
        return found

    # -- what must hold

    def check(self, day, run):
        """Note what is wrong in the evening of a day; `run` is what was sent on it."""
        self.env.flush_all()
        found = [
            *self._get_lost(),
            *self._get_left_behind(day),
            *self._get_unsound_plans(),
            *self._get_dunned_on_hold(run),
            *self._get_dunned_disputed(run),
        ]
        self.problems += [f"{day}: {problem}" for problem in found]

    def _select(self, query):
        self.env.cr.execute(query)
        return [row[0] for row in self.env.cr.fetchall()]

    def _get_lost(self):
        """Disputed, held and collected add up to what is open, and none is negative."""
        return self._select(
            SQL(
                """
                WITH held AS (
                    SELECT item.id, line.move_name, line.amount_residual_currency AS open,
                           item.amount_disputed AS disputed, item.decision,
                           item.amount_claim_currency AS claimed
                      FROM credit_collection_item item
                      JOIN credit_collection_case cases ON cases.id = item.case_id
                      JOIN account_move_line line ON line.id = item.move_line_id
                     WHERE cases.company_id = %s AND line.amount_residual_currency > 0
                )
                SELECT format('%%s: %%s open, %%s disputed, %%s collected, %%s',
                              move_name, open, disputed, claimed, decision)
                  FROM held
                 WHERE disputed < 0 OR claimed < 0 OR round(disputed + claimed - open, 2) > 0
                    OR (claimed = 0) <> (decision = 'hold')
                """,
                self.env.company.id,
            )
        )

    def _get_left_behind(self, day):
        """An active hold belongs to something that goes on."""
        return self._select(
            SQL(
                """
                SELECT format('hold %%s outlives %%s', hold.id, hold.reason)
                  FROM credit_collection_hold hold
             LEFT JOIN credit_collection_promise promise ON promise.id = hold.promise_id
             LEFT JOIN credit_collection_payment_plan plan ON plan.id = hold.plan_id
             LEFT JOIN credit_collection_dispute dispute ON dispute.id = hold.dispute_id
             LEFT JOIN credit_collection_litigation litigation
                    ON litigation.id = hold.litigation_id
                 WHERE hold.state = 'active' AND hold.company_id = %(company)s
                   AND (hold.date_end IS NULL OR hold.date_end > %(day)s)
                   AND COALESCE(promise.state <> 'open', plan.state <> 'active',
                                litigation.state <> 'open', dispute.state <> 'open'
                                AND NOT (dispute.state = 'rejected'
                                         AND dispute.date_resume > %(day)s))
                """,
                company=self.env.company.id,
                day=day,
            )
        )

    def _get_unsound_plans(self):
        """The instalments of a plan make up what it covers, to the cent."""
        return self._select(
            SQL(
                """
                SELECT format('plan %%s covers %%s, its instalments %%s', plan.id, line.amount,
                              part.amount)
                  FROM credit_collection_payment_plan plan,
               LATERAL (SELECT sum(amount) AS amount FROM credit_collection_payment_plan_line
                         WHERE plan_id = plan.id) line,
               LATERAL (SELECT sum(amount) AS amount FROM credit_collection_installment
                         WHERE plan_id = plan.id) part
                 WHERE plan.company_id = %s AND plan.state IN ('active', 'done', 'broken')
                   AND line.amount <> part.amount
                """,
                self.env.company.id,
            )
        )

    def _get_dunned_on_hold(self, run):
        """Nothing that a hold covers whole is claimed by a notice of the day."""
        return self._select(
            SQL(
                """
                SELECT format('%%s claims %%s, which is on hold', dunning.name, line.move_name)
                  FROM credit_collection_dunning dunning
                  JOIN credit_collection_dunning_line dunned ON dunned.dunning_id = dunning.id
                  JOIN account_move_line line ON line.id = dunned.move_line_id
                  JOIN credit_collection_hold_line covered
                    ON covered.move_line_id = line.id AND covered.amount_outside <= 0
                  JOIN credit_collection_hold hold ON hold.id = covered.hold_id
                 WHERE dunning.run_id = ANY(%(runs)s) AND dunned.amount_residual > 0
                   AND hold.state = 'active' AND hold.date_start <= dunning.date_sent
                   AND (hold.date_end IS NULL OR hold.date_end > dunning.date_sent)
                """,
                runs=run.ids,
            )
        )

    def _get_dunned_disputed(self, run):
        """No notice of the day claims more of an invoice than what is not disputed of it."""
        return self._select(
            SQL(
                """
                SELECT format('%%s claims %%s of %%s, too much', dunning.name, sum(claim.amount),
                              move.name)
                  FROM credit_collection_dunning dunning,
               LATERAL (SELECT line.move_id, sum(dunned.amount_residual) AS amount
                          FROM credit_collection_dunning_line dunned
                          JOIN account_move_line line ON line.id = dunned.move_line_id
                         WHERE dunned.dunning_id = dunning.id
                      GROUP BY line.move_id) claim
                  JOIN account_move move ON move.id = claim.move_id,
               LATERAL (SELECT sum(amount_residual_currency) AS amount
                          FROM account_move_line
                         WHERE move_id = move.id AND amount_residual_currency > 0) open,
               LATERAL (SELECT sum(amount) AS amount FROM credit_collection_hold
                         WHERE move_id = move.id AND state = 'active' AND amount > 0
                           AND date_start <= dunning.date_sent
                           AND (date_end IS NULL OR date_end > dunning.date_sent)) disputed
                 WHERE dunning.run_id = ANY(%s) AND disputed.amount > 0
              GROUP BY dunning.name, move.name, open.amount, disputed.amount
                HAVING sum(claim.amount) > round(open.amount - disputed.amount, 2)
                """,
                run.ids,
            )
        )

    # -- what came of it

    def get_summary(self):
        """Return a line per kind: how many of each ended how."""
        lines = []
        for name in self.env["credit.collection.case"]._get_agreement_models():
            groups = self.env[name]._read_group(
                [("company_id", "=", self.env.company.id)], ["state"], ["__count"]
            )
            ended = ", ".join(f"{state} {count}" for state, count in groups)
            lines.append(f"{self.env[name]._description}: {ended or 'none'}")
        return [*lines, f"Refused, mostly what is covered already: {self.refused}"]
