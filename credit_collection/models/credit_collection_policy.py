from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.placeholders import unknown_placeholders


class CreditCollectionPolicy(models.Model):
    _name = "credit.collection.policy"
    _description = "Dunning Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Leave empty to share the policy between all companies.",
    )
    is_no_dunning = fields.Boolean(
        "No dunning",
        tracking=True,
        help="Customers and invoices under this policy are never reminded.",
    )
    is_automatic = fields.Boolean(
        "Send without review",
        tracking=True,
        help="The daily run approves and sends the notices of this policy by itself. "
        "Otherwise they wait for you as a proposal.",
    )
    catch_up = fields.Selection(
        [("step", "One level at a time"), ("jump", "Straight to the level reached")],
        required=True,
        default="step",
        tracking=True,
        help="What happens to an invoice that is later than its next level, for instance because "
        "nothing ran for weeks. Step by step, a customer never misses the friendly reminder.",
    )
    grouping = fields.Selection(
        [("customer", "One per customer"), ("level", "One per customer and level")],
        string="Notices",
        required=True,
        default="customer",
        tracking=True,
    )
    quiet_days = fields.Integer(
        tracking=True,
        help="Least number of days between two notices to one customer, whatever the invoice.",
    )
    grace_days = fields.Integer(
        tracking=True,
        help="Days added to the delay of every level after the due date, for payments under way.",
    )
    tolerance = fields.Float(
        digits="Account",
        tracking=True,
        help="Open amounts below this, in the currency of the company, are not worth a reminder.",
    )
    include_in_payment = fields.Boolean(
        "Remind invoices in payment",
        help="Also remind invoices whose payment is registered but not yet seen at the bank.",
    )
    level_ids = fields.One2many("credit.collection.level", "policy_id", copy=True)
    summary = fields.Text("In words", compute="_compute_summary")

    _quiet_days_positive = models.Constraint(
        "CHECK (quiet_days >= 0 AND grace_days >= 0 AND tolerance >= 0)",
        "Quiet days, grace days and tolerance cannot be negative.",
    )

    @api.depends("level_ids.name", "level_ids.delay_days", "level_ids.wait_days")
    @api.depends("level_ids.send_email", "level_ids.send_letter", "level_ids.send_call")
    @api.depends("level_ids.channel_mode", "level_ids.amount_min", "grace_days")
    def _compute_summary(self):
        """Tell the ladder as a story, one line per level."""
        for policy in self:
            levels = policy.level_ids.sorted("delay_days")
            policy.summary = "\n".join(level._describe() for level in levels)

    @api.constrains("level_ids", "is_no_dunning")
    def _check_levels(self):
        for policy in self:
            if policy.is_no_dunning and policy.level_ids:
                raise ValidationError(
                    self.env._(
                        "%(policy)s is a policy without dunning: remove its levels first.",
                        policy=policy.name,
                    )
                )
            if policy.level_ids.sorted("delay_days")[:1].wait_days:
                raise ValidationError(
                    self.env._(
                        "The first level of %(policy)s has no previous notice to wait for: "
                        "set its wait to 0 days.",
                        policy=policy.name,
                    )
                )

    @api.constrains("active", "company_id")
    def _check_default_policy(self):
        """The default policy of a company stays usable by it."""
        Company = self.env[
            "res.company"
        ].sudo()  # every company counts, also those not allowed here
        for company in Company.search([("collection_policy_id", "in", self.ids)]):
            policy = company.collection_policy_id
            if not policy.active or (policy.company_id and policy.company_id != company):
                raise ValidationError(
                    self.env._(
                        "%(policy)s is the default policy of %(company)s: choose another default "
                        "in the settings first.",
                        policy=policy.name,
                        company=company.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        policies._assess_soon()
        return policies

    def write(self, vals):
        res = super().write(vals)
        self._assess_soon()
        return res

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for policy, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", policy.name)
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.with_context(active_test=False).level_ids._unlink_except_used()

    @api.model
    def _assess_soon(self):
        """Let the scheduled action look at the ledgers again: every item may be concerned."""
        self.env.ref("credit_collection.ir_cron_assess").sudo()._trigger()


class CreditCollectionLevel(models.Model):
    _name = "credit.collection.level"
    _description = "Dunning Level"
    _order = "policy_id, delay_days, id"

    policy_id = fields.Many2one(
        "credit.collection.policy", required=True, ondelete="cascade", index=True
    )
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    delay_days = fields.Integer(
        "Days after due date",
        required=True,
        help="Days between the due date and this level. "
        "Negative for a courtesy reminder before it.",
    )
    wait_days = fields.Integer(
        "Days after previous notice",
        help="Least number of days since the previous notice on the same invoice was sent.",
    )
    amount_min = fields.Float(
        "Minimum amount",
        digits="Account",
        help="Nothing is sent at this level while the customer owes less, in company currency.",
    )
    send_email = fields.Boolean("E-mail", default=True)
    send_letter = fields.Boolean("Letter")
    send_call = fields.Boolean("Call task")
    channel_mode = fields.Selection(
        [
            ("first", "The first that works"),
            ("all", "All of them"),
        ],
        string="Channels used",
        required=True,
        default="first",
        help="With several channels: use the next one only when the one before it fails "
        "(a letter for a dead e-mail address), or use all of them at once.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        "E-mail template",
        domain=[("model", "=", "credit.collection.dunning")],
        default=lambda self: self._default_mail_template_id(),
        ondelete="restrict",
    )
    is_formal_notice = fields.Boolean(
        "Formal notice",
        help="The notice puts the customer formally on notice to pay: under some laws interest "
        "runs from then on.",
    )
    charge_interest = fields.Boolean(
        "Claim interest",
        help="The interest for late payment that the law, or the contract, gives up to the notice.",
    )
    charge_fees = fields.Boolean(
        "Claim compensation",
        help="The compensation and fees for late payment that the law, or the contract, gives.",
    )
    attach_invoices = fields.Boolean("Attach the invoices")
    show_items = fields.Boolean("List the invoices", default=True)
    deadline_days = fields.Integer(
        "New deadline (days)",
        default=8,
        help="The notice asks to pay within this number of days after it is sent.",
    )
    letter_subject = fields.Char(
        required=True, translate=True, default=lambda self: self.env._("Payment reminder")
    )
    letter_intro = fields.Html(
        "Text before the table",
        required=True,
        translate=True,
        sanitize="email_outgoing",
        default=lambda self: self._default_letter_intro(),
    )
    letter_closing = fields.Html("Text after the table", translate=True, sanitize="email_outgoing")
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        "Task when sent",
        help="A task of this type is given to the collector when the notice has been sent.",
    )
    is_last = fields.Boolean(compute="_compute_is_last")

    _delay_unique = models.UniqueIndex(
        "(policy_id, delay_days) WHERE active",
        "Two levels of one policy cannot have the same delay.",
    )
    _days_positive = models.Constraint(
        "CHECK (wait_days >= 0 AND deadline_days >= 0 AND amount_min >= 0)",
        "The wait, the deadline and the minimum amount cannot be negative.",
    )

    @api.model
    def _default_mail_template_id(self):
        Template = self.env["mail.template"]
        return Template.search([("model", "=", "credit.collection.dunning")], order="id", limit=1)

    @api.model
    def _default_letter_intro(self):
        """Return a text that says what must be said, for a level without words of its own."""
        text = self.env._(
            "The invoices below are still unpaid. Please pay {amount_due} by {deadline}."
        )
        return Markup("<p>%s</p>") % text

    @api.depends("policy_id.level_ids.delay_days")
    def _compute_is_last(self):
        for level in self:
            level.is_last = level == level.policy_id.level_ids.sorted("delay_days")[-1:]

    @api.constrains("send_email", "send_letter", "send_call", "mail_template_id")
    def _check_channels(self):
        for level in self:
            if not level._get_channels():
                raise ValidationError(
                    self.env._("Choose at least one channel for %(level)s.", level=level.name)
                )
            if level.send_email and not level.mail_template_id:
                raise ValidationError(
                    self.env._("Choose the e-mail template of %(level)s.", level=level.name)
                )

    @api.constrains("letter_subject", "letter_intro", "letter_closing")
    def _check_placeholders(self):
        known = self.env["credit.collection.dunning"]._get_placeholder_names()
        for level in self:
            for text in (level.letter_subject, level.letter_intro, level.letter_closing):
                unknown = unknown_placeholders(text or "", known)
                if unknown:
                    raise ValidationError(
                        self.env._(
                            "The text of %(level)s uses %(unknown)s, which does not exist. "
                            "You can use: %(known)s.",
                            level=level.name,
                            unknown=", ".join(f"{{{name}}}" for name in sorted(unknown)),
                            known=", ".join(f"{{{name}}}" for name in sorted(known)),
                        )
                    )

    @api.constrains("wait_days", "delay_days", "policy_id")
    def _check_first_level(self):
        self.policy_id._check_levels()

    @api.model_create_multi
    def create(self, vals_list):
        levels = super().create(vals_list)
        self.env["credit.collection.policy"]._assess_soon()
        return levels

    def write(self, vals):
        res = super().write(vals)
        self.env["credit.collection.policy"]._assess_soon()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.env["credit.collection.dunning.line"].sudo()  # sent by any company
        for level in self:
            if used.search_count([("level_id", "=", level.id)], limit=1):
                raise UserError(
                    self.env._(
                        "Notices were made at the level %(level)s: archive it instead.",
                        level=level.name,
                    )
                )

    @api.depends("policy_id.name")
    @api.depends_context("show_policy")
    def _compute_display_name(self):
        res = super()._compute_display_name()
        if self.env.context.get("show_policy"):
            for level in self:
                level.display_name = f"{level.policy_id.name}: {level.name}"
        return res

    def _describe(self):
        """Say in words when this level comes, and how."""
        self.ensure_one()
        delay = self.delay_days + (self.policy_id.grace_days if self.delay_days >= 0 else 0)
        values = {
            "level": self.name or "",
            "days": abs(delay),
            "wait": self.wait_days,
            "channels": self._describe_channels(),
        }
        if delay < 0:
            return self.env._(
                "%(level)s: %(days)s days before the due date, by %(channels)s.", **values
            )
        if not self.wait_days:
            return self.env._(
                "%(level)s: %(days)s days after the due date, by %(channels)s.", **values
            )
        return self.env._(
            "%(level)s: %(days)s days after the due date, and at least %(wait)s days after the "
            "previous notice, by %(channels)s.",
            **values,
        )

    def _describe_channels(self):
        words = self._get_channel_words()
        channels = [words[channel] for channel in self._get_channels()]
        if self.channel_mode == "all":
            return self.env._(" and ").join(channels)
        return self.env._(" or else ").join(channels)

    def _get_channel_words(self):
        """Return what each channel is called in the middle of a sentence."""
        return {
            "email": self.env._("e-mail"),
            "letter": self.env._("letter"),
            "call": self.env._("phone"),
        }

    def _get_channels(self):
        """Return the channels of this level, in the order in which they are tried."""
        self.ensure_one()
        wanted = {"email": self.send_email, "letter": self.send_letter, "call": self.send_call}
        return [channel for channel, is_wanted in wanted.items() if is_wanted]
