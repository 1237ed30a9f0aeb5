"""For all tests: no display, folders of their own, and no thread may outlive its test."""

import os
import threading
import time
import traceback

import pytest

from tests.patience import WAIT

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Pools of libraries, kept by them for the life of the process.
_KEPT = ("tqdm", "TMonitor", "ThreadPoolExecutor", "openvino", "InductorSubproc", "Dummy")


def pytest_addoption(parser):
    parser.addoption(
        "--long-reliability",
        nargs="?",
        type=float,
        const=1.0,
        default=0.0,
        metavar="SHARE",
        help="run tests/reliability for hours instead of seconds, or for this share of that",
    )


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory):
    """A models folder with small random packs."""
    # Imported here: it needs torch, and the tests of the window do without.
    from tests.generators import tiny

    folder = tmp_path_factory.mktemp("models")
    tiny.write_mask_guided(folder)
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """State and cache of the program lie in a fresh folder for each test."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FACEEDITOR_STATE", str(folder / "state"))
    monkeypatch.setenv("FACEEDITOR_CACHE", str(folder / "cache"))


@pytest.fixture(scope="session", autouse=True)
def noted_starts():
    """Every thread knows where it was started."""
    start = threading.Thread.start

    def start_and_note(self: threading.Thread) -> None:
        self.started_at = "".join(traceback.format_stack(limit=8)[:-1])  # type: ignore[attr-defined]
        start(self)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", start_and_note)
        yield


@pytest.fixture(autouse=True)
def no_leaked_threads(noted_starts):
    """A thread that outlives its test fails it, with the place where the thread was started."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + WAIT
    while True:
        left = [
            thread
            for thread in threading.enumerate()
            if thread not in before and thread.is_alive() and not thread.name.startswith(_KEPT)
        ]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    told = [f"{thread.name} was started at\n{getattr(thread, 'started_at', '(unknown)')}" for thread in left]
    assert not left, "threads outlived the test:\n" + "\n".join(told)
