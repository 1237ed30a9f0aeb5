"""Processes that are killed: forked from a server that has imported everything, so that hundreds of them run soon."""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np


class Child:
    """A process of its own that works until it is killed and tells what it has promised.

    Args:
        work: called with the folder and a function that tells something.
        folder: where it works; state and cache of the program lie beside it, as they do in the test.
    """

    def __init__(self, work: Callable[[Path, Callable[..., None]], None], folder: Path) -> None:
        context = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
        if hasattr(context, "set_forkserver_preload"):
            context.set_forkserver_preload([__name__, "faceeditor.gui.app", "tests.gui.fake_engine"])
        self._ours, theirs = context.Pipe(duplex=False)
        places = {name: os.environ[name] for name in ("FACEEDITOR_STATE", "FACEEDITOR_CACHE", "QT_QPA_PLATFORM")}
        self.process = context.Process(target=_run, args=(work, folder, places, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.told: list[tuple[Any, ...]] = []

    def wait_for(self, seconds: float) -> None:
        """Wait until something is told; fails if nothing is."""
        assert self._ours.poll(seconds), "the process does nothing"
        self.told.append(self._ours.recv())

    def kill(self) -> tuple[float, list[tuple[Any, ...]]]:
        """Kill it (SIGKILL); returns when that was (as `time.monotonic`), and all that it told."""
        at = time.monotonic()
        self.process.kill()
        try:
            while True:
                self.told.append(self._ours.recv())
        except (EOFError, OSError):  # the last message may have been cut off
            pass
        self._ours.close()
        self.process.join()
        assert self.process.exitcode == -signal.SIGKILL, "it ended by itself"
        self.process.close()
        return at, self.told


def _run(work: Callable[..., None], folder: Path, places: dict[str, str], sender: Connection) -> None:
    os.environ.update(places)
    one_at_a_time = threading.Lock()

    def tell(*what: Any) -> None:
        with one_at_a_time:
            sender.send((time.monotonic(), *what))

    work(folder, tell)


def save_forever(folder: Path, tell: Callable[..., None]) -> None:
    """Change, autosave, save and export a portrait; tells ("saved", number) after each save."""
    from faceeditor.export import write_picture
    from faceeditor.portrait import store
    from faceeditor.portrait.autosave import Autosave
    from faceeditor.portrait.document import Portrait, SetTruncation
    from faceeditor.portrait.style import StyleCode

    portrait = Portrait(np.zeros((256, 256), np.uint8), StyleCode.zeros("A"))
    saver = Autosave(interval=0.01)
    preview = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    for number in itertools.count(1):
        portrait.apply(SetTruncation(number % 1000 / 1000))
        saver.snapshot(portrait, preview)
        if number % 3 == 0:
            store.save(portrait, folder / "anna.fep", preview)
            tell("saved", number)
        if number % 5 == 0:
            write_picture(folder / "anna.png", preview)


def work_in_the_window(folder: Path, tell: Callable[..., None]) -> None:
    """Paint in the whole window, save and export now and then.

    Tells ("changed", number), ("snapshot", number) once it lies on the disk, ("saved", number).
    """
    from faceeditor.gui import app as gui_app
    from faceeditor.gui.dialogs.export_dialog import ExportChoice, What
    from faceeditor.gui.snapshot import draw_stroke, pump
    from faceeditor.portrait.autosave import Autosave
    from faceeditor.portrait.document import SetTruncation
    from tests.gui.fake_engine import FakeGenerator, FakeHeadPrior, FakePrior, face_mask, fake_engine
    from tests.patience import WAIT

    write = Autosave._write

    def written(saver: Autosave, state: Any, preview: Any) -> None:
        write(saver, state, preview)
        if not saver._failed:
            tell("snapshot", round(state.state.face.truncation * 1000))

    Autosave._write = written  # type: ignore[method-assign]
    gui_app.application()
    program = gui_app.Program(fake_engine(FakeGenerator()), FakePrior, face_mask(), True, head_prior=FakeHeadPrior)
    program.window.resize(1100, 760)
    program.window.show()
    program.start()
    pump(lambda: program.session.up_to_date, WAIT)
    files, session = program.window.files, program.session
    for number in range(1, 1000):
        x, y = 40.0 + number * 13 % 170, 40.0 + number * 29 % 170
        draw_stroke(program.window.canvas, [(x, y), (x + 12, y + 5)])
        session.portrait.apply(SetTruncation(number / 1000))
        tell("changed", number)
        if number % 6 == 0:
            assert files._save_to(folder / "anna.fep")
            tell("saved", number)
        if number % 10 == 0:
            assert files.export_to(folder / "anna.png", ExportChoice(What.FACE, 256, ".png", 95))
        session.request_frame()
        pump(lambda: session.up_to_date, WAIT)
        time.sleep(0.05)
