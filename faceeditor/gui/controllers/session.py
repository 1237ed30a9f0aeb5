"""The open portrait in the window: edits go in, frames come out. Widgets communicate through it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine import Frame, RenderRequest
from faceeditor.engine.requests import FINE, FULL, Output
from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.gui.controllers.bridge import Bridge
from faceeditor.interaction.clear_region import without_area, without_region
from faceeditor.interaction.head_values import mirrored_head
from faceeditor.interaction.meter import FrameMeter
from faceeditor.interaction.strokes import MovedMask, replace_once
from faceeditor.portrait.brush import Area
from faceeditor.portrait.document import Change, Portrait, ReplaceMask
from faceeditor.portrait.edits import moves_mask
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.history import Node
from faceeditor.portrait.state import CombStroke, FaceState
from faceeditor.regions import MaskArray, Region, mirrored

REST_MS = 60
"""How long nothing changes before the face is drawn at the generator's largest side."""

MoveMask = Callable[[MaskArray, HeadCoefficients, HeadCoefficients], MaskArray]
"""(painted mask, head at which it was painted, present head) -> the mask as it is drawn; takes about 20 ms."""


class PortraitSession(QObject):
    """Owns the portrait and the way to the engine.

    Signals:
        portrait_replaced: another portrait is open.
        changed: Change of the open portrait.
        frame_shown: Frame, newer than the last one.
        fine_frame_shown: Frame of 512 x 512 pixels of the face that is shown, after a moment of rest.
        before_changed: the picture to compare with is another one.
        open_work_ended: a stroke or gesture was committed by something else than its own end.
        failed: a sentence for the user.
        recovered: a sentence that `failed` reported and that no longer holds.
        status_changed: EngineStatus.
    """

    portrait_replaced = Signal()
    changed = Signal(object)
    frame_shown = Signal(object)
    fine_frame_shown = Signal(object)
    before_changed = Signal()
    open_work_ended = Signal()
    failed = Signal(str)
    recovered = Signal(str)
    status_changed = Signal(object)

    def __init__(self, bridge: Bridge, portrait: Portrait, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.meter = FrameMeter()
        self.portrait = portrait
        self.frame: Frame | None = None
        self.before: npt.NDArray[np.uint8] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._epoch = 0
        self._told = ""  # the engine's last complaint
        self._show_head = False
        self._resting = False  # the hand rests inside of an open stroke
        self._shown: tuple[int, int, bool] = (-1, 0, False)  # revision, side at which it was drawn, with the head
        self._fine: Frame | None = None  # the last one at the generator's largest side
        self._painted = 0  # the last revision at which the painted mask changed
        self.move_mask: MoveMask | None = None  # set once the head model is loaded, which takes seconds
        self._held: tuple[FaceState, FaceState] | None = None  # a face, and how it is drawn on its photograph
        self._moved: tuple[int, MaskArray] | None = None  # a moved mask that no frame brought, and its revision
        self._requests = QTimer(self, interval=0, singleShot=True)
        self._requests.timeout.connect(self._request)
        self._rest = QTimer(self, interval=REST_MS, singleShot=True)
        self._rest.timeout.connect(self.request_fine_frame)
        bridge.frame.connect(self._take_frame)
        bridge.failed.connect(self._take_failure)
        bridge.status.connect(self.status_changed)
        self._adopt(portrait)

    # The portrait.

    def replace(self, portrait: Portrait) -> None:
        """Open another portrait in place of this one."""
        self.end_open_work()
        self._adopt(portrait)
        self.portrait_replaced.emit()

    def _adopt(self, portrait: Portrait) -> None:
        self._unsubscribe()
        self.portrait = portrait
        self._epoch += 1
        self._shown = (-1, 0, False)
        self._painted = portrait.revision
        self._moved = None
        self.frame = self.before = self._fine = None
        self._unsubscribe = portrait.subscribe(self._follow)
        self._requests.start()

    def _follow(self, change: Change) -> None:
        if change.dirty is not None:
            self._painted = change.revision
        coarse = self.frame is not None and self.frame.drawn < FULL
        if change.drawn:
            self._resting = False
        if change.drawn or (change.history and coarse):
            self._rest.stop()
            self._requests.start()
        elif change.history and not self.portrait.busy:
            self._rest.start()  # a gesture ended on the face that is shown
        self.changed.emit(change)

    def end_open_work(self) -> None:
        """Commit a stroke or gesture that is still open; does nothing if there is none."""
        if not self.portrait.busy:
            return
        try:
            self.portrait.commit_stroke()
        except FaceEditorError:
            self.portrait.commit_gesture()
        self.open_work_ended.emit()

    def guarded(self, action: Callable[[], object]) -> bool:
        """Do something that can fail because of the user's data; a failure is reported and False returned."""
        try:
            action()
        except FaceEditorError as error:
            self.failed.emit(str(error))
            return False
        return True

    def undo(self) -> None:
        self.end_open_work()
        self.guarded(self.portrait.undo)

    def redo(self) -> None:
        self.end_open_work()
        self.guarded(self.portrait.redo)

    def go_to(self, position: int) -> None:
        """Go to a step of the history."""
        self.end_open_work()
        self.guarded(lambda: self.portrait.go_to(position))

    def go_to_node(self, node: Node) -> None:
        """Go to any step of the history's tree."""
        self.end_open_work()
        self.guarded(lambda: self.portrait.go_to_node(node))

    def replace_mask(self, mask: MaskArray, name: str, head: HeadCoefficients | None = None) -> None:
        """Exchange the whole mask, and the head with it: one undo step. No head: it is read from the new face."""
        self.end_open_work()
        self.guarded(lambda: self.portrait.apply(ReplaceMask(mask, name, head)))

    def mirror_mask(self) -> None:
        """Flip the mask, left and right regions exchanged; a head is turned round with it."""
        self.end_open_work()
        head = self.portrait.head
        turned = None if head is None else mirrored_head(head)
        self.guarded(lambda: self.replace_mask(mirrored(self.shown_mask), self.tr("Mirror mask"), turned))

    def clear_region(self, region: Region) -> None:
        """Give all of a region's pixels to what surrounds them, so that no hole is left."""
        self._replace_seen(lambda mask: without_region(mask, region), self.tr("Clear region"))

    def clear_area(self, area: Area) -> None:
        """Give all pixels of an area (256, 256) of the mask that is seen to what surrounds it."""
        self._replace_seen(lambda mask: without_area(mask, area), self.tr("Clear selection"))

    def _replace_seen(self, make: Callable[[MaskArray], MaskArray | None], name: str) -> None:
        self.end_open_work()
        self.guarded(lambda: replace_once(self.portrait, name, make, self.moved_mask()))

    # Frames.

    @property
    def shown_mask(self) -> MaskArray:
        """The mask as it is drawn: the painted one, carried along where the head has moved since.

        (256, 256) uint8, read-only. It is what the canvas shows, and what a stroke adopts as it begins
        (`Portrait.begin_stroke`).

        Raises:
            EngineError: the head has moved, no frame shows it yet and the head model is still being loaded.
        """
        portrait = self.portrait
        face = self._as_drawn(portrait.state().face)
        head, base = face.shown_head, face.base_head
        if not portrait.moved or head is None or base is None:
            return portrait.mask
        frame = self.frame
        # Later changes of style or light leave the moved mask as it is.
        if (
            frame is not None
            and frame.revision >= self._painted
            and frame.head is not None
            and frame.mask is not None
            and not moves_mask(frame.head, head)
        ):
            return frame.mask
        if self._moved is None or self._moved[0] != portrait.revision:
            if self.move_mask is None:
                raise EngineError(self.tr("The head model is still loading. Wait a moment and try again."))
            mask = self.move_mask(portrait.mask, base, head)
            mask.flags.writeable = False
            self._moved = (portrait.revision, mask)
        return self._moved[1]

    def moved_mask(self) -> MovedMask | None:
        """What a stroke paints on where the head has moved since the mask was painted, and the way back; else None.

        Raises:
            EngineError: as of `shown_mask`.
        """
        if not self.portrait.moved:
            return None
        return MovedMask(self.shown_mask, self.unmove_stroke, self.shown_comb, self.unmove_points)

    @property
    def shown_comb(self) -> tuple[CombStroke, ...]:
        """The comb strokes as they lie on the shown mask."""
        face, frame = self.portrait.state().face, self.frame
        drawn = face.moved and frame is not None and len(frame.comb) == len(face.comb)
        return frame.comb if drawn and frame is not None else face.comb

    def unmove_points(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Where points on the shown mask are on the painted one, (N, 2) in mask pixels."""
        face = self._as_drawn(self.portrait.before_stroke.face)
        if face.shown_head is None or face.base_head is None:
            return points
        from faceeditor.head.model import HeadModel
        from faceeditor.head.motion import look_up_points

        return look_up_points(HeadModel.load(), face.base_head, face.shown_head, face.mask, points)

    def unmove_stroke(self, before: MaskArray, after: MaskArray) -> MaskArray | None:
        """Bring a stroke on the shown mask back to the painted one (`Portrait.begin_stroke`)."""
        stroke = self.portrait.before_stroke
        face = self._as_drawn(stroke.face)
        head, base = face.shown_head, face.base_head
        if head is None or base is None:
            return None
        from faceeditor.head.model import HeadModel
        from faceeditor.head.motion import unmove_stroke

        try:
            return unmove_stroke(HeadModel.load(), stroke.mask, base, head, before, after)
        except FaceEditorError:  # without the head model the moved mask itself is kept
            return None

    def _as_drawn(self, face: FaceState) -> FaceState:
        """A face as it is drawn: on a photograph its head turns about the neck, which the shoulders hold."""
        if face.source is None or face.head is None or face.head is face.source.head:
            return face
        # Imported here: it loads numba, which only a photograph needs.
        from faceeditor.photo.warp import held_by_the_body

        if self._held is None or self._held[0] is not face:
            self._held = face, face.changed(head=held_by_the_body(face.source.head, face.head))
        return self._held[1]

    @property
    def show_head(self) -> bool:
        """Whether frames bring the plain rendering of the head (`Frame.head_picture`)."""
        return self._show_head

    @show_head.setter
    def show_head(self, on: bool) -> None:
        asked = on and not self._show_head
        self._show_head = on
        if asked:
            self._requests.start()

    def rest(self) -> None:
        """The hand rests inside of an open stroke: the face is drawn in full until something changes again."""
        self._resting = True
        if self.up_to_date:
            self._rest.start()
        else:
            self._requests.start()

    def request_frame(self) -> None:
        """Ask for a face of the portrait as it is."""
        self._requests.start()

    def _request(self) -> None:
        portrait = self.portrait
        # During a gesture the engine may use its fast tier; the end of the gesture requests the full one.
        output = Output(fast=portrait.busy and not self._resting)
        state = portrait.state()
        state = state.with_faces_part(state.active, self._as_drawn(state.face))
        request = RenderRequest.of(state, output, revision=portrait.revision, show_head=self._show_head)
        self.bridge.submit(self._epoch, request)

    @property
    def fine_frame(self) -> Frame | None:
        """The present face at the generator's largest side; None until it was drawn."""
        fine = self._fine
        return fine if fine is not None and fine.revision == self.portrait.revision else None

    def request_fine_frame(self) -> None:
        """Ask for the face that is shown at the generator's largest side, where nothing has changed meanwhile."""
        portrait, state = self.portrait, self.portrait.state()
        moving = portrait.busy and not self._resting
        if moving or state.photo is not None or not self.up_to_date:
            return
        self.bridge.submit(self._epoch, RenderRequest.of(state, Output.of_side(FINE), revision=portrait.revision))

    def _take_frame(self, epoch: int, frame: Frame) -> None:
        if len(frame.pixels) > FULL:
            if epoch == self._epoch and frame.revision == self.portrait.revision:
                self._fine = frame
                self.fine_frame_shown.emit(frame)
            return
        key = (frame.revision, frame.drawn, frame.head_picture is not None)
        if epoch != self._epoch or key <= self._shown:
            return
        self._shown = key
        if self._told:
            self.recovered.emit(self._told)
        self._told = ""
        self.frame = frame
        self.meter.count(frame)
        if self.before is None and frame.drawn >= FULL:
            self.before = frame.pixels
            self.before_changed.emit()
        self.frame_shown.emit(frame)
        if (
            frame.drawn < FULL
            and (self._resting or not self.portrait.busy)
            and frame.revision == self.portrait.revision
        ):
            self._requests.start()  # the gesture ended while the fast frame was being drawn
        elif frame.drawn >= FULL and frame.revision == self.portrait.revision:
            self._rest.start()

    def _take_failure(self, epoch: int, error: Any) -> None:
        # A generator that is missing fails every request in the same way: told once is enough.
        if epoch == self._epoch and str(error) != self._told:
            self._told = str(error)
            self.failed.emit(self._told)

    def pin_before(self) -> None:
        """Compare with the face as it is now from here on."""
        if self.frame is not None:
            self.before = self.frame.pixels
            self.before_changed.emit()

    @property
    def up_to_date(self) -> bool:
        """Whether the frame on screen shows the portrait as it is, in full size."""
        return self._shown[:2] >= (self.portrait.revision, FULL)

    @property
    def title(self) -> str:
        """The portrait's name for the window's title."""
        path: Path | None = self.portrait.path
        if path is not None:
            return path.name
        photo = self.portrait.state().photo
        return photo.name if photo is not None else self.tr("Untitled portrait")

    def close(self) -> None:
        """Stop the engine; its threads have ended when this returns."""
        self._requests.stop()
        self._rest.stop()
        self._unsubscribe()
        self.bridge.close()
