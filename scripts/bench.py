"""Measure the module on generated ledgers, next to plain SQL on the same ledger.

``make bench`` runs it in a fresh database; ``SIZES="1000 10000"`` chooses how many open items.
Each size is a company of its own. A row shows queries, seconds, how many of them a processor worked
by how many MB this process grew at its peak, and the target, if there is one.
"""

import gc
import os
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from lxml import etree

from odoo import Command, fields
from odoo.tools import SQL
from odoo.tools.pdf import PdfFileReader

SIZES = (1_000, 10_000, 100_000)
FIRST = 8
LETTERS = 200
MAILS = 500
BATCH = 100  # of the scheduled action
ROWS = 80
# the reports, with the filter they open with
REPORTS = {
    "item": [],
    "payment": [],
    "recovery": [("is_over", "=", True)],
    "roll": [],
    "month": [],
    "promise": [("judged_count", "=", 1)],
    "dispute": [],
    "charge": [],
    "collector": [("date", ">=", fields.Date.start_of(fields.Date.today(), "month"))],
    "forecast": [("date_expected", "!=", False)],
    "accuracy": [("is_over", "=", True), ("weeks_ahead", "=", 1)],
}
COMPANIES = 50  # of the cockpit
STATEMENT_ITEMS = 2_000

# -------------------------------------------------------------------------------------------------
# The ledger: a tenth as many customers as open items, as many settled invoices as open ones
# -------------------------------------------------------------------------------------------------

# Four languages; every third customer has an invoice contact.
CUSTOMERS = """
    INSERT INTO bench_customer
        SELECT n, nextval('res_partner_id_seq'),
               CASE WHEN n %% 3 = 0 THEN nextval('res_partner_id_seq') END
          FROM generate_series(1, %(customers)s) n
"""
PARTNERS = """
    INSERT INTO res_partner (
               id, name, complete_name, active, is_company, type, lang, email, email_normalized,
               street, zip, city, country_id, parent_id, commercial_partner_id, autopost_bills,
               create_uid, create_date, write_uid, write_date)
        SELECT partner.id, name, name, TRUE, parent_id IS NULL AND n %% 5 != 0, type,
               (ARRAY['fr_FR', 'nl_NL', 'de_DE', 'en_US'])[1 + n %% 4], email, email,
               'Main Street ' || n, (1000 + n %% 8999)::text, 'City ' || n %% 500, %(country)s,
               parent_id, COALESCE(parent_id, partner.id), 'ask', 1, now(), 1, now()
          FROM bench_customer customer
          JOIN LATERAL (VALUES
                   (id, NULL::int, 'contact', 'Customer ' || n,
                    %(size)s || '.' || n || '@example.com'),
                   (contact_id, id, 'invoice', 'Accounts payable',
                    'ap.' || %(size)s || '.' || n || '@example.com')
               ) AS partner (id, parent_id, type, name, email) ON partner.id IS NOT NULL
"""

# Due from 30 days ahead to 300 days ago; 3 % credits, 5 % foreign currency, 5 % partly paid.
# Numbers below one are settled invoices: twice as old, with nothing open.
ITEMS = """
    INSERT INTO bench_item
        SELECT item.n, customer.id, COALESCE(customer.contact_id, customer.id),
               nextval('account_move_id_seq'),
               %(today)s + 30 - mod(abs(item.n) * 7919, 331)::int
                   - CASE WHEN item.n > 0 THEN 0 ELSE 331 END,
               CASE WHEN item.n %% 33 = 0 THEN 'out_refund' ELSE 'out_invoice' END,
               CASE WHEN item.n %% 33 = 0 THEN -1 ELSE 1 END
                   * (50 + mod(abs(item.n) * 104729, 200000) / 100.0),
               CASE WHEN item.n <= 0 THEN 0 WHEN item.n %% 20 = 7 THEN 0.4 ELSE 1 END,
               item.n %% 20 = 0
          FROM generate_series(1 - %(size)s::bigint, %(size)s) item (n)
          JOIN bench_customer customer ON customer.n = 1 + abs(item.n) * 31 %% %(customers)s
"""

MOVES = """
    INSERT INTO account_move (
               id, name, company_id, journal_id, currency_id, state, move_type, auto_post, date,
               invoice_date, invoice_date_due, partner_id, commercial_partner_id, payment_state,
               payment_reference, sequence_prefix, sequence_number, amount_total, amount_residual,
               amount_total_signed, amount_residual_signed, create_uid, create_date, write_uid,
               write_date)
        SELECT move_id, name, %(company)s, %(journal)s,
               CASE WHEN is_foreign THEN %(foreign)s ELSE %(currency)s END, 'posted', move_type,
               'no', date_due - 30, date_due - 30, date_due, partner_id, customer_id,
               CASE open_part WHEN 0 THEN 'paid' WHEN 1 THEN 'not_paid' ELSE 'partial' END,
               name, 'BENCH/', move_id, abs(amount), abs(amount * open_part), amount,
               amount * open_part, 1, now(), 1, now()
          FROM (SELECT *, 'BENCH/' || move_id AS name FROM bench_item) numbered
"""

LINES = """
    INSERT INTO account_move_line (
               move_id, move_name, parent_state, company_id, journal_id, account_id, partner_id,
               currency_id, company_currency_id, display_type, date, invoice_date, date_maturity,
               name, reconciled, no_followup, debit, credit, balance, amount_currency,
               amount_residual,
               amount_residual_currency, create_uid, create_date, write_uid, write_date)
        SELECT move_id, 'BENCH/' || move_id, 'posted', %(company)s, %(journal)s, account_id,
               partner_id, CASE WHEN is_foreign THEN %(foreign)s ELSE %(currency)s END,
               %(currency)s, display_type, date_due - 30, date_due - 30,
               CASE WHEN is_receivable THEN date_due END, 'Delivery',
               is_receivable AND open_part = 0, FALSE,
               GREATEST(sign * amount, 0), GREATEST(-sign * amount, 0), sign * amount,
               sign * amount * rate, CASE WHEN is_receivable THEN amount * open_part ELSE 0 END,
               CASE WHEN is_receivable THEN amount * open_part * rate ELSE 0 END, 1, now(), 1, now()
          FROM (SELECT *, CASE WHEN is_foreign THEN 1.1 ELSE 1.0 END AS rate FROM bench_item) item,
               (VALUES (TRUE, 1, %(receivable)s, 'payment_term'),
                       (FALSE, -1, %(income)s, 'product'))
                   AS side (is_receivable, sign, account_id, display_type)
"""

# Two customers of five were reminded before, in three runs: what was due a week before each.
HISTORY_CASES = """
    INSERT INTO credit_collection_case (
               company_id, partner_id, state, create_uid, create_date, write_uid, write_date)
        SELECT %(company)s, id, 'open', 1, now(), 1, now() FROM bench_customer WHERE n %% 5 < 2
"""
HISTORY_RUNS = """
    INSERT INTO credit_collection_run (company_id, date, state, create_uid, create_date)
        SELECT %(company)s, %(today)s - days, 'approved', 1, now()
          FROM unnest(ARRAY[70, 45, 20]) days
"""
HISTORY = """
    WITH step AS (
        SELECT item.customer_id, item.move_id, run.id AS run_id, run.date,
               row_number() OVER (PARTITION BY item.n ORDER BY run.date) AS position
          FROM bench_item item
          JOIN credit_collection_run run
            ON run.company_id = %(company)s AND item.date_due < run.date - 7
         WHERE item.n > 0 AND item.move_type = 'out_invoice'
    ), notice AS (
        INSERT INTO credit_collection_dunning (
                   run_id, case_id, company_id, partner_id, level_id, name, date, date_sent, state,
                   create_uid, create_date)
            SELECT step.run_id, cases.id, %(company)s, step.customer_id,
                   (%(levels)s)[max(step.position)], 'OLD/' || step.run_id || '/' || cases.id,
                   step.date, step.date, 'sent', 1, now()
              FROM step
              JOIN credit_collection_case cases
                ON cases.partner_id = step.customer_id AND cases.company_id = %(company)s
          GROUP BY step.run_id, cases.id, step.customer_id, step.date
         RETURNING id, run_id, partner_id
    )
    INSERT INTO credit_collection_dunning_line (
               dunning_id, move_line_id, level_id, currency_id, name, date_due, amount_original,
               amount_residual, amount_company)
        SELECT notice.id, line.id, (%(levels)s)[step.position], line.currency_id, line.move_name,
               line.date_maturity, line.amount_currency, line.amount_residual_currency,
               line.amount_residual
          FROM step
          JOIN notice ON notice.run_id = step.run_id AND notice.partner_id = step.customer_id
          JOIN account_move_line line
            ON line.move_id = step.move_id AND line.display_type = 'payment_term'
"""

# One invoice of ten is held: one of four of those customers. A third of them by hand, a third by an
# open promise, and of a third one half is disputed.
HELD = """
    CREATE TEMP TABLE bench_held AS
        SELECT cases.id AS case_id, item.move_id, line.id AS line_id, line.currency_id,
               line.amount_residual_currency AS amount, item.n %% 12 AS kind,
               CASE WHEN item.n %% 12 = 5 THEN nextval('credit_collection_promise_id_seq') END
                   AS promise_id,
               CASE WHEN item.n %% 12 = 9 THEN nextval('credit_collection_dispute_id_seq') END
                   AS dispute_id
          FROM bench_item item
          JOIN credit_collection_case cases
            ON cases.partner_id = item.customer_id AND cases.company_id = %(company)s
          JOIN account_move_line line
            ON line.move_id = item.move_id AND line.display_type = 'payment_term'
         WHERE item.n > 0 AND item.n %% 4 = 1 AND line.amount_residual_currency > 0
"""
PROMISES = """
    INSERT INTO credit_collection_promise (
               id, case_id, company_id, user_id, currency_id, state, date, date_promised,
               date_deadline, amount, amount_open, amount_kept, create_uid, create_date)
        SELECT promise_id, case_id, %(company)s, 1, currency_id, 'open', %(today)s - 5,
               %(today)s + 7, %(today)s + 10, amount, amount, 0, 1, now()
          FROM bench_held
         WHERE kind = 5
"""
PROMISE_LINES = """
    INSERT INTO credit_collection_promise_line_rel (promise_id, move_line_id)
        SELECT promise_id, line_id FROM bench_held WHERE kind = 5
"""
DISPUTES = """
    INSERT INTO credit_collection_dispute (
               id, case_id, company_id, user_id, move_id, currency_id, reason_id, state, date,
               date_deadline, amount, create_uid, create_date)
        SELECT dispute_id, case_id, %(company)s, 1, move_id, currency_id, %(reason)s, 'open',
               %(today)s - 5, %(today)s + 10, round(amount / 2, 2), 1, now()
          FROM bench_held
         WHERE kind = 9
"""
HOLDS = """
    WITH hold AS (
        INSERT INTO credit_collection_hold (
                   case_id, company_id, move_id, promise_id, dispute_id, amount, reason, user_id,
                   date_start, date_end, state, create_uid, create_date)
            SELECT case_id, %(company)s, CASE WHEN kind <> 5 THEN move_id END, promise_id,
                   dispute_id, CASE WHEN kind = 9 THEN round(amount / 2, 2) END,
                   CASE kind WHEN 5 THEN 'payment_announced' WHEN 9 THEN 'dispute'
                             ELSE 'query' END,
                   1, %(today)s - 5, CASE WHEN kind <> 9 THEN %(today)s + 10 END, 'active', 1, now()
              FROM bench_held
         RETURNING id, promise_id
    )
    INSERT INTO credit_collection_hold_line (hold_id, move_line_id, amount_outside)
        SELECT hold.id, held.line_id, 0
          FROM hold
          JOIN bench_held held ON held.promise_id = hold.promise_id
"""

# What was settled was paid, from three weeks before its due date to seven after; of what is partly
# paid, the rest is open.
PAYMENTS = """
    CREATE TEMP TABLE bench_payment AS
        SELECT item.*, nextval('account_move_id_seq') AS payment_id,
               nextval('account_move_line_id_seq') AS payment_line_id, line.id AS line_id,
               line.balance - line.amount_residual AS paid,
               line.amount_currency - line.amount_residual_currency AS paid_currency,
               line.currency_id, item.date_due - 20 + mod(abs(item.n) * 31, 70)::int AS date_paid
          FROM bench_item item
          JOIN account_move_line line
            ON line.move_id = item.move_id AND line.display_type = 'payment_term'
         WHERE item.open_part < 1
"""
PAYMENT_MOVES = """
    INSERT INTO account_move (
               id, name, company_id, journal_id, currency_id, state, move_type, auto_post, date,
               partner_id, commercial_partner_id, sequence_prefix, sequence_number)
        SELECT payment_id, 'PAY/' || payment_id, %(company)s, %(journal)s, currency_id, 'posted',
               'entry', 'no', date_paid, partner_id, customer_id, 'PAY/', payment_id
          FROM bench_payment
"""
PAYMENT_LINES = """
    INSERT INTO account_move_line (
               id, move_id, parent_state, company_id, journal_id, account_id, partner_id,
               currency_id, company_currency_id, display_type, date, reconciled, debit, credit,
               balance, amount_currency, amount_residual, amount_residual_currency)
        SELECT payment_line_id, payment_id, 'posted', %(company)s, %(journal)s, %(receivable)s,
               partner_id, currency_id, %(currency)s, 'payment_term', date_paid, TRUE,
               GREATEST(-paid, 0), GREATEST(paid, 0), -paid, -paid_currency, 0, 0
          FROM bench_payment
"""
PARTIALS = """
    INSERT INTO account_partial_reconcile (
               debit_move_id, credit_move_id, amount, debit_amount_currency,
               credit_amount_currency, debit_currency_id, credit_currency_id, company_id, max_date)
        SELECT CASE WHEN paid > 0 THEN line_id ELSE payment_line_id END,
               CASE WHEN paid > 0 THEN payment_line_id ELSE line_id END, abs(paid),
               abs(paid_currency), abs(paid_currency), currency_id, currency_id, %(company)s,
               GREATEST(date_paid, date_due - 30)
          FROM bench_payment
"""

# -------------------------------------------------------------------------------------------------
# What to compare with: the statement that somebody writes by hand for one policy
# -------------------------------------------------------------------------------------------------

LIMIT = """
    WITH last AS (
        SELECT line.move_line_id, max(level.delay_days) AS delay_days,
               max(dunning.date_sent) AS date_sent
          FROM credit_collection_dunning_line line
          JOIN credit_collection_dunning dunning ON dunning.id = line.dunning_id
          JOIN credit_collection_level level ON level.id = line.level_id
         WHERE dunning.company_id = %(company)s AND dunning.state = 'sent'
      GROUP BY line.move_line_id
    ), item AS (
        SELECT line.*, debtor.commercial_partner_id AS customer_id, next.id AS next_level_id,
               next.delay_days,
               line.date_maturity + next.delay_days <= %(today)s
                   AND (last.date_sent IS NULL
                        OR last.date_sent + next.wait_days <= %(today)s) AS is_due
          FROM account_move_line line
          JOIN res_partner debtor ON debtor.id = line.partner_id
          JOIN account_account account ON account.id = line.account_id
     LEFT JOIN last ON last.move_line_id = line.id
     LEFT JOIN credit_collection_level next
            ON next.policy_id = %(policy)s
           AND next.delay_days = (SELECT min(delay_days) FROM credit_collection_level one
                                   WHERE one.policy_id = %(policy)s
                                     AND one.delay_days > COALESCE(last.delay_days, -1))
         WHERE line.company_id = %(company)s AND account.account_type = 'asset_receivable'
           AND line.parent_state = 'posted' AND line.reconciled IS NOT TRUE
           AND line.date_maturity < %(today)s
           AND NOT EXISTS (SELECT FROM credit_collection_hold hold
                            WHERE hold.move_id = line.move_id AND hold.state = 'active')
           AND NOT EXISTS (SELECT FROM credit_collection_hold_line held
                             JOIN credit_collection_hold hold ON hold.id = held.hold_id
                            WHERE held.move_line_id = line.id AND hold.state = 'active')
    ), notice AS (
        INSERT INTO credit_collection_dunning (
                   run_id, case_id, company_id, partner_id, level_id, date, state, amount_due,
                   create_uid, create_date, write_uid, write_date)
            SELECT %(run)s, cases.id, %(company)s, item.customer_id, max(item.next_level_id),
                   %(today)s, 'draft', sum(item.amount_residual), 1, now(), 1, now()
              FROM item
              JOIN credit_collection_case cases
                ON cases.partner_id = item.customer_id AND cases.company_id = %(company)s
          GROUP BY cases.id, item.customer_id
            HAVING bool_or(item.is_due) AND sum(item.amount_residual) > 0
         RETURNING id, partner_id, case_id
    )
    INSERT INTO credit_collection_dunning_line (
               dunning_id, move_line_id, level_id, currency_id, name, date_invoice, date_due,
               amount_original, amount_residual, amount_company)
        SELECT notice.id, item.id, CASE WHEN item.is_due THEN item.next_level_id END,
               item.currency_id, item.move_name, item.invoice_date, item.date_maturity,
               item.amount_currency, item.amount_residual_currency, item.amount_residual
          FROM item
          JOIN credit_collection_case cases
            ON cases.partner_id = item.customer_id AND cases.company_id = %(company)s
          JOIN notice ON notice.case_id = cases.id
"""


class Meter:
    """What a piece of work costs: queries, seconds, and the growth of the memory at its peak."""

    def __init__(self, env):
        self.env = env
        self.rows = {}
        self._backend = env.cr._cnx.info.backend_pid

    @contextmanager
    def measure(self, name, count=1):
        cr = self.env.cr
        self.env.flush_all()
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the last peak
        memory, queries, work = _memory("VmRSS"), cr.sql_log_count, self._get_work()
        start = time.perf_counter()
        yield
        self.env.flush_all()
        self.rows[name] = {
            "count": count,
            "seconds": time.perf_counter() - start,
            "work": self._get_work() - work,
            "queries": cr.sql_log_count - queries,
            "memory": _memory("VmHWM") - memory,
        }

    def _get_work(self):
        """Return the processor time spent so far, in seconds."""
        times = os.times()
        server = Path(f"/proc/{self._backend}/stat")
        ticks = (
            server.read_text(encoding="utf-8").rsplit(")", 1)[1].split() if server.exists() else ()
        )
        return sum(times[:4]) + sum(map(int, ticks[11:13])) / os.sysconf("SC_CLK_TCK")

    def seconds(self, name):
        return self.rows[name]["seconds"]

    def each(self, name):
        """Return the milliseconds for one of many."""
        return self.seconds(name) / self.rows[name]["count"] * 1000

    def show(self, name, remark=""):
        row = self.rows[name]
        each = f"{self.each(name):.2f}" if row["count"] > 1 else ""
        print(
            f"| {name:<42} | {row['queries']:>7} | {row['seconds']:>8.3f} "
            f"| {row['work']:>7.2f} | {each:>8} "
            f"| {row['memory']:>5.0f} | {remark} |",
            flush=True,
        )


class ChildWatch(threading.Thread):
    """Looks every 10 ms how much memory the wkhtmltopdf that we have started use together.

    What the kernel says afterwards is useless: a child begins with the memory of its parent.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.memory = 0.0
        self._done = threading.Event()

    def run(self):
        while not self._done.wait(0.01):
            self.memory = max(self.memory, sum(map(self._weigh, self._find_children())))

    @staticmethod
    def _find_children():
        for children in Path("/proc/self/task").glob("*/children"):
            try:
                yield from children.read_text(encoding="ascii").split()
            except OSError:
                continue  # the thread has ended meanwhile

    @staticmethod
    def _weigh(child):
        try:
            if _read_status(child, "Name") == "wkhtmltopdf":
                return int(_read_status(child, "VmHWM")) / 1024
        except (OSError, IndexError):
            pass  # it has ended meanwhile
        return 0.0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self._done.set()
        self.join()


def _read_status(process, field):
    """Return the word that the kernel writes beside a field of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return status.split(f"{field}:")[1].split()[0]


def _memory(field):
    """Return a figure of this process, in MB."""
    return int(_read_status("self", field)) / 1024


def _ratio(value, limit, word="times the limit", target=""):
    return f"{value / limit:.2f} {word}{target and f' (target {target})'}"


class Bench:
    """The measures of one size."""

    def __init__(self, env, size, customers):
        self.size, self.customers = size, customers
        self.company = self._create_company(env)
        self.env = env(context={**env.context, "allowed_company_ids": self.company.ids})
        self.company = self.company.with_env(self.env)
        self.meter = Meter(self.env)
        self.collector = self._create_collector()
        self.today = fields.Date.context_today(self.env["res.company"])
        self.values = self._prepare_values()

    # ---------------------------------------------------------------------------------------------
    # The ledger
    # ---------------------------------------------------------------------------------------------

    def _create_company(self, env):
        env.ref("base.USD").active = True
        company = env["res.company"].create(
            {
                "name": f"Bench {self.size}",
                "country_id": env.ref("base.be").id,
                "currency_id": env.ref("base.EUR").id,
                "email": "accounts@example.com",
                "company_registry": "0477472701",  # demanded of letters to consumers
                "street": "Stationsstraat 1",
                "zip": "1000",
                "city": "Brussels",
            }
        )
        env["account.chart.template"].try_loading("be_comp", company, install_demo=False)
        return company

    def _create_collector(self):
        groups = ("credit_collection.credit_collection_group_user", "account.group_account_invoice")
        return self.env["res.users"].create(
            {
                "name": f"Collector {self.size}",
                "login": f"bench_{self.size}",
                "email": "collector@example.com",
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
                "group_ids": [Command.link(self.env.ref(group).id) for group in groups],
            }
        )

    def _prepare_values(self):
        Journal = self.env["account.journal"]
        self.sales = Journal.search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)], limit=1
        )
        self.bank = Journal.search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        receivable = self.env["account.account"].search(
            [
                ("account_type", "=", "asset_receivable"),
                ("company_ids", "in", self.company.ids),
            ],
            limit=1,
        )
        policy = self.company.collection_policy_id
        return {
            "size": self.size,
            "customers": self.customers,
            "today": self.today,
            "country": self.company.country_id.id,
            "company": self.company.id,
            "currency": self.company.currency_id.id,
            "foreign": self.env.ref("base.USD").id,
            "journal": self.sales.id,
            "receivable": receivable.id,
            "income": self.sales.default_account_id.id,
            "policy": policy.id,
            "reason": self.env.ref("credit_collection.dispute_reason_price").id,
            "levels": policy.level_ids.sorted("delay_days").ids,
        }

    def generate(self):
        self.env.flush_all()
        self._execute(
            "DROP TABLE IF EXISTS bench_customer, bench_item",
            "CREATE TEMP TABLE bench_customer (n int, id int, contact_id int)",
            """
            CREATE TEMP TABLE bench_item (
                n int, customer_id int, partner_id int, move_id int, date_due date,
                move_type varchar, amount numeric, open_part numeric, is_foreign boolean)
            """,
            CUSTOMERS,
            PARTNERS,
            ITEMS,
            "CREATE INDEX ON bench_customer (id)",
            "ANALYZE bench_customer",
            "ANALYZE bench_item",
            MOVES,
            LINES,
            HISTORY_CASES,
            HISTORY_RUNS,
            "ANALYZE",
            HISTORY,
            "DROP TABLE IF EXISTS bench_held",
            HELD,
            PROMISES,
            PROMISE_LINES,
            DISPUTES,
            HOLDS,
            "ANALYZE",
        )
        self.env.invalidate_all()
        self.env.cr.commit()

    def _execute(self, *statements):
        for statement in statements:
            self.env.cr.execute(statement, self.values)

    # ---------------------------------------------------------------------------------------------
    # The measures
    # ---------------------------------------------------------------------------------------------

    def run(self):
        self.measure_assess()
        self.measure_limit()
        self.measure_propose()
        self.measure_ledger_entries()
        self.measure_case_list()
        self.measure_desk()
        self.measure_cockpit()
        self.measure_statement()
        self.measure_approve()
        self.measure_letters()
        self.measure_emails()
        self.measure_figures()
        return self.meter.rows

    def measure_assess(self):
        Item, measure = self.env["credit.collection.item"], self.meter.measure
        with measure("assess, the first time"):
            Item._assess(self.company)
        with measure("assess again, no ANALYZE in between"):
            Item._assess(self.company)
        self._execute("ANALYZE")
        with measure("assess again, analysed"):
            Item._assess(self.company)
        customer = self.env["credit.collection.case"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        with measure("assess one customer"):
            customer._refresh()
        everybody = self.env["credit.collection.case"].search(
            [("company_id", "=", self.company.id)]
        )
        with measure("assess all customers by name"):
            everybody._refresh()
        self.env.cr.commit()

    def measure_limit(self):
        """Take the best of three: nobody shall say that the limit was slow."""
        run = self.env["credit.collection.run"].create({"company_id": self.company.id})
        self.values["run"] = run.id
        costs = []
        for _time in range(3):
            with self.env.cr.savepoint() as savepoint:
                with self.meter.measure("limit"):
                    self._execute(LIMIT)
                costs.append(self.meter.rows["limit"])
                self.limit_lines = self.env.cr.rowcount
                savepoint.rollback()
        limit = min(costs, key=lambda cost: cost["seconds"])
        self.meter.rows["limit"] = limit
        self.run_record = run
        self.meter.show("limit", f"plain SQL: {self.limit_lines} lines")
        self.meter.show(
            "assess, the first time",
            _ratio(self.meter.seconds("assess, the first time"), limit["seconds"], target="2"),
        )
        self.meter.show(
            "assess again, no ANALYZE in between",
            _ratio(
                self.meter.seconds("assess again, no ANALYZE in between"),
                self.meter.seconds("assess again, analysed"),
                "times an analysed one",
                target="2",
            ),
        )
        self.meter.show("assess again, analysed")
        self.meter.show("assess one customer")
        self.meter.show("assess all customers by name", "as after approving a large run")

    def measure_propose(self):
        """Propose; what is compared with the limit is one assessment and one proposal."""
        run, limit = self.run_record, self.meter.seconds("limit")
        levels = self.env["credit.collection.level"].browse(self.values["levels"])
        shipped = [(level, level.charge_interest, level.charge_fees) for level in levels]
        levels.write({"charge_interest": False, "charge_fees": False})
        for name in ("propose", "propose again"):
            with self.meter.measure(name):
                run._propose()
        lines = self.env["credit.collection.dunning.line"].search_count(
            [("dunning_id.run_id", "=", run.id)]
        )
        self.meter.show("propose", f"{len(run.dunning_ids)} notices, {lines} lines")
        # a proposal assesses again, which is counted once
        total = (
            self.meter.seconds("assess, the first time")
            + self.meter.seconds("propose")
            - self.meter.seconds("assess again, analysed")
        )
        self.meter.show(
            "propose again", "first assess + propose: " + _ratio(total, limit, target="2.5")
        )
        self._measure_charges(run, levels, total)
        for level, interest, fees in shipped:
            level.write({"charge_interest": interest, "charge_fees": fees})
        run._propose()
        with self.meter.measure("leave one item out"):
            run._leave_out(run.dunning_ids[:1].line_ids[:1].move_line_id)
        self.meter.show("leave one item out")
        self.env.cr.commit()

    def _measure_charges(self, run, levels, without):
        """Propose with interest and fees on every item, from an empty run as the first time."""
        levels.write({"charge_interest": True, "charge_fees": True})
        self.env.cr.execute(run._get_clear_sql())
        self.env.invalidate_all()
        with self.meter.measure("propose with charges"):
            run._propose()
        charges = self.env["credit.collection.charge"].search_count(
            [("dunning_id.run_id", "=", run.id)]
        )
        total = without + self.meter.seconds("propose with charges") - self.meter.seconds("propose")
        self.meter.show(
            "propose with charges",
            f"{charges} charges, first assess + propose: "
            + _ratio(total, without, "times as without", target="2"),
        )

    def measure_ledger_entries(self):
        """Post an invoice and pay it, with and without what the module does before the commit."""
        for is_bare in (False, True, False):  # the first time fills the caches
            move = self._create_invoice()
            self._measure_entry("post an invoice", move.action_post, is_bare)
            payment = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"journal_id": self.bank.id})
            )
            self._measure_entry("pay an invoice", payment.action_create_payments, is_bare)
        for name in ("post an invoice", "pay an invoice"):
            bare = self.meter.rows[f"{name}, bare"]["queries"]
            more = self.meter.rows[name]["queries"] - bare
            self.meter.show(name, f"{more} queries more than without the module (target 3)")

    def _create_invoice(self):
        customer = self.env["credit.collection.case"].search(
            [("company_id", "=", self.company.id)], order="id desc", limit=1
        )
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.partner_id.id,
                "invoice_date": self.today,
                "journal_id": self.sales.id,
                "invoice_line_ids": [
                    Command.create({"name": "Delivery", "quantity": 1, "price_unit": 100})
                ],
            }
        )

    def _measure_entry(self, name, method, is_bare):
        self.env.cr.commit()
        self.env.invalidate_all()
        with self.meter.measure(f"{name}, bare" if is_bare else name):
            method()
            if is_bare:
                self.env.cr.precommit.data.pop("credit_collection.touched")
            self.env.cr.flush()  # as a commit does

    def measure_case_list(self):
        """Open the list as the web client does: its fields, a page of rows, the count."""
        Case = self.env(user=self.collector.id)["credit.collection.case"].with_context(
            allowed_company_ids=self.company.ids
        )
        views = Case.get_views([(False, "list"), (False, "search")], {"toolbar": True})
        fields_info = views["models"]["credit.collection.case"]["fields"]
        names = _get_list_fields(views["views"]["list"]["arch"])
        specification = {
            name: {"fields": {"display_name": {}}} if "relation" in fields_info[name] else {}
            for name in names
        }
        self.env.invalidate_all()
        with self.meter.measure("open the case list"):
            result = Case.web_search_read(
                [("state", "=", "open")], specification, limit=ROWS, count_limit=10_001
            )
        self.meter.show(
            "open the case list", f"{len(names)} fields, {result['length']} cases (target 0.5 s)"
        )

    def measure_desk(self):
        """What a collector waits for: his day, whom to call, a customer on the phone."""
        Case = self.env(user=self.collector.id)["credit.collection.case"].with_context(
            allowed_company_ids=self.company.ids
        )
        self._execute("ANALYZE credit_collection_case")
        self.env.invalidate_all()
        with self.meter.measure("the progress of the day"):
            Case.get_day_progress()
        count = Case.search_count([("state", "=", "open")])
        self.meter.show("the progress of the day", f"of {count} cases (target 1 s)")
        self.env.invalidate_all()
        with self.meter.measure("whom to call today"):
            Case.search(Case._get_to_call_domain(), limit=ROWS).mapped("priority_text")
        self.meter.show("whom to call today", "target 1 s")
        form = Case.get_views([(False, "form")])["views"]["form"]["arch"]
        specification = _get_form_specification(etree.fromstring(form))
        case = Case.search([("dunning_ids", "!=", False)], limit=1)
        self.env.invalidate_all()
        with self.meter.measure("open a case for a call"):
            case.web_read(specification)
        self.meter.show("open a case for a call", "target 1 s")
        self.env.invalidate_all()
        with self.meter.measure("order the worklist", count):
            self.env["credit.collection.priority.rule"]._update_priorities(
                SQL("cases.company_id = %s", self.company.id), fields.Date.today()
            )
        self.meter.show("order the worklist", "a part of each assessment")
        with self.meter.measure("habits of the customers", count):
            Case.sudo()._update_habits(self.company, fields.Date.today())
        self.meter.show("habits of the customers", "once a day")

    def measure_cockpit(self):
        """Open the cockpit when the same cases are those of fifty companies; rolled back."""
        self.env.flush_all()
        with self._rolled_back():
            companies = self.company | self.env["res.company"].create(
                [{"name": f"Client {number} of {self.size}"} for number in range(1, COMPANIES)]
            )
            self.collector.company_ids = companies
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE credit_collection_case SET company_id = (%s)[1 + id %% %s]"
                " WHERE company_id = %s",
                (companies.ids, COMPANIES, self.company.id),
            )
            self.env.invalidate_all()
            Cockpit = self.env(user=self.collector.id)["credit.collection.cockpit"]
            views = Cockpit.get_views([(False, "list")])
            names = _get_list_fields(views["views"]["list"]["arch"])
            specification = {name: {} for name in names if name != "company_id"}
            specification["company_id"] = {"fields": {"display_name": {}}}
            with self.meter.measure("open the cockpit"):
                result = Cockpit.web_search_read([], specification, limit=ROWS)
            self.meter.show("open the cockpit", f"{result['length']} companies (target 1 s)")

    def measure_statement(self):
        """Read, print and export the statement of a customer with many items; rolled back."""
        with self._rolled_back():
            case = self._create_large_customer()
            dialog = self.env["credit.collection.case.statement"].create(
                {"case_ids": [Command.set(case.ids)]}
            )
            letter = dialog._make_letters()
            self.env.invalidate_all()
            with self.meter.measure("read a statement"):
                letter._prepare_sections()
            self.meter.show("read a statement", f"{STATEMENT_ITEMS} items")
            with self.meter.measure("statement to PDF"):
                documents = self.env["credit.collection.letter"]._render(letter)
            self.meter.show("statement to PDF", f"{len(documents[letter]) // 1024} KB")
            with self.meter.measure("statement to XLSX"):
                letter._make_workbook()
            self.meter.show("statement to XLSX")

    def _create_large_customer(self):
        """Return the case of a customer with very many open items."""
        partner = self.env["res.partner"].create({"name": "Large", "is_company": True})
        entry = self.env["account.move"].create(
            {
                "date": self.today,
                "journal_id": self.env["account.journal"]
                .search([("type", "=", "general"), ("company_id", "=", self.company.id)], limit=1)
                .id,
                "line_ids": [
                    *(
                        Command.create(
                            {
                                "account_id": self.values["receivable"],
                                "partner_id": partner.id,
                                "date_maturity": self.today - timedelta(days=number % 300),
                                "debit": 10.0,
                            }
                        )
                        for number in range(STATEMENT_ITEMS)
                    ),
                    Command.create(
                        {"account_id": self.values["income"], "credit": 10.0 * STATEMENT_ITEMS}
                    ),
                ],
            }
        )
        entry.action_post()
        return self.env["credit.collection.case"]._get_for_partner(partner, self.company)

    @contextmanager
    def _rolled_back(self):
        """Undo what is done inside."""
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            yield
        finally:
            self.env.flush_all()
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)

    def measure_approve(self):
        run = self.run_record
        self.env.invalidate_all()
        with self.meter.measure("approve", len(run.dunning_ids)):
            run._approve()
        self.meter.show("approve", "memory of a run: target 64 MB")
        self.env.cr.commit()

    def measure_letters(self):
        """Print a batch of letters; its e-mails are then made without PDF.

        The first ones are not counted: a server compiles its templates once.
        """
        self._get_deliveries("email", FIRST)._send_email()
        self.env.invalidate_all()
        queued = self._get_deliveries("email", LETTERS)
        notices = queued.dunning_id
        with ChildWatch() as child, self.meter.measure("letters to PDF", len(notices)):
            notices._make_letters()
        pages = sum(len(PdfFileReader(BytesIO(letter.raw)).pages) for letter in notices.letter_id)
        self.meter.show(
            "letters to PDF",
            f"{pages / len(notices):.1f} pages each, wkhtmltopdf {child.memory:.0f} MB "
            "(targets 10 ms for one page, 150 MB)",
        )
        with self.meter.measure("e-mails, letter at hand", len(queued)):
            queued._send_email()
        self.meter.show("e-mails, letter at hand", "target 4 ms, 0.1 queries each")
        self.env.cr.commit()

    def measure_emails(self):
        """The scheduled action, batch by batch, each committed: check amounts, PDF, e-mail."""
        waiting = len(self._get_deliveries("email", MAILS))
        if not waiting:
            return
        batches = -(-waiting // BATCH)
        with self.meter.measure("e-mails by the scheduled action", waiting):
            for _batch in range(batches):
                self.env["credit.collection.dunning"]._cron_send(BATCH)
                self.env.invalidate_all()
        self.meter.show("e-mails by the scheduled action", "amounts checked, with their PDF")
        deliveries = self.env["credit.collection.delivery"].search(
            [
                ("company_id", "=", self.company.id),
                ("channel", "=", "email"),
                ("state", "=", "under_way"),
            ]
        )
        with self.meter.measure("note e-mails as sent", len(deliveries)):
            deliveries._set_sent()
        self.meter.show("note e-mails as sent")
        self.env.cr.commit()

    def measure_figures(self):
        """Read what a manager reads: the dashboard, section by section, then each report."""
        self._execute(
            "DROP TABLE IF EXISTS bench_payment",
            PAYMENTS,
            PAYMENT_MOVES,
            PAYMENT_LINES,
            PARTIALS,
            "ANALYZE",
        )
        self.env.cr.commit()
        env = self.env(user=self.collector.id)
        dashboard = env["credit.collection.dashboard"]
        for section in dashboard.get_sections()["sections"]:
            self._measure_page(f"figures: {section}", dashboard.get_section, section)
        forecast = self.env["credit.collection.forecast"]
        self._measure_page("keep the forecast", forecast._keep, self.company, self.today)
        for name, domain in REPORTS.items():
            report = env[f"credit.collection.report.{name}"]
            self._measure_page(f"open the report: {name}", self._read_first_view, report, domain)
            self._measure_page(f"list: {name}", self._read_page, report, domain)

    def _measure_page(self, name, method, *arguments):
        self.env.invalidate_all()
        with self.meter.measure(name):
            method(*arguments)
        self.meter.show(name, "target 1 s")

    def _read_first_view(self, report, domain):
        """Ask what the web client asks when the report opens: a graph, or a pivot."""
        action = self.env.ref(f"credit_collection.{report._name.replace('.', '_')}_action")
        kind = action.view_mode.split(",")[0]
        arch = etree.fromstring(report.get_views([(False, kind)])["views"][kind]["arch"])
        rows, columns, measures = [], [], []
        for node in arch.iter("field"):
            name, interval = node.get("name"), node.get("interval")
            if node.get("type") == "measure":
                measures.append(f"{name}:sum")
            else:
                group = columns if node.get("type") == "col" else rows
                group.append(f"{name}:{interval}" if interval else name)
        measures = ["__count", *measures]
        if kind == "graph":
            return report.formatted_read_group(domain, rows, measures)
        sets = [[], rows, columns, rows + columns]
        return report.formatted_read_grouping_sets(domain, sets, measures)

    def _read_page(self, report, domain):
        arch = report.get_views([(False, "list")])["views"]["list"]["arch"]
        names = _get_list_fields(arch)
        return report.web_search_read(
            domain, {name: {} for name in names}, limit=ROWS, count_limit=10_001
        )

    def _get_deliveries(self, channel, limit):
        return self.env["credit.collection.delivery"].search(
            [
                ("dunning_id.run_id", "=", self.run_record.id),
                ("channel", "=", channel),
                ("state", "=", "todo"),
            ],
            limit=limit,
        )


def _get_list_fields(arch):
    """Return the names of the fields of a list view, without those of views inside it."""
    return [node.get("name") for node in etree.fromstring(arch).iterfind("field")]


def _get_form_specification(arch):
    """Return what the web client reads for a form: its fields, and those of the views inside."""
    specification = {}
    for node in arch.iter("field"):
        if any(parent.tag == "field" for parent in node.iterancestors()):
            continue
        inner = node.find("list")
        specification[node.get("name")] = (
            {"fields": _get_form_specification(inner), "limit": 40} if inner is not None else {}
        )
    return specification


def main(env, argv):
    """Take sizes: open items, and customers after a colon (a tenth as many if none are named)."""
    wanted = [word.partition(":") for word in argv or map(str, SIZES)]
    sizes = [int(items) for items, _colon, _customers in wanted]
    results = {}
    for size, (_items, _colon, customers) in zip(sizes, wanted, strict=True):
        start = time.perf_counter()
        bench = Bench(env, size, int(customers or size // 10))
        bench.generate()
        print(f"\n{size} open items (ledger made in {time.perf_counter() - start:.0f} s)\n")
        print("| | queries | seconds | of work | ms each | MB | |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
        results[size] = bench.run()
        env.invalidate_all()
    for small, large in pairwise(sizes):
        print(f"\nFrom {small} to {large} items, times as long (target 12 for ten times as many):")
        for name in ("limit", "assess, the first time", "assess again, analysed", "propose"):
            growth = results[large][name]["seconds"] / results[small][name]["seconds"]
            print(f"  {name}: {growth:.1f}")
