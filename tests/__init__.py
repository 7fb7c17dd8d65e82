from . import (
    test_assessment,
    test_run,
)
