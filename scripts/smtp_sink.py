"""A mail server that delivers nothing, and keeps each message that it accepts as an .eml file.

python smtp_sink.py PORT FOLDER     serves until it is stopped
"""

import itertools
import re
import socketserver
import sys
import threading
from contextlib import contextmanager
from pathlib import Path


class _Session(socketserver.StreamRequestHandler):
    """One client that speaks SMTP (RFC 5321, as much of it as smtplib uses)."""

    disable_nagle_algorithm = True  # short answers, one by one

    def handle(self):
        self.recipients = []
        self._say("220 nobody reads this")
        while line := self.rfile.readline():
            verb = line.decode(errors="replace").split(" ")[0].strip().upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"_on_{verb.lower()}", self._on_other)(line.decode(errors="replace"))

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def _on_ehlo(self, line):
        self._say("250-nobody\r\n250-SMTPUTF8\r\n250 8BITMIME")

    def _on_rcpt(self, line):
        addresses = re.findall(r"<([^>]*)>", line)
        if self.server.refused.intersection(addresses):
            self._say(f"550 5.1.1 <{addresses[0]}>: this mailbox is closed")
        else:
            self.recipients += addresses
            self._say("250 ok")

    def _on_data(self, line):
        if not self.recipients:
            self._say("503 no recipient")
            return
        self._say("354 go on, end with a dot")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.keep(self.recipients, b"".join(lines))
        self.recipients = []
        self._say("250 kept")

    def _on_other(self, line):
        self._say("250 ok")


class SmtpSink(socketserver.ThreadingTCPServer):
    """Listens on a port of this machine; 0 takes a free one, see `port`.

    The addresses in `refused` get what a server answers for a mailbox that is closed.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder, port=0, refused=()):
        super().__init__(("127.0.0.1", port), _Session)
        self.port = self.server_address[1]
        self.refused = set(refused)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kept_count = 0
        self.numbers = itertools.count(len(list(self.folder.glob("*.eml"))) + 1)

    @contextmanager
    def serving(self):
        """Serve in the background for as long as the block lasts."""
        with self:
            threading.Thread(target=self.serve_forever, daemon=True).start()
            try:
                yield self
            finally:
                self.shutdown()

    def keep(self, recipients, content):
        name = re.sub(r"[^\w.@-]", "_", recipients[0])
        Path(self.folder, f"{next(self.numbers):04d}-{name}.eml").write_bytes(content)
        self.kept_count += 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with SmtpSink(sys.argv[2], int(sys.argv[1])) as server:
        server.serve_forever()
