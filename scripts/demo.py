"""Five months of invoices of a company of our own making, three of them with daily dunning.

Every day of the three months happens one after the other, through the real code: the scheduled
actions, Odoo's mail queue against a mail server of this machine, and what people do in the morning.
Only the clock is moved. The data is in demo_data.py, the books in demo_ledger.py, and what is
printed and checked in the end in demo_report.py.
"""

import os
import re
import shutil
import time
from datetime import timedelta
from pathlib import Path

import demo_report
from demo_data import REFUSED
from demo_ledger import FIRST_DAY, Ledger
from freezegun import freeze_time
from smtp_sink import SmtpSink

from odoo import Command, fields
from odoo.tests import Form
from odoo.tools import mute_logger

DUNNING_DAYS = 92
REVIEW_WEEKDAY = 0  # the proposals for consumers are reviewed on Mondays


class Demo:
    def __init__(self, env, today, clock, folder):
        self.env = env
        self.today = today
        self.clock = clock
        self.folder = folder
        self.ledger = Ledger(env, today)

    def prepare(self, sink):
        self.set_clock(self.ledger.day(-FIRST_DAY - 1), 9)
        self.ledger.set_up()
        self.users = self.ledger.set_up_users()
        self.ledger.set_up_customers()
        self.ledger.plan()
        self.plan_stories()
        self.mail_server = self.env["ir.mail_server"].create(
            {
                "name": "Demo",
                "smtp_host": "127.0.0.1",
                "smtp_port": sink.port,
                "from_filter": "noordster.example",
            }
        )
        self.env.cr.commit()

    # -------------------------------------------------------------------------
    # The stories of some customers
    # -------------------------------------------------------------------------

    def plan_stories(self):
        """What happens to a customer beside his invoices and payments, by day."""
        ledger = self.ledger
        for offset, action, *words in (
            # part payments, of the invoice that is then the oldest
            (-70, self.pay_part, "Snack-bar L'Étoile", 200.0),
            (-33, self.pay_part, "Relais de la Semois SA", 1000.0),
            (-12, self.pay_part, "Corner Deli SRL", 300.0),
            (-20, self.pay_part, "Petra Hoffmann", 20.0),
            # credit notes: two are matched, one waits
            (-64, self.credit_oldest, "Gasthaus zum Löwen", 120.0),
            (-25, self.credit_oldest, "Le Petit Torréfacteur SPRL", 60.0),
            (-18, self.credit_unmatched, "Eetcafé 't Hoekje", 90.0),
            # money that came in and is not matched yet
            (-6, self.pay_unmatched, "Sarah Collins", 30.0),
            (-2, self.pay_on_statement, "Julien Moreau", 71.0),
            # what was agreed: promises (kept, broken, open), a disputed part, a plan that is paid
            (-41, self.promise, "Hotel Belfort NV", 5),
            (-38, self.pay_oldest, "Hotel Belfort NV"),
            (-34, self.promise, "Corner Deli SRL", 6),
            (-3, self.promise, "Gasthaus zum Löwen", 9),
            (-26, self.dispute, "Maison de Repos Les Tilleuls", "quality", 150.0),
            (-30, self.agree_plan, "Relais de la Semois SA", 4),
            (-22, self.pay_installment, "Relais de la Semois SA"),
            # a file at the court that is paid in part, an insolvency
            (-28, self.go_to_court, "Snack-bar L'Étoile", "ios", "Maître Claire Servais"),
            (-21, self.advance, "Snack-bar L'Étoile"),
            (-9, self.pay_part, "Snack-bar L'Étoile", 120.0),
            (-8, self.bill_costs, "Snack-bar L'Étoile", 240.0),
            (-24, self.follow_bankruptcy, "Eetcafé 't Hoekje", "Mr. Jan Verbeke"),
            # holds by a person: an old one, some that ended, an open one
            (-48, self.hold, "Rederij Zilvermeer BV", "agreement", "Sells the boat first.", 80),
            (
                -60,
                self.hold,
                "Strandpaviljoen Zeezicht VOF",
                "payment_announced",
                "After the fair.",
                10,
            ),
            (-15, self.hold, "Claire Dubois", "query", "Demande une copie.", 25),
            (-40, self.hold, "Bistro Am Markt", "own_error", "Sent to the old address.", 30),
            (-35, self.release, "Bistro Am Markt"),
            # a deposit booked by a miscellaneous entry; a customer who closed
            (-80, self.enter, "Café Rheinblick GmbH", 250.0),
            (-30, self.archive, "Traiteur Vanille SRL"),
        ):
            ledger.to_do[ledger.day(offset)].append(
                lambda action=action, words=words: action(*words)
            )

    def oldest(self, name):
        return next(
            move
            for move in self.ledger.invoices[name]
            if move.amount_residual and move.state == "posted"
        )

    def pay_part(self, name, amount):
        self.ledger.pay(self.oldest(name), fields.Date.today(), amount=amount)

    def credit_oldest(self, name, amount):
        self.ledger.credit(name, fields.Date.today(), amount, self.oldest(name))

    def credit_unmatched(self, name, amount):
        self.ledger.credit(name, fields.Date.today(), amount)

    def pay_unmatched(self, name, amount):
        self.ledger.receive_unmatched(name, fields.Date.today(), amount)

    def pay_on_statement(self, name, amount):
        self.ledger.receive_on_statement(name, fields.Date.today(), amount)

    def enter(self, name, amount):
        self.ledger.enter(name, fields.Date.today(), amount)

    def archive(self, name):
        self.ledger.partner(name).action_archive()

    def open_case(self, name):
        """Return the case of a customer, as its collector works it."""
        partner = self.ledger.partner(name)
        env = self.as_user(self.get_collector(partner))
        return env["credit.collection.case"]._get_for_partner(partner, env.company)

    def promise(self, name, days):
        """The customer promises what he owes on his oldest invoice, in some days."""
        case, invoice = self.open_case(name), self.oldest(name)
        lines = invoice.line_ids.filtered(lambda line: line.amount_residual > 0)
        case.env["credit.collection.promise"].create(
            {
                "case_id": case.id,
                "move_line_ids": lines.ids,
                "amount": sum(lines.mapped("amount_residual_currency")),
                "date_promised": fields.Date.add(fields.Date.today(), days=days),
            }
        )

    def pay_oldest(self, name):
        invoice = self.oldest(name)
        self.ledger.pay(invoice, fields.Date.today(), amount=invoice.amount_residual)

    def dispute(self, name, reason, amount):
        env = self.open_case(name).env
        env["credit.collection.dispute"].create(
            {
                "move_id": self.oldest(name).id,
                "reason_id": env.ref(f"credit_collection.dispute_reason_{reason}").id,
                "amount": amount,
            }
        )

    def agree_plan(self, name, count):
        """Agree on weekly instalments over all that is overdue, the first in a week."""
        case = self.open_case(name)
        action = case.action_payment_plan()
        Plan = case.env["credit.collection.payment.plan"]
        form = Form(Plan.with_context(**action["context"]))
        form.installment_count = count
        form.date_first = fields.Date.add(fields.Date.today(), days=7)
        plan = form.save()
        plan.action_make_installments()
        plan.action_propose()
        plan.action_activate()

    def pay_installment(self, name):
        plan = self.open_case(name).plan_ids.filtered(lambda one: one.state == "active")
        invoice = plan.line_ids.move_line_id.move_id.filtered("amount_residual")[:1]
        due = plan.installment_ids.filtered(lambda one: one.state != "paid")[:1].amount
        self.ledger.pay(invoice, fields.Date.today(), amount=min(due, invoice.amount_residual))

    def go_to_court(self, name, kind, lawyer):
        """Hand what is overdue to a lawyer."""
        case = self.open_case(name)
        litigation = self.litigate(case, kind)
        litigation.party_ids = [
            Command.create(
                {
                    "role": "lawyer",
                    "partner_id": self.env["res.partner"].create({"name": lawyer}).id,
                    "reference": "D/412/26",
                }
            )
        ]
        litigation.action_open()

    def follow_bankruptcy(self, name, curator):
        """The judgment was yesterday; the claim is to be filed."""
        case = self.open_case(name)
        litigation = self.litigate(case, "bankruptcy_be")
        litigation.write(
            {
                "date_judgment": fields.Date.today() - timedelta(days=1),
                "date_publication": fields.Date.today(),
                "party_ids": [
                    Command.create(
                        {
                            "role": "curator",
                            "partner_id": self.env["res.partner"].create({"name": curator}).id,
                        }
                    )
                ],
            }
        )
        litigation.action_open()

    def litigate(self, case, kind):
        Litigation = case.env["credit.collection.litigation"]
        form = Form(Litigation.with_context(**case.action_litigation()["context"]))
        form.kind_id = self.env.ref(f"credit_collection.litigation_kind_{kind}")
        return form.save()

    def advance(self, name):
        self.open_case(name).litigation_ids.action_next_stage()

    def bill_costs(self, name, amount):
        """The lawyer sends his bill."""
        litigation = self.open_case(name).litigation_ids
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": litigation.party_ids.partner_id.id,
                "invoice_date": fields.Date.today(),
                "ref": "H/2026/0117",
                "collection_litigation_id": litigation.id,
                "invoice_line_ids": [Command.create({"name": "Frais", "price_unit": amount})],
            }
        )
        bill.action_post()

    def hold(self, name, reason, note, days, move=None):
        case = self.open_case(name)
        env = case.env
        env["credit.collection.hold"].create(
            {
                "case_id": case.id,
                "move_id": move.id if move else False,
                "reason": reason,
                "note": note,
                "date_end": fields.Date.today() + timedelta(days=days),
            }
        )

    def release(self, name):
        holds = self.as_user("collector")["credit.collection.hold"].search(
            [("case_id.partner_id", "=", self.ledger.partner(name).id)]
        )
        holds.action_release()

    # -------------------------------------------------------------------------
    # A day
    # -------------------------------------------------------------------------

    def live(self):
        for offset in range(-FIRST_DAY, 1):
            day = self.ledger.day(offset)
            self.set_clock(day, 6)
            self.ledger.book(day)
            if offset >= -DUNNING_DAYS:
                self.run_crons()
            self.set_clock(day, 9)
            self.ledger.receive(day)
            if offset == -DUNNING_DAYS:
                self.assign_cases()
            if offset >= -DUNNING_DAYS and offset < 0 and day.weekday() < 5:
                self.work(day)
                self.send()
            self.env.cr.commit()

    def run_crons(self):
        """What the scheduled actions do at night."""
        self.env["credit.collection.hold"]._cron_expire()
        self.env["credit.collection.promise"]._cron_judge()
        self.env["credit.collection.dispute"]._cron_follow()
        self.env["credit.collection.payment.plan"]._cron_follow()
        self.env["credit.collection.litigation"]._cron_follow()
        self.env["credit.collection.case"]._cron_assess()
        self.env["credit.collection.item"]._cron_limitation()
        self.env["credit.collection.run"]._cron_run()
        self.env["credit.collection.forecast"]._cron_keep()
        self.send()

    def send(self):
        """Send all that may leave now, as the scheduled actions do hour after hour."""
        Dunning = self.env["credit.collection.dunning"]
        Delivery = self.env["credit.collection.delivery"]
        while Delivery.search_count(Dunning._get_queue_domain(), limit=1):
            Dunning._cron_send()
            with mute_logger("odoo.addons.mail.models.mail_mail"):  # one mailbox is closed
                self.env["mail.mail"].process_email_queue()

    def work(self, day):
        """What people do in the morning: make the calls, print and post, review on Mondays."""
        self.make_calls()
        self.call_customers(day)
        if day.weekday() == REVIEW_WEEKDAY:
            self.review()
        self.post_letters(day)

    def make_calls(self):
        env = self.as_user("admin")
        calls = env["credit.collection.delivery"].search(
            [("channel", "=", "call"), ("state", "=", "under_way")]
        )
        for call in calls:
            call.activity_id.action_feedback(
                feedback="Spoke to accounts payable: it is in their next payment run."
            )

    def call_customers(self, day):
        """Call the two most urgent customers of each collector, and write down what came of it."""
        outcomes = {
            "voice_mail": "Left a message, and our number.",
            "reached": "Has the invoices, wants to look at them with the boss.",
            "no_answer": False,
            "call_back": "In a meeting, asks to be called again.",
            "refuses": "Says that he has no money before the end of the month.",
            "paid": "Says that it was paid this week.",
        }
        for login in self.users:
            env = self.as_user(login)
            if not env.user.has_group("credit_collection.credit_collection_group_user"):
                continue
            cases = env["credit.collection.case"].search(
                [
                    ("state", "=", "open"),
                    ("acting_user_id", "=", env.uid),
                    ("amount_overdue", ">", 0),
                    ("litigation_ids", "not any", [("state", "=", "open")]),
                    "|",
                    ("date_next_action", "=", False),
                    ("date_next_action", "<=", str(day)),
                ],
                limit=2,
            )
            for case in cases:
                name = list(outcomes)[(case.id + day.day) % len(outcomes)]
                env["credit.collection.contact"].create(
                    {
                        "case_id": case.id,
                        "outcome_id": env.ref(f"credit_collection.contact_outcome_{name}").id,
                        "contact_id": case.call_partner_ids[:1].id,
                        "note": outcomes[name],
                    }
                )

    def answer(self, name):
        """A customer writes back: somebody has to read it."""
        partner = self.ledger.partner(name)
        case = self.env["credit.collection.case"].search([("partner_id", "=", partner.id)])
        case.message_post(
            subject="Re: Rappel",
            body="Nous ne trouvons pas cette facture. Pouvez-vous nous en envoyer une copie ?",
            message_type="email",
            author_id=partner.id,
        )

    def review(self):
        env = self.as_user("collector")
        action = env["credit.collection.run"].action_open_proposal()
        run = env["credit.collection.run"].browse(action["res_id"])
        if run.dunning_ids:
            run.action_approve()

    def post_letters(self, day):
        env = self.as_user("collector")
        waiting = env["credit.collection.delivery"].search(
            [
                ("channel", "=", "letter"),
                ("state", "in", ("todo", "under_way")),
                ("dunning_id.state", "in", ("queued", "sent")),
            ]
        )
        if not waiting:
            return
        action = waiting.dunning_id.action_print_letters()
        # what the law lets nobody post today is not printed, and waits
        printed = waiting.filtered(lambda one: one.state == "under_way").dunning_id
        if not printed:
            return
        attachment = env["ir.attachment"].browse(
            int(re.search(r"/content/(\d+)", action["url"])[1])
        )
        (self.folder / "letters" / f"{day}_to_post.pdf").write_bytes(attachment.raw)
        printed.action_mark_posted()

    # -------------------------------------------------------------------------
    # Today
    # -------------------------------------------------------------------------

    def leave(self):
        """Leave the state in which somebody sits down to work today."""
        self.set_clock(self.today, 10)
        self.as_user("collector")["credit.collection.run"].action_open_proposal()
        self.assign_cases()
        self.answer("Traiteur Vanille SRL")
        self.mail_server.unlink()
        # e-mails of later clicks wait in the queue, where one can see them; nothing leaves
        self.env.ref("mail.ir_cron_mail_scheduler_action").active = False
        self.env.cr.commit()

    def assign_cases(self):
        """Give each case to its collector, without telling him one by one."""
        quiet = self.env(context={**self.env.context, "mail_auto_subscribe_no_notify": True})
        for case in quiet["credit.collection.case"].search([]):
            user = self.users[self.get_collector(case.partner_id)]
            if case.user_id != user:
                case.user_id = user

    def get_collector(self, partner):
        """The French-speaking collector works the French-speaking customers."""
        return "collector" if partner.lang == "fr_FR" else "admin"

    # -------------------------------------------------------------------------
    # Helpers
    # -------------------------------------------------------------------------

    def as_user(self, login):
        user = self.users[login]
        return self.env(user=user.id, context=user.with_user(user).context_get(), su=False)

    def set_clock(self, day, hour):
        self.clock.move_to(f"{day} {hour:02}:00:00")


def main(env, argv):
    start = time.perf_counter()
    env["res.lang"]._activate_lang("en_US")
    env = env(context={"lang": "en_US", "tz": "Europe/Brussels"})
    folder = Path(os.environ.get("CACHE", ".cache")) / "demo"
    for name in ("letters", "mails"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    today = fields.Date.to_date(os.environ.get("TODAY")) or fields.Date.today()
    with (
        SmtpSink(folder / "mails", refused={REFUSED}).serving() as sink,
        freeze_time(str(today)) as clock,
    ):
        demo = Demo(env, today, clock, folder)
        demo.prepare(sink)
        demo.live()
        demo.leave()
    # the rules that look at the clock of the database have had no night yet: today's
    env["base.automation"]._cron_process_time_based_actions()
    demo_report.write_letters(env, folder / "letters")
    demo_report.check(env, sink.kept_count)
    demo_report.show(env, folder, today, time.perf_counter() - start)
