"""Pictures of the presets of a group: the present person under each of them, drawn while the hand rests."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine.pipeline import key_of
from faceeditor.engine.preset_job import PresetThumbnails
from faceeditor.engine.requests import FULL, mask_key
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.head.presets import Preset
from faceeditor.portrait.document import Change
from faceeditor.portrait.head import HeadCoefficients

_REST_MS, _SOON_MS = 800, 60
_SLOW_MS = 150.0
"""Where a frame takes longer than that, plain renderings of the neutral head take the place of faces."""
_KEPT, _STEP = 300, 32
"""How many pictures are remembered, and steps of their side in pixels, so that a panel can be widened."""

Pixels = npt.NDArray[np.uint8]


class PresetPictures(QObject):
    """Draws presets on the lane of long jobs, which gives way to everything else.

    A stroke or a drag stops the drawing, and a moment after the last change it goes on. Pictures are remembered by
    person and preset. Until those of a changed person are there, the last ones are shown.

    Args:
        heads: the person.
        group: whose presets.
        seen: whether the pictures are in sight; none is drawn otherwise, and `ask` says that they came into sight.

    Signals:
        changed: some preset has another picture.
    """

    changed = Signal()

    def __init__(
        self, heads: HeadController, group: str, seen: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._heads, self._group, self._seen = heads, group, seen
        self._presets: tuple[Preset, ...] = ()
        self._side = 96
        self._made: OrderedDict[Hashable, Pixels] = OrderedDict()  # by person and preset
        self._last: dict[Hashable, Pixels] = {}  # by preset
        self._job: int | None = None
        self._drawing: list[Hashable] = []  # what the running job still has to draw
        self._refused: Hashable = None  # a person whose pictures failed
        self._rest = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._draw)
        session = heads.session
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._start_anew)
        heads.read.connect(self.ask)
        heads.model_loaded.connect(self.ask)
        bridge = session.bridge
        bridge.preview_ready.connect(self._take)
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)

    # What is asked for.

    def show(self, presets: Sequence[Preset], side: int) -> None:
        """Draw pictures of these presets with a side in pixels, at most 256."""
        side = min(-(-side // _STEP) * _STEP, FULL)
        if side > self._side:
            self._made.clear()
        self._presets, self._side = tuple(presets), max(side, self._side)
        self.ask()

    def ask(self) -> None:
        """Draw what is missing, soon."""
        if self._presets and self._job is None and not self._rest.isActive():
            self._rest.start(_SOON_MS)

    def picture(self, preset: Preset) -> Pixels | None:
        """The latest picture of a preset, (S, S, 3) uint8 sRGB; None until there is one."""
        return self._last.get(_preset_key(preset))

    @property
    def complete(self) -> bool:
        """Whether every preset shows the present person."""
        person = self._person()
        return all((person, _preset_key(preset), self._side) in self._made for preset in self._presets)

    # Drawing.

    def _follow(self, change: Change) -> None:
        if change.drawn:
            self._cancel()  # the hand moves
        if self._presets and (change.drawn or change.history):
            self._rest.start(_REST_MS)

    def _start_anew(self) -> None:
        self._cancel()
        self._last.clear()
        self.changed.emit()

    def _cancel(self) -> None:
        self._rest.stop()
        self._drawing.clear()
        if self._job is not None:
            self._heads.session.bridge.cancel(self._job)
            self._job = None

    @property
    def _plain(self) -> bool:
        return self._heads.session.bridge.engine.status.network_ms > _SLOW_MS

    def _person(self) -> Hashable:
        """What the pictures depend on beside the presets; None while there is no head."""
        head = self._heads.head
        if head is None:
            return None
        if self._plain:
            return "plain"
        face = self._heads.session.portrait.state().face
        bare = head.with_group(self._group, HeadCoefficients.neutral())
        base = face.base_head if face.head is not None else head
        parts = (face.style, face.truncation, bare, base, face.comb, face.adjustments)
        return (mask_key(face.mask), *(key_of(part) for part in parts))

    def _draw(self) -> None:
        session, model, person = self._heads.session, self._heads.model, self._person()
        if model is None or person is None or person == self._refused or not self._seen():
            return
        if session.portrait.busy or not session.up_to_date:
            self._rest.start(_REST_MS)
            return
        self._cancel()
        missing, found = [], False
        for preset in self._presets:
            key = (person, _preset_key(preset), self._side)
            if key in self._made:
                self._made.move_to_end(key)
                found |= self._last.get(key[1]) is not self._made[key]
                self._last[key[1]] = self._made[key]
            else:
                missing.append((key, preset))
        if found:
            self.changed.emit()
        if not missing:
            return
        request = None if self._plain else self._heads.request()
        self._drawing = [key for key, _ in missing]
        wanted = [preset for _, preset in missing]
        self._job = session.bridge.run_with_previews(
            lambda emit: PresetThumbnails(wanted, request, model, self._side, emit)
        )

    def _take(self, job: int, pixels: Pixels) -> None:
        if job != self._job or not self._drawing:
            return
        key = self._drawing.pop(0)
        self._made[key] = pixels
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        assert isinstance(key, tuple)
        self._last[key[1]] = pixels
        self.changed.emit()

    def _job_done(self, job: int, result: object) -> None:
        if job == self._job:
            self._job = None
            self.ask()  # the person or the size may be another one by now

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job != self._job:
            return
        self._job = None
        self._drawing.clear()
        if isinstance(error, Cancelled):
            self._rest.start(_REST_MS)  # pictures of another group took its place
        else:
            # A missing picture is a blemish, not worth a banner; it is tried again with the next person.
            self._refused = self._person()


def _preset_key(preset: Preset) -> Hashable:
    return preset.name, tuple(sorted(preset.values.items()))
