"""Prove that pytest and Odoo's own runner ran the same tests.

``compare_runs.py COLLECTED ODOO_LOG``: COLLECTED is what conftest.py wrote down; Odoo logs each
test that it starts, and their number at the end.
"""

import collections
import re
import sys
from pathlib import Path

_START = re.compile(
    r" INFO \S+ (odoo\.addons\.credit_collection\.tests\.\w+): Starting (\S+) \.\.\."
)
_RESULT = re.compile(r"odoo\.tests\.result: (\d+) failed, (\d+) error\(s\) of (\d+) tests")


def main(collected, log):
    collected = Path(collected).read_text().splitlines()
    log = Path(log).read_text(errors="replace")
    result = _RESULT.search(log)
    if not result:
        print("Odoo's runner did not get to its end.")
        return 1
    failed, errors, count = map(int, result.groups())
    print(
        f"Odoo's runner: {count} tests, {failed} failed, {errors} errors; "
        f"pytest: {len(collected)} tests."
    )
    in_pytest = collections.Counter(collected)
    in_odoo = collections.Counter(f"{module}: {test}" for module, test in _START.findall(log))
    for test in (in_pytest - in_odoo).elements():
        print(f"only pytest runs {test}  (inherited? imported? not in tests/__init__.py?)")
    for test in (in_odoo - in_pytest).elements():
        print(f"only Odoo runs {test}")
    same = in_pytest == in_odoo and len(collected) == count
    return 0 if same and count and not failed and not errors else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
