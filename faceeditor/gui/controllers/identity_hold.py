"""Hold identity: no slider, preset, style or attribute takes the face too far from the pinned person."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine.board_jobs import ScoreFace
from faceeditor.engine.hold_job import TOLERANCE, HeldEdit, HoldIdentity, blended, can_be_held, face_key
from faceeditor.engine.requests import Frame
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.portrait.document import Change
from faceeditor.portrait.head import MOVING_PARTS, HeadCoefficients
from faceeditor.portrait.state import PortraitState

DEFAULT_LIMIT, LEAST_LIMIT, LARGEST_LIMIT = 0.40, 0.10, 1.00
"""Distances at which identity is held."""
_PARTS = (*MOVING_PARTS, "albedo", "gamma")


@dataclass(eq=False)
class _Drag:
    """A gesture on the head that is being measured.

    Attributes:
        start, start_head: the portrait before it, and its head.
        wanted: where the hand is.
        good: the last head that was measured within the limit.
        bad: the first one beyond it, None as long as there was none.
        reach: how far from the start to `bad` the head may go.
    """

    start: PortraitState
    start_head: HeadCoefficients
    wanted: HeadCoefficients
    good: HeadCoefficients
    bad: HeadCoefficients | None = None
    reach: float = 0.0


class IdentityHold(QObject):
    """Measures the face while it is edited, and stops edits at the last value within the limit.

    While a hand drags, the recogniser is a few frames late: the value runs on until the first face beyond the limit was
    measured, then goes back to the last one within it and stays there however far the hand goes on; it follows again
    as soon as the hand comes back. A single step (a preset, a style, an attribute, typed numbers) is measured when it
    is made, and goes as far as it can; it stays one undo step. Undo and redo are never held, nor are strokes.

    Signals:
        changed: switch, limit or whether something is held back.
        noted: a sentence worth knowing.
    """

    changed = Signal()
    noted = Signal(str)

    def __init__(self, heads: HeadController, board: BoardController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._heads, self._board, self._session = heads, board, heads.session
        self.on = False
        self.limit = DEFAULT_LIMIT
        self.holding = False
        self._good: PortraitState | None = None
        self._farthest = 0.0  # distance of what was taken as it is: from beyond the limit the face may only come nearer
        self._newest = 0  # number of the newest step of the history that was seen
        self._mending = False  # the last step is being changed by what was measured
        self._drag: _Drag | None = None
        self._heads_by_revision: dict[int, HeadCoefficients] = {}
        self._score: tuple[int, HeadCoefficients] | None = None  # job, what it measures
        self._search: tuple[int, int | None] | None = None  # job, the revision that is checked; None: for the drag
        self._late = QTimer(self, singleShot=True, interval=0)
        self._late.timeout.connect(self._check)
        heads.limiter = self.limited
        session = self._session
        session.changed.connect(self._follow)
        session.frame_shown.connect(self._measure)
        session.portrait_replaced.connect(self._start_anew)
        board.pinned_changed.connect(self._start_anew)
        session.bridge.job_done.connect(self._job_done)
        session.bridge.job_failed.connect(self._job_failed)

    # The switch.

    @property
    def active(self) -> bool:
        """Whether it is on and a person is pinned."""
        return self.on and self._board.pinned is not None

    @property
    def checking(self) -> bool:
        """Whether an edit is being measured."""
        return self._search is not None or self._late.isActive()

    def set_on(self, on: bool) -> None:
        """Hold identity, or no longer. Without a pinned person the present one is pinned."""
        if on == self.on:
            return
        self.on = on
        if on and self._board.pinned is None:
            self._board.pin()
        self._start_anew()

    def set_limit(self, limit: float) -> None:
        """Another distance, 0.1 to 1; what goes beyond it already is left as it is."""
        self.limit = float(np.clip(limit, LEAST_LIMIT, LARGEST_LIMIT))
        self._start_anew()

    def _start_anew(self) -> None:
        """Take the portrait as it is for the start of what is held."""
        self._cancel()
        self._good, self._drag, self.holding, self._farthest = None, None, False, 0.0
        self._newest = max(node.number for node in self._session.portrait.history.nodes())
        if self.active:
            self._take_as_it_is()
        self.changed.emit()

    def _cancel(self) -> None:
        for job in (self._score, self._search):
            if job is not None:
                self._session.bridge.cancel(job[0])
        self._score = self._search = None
        self._late.stop()

    def _hold(self, holding: bool) -> None:
        if holding != self.holding:
            self.holding = holding
            self.changed.emit()

    # While a hand drags.

    def limited(self, head: HeadCoefficients) -> HeadCoefficients:
        """The head that the hand wants, or where the way there is stopped."""
        drag = self._drag
        if drag is None or not self.active:
            return head
        drag.wanted = head
        start = drag.start_head
        if drag.bad is None:
            return head
        way, wanted = _numbers(drag.bad) - _numbers(start), _numbers(head) - _numbers(start)
        share = float(way @ wanted) / max(float(way @ way), 1e-12)
        held = share > drag.reach
        self._hold(held)
        return blended(start, head, drag.reach / share) if held else head

    def _measure(self, frame: Frame) -> None:
        """Measure the face that is shown during a drag, unless one is being measured."""
        head, pinned = self._heads_by_revision.get(frame.revision), self._board.pinned
        drag = self._drag
        if not self.active or pinned is None or drag is None or head is None or self._score is not None:
            return
        if drag.bad is not None or not self._session.portrait.busy:
            return
        mask = frame.mask if frame.mask is not None else self._session.portrait.mask
        job = ScoreFace(self._board.tools, frame.pixels, mask, pinned, self._board.photo_of_face(head))
        self._score = self._session.bridge.run(job), head

    def _take_score(self, head: HeadCoefficients, apart: float) -> None:
        drag, pinned = self._drag, self._board.pinned
        if drag is None or pinned is None or not self._heads.in_gesture:
            return
        if apart <= max(self.limit, self._farthest) + TOLERANCE:
            drag.good = head
            return
        start = drag.start_head
        way, good = _numbers(head) - _numbers(start), _numbers(drag.good) - _numbers(start)
        drag.bad = head
        drag.reach = float(np.clip(way @ good / max(float(way @ way), 1e-12), 0, 0.99))
        self._heads.set(drag.wanted)  # goes back to the last one within
        bad = drag.start.with_face(head=head, base_head=self._session.portrait.base_head)
        self._find(drag.start, bad, None)

    # When a step was made.

    def _follow(self, change: Change) -> None:
        if not self.active:
            return
        portrait = self._session.portrait
        if portrait.busy:
            head = portrait.head
            base = portrait.base_head
            if head is not None and base is not None and change.head and self._heads.in_gesture:
                if self._drag is None:
                    self._heads_by_revision.clear()
                    before = portrait.before_stroke
                    start = before.head if before.head is not None else base
                    self._drag = _Drag(before, start, head, start)
                self._heads_by_revision[change.revision] = head
            return
        if self._drag is not None:
            self._drag = None
            self._cancel()
        number = portrait.history.present.number
        if number > self._newest:
            self._newest = number
            self._late.start()
        elif change.drawn and not self._mending:  # undo, redo, another step of the history or another face
            self._take_as_it_is()

    def _take_as_it_is(self) -> None:
        """Hold what comes from the present portrait on, however far it is."""
        self._cancel()
        self._good = self._session.portrait.state()
        self._hold(False)
        self._find(self._good, self._good, self._session.portrait.revision)

    def _check(self) -> None:
        """Measure the portrait as it is against what was measured last."""
        portrait, good = self._session.portrait, self._good
        if not self.active or portrait.busy or good is None:
            return
        present = portrait.state()
        if not can_be_held(good, present):
            self._take_as_it_is()
            return
        if present is not good and face_key(present.face) == face_key(good.face):
            return
        self._find(good, present, portrait.revision)

    def _find(self, before: PortraitState, after: PortraitState, revision: int | None) -> None:
        pinned = self._board.pinned
        if pinned is None:
            return
        if self._search is not None:
            self._session.bridge.cancel(self._search[0])
        photo = self._board.found_photo(after.face)
        job = HoldIdentity(self._board.tools, pinned, before, after, max(self.limit, self._farthest), photo)
        self._search = self._session.bridge.run(job), revision
        self.changed.emit()

    def _take_edit(self, found: HeldEdit, revision: int | None) -> None:
        portrait = self._session.portrait
        if revision is None:
            drag = self._drag
            if drag is None or drag.bad is None or not self._heads.in_gesture:
                return
            if found.share >= 1:  # the small picture of a moving hand had looked farther away
                drag.good, drag.bad = drag.bad, None
                self._hold(False)
            else:
                drag.reach = found.share
            self._heads.set(drag.wanted)
            return
        if portrait.busy or portrait.revision != revision:
            return  # the step that is made meanwhile is measured in its turn
        if found.share >= 1:
            as_it_is = self._good is portrait.state()
            self._farthest = found.distance if as_it_is else min(self._farthest, found.distance)
            self._good = portrait.state()
            self._hold(False)
            return
        name, held = portrait.history.present.name, found.state
        self._mending = True
        if found.share <= 0:
            self._session.guarded(portrait.undo)
            text = self.tr("Identity is held at {d}: “{name}” would go beyond it.")
        else:
            self._session.guarded(lambda: portrait.amend(held))
            text = self.tr("Identity is held at {d}: “{name}” went {share} of the way.")
        self._mending = False
        self._good = portrait.state()
        self._hold(True)
        self.noted.emit(text.format(d=f"{self.limit:.2f}", name=name, share=f"{found.share:.0%}"))

    # Jobs.

    def _job_done(self, job: int, result: Any) -> None:
        if self._score is not None and job == self._score[0]:
            head, self._score = self._score[1], None
            self._take_score(head, float(result))
        elif self._search is not None and job == self._search[0]:
            revision, self._search = self._search[1], None
            self._take_edit(result, revision)
            self.changed.emit()

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if self._score is not None and job == self._score[0]:
            self._score = None
        elif self._search is not None and job == self._search[0]:
            self._search = None
            self.changed.emit()
        else:
            return
        if not isinstance(error, Cancelled):
            self.noted.emit(str(error))


def _numbers(head: HeadCoefficients) -> npt.NDArray[np.float64]:
    """All coefficients in one row."""
    return np.concatenate([np.ravel(getattr(head, name)) for name in _PARTS]).astype(np.float64)
