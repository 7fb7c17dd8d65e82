"""Load a customer ledger from a CSV file into a company: docs/ledger_import.md.

make import-ledger LEDGER=ledger.csv DB=database
make import-ledger LEDGER=ledger.csv DB=database ARGS="--company 'My Company' --account 499000"
"""

import argparse
import base64
import sys
import time
from pathlib import Path


def get_arguments(argv):
    parser = argparse.ArgumentParser(prog="make import-ledger LEDGER=...", description=__doc__)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--company", help="its name (default: the first company)")
    parser.add_argument("--account", help="code of the takeover account (default: a new one)")
    parser.add_argument("--book-from", help="book what is older on this day: 2026-01-01")
    parser.add_argument(
        "--settled", action="store_true", help="a payment settles the document in full"
    )
    return parser.parse_args(argv)


def get_company(env, name):
    company = env["res.company"].search([("name", "=", name)] if name else [], limit=1)
    if not company:
        sys.exit(f"there is no company {name}")
    return company


def get_account(env, company, code):
    account = env["account.account"].with_company(company).search([("code", "=", code)], limit=1)
    if not account:
        sys.exit(f"{company.name} has no account {code}")
    return account


def load(wizard):
    """Load in committed batches: what is done stays done when this is interrupted."""
    wizard._start()
    wizard.env.cr.commit()
    began = time.monotonic()
    while wizard.state == "loading":
        wizard._load_batch()
        wizard.env.cr.commit()
        wizard.env.invalidate_all()
        seconds = time.monotonic() - began
        print(f"{wizard.position} of {wizard.row_count} rows, {seconds:.0f} s", flush=True)
    return time.monotonic() - began


def main(env, argv):
    arguments = get_arguments(argv)
    if not arguments.ledger.is_file():
        sys.exit(f"there is no file {arguments.ledger}")
    company = get_company(env, arguments.company)
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    account = arguments.account and get_account(env, company, arguments.account)
    wizard = env["credit.collection.ledger.import"].create(
        {
            "company_id": company.id,
            "file": base64.b64encode(arguments.ledger.read_bytes()),
            "file_name": arguments.ledger.name,
            "account_id": account and account.id,
            "date_booking": arguments.book_from,
            "is_settled_in_full": arguments.settled,
        }
    )
    seconds = load(wizard)
    for problem in wizard.problem_ids:
        print(
            f"line {problem.line}: {'' if problem.is_loaded else 'NOT LOADED: '}{problem.message}"
        )
    print(
        f"{wizard.loaded_count} documents and {wizard.payment_count} payments loaded in "
        f"{seconds:.0f} s, {wizard.known_count} were there already, {wizard.error_count} not loaded"
    )
