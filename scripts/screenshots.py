"""Take the screenshots of the README from the demo, with a headless Chromium.

    screenshots.py http://127.0.0.1:PORT FOLDER [NAME ...]

The demo is being served at that address (`make screenshots` does). Chromium is driven over its
DevTools protocol. Pictures are small enough for a README: at most 256 colours.
"""

import argparse
import base64
import io
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import websocket
from PIL import Image

LOGIN = PASSWORD = "admin"  # noqa: S105  the demo's
HEIGHTS = {1440: 900, 400: 860}
TIMEOUT = 30  # seconds, for a page that is slow the first time

# The records to show: the first that the search finds.
RECORDS = {
    "case": (
        "credit.collection.case",
        [
            ["state", "=", "open"],
            ["hold_ids.state", "=", "active"],
            ["dunning_ids.state", "=", "sent"],
        ],
        "amount_overdue desc",
    ),
    "run": ("credit.collection.run", [["state", "=", "draft"]], "date desc, id desc"),
    "notice": (
        "credit.collection.dunning",
        [["state", "=", "sent"], ["letter_id", "!=", False]],
        "date_sent desc, amount_due desc",
    ),
    "policy": ("credit.collection.policy", [["level_ids", "!=", False]], "sequence, id"),
    "invoice": (
        "account.move",
        [["move_type", "=", "out_invoice"], ["dunning_level_id", "!=", False]],
        "amount_total desc",
    ),
}

# (name, address, language, width, what must be there, what to click first)
LIST, FORM = ".o_list_view .o_data_row", ".o_form_view .o_form_sheet"
BOARD = ".o_kanban_record"
FIGURES = ".o_credit_collection_dashboard .o_credit_collection_tile"
LETTER, COLLECTIONS = ".nav-link[name=letter]", ".nav-link[name=credit_collection]"
PICTURES = [
    ("cases", "/odoo/collection-cases", "en_US", 1440, LIST, None),
    ("cases_by_level", "/odoo/collection-cases?view_type=kanban", "en_US", 1440, BOARD, None),
    ("case", "/odoo/collection-cases/{case}", "en_US", 1440, FORM, None),
    ("proposal", "/odoo/collection-proposal", "en_US", 1440, FORM, None),
    ("notice", "/odoo/collection-notices/{notice}", "en_US", 1440, FORM, LETTER),
    ("policy", "/odoo/collection-policies/{policy}", "en_US", 1440, FORM, None),
    ("invoice", "/odoo/customer-invoices/{invoice}", "en_US", 1440, FORM, COLLECTIONS),
    ("dashboard", "/odoo/collection-dashboard", "en_US", 1440, FIGURES, None),
    ("cases_fr", "/odoo/collection-cases", "fr_FR", 1440, LIST, None),
    ("case_mobile", "/odoo/collection-cases/{case}", "en_US", 400, FORM, None),
]

# Resolves when the element is there and the page has stopped changing and loading.
_READY = """
new Promise((resolve) => {
    const ready = () =>
        document.querySelector(%(selector)s) &&
        !document.querySelector(".o_loading_indicator, .o_blockUI") &&
        document.fonts.status === "loaded" &&
        [...document.images].every((image) => image.complete) &&
        [...document.querySelectorAll(".o_pdfview_iframe")].every((frame) =>
            frame.contentDocument?.querySelector(".page[data-loaded=true]")
        );
    let timer;
    const again = () => {
        clearTimeout(timer);
        timer = setTimeout(() => (ready() ? resolve(true) : again()), 400);
    };
    const everything = { childList: true, subtree: true, attributes: true };
    new MutationObserver(again).observe(document, everything);
    again();
})
"""

_CALL = """
fetch("/web/dataset/call_kw/%(model)s/%(method)s", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ params: %(params)s }),
}).then((response) => response.json())
"""


class Page:
    """A tab of Chromium, over the DevTools protocol."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=TIMEOUT, suppress_origin=True)
        self.count = 0

    def send(self, method, **params):
        """Send a command and return its result."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def wait_event(self, name):
        """Wait for an event of the page."""
        while json.loads(self.socket.recv()).get("method") != name:
            pass

    def evaluate(self, expression):
        """Run JavaScript in the page; wait for its promise."""
        result = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def open(self, url, selector):
        """Open an address and wait until the element is there and all is quiet."""
        self.send("Page.navigate", url=url)
        self.wait_event("Page.loadEventFired")
        self.wait(selector)

    def wait(self, selector):
        self.evaluate(_READY % {"selector": json.dumps(selector)})

    def call(self, model, method, *args, **kwargs):
        """Call a method of Odoo as the user who is logged in."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        answer = self.evaluate(
            _CALL % {"model": model, "method": method, "params": json.dumps(params)}
        )
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])
        return answer["result"]

    def login(self, url, login, password):
        self.send("Page.enable")
        self.open(f"{url}/web/login", "form.oe_login_form")
        self.evaluate(
            f"document.querySelector('#login').value = {json.dumps(login)};"
            f"document.querySelector('#password').value = {json.dumps(password)};"
            "document.querySelector('form.oe_login_form').submit()"
        )
        self.wait_event("Page.loadEventFired")
        self.wait(".o_web_client .o_main_navbar")

    def resize(self, width):
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=HEIGHTS[width],
            deviceScaleFactor=1,
            mobile=width < 768,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=width < 768)

    def shoot(self):
        """Return the picture of the page, with few colours."""
        png = base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        small = io.BytesIO()
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
        return small.getvalue()


@contextmanager
def chromium():
    """Yield a page of a Chromium of our own; end it afterwards."""
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if not program:
        raise SystemExit("no chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LANGUAGE": "en"},
        )
        try:
            for line in process.stderr:
                if "DevTools listening on " in line:
                    address = line.split("ws://")[1].split("/")[0]
                    break
            else:
                raise SystemExit("chromium did not start")
            with urllib.request.urlopen(f"http://{address}/json/list") as answer:
                pages = [tab for tab in json.load(answer) if tab["type"] == "page"]
            yield Page(pages[0]["webSocketDebuggerUrl"])
        finally:
            process.terminate()
            process.wait()
            process.stderr.close()


def find_records(page):
    """Return the ids of the records that the addresses name."""
    found = {}
    for name, (model, domain, order) in RECORDS.items():
        ids = page.call(model, "search", domain, order=order, limit=1)
        found[name] = ids[0] if ids else None
    return found


def take(page, url, folder, pictures):
    """Take the pictures, in the language of each; the user's own language is put back."""
    [user] = page.call("res.users", "search_read", [["login", "=", LOGIN]], ["lang"])
    records = find_records(page)
    try:
        for name, address, language, width, selector, click in pictures:
            page.call("res.users", "write", [user["id"]], {"lang": language})
            page.resize(width)
            page.open(url + address.format(**records), selector)
            if click:
                page.evaluate(f"document.querySelector({click!r}).click()")
                page.wait(selector)
            picture = page.shoot()
            Path(folder, f"{name}.png").write_bytes(picture)
            print(f"{name}.png {len(picture) // 1024} KB")
    finally:
        page.call("res.users", "write", [user["id"]], {"lang": user["lang"]})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", help="only these pictures")
    options = parser.parse_args()
    pictures = [p for p in PICTURES if not options.names or p[0] in options.names]
    Path(options.folder).mkdir(parents=True, exist_ok=True)
    with chromium() as page:
        page.resize(1440)
        page.login(options.url, LOGIN, PASSWORD)
        take(page, options.url, options.folder, pictures)


if __name__ == "__main__":
    main()
