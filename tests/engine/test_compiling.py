"""The head's machine code is compiled once, in another process that ends with the engine."""

import subprocess

import pytest

from faceeditor.engine import compiling
from faceeditor.engine.compiling import compile_head
from faceeditor.errors import Cancelled


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """Every process that is started."""
    made: list[subprocess.Popen] = []
    popen = subprocess.Popen

    def start(*args: object, **options: object) -> subprocess.Popen:
        made.append(popen(*args, **options))
        return made[-1]

    monkeypatch.setattr(compiling.subprocess, "Popen", start)
    return made


def test_done_once_and_again_after_a_change(started: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMMAND", "import faceeditor")
    compile_head(lambda: None)
    compile_head(lambda: None)
    assert len(started) == 1 and started[0].returncode == 0
    monkeypatch.setattr(compiling, "cpu_name", lambda: "another processor")
    compile_head(lambda: None)
    assert len(started) == 2


def test_failure_is_not_noted(started: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMMAND", "raise SystemExit(3)")
    compile_head(lambda: None)
    compile_head(lambda: None)
    assert [process.returncode for process in started] == [3, 3]


def test_stops_with_its_job(started: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMMAND", "import time; time.sleep(600)")

    def stop() -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        compile_head(stop)
    assert started[0].returncode not in (None, 0), "the process was not ended"
