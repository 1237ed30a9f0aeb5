"""The open portrait in the window: edits go in, frames come out. Widgets talk to this and to each other through it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine import Frame, RenderRequest
from faceeditor.engine.requests import FAST, FULL
from faceeditor.errors import FaceEditorError
from faceeditor.gui.bridge import Bridge
from faceeditor.gui.meter import FrameMeter
from faceeditor.portrait.document import Change, Portrait, ReplaceMask
from faceeditor.regions import MaskArray, Region, mirrored


class PortraitSession(QObject):
    """Owns the portrait and the way to the engine.

    Signals:
        portrait_replaced: another portrait is open.
        changed: Change of the open portrait.
        frame_shown: Frame, newer than the last one.
        before_changed: the picture to compare with is another one.
        open_work_ended: a stroke or gesture was committed by something else than its own end.
        failed: a sentence for the user.
        status_changed: EngineStatus.
    """

    portrait_replaced = Signal()
    changed = Signal(object)
    frame_shown = Signal(object)
    before_changed = Signal()
    open_work_ended = Signal()
    failed = Signal(str)
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
        self._shown: tuple[int, int] = (-1, 0)  # revision and the side at which it was drawn
        self._requests = QTimer(self, interval=0, singleShot=True)
        self._requests.timeout.connect(self._request)
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
        self._shown = (-1, 0)
        self.frame = self.before = None
        self._unsubscribe = portrait.subscribe(self._follow)
        self._requests.start()

    def _follow(self, change: Change) -> None:
        coarse = self.frame is not None and self.frame.drawn < FULL
        if change.dirty is not None or change.style or (change.history and coarse):
            self._requests.start()
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

    def replace_mask(self, mask: MaskArray, name: str) -> None:
        """Exchange the whole mask: one undo step."""
        self.end_open_work()
        self.guarded(lambda: self.portrait.apply(ReplaceMask(mask, name)))

    def mirror_mask(self) -> None:
        """Flip the mask, left and right regions exchanged."""
        self.replace_mask(mirrored(self.portrait.mask), self.tr("Mirror mask"))

    def clear_region(self, region: Region) -> None:
        """Give all of a region's pixels to the region that surrounds it most, so that no hole is left."""
        mask = self.portrait.mask
        inside = mask == region
        if not inside.any():
            return
        grown = inside.copy()
        grown[1:] |= inside[:-1]
        grown[:-1] |= inside[1:]
        grown[:, 1:] |= inside[:, :-1]
        grown[:, :-1] |= inside[:, 1:]
        around = mask[grown & ~inside]
        filler = int(np.bincount(around).argmax()) if around.size else int(Region.BACKGROUND)
        cleared = mask.copy()
        cleared[inside] = filler
        self.replace_mask(cleared, self.tr("Clear region"))

    # Frames.

    def request_frame(self) -> None:
        """Ask for a face of the portrait as it is."""
        self._requests.start()

    def _request(self) -> None:
        state = self.portrait.state()
        # While the hand moves the engine may take its fast tier; the end of the gesture asks for the full one.
        size = FAST if self.portrait.busy else FULL
        self.bridge.submit(
            self._epoch, RenderRequest(state.revision, state.mask, state.style, state.truncation, size=size)
        )

    def _take_frame(self, epoch: int, frame: Frame) -> None:
        key = (frame.revision, frame.drawn)
        if epoch != self._epoch or key <= self._shown:
            return
        self._shown = key
        self._told = ""
        self.frame = frame
        self.meter.count(frame)
        if self.before is None and frame.drawn >= FULL:
            self.before = frame.pixels
            self.before_changed.emit()
        self.frame_shown.emit(frame)
        if frame.drawn < FULL and not self.portrait.busy and frame.revision == self.portrait.revision:
            self._requests.start()  # the hand has come to rest while the fast frame was on its way

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
        return self._shown >= (self.portrait.revision, FULL)

    @property
    def title(self) -> str:
        """The portrait's name for the window's title."""
        path: Path | None = self.portrait.path
        return path.name if path is not None else self.tr("Untitled portrait")

    def close(self) -> None:
        """Stop the engine; its threads have ended when this returns."""
        self._requests.stop()
        self._unsubscribe()
        self.bridge.close()
