"""The program connects to nothing: the window opens, draws a face and closes without a connection or a look-up."""

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import socket, sys
asked = []

def note(event, arguments):
    remote = event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request")
    if event == "socket.connect":
        remote = arguments[0].family != getattr(socket, "AF_UNIX", None)
    if remote:
        asked.append((event, str(arguments)))

sys.addaudithook(note)
from PySide6.QtCore import QTimer
from faceeditor.gui import app as application

start = application.Program.start

def started(self, file=None):
    start(self, file)

    def look():
        if self.session.up_to_date:
            self.watch.stop()
            print("DREW", flush=True)
            self.session.portrait.mark_saved()
            self.window.close()

    self.watch = QTimer(self.window)
    self.watch.timeout.connect(look)
    self.watch.start(20)

application.Program.start = started
code = application.main([])
print("ASKED", asked, "PySide6.QtNetwork" in sys.modules, flush=True)
sys.exit(code)
"""


def test_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "FACEEDITOR_STATE": str(tmp_path / "state")}
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "DREW" in ended.stdout and "ASKED [] False" in ended.stdout
