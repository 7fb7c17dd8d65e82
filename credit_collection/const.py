"""The few words that several models share."""

# In the context of a ledger that is taken over: its documents keep their numbers. An object, which
# no call from outside can send.
KEEP_NUMBERS = object()

# How a notice can reach the customer. Another module adds its own with `_get_channels()`.
CHANNELS = [
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("call", "Call"),
]

# What a customer can read, and keep as a proof.
WRITTEN_CHANNELS = ("email", "letter")

# How a customer and the creditor speak to each other.
CONTACT_CHANNELS = [
    ("call", "Call"),
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("visit", "Visit"),
    ("other", "Other"),
]
SPOKEN_CONTACTS = ("call", "visit")
WRITTEN_CONTACTS = ("email", "letter", "other")

# Whose debt it is, as the laws on late payment tell them apart.
DEBTOR_KINDS = [
    ("business", "Business"),
    ("consumer", "Consumer"),
    ("public", "Public body"),
]

# What a claim is for, where the law knows different periods of limitation.
CLAIM_NATURES = [
    ("general", "General"),
    ("goods", "Sale of goods"),
    ("periodic", "Periodic debts, rent, interest"),
    ("utilities", "Water, gas, electricity, telecom"),
    ("transport", "Transport"),
    ("hotel", "Hotel and restaurant"),
    ("insurance", "Insurance premiums"),
    ("medical", "Hospital and medical care"),
    ("professional", "Fees of lawyers and experts"),
]

# What a contract says of late interest.
INTEREST_CLAUSES = [
    ("none", "Nothing"),
    ("law", "The rate of the law"),
    ("rate", "A rate of its own"),
]

# When interest or fees that were claimed are booked.
CHARGE_POSTINGS = [
    ("never", "Never: they are printed on the notice"),
    ("manual", "When a person says so"),
    ("sending", "When the notice is sent"),
]

# Why an open item is, or is not, to be reminded now. The order is the precedence: the first that
# applies is the one that is shown. See `credit.collection.item._assess`.
DECISIONS = [
    ("credit", "Open credit"),
    ("excluded", "Excluded from dunning"),
    ("blocked", "Payment blocked"),
    ("in_payment", "In payment"),
    ("no_dunning", "No dunning"),
    ("hold", "On hold"),
    ("tolerance", "Below tolerance"),
    ("credits", "Covered by credits"),
    ("failed", "Notice not delivered"),
    ("period", "Period of the first reminder"),
    ("last_level", "Last level reached"),
    ("not_late", "Not late enough"),
    ("waiting", "Waiting since the last notice"),
    ("quiet", "Quiet days"),
    ("queued", "Notice about to be sent"),
    ("separate", "Another notice goes first"),
    ("minimum", "Below the minimum of the level"),
    ("due", "To be reminded"),
]

# An overdue item with one of these decisions is listed on its customer's notice.
CLAIMED_DECISIONS = (
    "failed",
    "last_level",
    "not_late",
    "waiting",
    "quiet",
    "queued",
    "separate",
    "minimum",
    "due",
)

# What a person should read first about a customer or an invoice, whatever comes by itself later.
URGENT_DECISIONS = ("failed", "last_level", "due")

# What neither a loss nor a provision is booked on.
BALANCE_ACCOUNTS = (
    "asset_receivable",
    "liability_payable",
    "asset_cash",
    "liability_credit_card",
    "off_balance",
)

# The accounts that are proposed for doubtful debts, write-offs and charges, by chart of accounts:
# how their codes begin. Of several accounts the first by code is taken. Other charts have none.
ACCOUNT_PREFIXES = {
    "be": {
        "collection_write_off_account_id": "642",
        "collection_doubtful_account_id": "407",
        "collection_provision_account_id": "409",
        "collection_provision_expense_account_id": "634",
        "collection_interest_account_id": "756",
        "collection_fee_account_id": "743",
    },
    "fr": {
        "collection_write_off_account_id": "654",
        "collection_doubtful_account_id": "416",
        "collection_provision_account_id": "491",
        "collection_provision_expense_account_id": "68174",  # 68173 is about stocks
        "collection_interest_account_id": "7631",
        "collection_fee_account_id": "7581",
    },
    "nl": {
        "collection_interest_account_id": "4795",
        "collection_fee_account_id": "8090",
    },
    "lu": {
        "collection_interest_account_id": "7553",
        "collection_fee_account_id": "748",
    },
    "de_skr03": {
        "collection_interest_account_id": "2650",
        "collection_fee_account_id": "2700",
    },
    "de_skr04": {
        "collection_interest_account_id": "7110",
        "collection_fee_account_id": "4830",
    },
}

# What a litigation is, the gravest last. The alphabet agrees: SQL takes the highest one.
LITIGATION_CATEGORIES = [
    ("amicable", "Amicable recovery"),
    ("court", "Court"),
    ("insolvency", "Insolvency"),
]

TIME_UNITS = [("days", "days"), ("months", "months")]

# what interrupts the limitation of a claim
INTERRUPTIONS = [
    ("acknowledgement", "Acknowledgement of debt"),
    ("written_notice", "Written notice to the debtor"),
    ("lawyer_notice", "Formal notice by a lawyer or bailiff"),
    ("bailiff", "Order or seizure by a bailiff"),
    ("court", "Proceedings in court"),
    ("title", "Judgment or other title"),
]

# In the context: the day as of which figures are read; today when there is none.
FIGURES_DATE_KEY = "credit_collection_date"

# Why money is expected on a day.
FORECAST_SOURCES = [
    ("due", "Due date and usual delay"),
    ("promise", "Promises"),
    ("plan", "Payment plans"),
]
