from . import (
    test_assessment,
    test_automation,
    test_case,
    test_delivery,
    test_dunning,
    test_hold,
    test_invoice_lifecycle,
    test_policy,
    test_run,
    test_tours,
)
