"""Attribute optimisation on behalf of the window: start, pause, resume, stop, and taking a step into the portrait."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from faceeditor.engine.attribute_job import AttributeOptimisation, AttributeRequest, OptimiseAttribute
from faceeditor.engine.attribute_photo import FaceInPhoto
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.photograph_controller import PhotographController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.identity.attributes import PARTS, area_of
from faceeditor.portrait.document import ReplaceFace, SelectFace
from faceeditor.portrait.state import FaceSource

if TYPE_CHECKING:
    from faceeditor.identity.optimise import OptimisationStep


class AttributeController(QObject):
    """Runs one optimisation at a time.

    Args:
        session: the portrait.
        heads: its head, which is read from the face where the portrait has none yet.
        photographs: the photograph that its faces belong to.

    Signals:
        changed: another state: running, paused, ended.
        stepped: OptimisationStep of the present work.
        progress: share done, 0..1.
        ended: a sentence, and whether it tells of a problem.
    """

    changed = Signal()
    stepped = Signal(object)
    progress = Signal(float)
    ended = Signal(str, bool)

    _raw_step = Signal(int, object)

    def __init__(
        self,
        session: PortraitSession,
        heads: HeadController,
        photographs: PhotographController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._heads, self._bridge = session, heads, session.bridge
        self._photographs = photographs
        self._source: FaceSource | None = None  # the face of the photograph that is worked on
        self._work: AttributeOptimisation | None = None
        self._job: int | None = None
        self._number = 0  # counted up, so that late steps of earlier work are told apart
        self.steps: list[OptimisationStep] = []
        self._raw_step.connect(self._take_step, Qt.ConnectionType.QueuedConnection)
        self._bridge.job_progress.connect(self._take_progress)
        self._bridge.job_done.connect(self._done)
        self._bridge.job_failed.connect(self._failed)
        session.portrait_replaced.connect(self.forget)

    @property
    def present_face(self) -> npt.NDArray[np.uint8] | None:
        """(H, W, 3) uint8 sRGB: the face that would be changed; None if none was drawn yet, or in a photograph."""
        frame = self._session.frame
        return None if frame is None or self._photographs.source is not None else frame.pixels

    @property
    def running(self) -> bool:
        """Whether steps are being made."""
        return self._job is not None

    @property
    def paused(self) -> bool:
        """Whether the work waits to be resumed."""
        return self._work is not None and not self._work.done and self._work.paused and not self.running

    def start(
        self, attribute: str, guide: Path | None, parts: tuple[str, ...], amount: float, hold: float, steps: int,
        mode: str,
    ) -> None:  # fmt: skip
        """Begin anew; arguments as of `AttributeRequest`, parts also limit an attribute that has no guide."""
        self.forget()
        portrait, face = self._heads.variation(), self._session.portrait.state().face
        if portrait is None:
            self.ended.emit(self.tr("The head is still being read from the face; try again in a moment."), True)
            return
        photo = self._photographs.found_face(face)
        if face.source is not None and photo is None:
            self.ended.emit(self.tr("The photograph is still being opened; try again in a moment."), True)
            return
        self._source = face.source
        area = None
        if guide is None and parts:
            regions = tuple(region for part in parts for region in PARTS[part])
            area = area_of(self._session.shown_mask, regions)
        self._number += 1
        number = self._number
        request = AttributeRequest(
            portrait, attribute, guide, parts or ("hair",), amount, hold, steps, area, mode,
            scene=None if photo is None else FaceInPhoto(photo, face),
        )  # fmt: skip
        self._work = AttributeOptimisation(request, lambda step: self._raw_step.emit(number, step))
        self._run()

    def _run(self) -> None:
        assert self._work is not None
        self._job = self._bridge.run(OptimiseAttribute(self._work))
        self.changed.emit()

    def pause(self) -> None:
        """Pause after the present step."""
        if self.running and self._work is not None:
            self._work.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self.paused and self._work is not None:
            self._work.resume()
            self._run()

    def stop(self) -> None:
        """End the work; the steps so far stay."""
        if self._work is None:
            return
        self._work.stop()
        if not self.running:
            self._work = None
            self.changed.emit()

    def forget(self) -> None:
        """End the work and forget its steps."""
        if self._work is not None:
            self._work.stop()
        if self._job is not None:
            self._bridge.cancel(self._job)
        self._job, self._work = None, None
        self._number += 1
        self.steps = []
        self.changed.emit()

    def apply(self, step: "OptimisationStep", title: str) -> bool:
        """Take a step's style, head and mask into the portrait: one undo step. Whether that was possible."""
        made = step.portrait
        if made is None:
            return False
        session, portrait = self._session, self._session.portrait
        session.end_open_work()
        faces = portrait.state().faces
        index = next((number for number, face in enumerate(faces) if face.source is self._source), None)
        if index is None:
            session.failed.emit(self.tr("The face that this step belongs to is no longer in the portrait."))
            return False
        style = made.style.with_label(title)
        edit = ReplaceFace(made.mask, style, made.truncation, made.head, made.base_head, made.read_head, title)

        def take() -> None:
            portrait.apply(SelectFace(index))
            portrait.apply(edit)

        return session.guarded(take)

    def _take_step(self, number: int, step: "OptimisationStep") -> None:
        if number != self._number:
            return
        if self.steps and self.steps[-1].number >= step.number:
            self.steps = [each for each in self.steps if each.number < step.number]
        pixels = step.pixels
        pixels.flags.writeable = False
        self.steps.append(replace(step, pixels=pixels))
        self.stepped.emit(self.steps[-1])

    def _take_progress(self, job: int, share: float) -> None:
        if job == self._job:
            self.progress.emit(share)

    def _done(self, job: int, result: Any) -> None:
        if job != self._job:
            return
        self._job = None
        if self._work is not None and self._work.done:
            self._work = None
            self.ended.emit("", False)
        self.changed.emit()

    def _failed(self, job: int, error: FaceEditorError) -> None:
        if job != self._job:
            return
        self._job, self._work = None, None
        stopped = isinstance(error, Cancelled)
        self.ended.emit("" if stopped else str(error), not stopped)
        self.changed.emit()
