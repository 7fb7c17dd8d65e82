"""Run a script inside an Odoo database: ``python run_in_odoo.py DATABASE SCRIPT [ARGUMENT...]``.

The script defines ``main(env, argv)``; ``env`` is the superuser's. What it did is committed when
it returns. When it raises, that is rolled back and this program fails (``odoo shell < script``
would not). Options of Odoo come from its configuration file and from ``ODOO_<OPTION>`` variables.
"""

import runpy
import sys
import threading

from odoo import api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


def run(database, script, argv):
    config.parse_config(["--database", database, "--no-http"], setup_logging=True)
    server.start(preload=[], stop=True)
    threading.current_thread().dbname = database
    main = runpy.run_path(script)["main"]
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        return main(env(context=env["res.users"].context_get()), argv)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
