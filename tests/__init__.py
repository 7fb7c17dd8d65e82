from . import (
    test_assessment,
    test_delivery,
    test_dunning,
    test_hold,
    test_policy,
    test_run,
)
