"""What the demo prints and writes in the end, and the promises that it checks."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

DAYS_TO_PAY = 14
SENT = [("state", "=", "sent")]


def write_letters(env, folder):
    """Write the letter of each notice, named by its number and its language."""
    for dunning in env["credit.collection.dunning"].search([("letter_id", "!=", False)]):
        name = f"{dunning.name.replace('/', '-')}_{dunning.lang[:2]}.pdf"
        (folder / name).write_bytes(dunning.letter_id.raw)


def check(env, mail_count):
    """Fail when something happened that must never happen."""
    notices = env["credit.collection.dunning"].search(SENT, order="date_sent, id")
    assert notices, "no notice was sent"

    days = Counter((dunning.case_id, dunning.date_sent) for dunning in notices)
    twice = [case.display_name for (case, _day), count in days.items() if count > 1]
    assert not twice, f"two notices on one day: {twice}"

    history = defaultdict(list)
    for line in notices.line_ids.filtered("level_id").sorted(
        lambda line: (line.dunning_id.date_sent, line.dunning_id.id)
    ):
        history[line.move_line_id].append(line)
    for item, lines in history.items():
        ladder = lines[0].level_id.policy_id.level_ids.sorted("delay_days")
        levels = [line.level_id for line in lines]
        assert levels == list(ladder[: len(levels)]), (
            f"{item.move_name} went through {[level.name for level in levels]}"
        )
        for earlier, later in pairwise(lines):
            waited = (later.dunning_id.date_sent - earlier.dunning_id.date_sent).days
            assert waited >= later.level_id.wait_days, f"{item.move_name}: only {waited} days"
        for line in lines:
            late = (line.dunning_id.date_sent - line.date_due).days
            assert late >= line.level_id.delay_days, f"{item.move_name} reminded too early"

    for dunning in notices:
        wanted = dunning.partner_id.lang or dunning.customer_id.lang
        assert dunning.lang == wanted, f"{dunning.name} in {dunning.lang}, not in {wanted}"
        written = dunning.letter_id or dunning.delivery_ids.mapped("channel") == ["call"]
        assert written, f"{dunning.name} was sent without a letter"
        assert not dunning.level_id.policy_id.is_no_dunning, f"{dunning.name}: no dunning"
    _check_holds(env, notices)

    _check_litigations(env)

    Delivery = env["credit.collection.delivery"]
    late = [("state", "=", "todo"), ("channel", "in", Delivery._get_automatic_channels())]
    assert not Delivery.search_count(late), "something that needs nobody has not left"
    emailed = Delivery.search_count([("channel", "=", "email"), ("state", "=", "sent")])
    assert emailed == mail_count, f"{emailed} e-mails sent, {mail_count} at the mail server"


def _check_litigations(env):
    """One file is at the court and paid in part; a bankruptcy waits for its claim."""
    court, bankruptcy = env["credit.collection.litigation"].search([], order="category")
    assert (court.category, court.state) == ("court", "open"), court.display_name
    assert 0 < court.amount_recovered < court.amount_claimed, "nothing was recovered at court"
    assert court.amount_spent, "the lawyer has not sent his bill"
    assert bankruptcy.date_filing_deadline and not bankruptcy.date_filed
    task = bankruptcy.activity_ids.filtered("automated")
    assert task.date_deadline == bankruptcy.date_filing_deadline, "nobody is to file the claim"
    older = bankruptcy.line_ids.mapped(lambda line: line.move_id.date < bankruptcy.date_judgment)
    assert older and all(older), "a debt of the estate is in the bankruptcy"


def _check_holds(env, notices):
    for hold in env["credit.collection.hold"].search([]):
        end = hold.date_released or hold.date_end
        for dunning in notices.filtered(lambda one, hold=hold: one.case_id == hold.case_id):
            claimed = dunning.line_ids.filtered("level_id").move_line_id
            is_held = bool(claimed & _get_held(hold, claimed))
            during = hold.date_start < dunning.date_sent and (not end or dunning.date_sent < end)
            assert not (is_held and during), f"{dunning.name} sent during a hold"


def _get_held(hold, lines):
    """Return those of the lines that a hold covers in full."""
    if hold.amount:
        return lines.browse()  # a part of an invoice is disputed: the rest is claimed
    if hold.line_ids:
        return hold.line_ids.filtered(lambda line: not line.amount_outside).move_line_id
    return lines.filtered(lambda line: hold.move_id in (line.move_id, hold.browse().move_id))


def show(env, folder, today, seconds):
    """Print what happened, level by level, and where to look."""
    dunnings = env["credit.collection.dunning"].search([("state", "in", ("sent", "failed"))])
    print(f"\n{_company_line(env)}\n")
    titles = (
        "Level",
        "Notices",
        "Customers",
        "Claimed",
        "E-mail",
        "Letter",
        "Call",
        "Failed",
        "Paid*",
    )
    rows = [
        _get_row(level, own)
        for level, own in sorted(
            dunnings.grouped("level_id").items(),
            key=lambda pair: (pair[0].policy_id.sequence, pair[0].policy_id.id, pair[0].delay_days),
        )
    ]
    rows.append(_get_row(None, dunnings))
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    for row in (titles, *rows):
        first, *others = row
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))
    print(f"* what was claimed is paid within {DAYS_TO_PAY} days, of the notices older than that\n")
    _show_today(env)
    print(f"\nLetters: {folder}/letters    e-mails: {folder}/mails    ({seconds:.0f} seconds)")
    print(
        "Log in as admin (manager, English), collector (French) or accountant (reads only,\n"
        "Dutch); the password is the login. E-mails of your own clicks are not sent: they wait in\n"
        "Settings > Technical > Emails (in developer mode)."
    )


def _company_line(env):
    invoices = env["account.move"].search_count(
        [("move_type", "=", "out_invoice"), ("state", "=", "posted")]
    )
    customers = env["credit.collection.case"].search_count([])
    books = f"{env.company.name}: {invoices} invoices, {customers} customers"
    return f"{books}, three months of daily dunning"


def _get_row(level, dunnings):
    sent = dunnings.filtered(lambda dunning: dunning.state == "sent")
    channels = Counter(
        delivery.channel for delivery in dunnings.delivery_ids if delivery.state == "sent"
    )
    today = max(dunnings.mapped("date"))
    old = sent.filtered(lambda dunning: dunning.date_sent + timedelta(DAYS_TO_PAY) <= today)
    paid = old.filtered(_is_paid_soon)
    return (
        f"{level.policy_id.name}: {level.name}" if level else "All",
        str(len(sent)),
        str(len(sent.case_id)),
        f"{sum(sent.mapped('amount_due')):,.2f}",
        str(channels["email"]),
        str(channels["letter"]),
        str(channels["call"]),
        str(len(dunnings - sent)),
        f"{len(paid)}/{len(old)}",
    )


def _is_paid_soon(dunning):
    last = dunning.date_sent + timedelta(DAYS_TO_PAY)
    items = dunning.line_ids.filtered("level_id").move_line_id
    return all(
        item.reconciled and max(item.matched_credit_ids.mapped("max_date")) <= last
        for item in items
    )


def _show_today(env):
    proposals = env["credit.collection.run"].search([("state", "=", "draft")])
    letters = env["credit.collection.delivery"].search_count(
        [
            ("channel", "=", "letter"),
            ("state", "=", "todo"),
            ("dunning_id.state", "in", ("queued", "sent")),
        ]
    )
    failed = env["credit.collection.dunning"].search([("state", "=", "failed")])
    holds = env["credit.collection.hold"].search([("state", "=", "active")])
    review = holds.filtered("to_review")
    tasks = env["mail.activity"].search_count([("res_model", "=", "credit.collection.case")])
    print("Today:")
    print(f"  {len(proposals.dunning_ids)} notices proposed, waiting for your review")
    print(f"  {letters} letters to print and post")
    print(f"  {len(failed)} notice that could not be delivered ({failed.customer_id.name})")
    print(
        f"  {len(holds)} holds, {len(review)} of them to review; {tasks} tasks for the collectors"
    )
