"""Replay the daily dunning over a past ledger: what this policy would have sent, and when.

make replay LEDGER=ledger.csv POLICY=business FROM=2013-01-01 TO=2013-12-31 [ARGS=--settled]

LEDGER   a file as in docs/ledger_import.md; ARGS=--settled: a payment settles its document in full
         ARGS='--agreements 1': customers also promise, ask for plans and complain, drawn with
         this seed; every day it is checked that nothing on hold was reminded and no cent lost
POLICY   a policy by its name or external id (`business`, `consumer`), or a file with a ladder:
         CSV (name, delay_days, wait_days, amount_min), or JSON ({"quiet_days": 7, "levels": [...]})

Each day: the payments of that day are matched and its documents posted as the ledger import does
it, then the scheduled job of the module assesses, proposes and approves. Nothing is rendered: the
script notes every delivery as done, as a person does who has posted a letter. So every notice is
sent on the day of its run, and none fails.

Odoo has no rates of the past: foreign documents are valued at one round rate per currency, which
only matters for the tolerance, the minimum of a level, and the sums below.
"""

import argparse
import base64
import csv
import hashlib
import json
import sys
import time
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import islice
from pathlib import Path

import freezegun
from replay_agreements import Agreements

from odoo import Command, fields

from odoo.addons.credit_collection.tools.ledger_csv import Document, LedgerError

# units for one euro, about 2013
ROUND_RATES = {
    "AUD": 1.4,
    "CAD": 1.35,
    "CHF": 1.2,
    "CZK": 26,
    "DKK": 7.5,
    "EUR": 1,
    "GBP": 0.85,
    "HUF": 300,
    "JPY": 130,
    "NOK": 8,
    "PLN": 4.2,
    "SEK": 8.6,
    "USD": 1.3,
}
BATCH = 500
SOON = timedelta(days=3)


class Replay:
    """A company whose ledger fills up day by day, and is reminded day by day."""

    def __init__(self, env, content, name, *, settled=False, seed=None):
        wizard = env["credit.collection.ledger.import"].new({"file": base64.b64encode(content)})
        documents, self.problems = [], []
        for row in wizard._get_ledger().rows():
            (documents if isinstance(row, Document) else self.problems).append(row)
        self.company = self._create_company(env, name, documents)
        self.env = env(context={**env.context, "allowed_company_ids": self.company.ids})
        self.wizard = self.env["credit.collection.ledger.import"].create(
            {
                "company_id": self.company.id,
                "file": base64.b64encode(content),
                "is_settled_in_full": settled,
            }
        )
        self.wizard._start()
        self.agreements = None if seed is None else Agreements(self.env, seed)
        self.loaded = {}  # document key: (document, move)
        self.documents = defaultdict(list)  # day: documents issued
        for document in documents:
            self.documents[document.issued].append(document)
        self.payments = defaultdict(list)  # day: (document key, payment)

    # -- the world before the first day

    def _create_company(self, env, name, documents):
        """Return a company that works in the currency most documents are in."""
        used = Counter(document.currency or "EUR" for document in documents)
        currencies = env["res.currency"].with_context(active_test=False)
        currencies = currencies.search([("name", "in", list(used))])
        currencies.active = True
        main = used.most_common(1)[0][0]
        company = env["res.company"].create({"name": name})
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = currencies.filtered(lambda one: one.name == main)
        for currency in currencies.filtered(lambda one: one.name in ROUND_RATES):
            if currency != company.currency_id and main in ROUND_RATES:
                env["res.currency.rate"].create(
                    {
                        "currency_id": currency.id,
                        "company_id": company.id,
                        "name": "1990-01-01",
                        "rate": ROUND_RATES[currency.name] / ROUND_RATES[main],
                    }
                )
        return company

    def begin(self, first):
        """Load what is open on the evening before the first day."""
        earlier = [
            document
            for day in sorted(day for day in self.documents if day < first)
            for document in self.documents.pop(day)
            if not document.payments or document.payments[-1].paid >= first
        ]
        self._load(earlier)
        for day in sorted(day for day in self.payments if day < first):
            self._pay(self.payments.pop(day))

    def _load(self, documents):
        rest = iter(documents)
        while batch := list(islice(rest, BATCH)):
            good, problems, _known = self.wizard._sort_rows(batch)
            loaded, failures = self.wizard._load_documents(good)
            self.problems += [one for one in problems if one.code not in self._remarks] + failures
            for document, move in loaded:
                self.loaded[document.key] = document, move
                for payment in document.payments:
                    # money that came before the invoice settles it on the day of the invoice
                    day = max(payment.paid, document.issued)
                    self.payments[day].append((document.key, payment))

    @property
    def _remarks(self):
        return self.wizard._get_remark_codes()

    def _pay(self, payments):
        by_document = defaultdict(list)
        for key, payment in payments:
            by_document[key].append(payment)
        self.wizard._load_payments(
            [(self.loaded[key][1], self.loaded[key][0], own) for key, own in by_document.items()]
        )

    # -- a day

    def live(self, day, commit):
        """Post the documents and payments of a day, then do the daily job; return the run."""
        self._load(self.documents.pop(day, []))
        self._pay(self.payments.pop(day, []))
        if self.agreements:
            commit()  # scheduled actions work in transactions of their own
            self.agreements.night()
            commit()
        run = self.env["credit.collection.run"]._run_automatically(self.company)
        run.dunning_ids.delivery_ids._set_sent()
        if self.agreements:
            self.agreements.check(day, run)
            self.agreements.talk(day)
        self.env.flush_all()
        self.env.invalidate_all()
        return run

    # -- what came of it

    def get_lines(self):
        """Return what was reminded, an item each, with the day on which it was paid."""
        lines = self.env["credit.collection.dunning.line"].search(
            [
                ("dunning_id.company_id", "=", self.company.id),
                ("dunning_id.state", "=", "sent"),
                ("level_id", "!=", False),
            ]
        )
        moves = {move: document for document, move in self.loaded.values()}
        result = []
        for line in lines:
            document = moves[line.move_line_id.move_id]
            paid = document.payments[-1].paid if document.payments else None
            result.append(
                {
                    "day": line.dunning_id.date_sent,
                    "level": line.dunning_id.level_id,
                    "notice": line.dunning_id.name,
                    "customer": document.customer,
                    "number": document.number,
                    "amount": line.amount_company,
                    "paid": paid,
                }
            )
        return sorted(result, key=lambda one: (one["day"], one["customer"], one["number"]))


def summarize(lines):
    """Return the figures of some reminded items."""
    notices = defaultdict(list)
    for line in lines:
        notices[line["notice"]].append(line)
    soon = [line for line in lines if line["paid"] and line["paid"] - line["day"] <= SOON]
    in_vain = {line["notice"] for line in soon}
    return {
        "notices": len(notices),
        "customers": len({line["customer"] for line in lines}),
        "invoices": len(lines),
        "amount": round(sum(line["amount"] for line in lines), 2),
        "soon": len(soon),
        "in_vain": len(in_vain - {line["notice"] for line in lines if line not in soon}),
    }


def get_table(lines, currency):
    """Return the result in Markdown: a row per month and level, then the totals."""
    levels = sorted({line["level"] for line in lines}, key=lambda level: level.delay_days)
    titles = (
        "Month",
        "Level",
        "Notices",
        "Customers",
        "Invoices",
        f"Amount, {currency.name}",
        "Invoices paid within 3 days",
        "Notices all paid within 3 days",
    )
    rows = [f"| {' | '.join(titles)} |", "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"]

    def add(month, level, chosen):
        total = summarize(chosen)
        rows.append(
            f"| {month} | {level} | {total['notices']:,} | {total['customers']:,} "
            f"| {total['invoices']:,} | {total['amount']:,.0f} | {total['soon']:,} "
            f"| {total['in_vain']:,} |"
        )

    for month in sorted({line["day"].strftime("%Y-%m") for line in lines}):
        for level in levels:
            chosen = [
                line
                for line in lines
                if line["level"] == level and line["day"].strftime("%Y-%m") == month
            ]
            if chosen:
                add(month, level.name, chosen)
    for level in levels:
        add("**Total**", level.name, [line for line in lines if line["level"] == level])
    add("**Total**", "**All levels**", lines)
    return "\n".join(rows)


def get_fingerprint(lines):
    """Return a hash of all that was reminded, to compare two runs with."""
    digest = hashlib.sha256()
    for line in lines:
        values = (line["day"], line["level"].name, line["customer"], line["number"], line["amount"])
        digest.update(repr([str(value) for value in values]).encode())
    return digest.hexdigest()[:16]


def get_policy(env, name):
    """Return the policy of this name or external id, or one made of the ladder in a file."""
    if Path(name).is_file():
        return create_policy(env, Path(name))
    for xmlid in (name, f"credit_collection.{name}", f"credit_collection.policy_{name}"):
        if "." in xmlid and (policy := env.ref(xmlid, raise_if_not_found=False)):
            return policy
    policy = env["credit.collection.policy"].search([("name", "=ilike", name)], limit=1)
    if not policy:
        known = env["credit.collection.policy"].search([]).mapped("name")
        sys.exit(f"there is no policy {name}: use {', '.join(known)}, or a file with its levels")
    return policy


def create_policy(env, path):
    if path.suffix == ".json":
        options = json.loads(path.read_text())
    else:
        with path.open(newline="") as file:
            options = {"levels": list(csv.DictReader(file))}
    levels = options.pop("levels")
    return env["credit.collection.policy"].create(
        {
            "name": path.stem,
            **options,
            "level_ids": [
                Command.create(
                    {
                        "name": level["name"],
                        "delay_days": int(level["delay_days"]),
                        "wait_days": int(level.get("wait_days") or 0),
                        "amount_min": float(level.get("amount_min") or 0),
                        "send_email": False,
                        "send_letter": True,
                        "letter_subject": level["name"],
                        "letter_intro": level["name"],
                    }
                )
                for level in levels
            ],
        }
    )


def get_arguments(argv):
    parser = argparse.ArgumentParser(
        prog="make replay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--policy", default="business")
    parser.add_argument("--from", dest="first", type=fields.Date.to_date, required=True)
    parser.add_argument("--to", dest="last", type=fields.Date.to_date, required=True)
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--agreements", dest="seed", type=int)
    return parser.parse_args(argv)


def main(env, argv):
    arguments = get_arguments(argv)
    if not arguments.ledger.is_file():
        sys.exit(f"there is no file {arguments.ledger}")
    env = env(context={**env.context, "lang": "en_US", "tracking_disable": True})
    policy = get_policy(env, arguments.policy)
    policy.is_automatic = True
    began = time.monotonic()
    try:
        replay = Replay(
            env,
            arguments.ledger.read_bytes(),
            "Replay",
            settled=arguments.settled,
            seed=arguments.seed,
        )
    except LedgerError as error:
        sys.exit(str(error))
    replay.company.collection_policy_id = policy
    replay.begin(arguments.first)
    env.cr.commit()
    print(f"{len(replay.loaded)} documents open before the first day", flush=True)
    with freezegun.freeze_time(f"{arguments.first} 08:00", tick=False) as clock:
        day = arguments.first
        while day <= arguments.last:
            clock.move_to(f"{day} 08:00")
            replay.live(day, env.cr.commit)
            env.cr.commit()
            tomorrow = day + timedelta(days=1)
            if tomorrow.month != day.month:
                print(f"{day:%Y-%m} done", file=sys.stderr, flush=True)
            day = tomorrow
    lines = replay.get_lines()
    for problem in replay.problems:
        print(replay.wizard._get_sentence(problem.code, problem.values))
    print(f"\n{arguments.ledger.name}, {arguments.first} to {arguments.last}, {policy.name}\n")
    print(get_table(lines, replay.company.currency_id))
    print(f"\nfingerprint {get_fingerprint(lines)}")
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    if replay.agreements:
        print("", *replay.agreements.get_summary(), sep="\n")
        if replay.agreements.problems:
            sys.exit("\n".join(["what must hold does not:", *replay.agreements.problems]))
        print("On every evening: no cent lost, nothing on hold reminded, no hold left behind.")
