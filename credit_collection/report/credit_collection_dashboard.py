from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models

from ..const import FIGURES_DATE_KEY

RECENT_DAYS = 90  # of promises and notices, which are too few in a month
FORECAST_WEEKS = 8  # ahead, in the chart
FORECAST_TILE_DAYS = 28
PAST_WEEKS = 8  # of forecasts to compare
COLLECTORS = 8
REASONS = 6


class CreditCollectionDashboard(models.AbstractModel):
    """The dozen figures that a manager looks at, with the documents behind each.

    Every figure is a sum over a report, in the companies that are switched on; another currency is
    converted at the rate of the day. The sections are read one by one, so that the page shows what
    it has.
    """

    _name = "credit.collection.dashboard"
    _description = "Collections Dashboard"

    @api.model
    @api.readonly
    def get_sections(self, date=None):
        """Return what the page begins with: the day, the currency, and which sections there are."""
        self.env["credit.collection.report.item"].check_access("read")
        day = self.env["credit.collection.report"]._parse_date(date)
        today = fields.Date.context_today(self)
        last_month = fields.Date.subtract(fields.Date.start_of(today, "month"), days=1)
        return {
            "date": fields.Date.to_string(day),
            "today": fields.Date.to_string(today),
            "last_month": fields.Date.to_string(last_month),
            "currency_id": self.env.company.currency_id.id,
            "sections": list(self._get_section_methods()),
        }

    @api.model
    @api.readonly
    def get_section(self, name, date=None):
        """Return the tiles and the charts of a section, as of a day."""
        self.env["credit.collection.report.item"].check_access("read")
        day = self.env["credit.collection.report"]._parse_date(date)
        return self._get_section_methods()[name](day)

    @api.model
    def _get_section_methods(self):
        """Return `{name: method}`, in the order of the page."""
        return {
            "balance": self._get_balance,
            "month": self._get_month,
            "payment": self._get_payment,
            "promise": self._get_promise,
            "recovery": self._get_recovery,
            "dispute": self._get_dispute,
            "charge": self._get_charge,
            "forecast": self._get_forecast,
            "roll": self._get_roll,
            "collector": self._get_collector,
        }

    # -------------------------------------------------------------------------
    # Sums over the reports
    # -------------------------------------------------------------------------

    def _get_report(self, name, date):
        return self.env[f"credit.collection.report.{name}"].with_context(
            **{FIGURES_DATE_KEY: fields.Date.to_string(date)}
        )

    def _add_up(self, name, date, measures, domain=(), groupby=()):
        """Return `{group: {measure: sum}}`, money in the currency of the current company.

        Without groups, the only key is the empty tuple.
        """
        report = self._get_report(name, date)
        aggregates = ["__count", *(f"{measure}:sum" for measure in measures)]
        totals = {} if groupby else {(): dict.fromkeys(("__count", *measures), 0)}
        for company, *values in report._read_group(
            list(domain), ["company_id", *groupby], aggregates
        ):
            rate = self._get_rate(company, date)
            key, sums = tuple(values[: len(groupby)]), values[len(groupby) :]
            total = totals.setdefault(key, dict.fromkeys(("__count", *measures), 0))
            for measure, amount in zip(("__count", *measures), sums, strict=True):
                field = report._fields.get(measure)
                is_money = field is not None and field.type in ("monetary", "float")
                total[measure] += (amount or 0) * (rate if is_money else 1)
        return totals

    @staticmethod
    def _regroup(totals, position):
        """Return the totals by one of their groups."""
        result = {}
        for key, total in totals.items():
            group = result.setdefault(key[position : position + 1], dict.fromkeys(total, 0))
            for measure, amount in total.items():
                group[measure] += amount
        return result

    def _get_rate(self, company, date):
        """Return what makes an amount of a company one of the current company."""
        return self.env["res.currency"]._get_conversion_rate(
            company.currency_id, self.env.company.currency_id, company, date
        )

    @staticmethod
    def _divide(above, below):
        return above / below if below and above is not None else None

    def _get_month_domain(self, field, date):
        """Return the days of the month up to the day."""
        return [(field, ">=", fields.Date.start_of(date, "month")), (field, "<=", date)]

    # -------------------------------------------------------------------------
    # Tiles and charts
    # -------------------------------------------------------------------------

    def _prepare_tile(self, key, label, value, kind, report, date, **options):
        """Return a figure with what opens the documents behind it.

        Its help is that of the field which it is the sum of.
        """
        return {
            "key": key,
            "label": label,
            "value": value,
            "kind": kind,
            "action": self._prepare_action(
                label, report, date, options.pop("domain", []), options.pop("views", None)
            ),
            "help": self._get_help(report, options.pop("field", None)),
            **options,
        }

    def _get_help(self, report, field):
        described = self.env[f"credit.collection.report.{report}"].fields_get([field], ["help"])
        return described.get(field, {}).get("help", "")

    def _prepare_action(self, label, report, date, domain, views=None):
        return {
            "type": "ir.actions.act_window",
            "name": f"{label}, {self.env['ir.qweb.field.date'].value_to_html(date, {})}",
            "res_model": f"credit.collection.report.{report}",
            "views": [[False, view] for view in views or ("list", "pivot", "graph")],
            "domain": [
                [name, operator, fields.Date.to_string(value) if hasattr(value, "year") else value]
                for name, operator, value in domain
            ],
            "context": {FIGURES_DATE_KEY: fields.Date.to_string(date)},
        }

    def _prepare_bar(self, label, value, report, date, domain, **options):
        return {
            "label": label,
            "value": value,
            "action": self._prepare_action(label, report, date, domain),
            **options,
        }

    @staticmethod
    def _prepare_head(label, kind):
        return {"label": label, "kind": kind}

    # -------------------------------------------------------------------------
    # The sections
    # -------------------------------------------------------------------------

    def _get_balance(self, date):
        totals = self._add_up(
            "item", date, ["amount_residual", "amount_overdue"], groupby=["bucket_id"]
        )
        buckets = sorted(totals, key=lambda key: key[0].rank)
        debt = sum(
            one["amount_residual"] for (bucket,), one in totals.items() if bucket.kind != "credit"
        )
        overdue = sum(one["amount_overdue"] for one in totals.values())
        return {
            "tiles": [
                self._prepare_tile(
                    "receivable",
                    self.env._("Receivable"),
                    sum(one["amount_residual"] for one in totals.values()),
                    "monetary",
                    "item",
                    date,
                    field="amount_residual",
                ),
                self._prepare_tile(
                    "overdue",
                    self.env._("Overdue"),
                    overdue,
                    "monetary",
                    "item",
                    date,
                    field="amount_overdue",
                    domain=[("amount_overdue", ">", 0)],
                    share=self._divide(overdue, debt),
                    note=self.env._("of the open debts"),
                ),
            ],
            "charts": [
                {
                    "key": "ageing",
                    "type": "bar",
                    "title": self.env._("Aged balance"),
                    "kind": "monetary",
                    "bars": [
                        self._prepare_bar(
                            key[0].display_name,
                            totals[key]["amount_residual"],
                            "item",
                            date,
                            [("bucket_id", "=", key[0].id)],
                            tone="late" if key[0].kind == "late" else "plain",
                        )
                        for key in buckets
                    ],
                }
            ],
        }

    def _get_month(self, date):
        measures = [
            "amount_receivable",
            "amount_overdue",
            "amount_days",
            "amount_days_current",
            "amount_days_countback",
            "amount_sales_period",
            "amount_collected",
            "amount_collectable",
        ]
        months = self._add_up("month", date, measures, groupby=["date:day"])
        now = months.get((date,)) or dict.fromkeys(measures, 0)
        own = [("date", "=", date)]
        return {
            "tiles": [
                self._prepare_tile(
                    "dso",
                    self.env._("DSO"),
                    self._divide(now["amount_days"], now["amount_sales_period"]),
                    "days",
                    "month",
                    date,
                    field="dso",
                    domain=own,
                    days=self._divide(now["amount_days_current"], now["amount_sales_period"]),
                    note=self.env._("at best"),
                ),
                self._prepare_tile(
                    "dso_countback",
                    self.env._("DSO, count-back"),
                    self._divide(now["amount_days_countback"], now["amount_receivable"]),
                    "days",
                    "month",
                    date,
                    field="dso_countback",
                    domain=own,
                ),
                self._prepare_tile(
                    "cei",
                    self.env._("Collection effectiveness"),
                    self._divide(now["amount_collected"], now["amount_collectable"]),
                    "percent",
                    "month",
                    date,
                    field="cei",
                    domain=own,
                    note=self.env._("this month"),
                ),
            ],
            "charts": [self._get_trend(date, months)],
        }

    def _get_trend(self, date, months):
        days = sorted(day for (day,) in months)
        return {
            "key": "trend",
            "type": "trend",
            "title": self.env._("Overdue and DSO, a year"),
            "kind": "monetary",
            "line_label": self.env._("DSO (days)"),
            "bar_label": self.env._("Overdue"),
            "bars": [
                self._prepare_bar(
                    fields.Date.to_string(day),
                    months[day,]["amount_overdue"],
                    "item",
                    day,
                    [("amount_overdue", ">", 0)],
                    is_month=True,
                    line=self._divide(
                        months[day,]["amount_days"], months[day,]["amount_sales_period"]
                    ),
                )
                for day in days
            ],
        }

    def _get_payment(self, date):
        domain = self._get_month_domain("date", date)
        [paid] = self._add_up(
            "payment", date, ["amount", "amount_late", "amount_days", "days_late"], domain
        ).values()
        return {
            "tiles": [
                self._prepare_tile(
                    "received",
                    self.env._("Received this month"),
                    paid["amount"],
                    "monetary",
                    "payment",
                    date,
                    field="amount",
                    domain=domain,
                    share=self._divide(paid["amount_late"], paid["amount"]),
                    note=self.env._("after the due date"),
                ),
                self._prepare_tile(
                    "days_late",
                    self.env._("Days late, by amount"),
                    self._divide(paid["amount_days"], paid["amount"]),
                    "days",
                    "payment",
                    date,
                    field="days_late_weighted",
                    domain=domain,
                    days=self._divide(paid["days_late"], paid["__count"]),
                    note=self.env._("per payment"),
                ),
            ],
        }

    def _get_promise(self, date):
        domain = [
            ("date_deadline", ">", date - timedelta(days=RECENT_DAYS)),
            ("judged_count", "=", 1),
        ]
        [promised] = self._add_up(
            "promise",
            date,
            ["kept_count", "judged_count", "amount_kept", "amount_judged"],
            domain,
        ).values()
        return {
            "tiles": [
                self._prepare_tile(
                    "promises",
                    self.env._("Promises kept"),
                    self._divide(promised["kept_count"], promised["judged_count"]),
                    "percent",
                    "promise",
                    date,
                    field="rate",
                    domain=domain,
                    share=self._divide(promised["amount_kept"], promised["amount_judged"]),
                    note=self.env._("by amount, last 90 days"),
                )
            ],
        }

    def _get_recovery(self, date):
        """Notices whose days were over in the last ninety."""
        domain = [("is_over", "=", True), ("date_sent", ">", date - timedelta(days=RECENT_DAYS))]
        measures = ["amount", "amount_paid"]
        totals = self._add_up("recovery", date, measures, domain, ["level_id", "channels"])
        levels, channels = (self._regroup(totals, position) for position in (0, 1))
        labels = dict(self.env["credit.collection.report.recovery"]._selection_channels())
        claimed = sum(one["amount"] for one in levels.values())
        paid = sum(one["amount_paid"] for one in levels.values())
        return {
            "tiles": [
                self._prepare_tile(
                    "recovery",
                    self.env._("Recovered after notices"),
                    self._divide(paid, claimed),
                    "percent",
                    "recovery",
                    date,
                    field="amount_paid",
                    domain=domain,
                    note=self.env._(
                        "within %(days)s days, last 90 days",
                        days=self.env.company.collection_recovery_days,
                    ),
                )
            ],
            "charts": [
                {
                    "key": "recovery",
                    "type": "bar",
                    "title": self.env._("Recovered, by level and by channel"),
                    "kind": "percent",
                    "bars": [
                        *self._get_level_bars(date, domain, levels),
                        *(
                            self._prepare_bar(
                                labels.get(key, self.env._("No channel")),
                                self._divide(
                                    channels[key,]["amount_paid"], channels[key,]["amount"]
                                ),
                                "recovery",
                                date,
                                [*domain, ("channels", "=", key)],
                                tone="plain",
                            )
                            for (key,) in sorted(channels, key=str)
                        ),
                    ],
                }
            ],
        }

    def _get_level_bars(self, date, domain, totals):
        """Return a bar for each level; policies may have levels of the same name."""
        levels = self.env["credit.collection.level"].union(*(level for (level,) in totals))
        bars = []
        for name, same in levels.sorted("delay_days").grouped("name").items():
            claimed, paid = (
                sum(totals[level,][measure] for level in same)
                for measure in ("amount", "amount_paid")
            )
            bars.append(
                self._prepare_bar(
                    name,
                    self._divide(paid, claimed),
                    "recovery",
                    date,
                    [*domain, ("level_id", "in", same.ids)],
                    tone="late",
                )
            )
        return bars

    def _get_dispute(self, date):
        domain = [("amount_open", ">", 0)]
        reasons = self._add_up("dispute", date, ["amount_open"], domain, ["reason_id"])
        ranked = sorted(reasons, key=lambda key: -reasons[key]["amount_open"])
        return {
            "tiles": [
                self._prepare_tile(
                    "disputed",
                    self.env._("Disputed"),
                    sum(one["amount_open"] for one in reasons.values()),
                    "monetary",
                    "dispute",
                    date,
                    field="amount",
                    domain=domain,
                    note=self.env._(
                        "disputes open: %(count)s",
                        count=sum(one["__count"] for one in reasons.values()),
                    ),
                )
            ],
            "charts": [
                {
                    "key": "disputes",
                    "type": "bar",
                    "title": self.env._("Disputed, by reason"),
                    "kind": "monetary",
                    "bars": [
                        self._prepare_bar(
                            reason.name,
                            reasons[reason,]["amount_open"],
                            "dispute",
                            date,
                            [*domain, ("reason_id", "=", reason.id)],
                            tone="plain",
                        )
                        for (reason,) in ranked[:REASONS]
                    ],
                }
            ],
        }

    def _get_charge(self, date):
        domain = self._get_month_domain("date_sent", date)
        [charged] = self._add_up("charge", date, ["amount", "amount_collected"], domain).values()
        return {
            "tiles": [
                self._prepare_tile(
                    "charges",
                    self.env._("Charges claimed"),
                    charged["amount"],
                    "monetary",
                    "charge",
                    date,
                    field="amount",
                    domain=domain,
                    share=self._divide(charged["amount_collected"], charged["amount"]),
                    note=self.env._("collected, this month"),
                )
            ],
        }

    def _get_forecast(self, date):
        expected = self._add_up(
            "forecast", date, ["amount"], [("date_expected", "!=", False)], ["date_expected:day"]
        )
        until = date + timedelta(days=FORECAST_TILE_DAYS)
        soon = [("date_expected", "<=", until), ("date_expected", "!=", False)]
        weeks = defaultdict(float)
        for (day,), total in expected.items():
            weeks[fields.Date.start_of(day, "week")] += total["amount"]
        ahead = sorted(weeks)[:FORECAST_WEEKS]
        return {
            "tiles": [
                self._prepare_tile(
                    "expected",
                    self.env._("Expected in four weeks"),
                    sum(total["amount"] for (day,), total in expected.items() if day <= until),
                    "monetary",
                    "forecast",
                    date,
                    field="date_expected",
                    domain=soon,
                )
            ],
            "charts": [
                {
                    "key": "forecast",
                    "type": "bar",
                    "title": self.env._("Cash forecast, per week"),
                    "kind": "monetary",
                    "bars": [
                        self._prepare_bar(
                            fields.Date.to_string(week),
                            weeks[week],
                            "forecast",
                            date,
                            [("week", "=", week)],
                            is_week=True,
                            tone="plain",
                        )
                        for week in ahead
                    ],
                },
                self._get_accuracy(date),
            ],
        }

    def _get_accuracy(self, date):
        """Return what was forecast a week before, and what came in."""
        domain = [
            ("weeks_ahead", "=", 1),
            ("is_over", "=", True),
            ("week", ">", date - timedelta(weeks=PAST_WEEKS + 1)),
        ]
        weeks = self._add_up(
            "accuracy", date, ["amount_expected", "amount_received"], domain, ["week:day"]
        )
        return {
            "key": "accuracy",
            "type": "pair",
            "title": self.env._("Forecast a week before, and received"),
            "kind": "monetary",
            "bar_label": self.env._("Expected"),
            "line_label": self.env._("Received"),
            "bars": [
                self._prepare_bar(
                    fields.Date.to_string(week),
                    weeks[week,]["amount_expected"],
                    "accuracy",
                    date,
                    [("weeks_ahead", "=", 1), ("week", "=", week)],
                    is_week=True,
                    line=weeks[week,]["amount_received"],
                )
                for (week,) in sorted(weeks)
            ],
        }

    def _get_roll(self, date):
        """Return a row for each class: how much of it went to each other class."""
        cells = self._add_up("roll", date, ["amount"], groupby=["bucket_from_id", "bucket_to_id"])
        rows = sorted({key[0] for key in cells}, key=lambda bucket: bucket.rank)
        columns = sorted({key[1] for key in cells}, key=lambda bucket: bucket.rank)
        totals = {
            row: sum(one["amount"] for key, one in cells.items() if key[0] == row) for row in rows
        }
        return {
            "table": {
                "key": "roll",
                "title": self.env._("Roll rates"),
                "note": self.env._(
                    "What was open on %(date)s, by age then (rows) and now (columns)",
                    date=self.env["ir.qweb.field.date"].value_to_html(
                        self.env["credit.collection.report.roll"]._get_date_from(date), {}
                    ),
                ),
                "heads": [
                    self._prepare_head(self.env._("Age before"), "text"),
                    self._prepare_head(self.env._("Amount"), "monetary"),
                    *(self._prepare_head(bucket.display_name, "percent") for bucket in columns),
                ],
                "rows": [
                    {
                        "key": row.id,
                        "cells": [
                            row.display_name,
                            totals[row],
                            *(
                                self._divide(
                                    cells.get((row, column), {}).get("amount"), totals[row]
                                )
                                for column in columns
                            ),
                        ],
                        "action": self._prepare_action(
                            self.env._("Roll rates"),
                            "roll",
                            date,
                            [("bucket_from_id", "=", row.id)],
                            ("pivot", "list"),
                        ),
                    }
                    for row in rows
                ],
            }
        }

    def _get_collector(self, date):
        """Return what each collector recovered and did in the month."""
        domain = self._get_month_domain("date", date)
        cells = self._add_up("collector", date, ["amount"], domain, ["user_id", "kind"])
        overdue = self._add_up(
            "item", date, ["amount_overdue"], [("amount_overdue", ">", 0)], ["user_id"]
        )
        users = {key[0] for key in cells} | {user for (user,) in overdue}

        def count(user, kind, measure="__count"):
            return cells.get((user, kind), {}).get(measure, 0)

        ranked = sorted(users, key=lambda user: (-count(user, "recovered", "amount"), user.id))
        return {
            "table": {
                "key": "collectors",
                "title": self.env._("Collectors this month"),
                "heads": [
                    self._prepare_head(self.env._("Collector"), "text"),
                    self._prepare_head(self.env._("Recovered"), "monetary"),
                    self._prepare_head(self.env._("Overdue now"), "monetary"),
                    self._prepare_head(self.env._("Calls"), "integer"),
                    self._prepare_head(self.env._("Notices"), "integer"),
                    self._prepare_head(self.env._("Promises"), "integer"),
                    self._prepare_head(self.env._("Kept"), "integer"),
                    self._prepare_head(self.env._("Disputes settled"), "integer"),
                ],
                "rows": [
                    {
                        "key": user.id or 0,
                        "cells": [
                            user.display_name or self.env._("Nobody"),
                            count(user, "recovered", "amount"),
                            overdue.get((user,), {}).get("amount_overdue", 0),
                            *(
                                count(user, kind)
                                for kind in ("call", "notice", "promise", "kept", "dispute")
                            ),
                        ],
                        "action": self._prepare_action(
                            user.display_name or self.env._("Nobody"),
                            "collector",
                            date,
                            [*domain, ("user_id", "=", user.id)],
                            ("pivot", "list", "graph"),
                        ),
                    }
                    for user in ranked[:COLLECTORS]
                ],
            }
        }
