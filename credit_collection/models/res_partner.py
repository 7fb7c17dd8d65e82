from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import CLAIM_NATURES, DEBTOR_KINDS, INTEREST_CLAUSES
from .credit_collection_interest import Contract

_READERS = "credit_collection.credit_collection_group_readonly"

_COLLECTORS = "credit_collection.credit_collection_group_user"

_MANAGERS = "credit_collection.credit_collection_group_manager"


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "credit.collection.litigated"]

    collection_policy_id = fields.Many2one(
        "credit.collection.policy",
        "Dunning policy",
        company_dependent=True,
        copy=False,
        groups=_READERS,
        help="Overrides the rules by segment and the default policy of the company.",
    )
    collection_debtor_kind = fields.Selection(
        DEBTOR_KINDS,
        "Kind of debtor",
        copy=False,
        groups=_READERS,
        help="Decides which law applies to late payment. When empty: a company, or somebody with a "
        "tax number, is a business, and any other person a consumer.",
    )
    collection_nature = fields.Selection(
        CLAIM_NATURES,
        "Nature of the claims",
        copy=False,
        groups=_READERS,
        help="Decides after how long the claims lapse. As set for the company when empty.",
    )
    collection_debtor_kind_applied = fields.Selection(
        DEBTOR_KINDS,
        "Treated as",
        compute="_compute_collection_debtor_kind_applied",
        groups=_READERS,
    )
    collection_legal_profile_id = fields.Many2one(
        "credit.collection.legal.profile",
        "Law of the contract",
        company_dependent=True,
        copy=False,
        groups=_READERS,
        help="When empty: the law of his country for a consumer or a public body, that of your "
        "company for a business.",
    )
    collection_has_own_terms = fields.Boolean(
        "Terms of his own",
        company_dependent=True,
        copy=False,
        groups=_READERS,
        help="His contract says something else of late payment than your terms of sale.",
    )
    collection_interest_clause = fields.Selection(
        INTEREST_CLAUSES,
        "Contract on late interest",
        company_dependent=True,
        copy=False,
        groups=_READERS,
    )
    collection_interest_rate = fields.Float(
        "Contract rate (% a year)",
        digits=(6, 2),
        company_dependent=True,
        copy=False,
        groups=_READERS,
    )
    collection_penalty_percent = fields.Float(
        "Penalty clause (%)", digits=(6, 2), company_dependent=True, copy=False, groups=_READERS
    )
    collection_penalty_min = fields.Float(
        "Penalty at least",
        digits="Account",
        company_dependent=True,
        copy=False,
        groups=_READERS,
        help="In the currency of the company.",
    )
    collection_penalty_max = fields.Float(
        "Penalty at most",
        digits="Account",
        company_dependent=True,
        copy=False,
        groups=_READERS,
        help="In the currency of the company. No limit when zero.",
    )
    collection_amount_overdue = fields.Monetary(
        "Overdue", compute="_compute_collection_case", groups=_READERS
    )
    collection_explanation = fields.Char(
        "Next in dunning", compute="_compute_collection_case", groups=_READERS
    )
    collection_user_id = fields.Many2one(
        "res.users", "Collector", compute="_compute_collection_case", groups=_READERS
    )
    dunning_level_id = fields.Many2one(
        "credit.collection.level",
        "Dunning level",
        compute="_compute_collection_case",
        groups=_READERS,
    )

    @api.depends(
        "commercial_partner_id.collection_debtor_kind",
        "commercial_partner_id.is_company",
        "commercial_partner_id.vat",
    )
    def _compute_collection_debtor_kind_applied(self):
        kinds = self._collection_get_debtor_kind()
        for partner in self:
            partner.collection_debtor_kind_applied = kinds[partner]

    @api.depends_context("company", "lang")
    def _compute_collection_case(self):
        """What the case in the current company says about the customer."""
        cases = self.env["credit.collection.case"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ]
        )
        by_partner = cases.grouped("partner_id")
        for partner in self:
            case = by_partner.get(partner.commercial_partner_id, cases.browse())
            partner.collection_amount_overdue = case.amount_overdue
            partner.collection_explanation = case.explanation
            partner.collection_user_id = case.user_id
            partner.dunning_level_id = case.level_id

    @api.constrains("collection_legal_profile_id", "collection_debtor_kind")
    def _check_collection_legal_profile_id(self):
        for partner in self.sudo():
            profile = partner.collection_legal_profile_id
            if profile and not partner._collection_is_law_for(profile):
                raise ValidationError(
                    self.env._(
                        "%(law)s is not for %(customer)s: choose a law for this kind of debtor.",
                        law=profile.name,
                        customer=partner.display_name,
                    )
                )

    @api.constrains(
        "collection_interest_rate",
        "collection_penalty_percent",
        "collection_penalty_min",
        "collection_penalty_max",
    )
    def _check_collection_terms(self):
        for partner in self.sudo():
            if any(partner[name] < 0 for name in self._get_collection_amounts()):
                raise ValidationError(
                    self.env._("The rates and amounts of the contract are not negative.")
                )

    @api.model
    def _get_litigation_status_sql(self, alias):
        """In the current company, whatever the contact."""
        return self._get_case_litigation_status_sql(
            SQL(
                "cases.partner_id = %s AND cases.company_id = %s",
                SQL.identifier(alias, "commercial_partner_id"),
                self.env.company.id,
            )
        )

    @api.model
    def _has_field_access(self, field, operation):
        """Collectors decide how a customer is collected from, managers what he has signed."""
        if operation == "write" and field.name in self._get_collection_contract_fields():
            return self.env.su or self.env.user.has_group(_MANAGERS)
        if operation == "write" and field.name in self._get_collection_fields():
            return self.env.su or self.env.user.has_group(_COLLECTORS)
        return super()._has_field_access(field, operation)

    @api.model
    def _get_collection_fields(self):
        """Return the fields that decide how a customer is collected from."""
        return ("collection_debtor_kind", "collection_nature", "collection_policy_id")

    @api.model
    def _get_collection_contract_fields(self):
        """Return the fields of what a customer has agreed about late payment."""
        return (
            "collection_legal_profile_id",
            "collection_has_own_terms",
            "collection_interest_clause",
            *self._get_collection_amounts(),
        )

    @api.model
    def _get_collection_amounts(self):
        """Return the rates and amounts of a contract, in the order of `Contract`."""
        return (
            "collection_interest_rate",
            "collection_penalty_percent",
            "collection_penalty_min",
            "collection_penalty_max",
        )

    def write(self, vals):
        # looked at before: Odoo takes names out of the values, and a contact may change hands
        debtors = (
            self.commercial_partner_id if self._get_collection_triggers() & vals.keys() else None
        )
        res = super().write(vals)
        if debtors is not None:
            self.env["account.move"]._collection_touch(
                partners=debtors | self.commercial_partner_id
            )
        return res

    @api.model
    def _get_collection_triggers(self):
        """The fields of a customer that the assessment looks at."""
        return {
            "category_id",
            "collection_debtor_kind",
            "collection_legal_profile_id",
            "collection_policy_id",
            "country_id",
            "is_company",
            "parent_id",
            "vat",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_dunned(self):
        """Keep the customers that were dunned or held; an empty case goes with its customer."""
        cases = self.env["credit.collection.case"].sudo().search([("partner_id", "in", self.ids)])
        for case in cases:
            if case._has_history():
                raise UserError(
                    self.env._(
                        "%(customer)s has notices or holds in collections: archive it instead.",
                        customer=case.partner_id.name,
                    )
                )
        cases.unlink()

    def _collection_get_debtor_kind(self):
        """Return `{partner: kind of debtor}`: that of the customer, for each of his contacts."""
        debtors = self.sudo().commercial_partner_id  # whoever asks need not see the customer
        kinds = {debtor.id: debtor._collection_derive_debtor_kind() for debtor in debtors}
        return {partner: kinds[partner.sudo().commercial_partner_id.id] for partner in self}

    def _collection_derive_debtor_kind(self):
        """Return what was set by hand, else what the form of the customer tells."""
        self.ensure_one()
        has_tax_number = bool((self.vat or "").strip(" /"))  # a slash says that there is none
        derived = "business" if self.is_company or has_tax_number else "consumer"
        return self.collection_debtor_kind or derived

    def _collection_get_contracts(self, company):
        """Return `{customer: Contract}` with a company: his own terms, or its terms of sale.

        A consumer and a public body have the law of their country, a business that of the creditor,
        unless the contract says otherwise. Who has no country is where the company is.
        """
        company = company.sudo()
        customers = self.sudo().with_company(company)
        wanted = {customer: customer._collection_get_law(company) for customer in customers}
        Profile = self.env["credit.collection.legal.profile"].sudo()
        found = Profile._find(company, set(wanted.values()))
        contracts = {}
        for customer in customers:
            profile = customer.collection_legal_profile_id
            if not customer._collection_is_law_for(profile):
                profile = Profile  # he has become something else since it was chosen
            if not profile and wanted[customer][1] == "business":
                profile = company.collection_legal_profile_id
            profile = profile or found[wanted[customer]]
            contracts[self.browse(customer.id)] = customer._collection_get_contract(
                company, profile
            )
        return contracts

    def _collection_is_law_for(self, profile):
        """Return whether a law may be chosen for a customer: no consumer loses his protection."""
        self.ensure_one()
        is_consumer = self._collection_derive_debtor_kind() == "consumer"
        return (
            is_consumer == (profile.debtor_kind == "consumer")
            and profile.company_id <= self.env.company
        )

    def _collection_get_law(self, company):
        """Return the country and the kind of debtor whose law applies to a customer by itself."""
        self.ensure_one()
        kind = self._collection_derive_debtor_kind()
        country = self.country_id if kind != "business" else company.country_id
        return country or company.country_id, kind

    def _collection_get_contract(self, company, profile):
        self.ensure_one()
        if not self.collection_has_own_terms:
            return company._collection_get_contract(profile)
        return Contract(
            profile,
            self.collection_interest_clause or "none",
            *(Decimal(str(self[name] or 0)) for name in self._get_collection_amounts()),
        )

    def _get_collection_lang(self, *others):
        """Return the first language of this partner and the others that is installed, else English.

        They are asked one by one: a union of them would be read one by one.
        """
        installed = dict(self.env["res.lang"].get_installed())
        wanted = (partner.lang for partner in (self, *others))
        return next((lang for lang in wanted if lang in installed), "en_US")

    def _get_collection_address(self, customer, company):
        """Return the lines of the address: the customer, this contact, and where they are."""
        self.ensure_one()
        names = [customer.name]
        if self.name and self.name not in names and not self.is_company:
            names.append(self.name)
        elif self.is_company:
            names = [self.name]
        # a contact without an address of its own is found at the customer's
        place = self if self.street or self.city else customer
        country = place.country_id.name
        lines = [" ".join(line.split()) for line in place._display_address(True).splitlines()]
        if place.country_id == company.country_id:
            lines = [line for line in lines if line != country]
        else:
            lines = [line.upper() if line == country else line for line in lines]
        return [line for line in [*names, *lines] if line]

    def action_collection_open_case(self):
        self.ensure_one()
        self.env["credit.collection.case"].check_access("read")
        case = self.env["credit.collection.case"]._get_for_partner(self, self.env.company)
        return case._get_records_action(context={})

    def action_collection_hold(self):
        """Open a new hold on everything this customer owes the current company."""
        self.ensure_one()
        self.env["credit.collection.hold"].check_access("create")
        case = self.env["credit.collection.case"]._get_for_partner(self, self.env.company)
        return case.action_hold()

    def action_collection_statement(self):
        """Choose what the statements of account with the current company are to say."""
        Case = self.env["credit.collection.case"]
        Case.check_access("read")
        cases = Case.union(
            *(Case._get_for_partner(one, self.env.company) for one in self.commercial_partner_id)
        )
        return cases.action_statement()

    def action_collection_litigation(self):
        """Open a new litigation over what this customer owes the current company."""
        self.ensure_one()
        self.env["credit.collection.litigation"].check_access("create")
        case = self.env["credit.collection.case"]._get_for_partner(self, self.env.company)
        return case.action_litigation()
