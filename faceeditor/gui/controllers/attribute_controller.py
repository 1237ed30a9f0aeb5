"""Attribute optimisation on behalf of the window: start, pause, resume, stop, and taking a step into the portrait."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from faceeditor.engine.attribute_job import AttributeOptimisation, AttributeRequest, OptimiseAttribute
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.identity.attributes import PARTS, area_of
from faceeditor.identity.variation import Variation
from faceeditor.portrait.document import ReplaceMask, SetHead, SetStyle, SetTruncation

if TYPE_CHECKING:
    from faceeditor.identity.optimise import OptimisationStep


class AttributeController(QObject):
    """Runs one optimisation at a time.

    Args:
        session: the portrait.
        heads: its head, which is read from the face where the portrait has none yet.

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

    def __init__(self, session: PortraitSession, heads: HeadController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._heads, self._bridge = session, heads, session.bridge
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
        portrait = self._portrait()
        if portrait is None:
            self.ended.emit(self.tr("The head is still being read from the face; try again in a moment."), True)
            return
        area = None
        if guide is None and parts:
            regions = tuple(region for part in parts for region in PARTS[part])
            area = area_of(self._session.shown_mask, regions)
        self._number += 1
        number = self._number
        request = AttributeRequest(portrait, attribute, guide, parts or ("hair",), amount, hold, steps, area, mode)
        self._work = AttributeOptimisation(request, lambda step: self._raw_step.emit(number, step))
        self._run()

    def _portrait(self) -> Variation | None:
        """The portrait with its head, or with the one that was read from its face; None while it is being read."""
        state, head = self._session.portrait.state(), self._heads.head
        if head is None:
            return None
        if state.head is None:
            return Variation(state.mask, state.style, head, head, state.truncation)
        return Variation(state.mask, state.style, state.head, state.base_head, state.truncation)

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

        def take() -> None:
            portrait.begin_gesture(title)
            try:
                if not (made.mask == portrait.mask).all():
                    portrait.apply(ReplaceMask(made.mask, title, made.base_head))
                portrait.apply(SetTruncation(1.0))
                portrait.apply(SetStyle(made.style.with_label(title), title))
                if made.head is not None:
                    portrait.apply(SetHead(made.head, made.base_head or made.head, title))
            except FaceEditorError:
                portrait.abort_gesture()
                raise
            portrait.commit_gesture()

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
