from . import (
    base_partner_merge_automatic_wizard,
    credit_collection_case_assign,
    credit_collection_case_doubtful,
    credit_collection_case_hold,
    credit_collection_case_interest,
    credit_collection_case_write_off,
    credit_collection_charge_decide,
    credit_collection_dunning_cancel,
    credit_collection_ledger_import,
    credit_collection_move_policy,
    credit_collection_payment_plan_decline,
)
