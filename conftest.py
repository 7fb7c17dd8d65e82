"""Run the tests of tests/ with pytest the way Odoo's own runner does.

* Odoo's configuration and database server are the ones that scripts/setup.sh made, unless the
  caller says otherwise;
* a test module has the name that Odoo's loader gives it: Odoo's test classes read their tags there;
* Odoo's tags decide which tests run: those tagged in CC_TEST_TAGS (default `standard`);
* a warning or an error in the server's log fails the run, unless a test expects it (assertLogs,
  mute_logger) or scripts/log_allowed.txt explains it.
"""

import configparser
import logging
import os
from pathlib import Path

import _pytest.pathlib
import pytest

from scripts.check_log import is_allowed

_REPO = Path(__file__).resolve().parent
_TESTS = _REPO / "tests"
_PACKAGE = "odoo.addons.credit_collection.tests"

# pytest-odoo reads ODOO_RC in its own pytest_cmdline_main
_CACHE = os.environ.get("CACHE", _REPO / ".cache")
_CONFIGURATION = os.environ.setdefault("ODOO_RC", str(Path(_CACHE, "odoo.conf")))
_TAGS = set(os.environ.get("CC_TEST_TAGS", "standard").split(","))

_resolve_as_usual = _pytest.pathlib.resolve_pkg_root_and_module_name


def _resolve(path, *, consider_namespace_packages=False):
    path = Path(path).resolve()
    if path.parent == _TESTS:
        return _REPO, _PACKAGE if path.stem == "__init__" else f"{_PACKAGE}.{path.stem}"
    return _resolve_as_usual(path, consider_namespace_packages=consider_namespace_packages)


_pytest.pathlib.resolve_pkg_root_and_module_name = _resolve


class _LogWatch(logging.Handler):
    """Keeps the warnings and errors that nobody expected."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.found = []

    def emit(self, record):
        text = self.format(record)
        if not is_allowed(text):
            self.found.append(f"{text}\n    during {os.environ.get('PYTEST_CURRENT_TEST', '?')}")


_log_watch = _LogWatch()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config):
    configuration = configparser.ConfigParser(interpolation=None)
    if not configuration.read(_CONFIGURATION):
        raise pytest.UsageError(f"no {_CONFIGURATION}: run `make setup` first, or `make test`")
    if not (os.environ.get("PGDATABASE") or config.option.odoo_database):
        raise pytest.UsageError("no database: `make test T=...` makes one; or set PGDATABASE=...")
    # let createdb, psql and the like, which tests may call, find Odoo's database server
    for variable, option in (("PGHOST", "db_host"), ("PGPORT", "db_port"), ("PGUSER", "db_user")):
        os.environ.setdefault(variable, configuration["options"].get(option, ""))
    return (yield)


def pytest_sessionstart(session):
    logging.getLogger().addHandler(_log_watch)


def pytest_collection_modifyitems(config, items):
    keep, drop = [], []
    for item in items:
        tags = getattr(getattr(item, "cls", None), "test_tags", _TAGS)
        (keep if tags & _TAGS else drop).append(item)
    if drop:
        config.hook.pytest_deselected(items=drop)
        items[:] = keep


def _odoo_name(item):
    klass = f"{item.cls.__qualname__}." if item.cls else ""
    return f"{item.module.__name__}: {klass}{item.name}"


def pytest_collection_finish(session):
    """Write down what runs, for scripts/compare_runs.py."""
    if path := os.environ.get("CC_COLLECTED"):
        Path(path).write_text("".join(f"{_odoo_name(item)}\n" for item in session.items))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if _log_watch.found and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if _log_watch.found:
        terminalreporter.section("the server's log: nobody expected this", red=True)
        for text in _log_watch.found:
            terminalreporter.line(text)
