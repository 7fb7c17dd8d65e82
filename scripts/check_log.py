"""Print the warnings and errors of Odoo's logs that nobody expects, and fail if there are any.

``python check_log.py LOG...``. What may be logged stands in log_allowed.txt, with the reason.
"""

import re
import sys
from pathlib import Path

_ALLOWED = [
    re.compile(line)
    for line in Path(__file__).with_name("log_allowed.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
# 2026-11-22 00:13:22,273 7873 WARNING database odoo.modules: message
_LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) \S+ (?P<text>.*)", re.DOTALL
)


def is_allowed(text):
    """Tell whether ``LEVEL logger: message`` is explained in log_allowed.txt."""
    return any(pattern.search(text) for pattern in _ALLOWED)


def unexpected(log):
    """Yield the records (with their tracebacks) of a log file that are not allowed."""
    # a record goes on until the next line that begins with a date
    for record in re.split(r"\n(?=\d{4}-\d\d-\d\d )", log.read_text(errors="replace")):
        line = _LINE.match(record)
        if line and line["level"] in {"WARNING", "ERROR", "CRITICAL"}:
            text = f"{line['level']} {line['text'].rstrip()}"
            if not is_allowed(text):
                yield text


def main(paths):
    found = 0
    for path in map(Path, paths):
        for text in unexpected(path):
            print(f"{path.name}: {text}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
