from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pytz
from lxml import html

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..const import WRITTEN_CHANNELS
from ..long_date import format_long_date
from ..tools.contact_hours import next_contact, next_free_day

_DAY = timedelta(days=1)


class Refusal(NamedTuple):
    """Why a customer must not be contacted now, and from when he may be, in UTC.

    Without an `until` nobody knows when: what would be sent is called off.
    """

    rule: str
    reason: str
    until: datetime | None


class Contact(NamedTuple):
    """That a customer was written to or called: the day, how, and the notice, if it was one."""

    day: date
    channel: str
    dunning_id: int | None


class CreditCollectionGuard(models.AbstractModel):
    """What the law of a customer does not let a creditor do; what is forbidden is data of the law.

    The first reminder and its period are in the assessment, charges in their proposal. Here is what
    is looked at when something leaves: whether the customer may be contacted, and whether the text
    says what it must.
    """

    _name = "credit.collection.guard"
    _description = "Consumer Guard"

    # -------------------------------------------------------------------------
    # May he be contacted now?
    # -------------------------------------------------------------------------

    @api.model
    def _get_contact_refusals(self, cases, channel, moment=None, dunnings=None):
        """Return `{case: [Refusal]}` of those cases that must not be contacted now.

        :param channel: how: `email`, `letter` or `call`
        :param moment: when, in UTC; now by default
        :param dunnings: the notices that are about to leave, at most one for a case: what was sent
            of them already is no other contact
        """
        moment = moment or fields.Datetime.now()
        profiles = self._get_profiles(cases)
        limited = cases.filtered(lambda case: profiles[case]._limits_contact())
        if not limited:
            return {}
        since = moment - self._get_memory([profiles[case] for case in limited])
        contacts = self._get_contacts(limited, moment, since)
        moratoria = self._get_moratoria(limited)
        leaving = set(dunnings.ids) if dunnings else set()
        refusals = {}
        for case in limited:
            others = [one for one in contacts[case.id] if one.dunning_id not in leaving]
            debtor = Debtor(case, profiles[case], moment, channel)
            refusals[case] = debtor.get_refusals(moratoria.get(case), others)
        return {case: found for case, found in refusals.items() if found}

    @api.model
    def _get_profiles(self, cases):
        """Return `{case: legal profile}`."""
        profiles = {}
        for company, own in cases.grouped("company_id").items():
            contracts = own.partner_id._collection_get_contracts(company)
            profiles |= {case: contracts[case.partner_id].profile for case in own}
        return profiles

    @api.model
    def _get_contacts(self, cases, moment, since):
        """Return `{id of a case: [Contact]}` after a moment.

        An e-mail that was handed to the mail server counts, and so does a call that nobody took.
        What a notice sent is noted as a contact, too: it is counted with its notice.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT dunning.case_id, COALESCE(delivery.date_sent, %(moment)s), delivery.channel,
                       dunning.id
                  FROM credit_collection_dunning dunning
                  JOIN credit_collection_delivery delivery ON delivery.dunning_id = dunning.id
                 WHERE dunning.case_id = ANY(%(cases)s)
                   AND (delivery.state = 'sent' AND delivery.date_sent > %(since)s
                        OR delivery.state = 'under_way' AND delivery.channel = 'email')
             UNION ALL
                SELECT contact.case_id, contact.date, contact.channel, NULL
                  FROM credit_collection_contact contact
                 WHERE contact.case_id = ANY(%(cases)s)
                   AND contact.delivery_id IS NULL AND contact.direction = 'out'
                   AND contact.date > %(since)s
              ORDER BY 2
                """,
                cases=list(cases.ids),
                moment=moment,
                since=since,
            )
        )
        contacts = defaultdict(list)
        for case_id, sent, channel, dunning_id in rows:
            contacts[case_id].append(Contact(self._to_day(sent), channel, dunning_id))
        return contacts

    @api.model
    def _get_memory(self, profiles):
        """Return for how long these laws look back at contacts."""
        return timedelta(days=max([8, *(one.letter_interval_days for one in profiles)]) + 1)

    @api.model
    def _get_timezone(self, case):
        """Return the time zone of a customer: his own, if it is one of his country."""
        country = case.partner_id.country_id or case.company_id.country_id
        known = pytz.country_timezones.get(country.code or "", [])
        own = case.partner_id.tz
        return (own if own in known or not known else known[0]) or "UTC"

    @api.model
    def _to_day(self, moment):
        return fields.Datetime.context_timestamp(self, moment).date()

    @api.model
    def _get_moratoria(self, cases):
        """Return `{case: the litigation because of which he must not be contacted}`."""
        open_litigations = (
            self.env["credit.collection.litigation"]
            .sudo()  # whoever sends learns only that there is one
            .search([("case_id", "in", cases.ids), ("state", "=", "open")])
        )
        return {
            litigation.case_id.sudo(self.env.su): litigation
            for litigation in open_litigations
            if litigation.forbids_contact or litigation._is_in_moratorium()
        }

    # -------------------------------------------------------------------------
    # What leaves
    # -------------------------------------------------------------------------

    @api.model
    def _let_pass(self, deliveries):
        """Return which of these may leave now; the others wait, and their notices say until when.

        Of several notices to a customer who is not to be written to often, one goes at a time.
        """
        passing = deliveries.browse()
        leading = {}
        for dunning in deliveries.dunning_id.sorted("id"):
            leading.setdefault(dunning.case_id, dunning)
        profiles = self._get_profiles(deliveries.dunning_id.case_id)
        for channel, own in deliveries.grouped("channel").items():
            first = own.dunning_id.filtered(lambda one: leading[one.case_id] == one)
            refusals = self._get_contact_refusals(first.case_id, channel, dunnings=first)
            for delivery in own:
                dunning = delivery.dunning_id
                case = dunning.case_id
                if dunning.overrides_contact:
                    passing |= delivery
                elif case in refusals and dunning in first:
                    self._hold_back(delivery, refusals[case])
                elif dunning in first or not profiles[case]._limits_contact():
                    passing |= delivery
        return passing

    @api.model
    def _hold_back(self, delivery, refusals):
        """Let a delivery wait; call the notice off where nobody knows until when."""
        dunning = delivery.dunning_id
        reasons = " ".join(one.reason for one in refusals)
        if not all(one.until for one in refusals):
            if dunning.state == "sent":
                delivery._cancel()  # what has left already stays
            else:
                dunning._cancel(reasons)
            return
        until = max(one.until for one in refusals)
        delivery.sudo().date_not_before = until
        dunning.sudo().note = self.env._(
            "Waits until %(moment)s. %(reasons)s",
            moment=format_datetime(
                self.env, until, tz=self._get_timezone(dunning.case_id), dt_format="short"
            ),
            reasons=reasons,
        )
        self.env.ref("credit_collection.ir_cron_send_notices").sudo()._trigger(at=until)

    # -------------------------------------------------------------------------
    # What the text says
    # -------------------------------------------------------------------------

    @api.model
    def _find_missing(self, dunnings, sources):
        """Return `{notice: {mention: what its text lacks}}` of those that lack something.

        :param sources: `{notice: the HTML of its letter}`
        """
        missing, letterheads = {}, {}
        for dunning in dunnings:
            mentions = dunning._get_mentions()
            if not mentions:
                continue
            key = dunning.company_id, dunning.lang
            if key not in letterheads:
                letterhead = self.env["credit.collection.letter"]._get_letterhead_text(*key)
                letterheads[key] = self._read_text(letterhead)
            text = f"{self._read_text(sources[dunning])} {letterheads[key]}"
            lacks = mentions._find_missing(text, dunning._get_mention_values())
            if lacks:
                missing[dunning] = lacks
        return missing

    @api.model
    def _read_text(self, source):
        """Return what a reader sees of HTML, in the order of the text."""
        return " ".join(html.fragment_fromstring(source, create_parent="div").itertext())


class Debtor:
    """A customer whose law limits contacts, at one moment, by one channel."""

    def __init__(self, case, profile, moment, channel):
        self.case = case
        self.env = case.env
        self.profile = profile
        self.channel = channel
        self.country = case.partner_id.country_id or case.company_id.country_id
        self.zone = pytz.timezone(self.env["credit.collection.guard"]._get_timezone(case))
        self.now = pytz.utc.localize(moment).astimezone(self.zone).replace(tzinfo=None)

    def get_refusals(self, moratorium, contacts):
        """Return why he must not be contacted now."""
        found = [self._check_moratorium(moratorium), self._check_week(contacts)]
        if self.channel != "letter":
            found.append(self._check_hours())
        if self.channel == "call":
            found.append(self._check_calls(contacts))
        if self.channel in WRITTEN_CHANNELS:
            found.append(self._check_letters(contacts))
        return [refusal for refusal in found if refusal]

    def _get_moment(self, moment):
        """Return, in UTC, the first decent moment from one on; a letter disturbs nobody."""
        if self.channel != "letter":
            moment = next_contact(moment, self.profile._get_contact_hours(), self.country.code)
        return self.zone.localize(moment).astimezone(pytz.utc).replace(tzinfo=None)

    def _start(self, day):
        return self._get_moment(datetime.combine(day, time()))

    def _check_moratorium(self, moratorium):
        if not moratorium:
            return None
        end = moratorium.date_moratorium_to
        if moratorium.forbids_contact or not end:
            reason = self.env._(
                "No contact while this lasts: %(litigation)s.",
                litigation=moratorium.kind_id.name,
            )
            return Refusal("moratorium", reason, None)
        reason = self.env._(
            "No contact in a moratorium: %(litigation)s, until %(date)s.",
            litigation=moratorium.kind_id.name,
            date=format_long_date(self.env, end),
        )
        return Refusal("moratorium", reason, self._start(end + _DAY))

    def _check_hours(self):
        hours = self.profile._get_contact_hours()
        if next_contact(self.now, hours, self.country.code) == self.now:
            return None
        reason = self.env._("No e-mails and calls at night and on days of rest.")
        return Refusal("hours", reason, self._get_moment(self.now))

    def _check_week(self, contacts):
        """Count each notice once, by whatever channels it went."""
        limit, today = self.profile.contacts_per_week, self.now.date()
        days = {one.dunning_id or -rank: one.day for rank, one in enumerate(contacts, 1)}
        free = next_free_day(list(days.values()), limit, today)
        if free == today:
            return None
        reason = self.env._("Contacts a week with this customer: at most %(count)s.", count=limit)
        return Refusal("week", reason, self._start(free))

    def _check_calls(self, contacts):
        limit, today = self.profile.calls_per_day, self.now.date()
        calls = [one for one in contacts if (one.channel, one.day) == ("call", today)]
        if not limit or len(calls) < limit:
            return None
        reason = self.env._("Calls a day with this customer: at most %(count)s.", count=limit)
        return Refusal("calls", reason, self._start(today + _DAY))

    def _check_letters(self, contacts):
        wait = timedelta(days=self.profile.letter_interval_days)
        written = [one.day for one in contacts if one.channel in WRITTEN_CHANNELS]
        if not written or max(written) + wait <= self.now.date():
            return None
        reason = self.env._(
            "Days between two letters to this customer: at least %(days)s. The last one was of "
            "%(date)s.",
            days=wait.days,
            date=format_long_date(self.env, max(written)),
        )
        return Refusal("letters", reason, self._start(max(written) + wait))
