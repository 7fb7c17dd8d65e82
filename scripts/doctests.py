"""Run the examples in the docstrings of credit_collection/tools, which must not need Odoo."""

import doctest
import importlib
import sys
from pathlib import Path

module = Path(__file__).parents[1] / "credit_collection"
sys.path.insert(0, str(module))
failed = 0
for path in sorted(module.glob("tools/*.py")):
    name = "tools" if path.stem == "__init__" else f"tools.{path.stem}"
    failed += doctest.testmod(importlib.import_module(name)).failed
if "odoo" in sys.modules:
    failed += 1
    print("credit_collection/tools imports Odoo: keep it free of that")
sys.exit(1 if failed else 0)
