"""Loads the head model and detects the head of the shown face."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine import Frame, JobContext, ReadHead
from faceeditor.engine.requests import FULL
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.head.model import HeadModel
from faceeditor.head.presets import presets
from faceeditor.portrait.document import Change
from faceeditor.portrait.edits import WHOLE
from faceeditor.portrait.head import GROUPS, HeadCoefficients
from faceeditor.regions import MASK_SIZE, MaskArray, Region

_IDLE_MS = 250


@dataclass(frozen=True, eq=False)
class LoadHeadModel:
    """Background job: load the head model, the presets and the motion kernels, which would block the window."""

    load: Callable[[], HeadModel]

    def run(self, context: JobContext) -> HeadModel:
        """Raises ModelError: it is missing or damaged."""
        for group in GROUPS:
            # They are remembered, so that the panels find them at once; whoever asks for a damaged one is told again.
            with contextlib.suppress(FaceEditorError):
                presets(group)
        model = self.load()
        # The first call loads the compiled kernels, which takes seconds.
        from faceeditor.head.motion import move_mask

        neutral = HeadCoefficients.neutral()
        mask = np.full((MASK_SIZE, MASK_SIZE), Region.SKIN, np.uint8)
        move_mask(model, mask, neutral, neutral.changed(pose=(5.0, 0.0, 0.0)))
        return model


class HeadReader(QObject):
    """Loads the head model once, and reads the head of the shown face while the portrait has none.

    Detection waits until no gesture is open and the full frame has arrived; a face is read only once.

    Signals:
        model_loaded: `model` is there.
        read: `reading` is another one.
        noted: a sentence worth knowing.
    """

    model_loaded = Signal()
    read = Signal()
    noted = Signal(str)

    def __init__(self, session: PortraitSession, load: Callable[[], HeadModel], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.model: HeadModel | None = None
        self.reading: HeadCoefficients | None = None
        self._load = load
        self._model_job: int | None = None
        self._read_job: int | None = None
        self._source: npt.NDArray[np.uint8] | None = None  # the face that `reading` was read from
        self._complaint = ""
        self._idle = QTimer(self, interval=_IDLE_MS, singleShot=True)
        self._idle.timeout.connect(self._read_now)
        session.frame_shown.connect(self._see)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._start_anew)
        session.bridge.job_done.connect(self._job_done)
        session.bridge.job_failed.connect(self._job_failed)

    def _see(self, frame: Frame) -> None:
        if self._model_job is None:
            self._model_job = self.session.bridge.run(LoadHeadModel(self._load))
        unread = self.session.portrait.head is None and frame.pixels is not self._source
        if unread and frame.drawn >= FULL:
            self._idle.start()

    def _follow(self, change: Change) -> None:
        if change.dirty == WHOLE and not self.session.portrait.busy:
            self._forget()  # another face: what was read has nothing to do with it
        elif change.head and self.session.portrait.head is None:
            self._idle.start()

    def _start_anew(self) -> None:
        self._forget()
        self.read.emit()

    def _forget(self) -> None:
        self._idle.stop()
        self.reading = self._source = None
        if self._read_job is not None:
            self.session.bridge.cancel(self._read_job)
            self._read_job = None

    def _read_now(self) -> None:
        session = self.session
        if session.portrait.head is not None or session.frame is None or session.frame.pixels is self._source:
            return
        if session.portrait.busy or not session.up_to_date:
            self._idle.start()
            return
        if self._read_job is not None:
            session.bridge.cancel(self._read_job)
        self._source = session.frame.pixels
        self._read_job = session.bridge.run(ReadHead(self._source))

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._model_job:
            self.model = result
            self.session.move_mask = partial(_move_mask, result)
            self.model_loaded.emit()
        elif job == self._read_job:
            self._read_job = None
            self._complaint = ""
            self._take(result)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._model_job:
            if not isinstance(error, Cancelled):
                self.session.failed.emit(str(error))
        elif job == self._read_job:
            self._read_job = None
            if isinstance(error, Cancelled):
                self._source = None
                return
            if str(error) != self._complaint:  # told once, not with every face
                self._complaint = str(error)
                self.noted.emit(
                    self.tr("No head was detected; the sliders start at the average head. {reason}").format(
                        reason=error
                    )
                )
            self._take(HeadCoefficients.neutral())

    def _take(self, head: HeadCoefficients) -> None:
        # A head that was set while the face was being read began from the reading before: that stays its origin.
        if self.session.portrait.head is None:
            self.reading = head
            self.read.emit()


def _move_mask(model: HeadModel, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
    # Imported here: it needs numba, which only a portrait with a head needs.
    from faceeditor.head.motion import move_mask

    return move_mask(model, mask, base, head)
