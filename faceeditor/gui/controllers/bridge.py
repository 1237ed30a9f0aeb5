"""From the engine's worker threads to the window's thread: callbacks become queued signals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from faceeditor.engine import Engine, EngineStatus, Frame, RenderRequest
from faceeditor.engine.jobs import Job
from faceeditor.errors import FaceEditorError

Pixels = npt.NDArray[np.uint8]
EmitPreview = Callable[[Pixels], None]


class Bridge(QObject):
    """Hands requests to the engine and brings its answers to the thread that owns this object.

    An epoch is counted up with each portrait that is opened, so that a late frame of the last one is told apart.

    Signals:
        frame: (epoch, Frame)
        failed: (epoch, FaceEditorError)
        status: EngineStatus
        job_progress: (job number, fraction 0..1)
        job_done: (job number, result)
        job_failed: (job number, FaceEditorError)
        preview_ready: (job number, (H, W, 3) uint8 intermediate picture)
    """

    frame = Signal(int, object)
    failed = Signal(int, object)
    status = Signal(object)
    job_progress = Signal(int, float)
    job_done = Signal(int, object)
    job_failed = Signal(int, object)
    preview_ready = Signal(int, object)

    _raw_frame = Signal(int, object)
    _raw_failed = Signal(int, object)
    _raw_status = Signal(object)
    _raw_progress = Signal(int, float)
    _raw_done = Signal(int, object)
    _raw_job_failed = Signal(int, object)
    _raw_preview = Signal(int, object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self._closed = False
        self._started = False
        self._jobs = 0
        self._tickets: dict[int, Any] = {}
        queued = Qt.ConnectionType.QueuedConnection
        self._raw_frame.connect(self.frame, queued)
        self._raw_failed.connect(self.failed, queued)
        self._raw_status.connect(self.status, queued)
        self._raw_progress.connect(self.job_progress, queued)
        self._raw_done.connect(self._finish, queued)
        self._raw_job_failed.connect(self._give_up, queued)
        self._raw_preview.connect(self.preview_ready, queued)

    def start(self) -> None:
        """Start the engine; its status is reported from now on. What was submitted before is not drawn."""
        self._started = True
        self.engine.subscribe_status(self._take_status)
        self.engine.start()
        self.status.emit(self.engine.status)

    def _take_status(self, status: EngineStatus) -> None:
        if not self._closed:
            self._raw_status.emit(status)

    def submit(self, epoch: int, request: RenderRequest) -> None:
        """Ask for a frame; a newer request replaces one that has not begun."""

        def on_frame(frame: Frame) -> None:
            if not self._closed:
                self._raw_frame.emit(epoch, frame)

        def on_error(error: FaceEditorError) -> None:
            if not self._closed:
                self._raw_failed.emit(epoch, error)

        if self._started and not self._closed:
            self.engine.submit(request, on_frame, on_error)

    def run(self, job: Job) -> int:
        """Start a background job; returns its number, which the job signals carry."""
        return self.run_with_previews(lambda emit: job)

    def run_with_previews(self, make: Callable[[EmitPreview], Job]) -> int:
        """Start a job that shows intermediate pictures; returns its number.

        Args:
            make: gets the function that the job calls with each picture, on any thread, and returns the job.
        """
        self._jobs += 1
        number = self._jobs

        def emit(pixels: Pixels) -> None:
            if not self._closed:
                self._raw_preview.emit(number, pixels)

        def on_progress(fraction: float, *_: object) -> None:
            if not self._closed:
                self._raw_progress.emit(number, float(fraction))

        def on_done(result: object) -> None:
            if not self._closed:
                self._raw_done.emit(number, result)

        def on_error(error: FaceEditorError) -> None:
            if not self._closed:
                self._raw_job_failed.emit(number, error)

        self._tickets[number] = self.engine.run(make(emit), on_progress, on_done, on_error)
        return number

    def cancel(self, number: int) -> None:
        """Ask a job to stop; it ends with a ``Cancelled`` error."""
        ticket = self._tickets.get(number)
        if ticket is not None:
            ticket.cancel()

    def _finish(self, number: int, result: object) -> None:
        self._tickets.pop(number, None)
        self.job_done.emit(number, result)

    def _give_up(self, number: int, error: object) -> None:
        self._tickets.pop(number, None)
        self.job_failed.emit(number, error)

    def close(self) -> None:
        """Stop all work and wait for the engine's threads to end."""
        if self._closed:
            return
        self._closed = True
        for ticket in self._tickets.values():
            ticket.cancel()
        self._tickets.clear()
        self.engine.close()
