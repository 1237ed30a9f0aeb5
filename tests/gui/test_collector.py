"""Garbage is collected by the GUI thread's timer and by nothing else."""

import gc
import threading
import weakref

from PySide6.QtCore import QObject

from faceeditor.gui.app import application
from faceeditor.gui.snapshot import pump
from tests.patience import WAIT


class _Ring(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.own = self


def _allocate() -> None:
    for _ in range(20_000):
        ring: list[object] = []
        ring.append(ring)


def test_only_the_gui_thread_collects():
    application()
    gc.collect()
    ring = weakref.ref(_Ring())
    worker = threading.Thread(target=_allocate)
    worker.start()
    worker.join()
    assert ring() is not None, "the worker thread destroyed an object of the GUI thread"
    assert pump(lambda: ring() is None, WAIT), "nobody collects"
