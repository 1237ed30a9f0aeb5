"""Controller of styles: generate, apply, blend, encode a photo, draw thumbnails."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from faceeditor.engine import EncodedPhoto, EncodePhoto, RenderRequest, Thumbnails
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.portrait.document import Change, SetStyle, SetTruncation
from faceeditor.portrait.style import StyleCode
from faceeditor.portrait.style_library import pin_style, pinned_styles, unpin_style
from faceeditor.regions import Region

_IDLE_MS = 900


@dataclass(frozen=True, eq=False)
class Blend:
    """A mixture of two styles: ``base`` at 0, ``partner`` at 1 (None while none is chosen)."""

    base: StyleCode
    partner: StyleCode | None
    t: float


class StyleController(QObject):
    """Changes the style of the session's portrait and knows what its recent styles look like.

    Signals:
        changed: style, truncation, blend or the list of recent styles changed.
        thumbnails_changed: some recent style has another picture.
        noted: a sentence worth knowing.
        offered: a sentence, the text of a button, and what to call when it is pressed.
        work_started: a sentence on long work that began.
        work_progress: fraction 0..1.
        work_ended: the long work is over, whatever its outcome.
    """

    changed = Signal()
    thumbnails_changed = Signal()
    noted = Signal(str)
    offered = Signal(str, str, object)
    work_started = Signal(str)
    work_progress = Signal(float)
    work_ended = Signal()

    def __init__(
        self, session: PortraitSession, prior: Callable[[], StylePrior], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.fits_mask = True
        """Whether new styles are of people who fit the mask."""
        self.take: Callable[[StyleCode], bool] | None = None
        """Takes a chosen style in place of the whole face; False: it does not."""
        self.thumbnail_side = 96
        """Side of the thumbnails in pixels, at most 256."""
        self._load_prior = prior
        self._prior: StylePrior | None = None
        self._partner: StyleCode | None = None
        self._blends: dict[str, Blend] = {}
        self._pictures: dict[str, npt.NDArray[np.uint8]] = {}
        self._order: list[str] = []
        self._pinned = pinned_styles()
        self._thumbnail_job: int | None = None
        self._wanted: tuple[StyleCode, ...] = ()
        self._drawn_truncation = 1.0  # at which the thumbnails were drawn
        self._gesture = False
        self._photo_job: int | None = None
        self._photo_region: Region | None = None
        self._idle = QTimer(self, interval=_IDLE_MS, singleShot=True)
        self._idle.timeout.connect(self.refresh_thumbnails)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._start_anew)
        session.open_work_ended.connect(self._forget_gesture)
        session.frame_shown.connect(self._first_frame)
        bridge = session.bridge
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)
        bridge.job_progress.connect(self._job_progress)

    # What there is.

    @property
    def recent(self) -> list[StyleCode]:
        """The pinned styles, then the recent ones in an order that stays.

        A new one comes in front of the other recent ones, one used again keeps its place.
        """
        known = {style.key: style for style in self.session.portrait.recent_styles if not self.is_pinned(style)}
        order = [key for key in self._order if key in known]
        fresh = [key for key in known if key not in order]
        self._order = fresh + order
        return [*self._pinned, *(known[key] for key in self._order)]

    def is_pinned(self, style: StyleCode) -> bool:
        """Whether a style is kept for all portraits."""
        return any(pinned.key == style.key for pinned in self._pinned)

    def picture(self, style: StyleCode) -> npt.NDArray[np.uint8] | None:
        """The thumbnail of a style on the present mask, (H, W, 3) uint8, or None while there is none."""
        return self._pictures.get(style.key)

    @property
    def blend(self) -> Blend:
        """How the present style is mixed. Undo and redo lead back to the mixture, too."""
        style = self.session.portrait.style
        known = self._blends.get(style.key)
        return known if known is not None else Blend(style, self._partner, 0.0)

    # Changing it.

    def draw(self, seed: int | None = None) -> None:
        """Draw a new style, of a person who fits the mask if that is wanted."""
        chosen = secrets.randbelow(1_000_000) if seed is None else seed
        self.session.guarded(lambda: self.use_new(self.random_style(chosen)))

    def random_style(self, seed: int) -> StyleCode:
        """The style of a random person, who fits the mask if that is wanted; the portrait is not changed.

        Raises:
            ModelError: the model of random people is missing.
        """
        return self.prior.draw(seed, self.session.portrait.mask if self.fits_mask else None)

    def use_new(self, style: StyleCode) -> None:
        """Apply a style that was drawn by `random_style`."""
        self.session.end_open_work()
        self.session.guarded(lambda: self._set(style, self.tr("New style")))
        if self.session.portrait.truncation == 0:
            text = self.tr("At a variety of 0 % every style shows the same person: raise Variety to see this one.")
            self.noted.emit(text)

    @property
    def prior(self) -> StylePrior:
        """The model of random people; raises ModelError if it is not there."""
        if self._prior is None:
            self._prior = self._load_prior()
        return self._prior

    def _set(self, style: StyleCode, name: str) -> None:
        if self.take is not None and self.take(style):
            return
        self.session.portrait.apply(SetStyle(style, name))

    def apply(self, style: StyleCode, region: Region | None = None) -> None:
        """Use a style for the whole face, or for one region only."""
        self.session.end_open_work()
        known = self._blends.get(style.key)
        if known is not None and known.t in (0.0, 1.0):
            del self._blends[style.key]  # an end of an old blend, now chosen for itself
        if region is None:
            self.session.guarded(lambda: self._set(style, self.tr("Apply style")))
            return
        name = self.tr("Style of {region}").format(region=region_name(region))
        mixed = self.session.portrait.style.with_region(region, style)
        self.session.guarded(lambda: self._set(mixed, name))

    def choose_partner(self, style: StyleCode) -> None:
        """Blend the present style with this one from now on."""
        self._blends.pop(self.session.portrait.style.key, None)
        self._partner = style
        self.changed.emit()

    # Keeping order among the recent ones.

    def pin(self, style: StyleCode, on: bool) -> None:
        """Keep a style in front, for all portraits, or no longer."""

        def change() -> None:
            if on:
                pin_style(style)
            else:
                unpin_style(style)
                self._recall(style)

        self.session.guarded(change)
        self._read_pinned()

    def rename(self, style: StyleCode, name: str) -> None:
        """Give a style another name."""
        name = name.strip()
        if not name or name == style.label:
            return
        renamed = style.with_label(name)
        if self.is_pinned(style):
            self.session.guarded(lambda: pin_style(renamed))
        portrait = self.session.portrait
        recent = tuple(renamed if each.key == style.key else each for each in portrait.recent_styles)
        if any(each is renamed for each in recent):
            portrait.set_recent_styles(recent)
        self._read_pinned()

    def delete(self, style: StyleCode) -> None:
        """Take a style out of the recent and pinned ones; the banner offers to bring it back."""
        portrait, pinned = self.session.portrait, self.is_pinned(style)
        recent, order = portrait.recent_styles, list(self._order)
        if pinned and not self.session.guarded(lambda: unpin_style(style)):
            return
        self._take_out(style)
        self._read_pinned()

        def restore() -> None:
            if pinned:
                self.session.guarded(lambda: pin_style(style))
            if self.session.portrait is portrait:
                self._order = [key for key in order if key == style.key or key in self._order]
                if any(each.key == style.key for each in recent):
                    self._recall(style, [each.key for each in recent].index(style.key))
            self._read_pinned()

        told = self.tr("Deleted the style “{name}”.").format(name=style.label or self.tr("Style"))
        self.offered.emit(told, self.tr("Undo"), restore)

    def _take_out(self, style: StyleCode) -> None:
        portrait = self.session.portrait
        others = tuple(each for each in portrait.recent_styles if each.key != style.key)
        if len(others) < len(portrait.recent_styles):
            portrait.set_recent_styles(others)

    def _recall(self, style: StyleCode, place: int = 0) -> None:
        """Put a style back among the recent ones unless it is there."""
        recent = self.session.portrait.recent_styles
        if not any(each.key == style.key for each in recent):
            self.session.portrait.set_recent_styles((*recent[:place], style, *recent[place:]))

    def _read_pinned(self) -> None:
        self._pinned = pinned_styles()
        self.changed.emit()
        if any(style.key not in self._pictures for style in self.recent):
            self._idle.start(150)

    def begin(self, name: str) -> None:
        """Begin a gesture: everything until `end` is one undo step."""
        self.session.end_open_work()
        self._gesture = self.session.guarded(lambda: self.session.portrait.begin_gesture(name))

    def end(self) -> None:
        """End the gesture. A stroke that began meanwhile continues."""
        if self._gesture:
            self._gesture = False
            self.session.portrait.commit_gesture()
        self.changed.emit()

    def _forget_gesture(self) -> None:
        self._gesture = False

    def set_blend(self, t: float) -> None:
        """Mix base and partner, 0..1."""
        blend = self.blend
        if blend.partner is None:
            return
        base, partner = blend.base, blend.partner
        mixed = base.blend(partner, t)
        self._blends[mixed.key] = Blend(base, partner, t)
        if len(self._blends) > 4096:
            self._blends.pop(next(iter(self._blends)))
        self.session.guarded(lambda: self._set(mixed, self.tr("Blend")))

    def set_truncation(self, truncation: float) -> None:
        """0 is the average person, 1 the style as it was drawn."""
        self.session.guarded(lambda: self.session.portrait.apply(SetTruncation(truncation, self.tr("Variety"))))

    # A photo.

    def from_photo(self, path: Path, region: Region | None = None, face: int = 0) -> None:
        """Read the style of one of the faces of a photo in the background; painting goes on meanwhile."""
        self.cancel_photo()
        self._photo_region = region
        self._photo_job = self.session.bridge.run(EncodePhoto(path, face=face))
        self.work_started.emit(self.tr("Reading the style of {name} ...").format(name=path.name))

    def cancel_photo(self) -> None:
        """Stop reading a photo."""
        if self._photo_job is not None:
            self.session.bridge.cancel(self._photo_job)
            self._photo_job = None
            self.work_ended.emit()

    # Thumbnails.

    def refresh_thumbnails(self) -> None:
        """Draw the recent styles on the present mask."""
        if self.session.portrait.busy:
            self._idle.start()
            return
        if self._thumbnail_job is not None:
            self.session.bridge.cancel(self._thumbnail_job)
        self._wanted = tuple(self.recent)
        state = self.session.portrait.state()
        self._drawn_truncation = state.truncation
        job = Thumbnails(self._wanted, RenderRequest.of(state), self.thumbnail_side)
        self._thumbnail_job = self.session.bridge.run(job)

    def _first_frame(self) -> None:
        if not self._pictures and self._thumbnail_job is None:
            self._idle.start(150)

    def _follow(self, change: Change) -> None:
        if change.style or change.history:
            self.changed.emit()
        portrait = self.session.portrait
        varied = change.style and portrait.truncation != self._drawn_truncation
        unseen = change.history and any(style.key not in self._pictures for style in portrait.recent_styles)
        redraw = change.dirty is not None or change.head or varied
        if self.session.frame is not None and (redraw or unseen):
            self._idle.start(_IDLE_MS if redraw else 150)

    def _start_anew(self) -> None:
        self.cancel_photo()  # it was begun for another portrait
        self._pictures.clear()
        self._order.clear()
        self._partner = None
        if self._thumbnail_job is not None:
            self.session.bridge.cancel(self._thumbnail_job)
            self._thumbnail_job = None
        self.changed.emit()

    # Answers of the engine.

    def _job_progress(self, job: int, fraction: float) -> None:
        if job == self._photo_job:
            self.work_progress.emit(fraction)

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._thumbnail_job:
            self._thumbnail_job = None
            for style, picture in zip(self._wanted, result, strict=True):
                self._pictures[style.key] = picture
            self.thumbnails_changed.emit()
        elif job == self._photo_job:
            self._photo_job = None
            self.work_ended.emit()
            photo: EncodedPhoto = result
            self.apply(photo.style.without_detail(), self._photo_region)
            if photo.note:
                self.noted.emit(photo.note)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._thumbnail_job:
            # A missing thumbnail is a blemish, not worth a banner: the frame's own failure is reported already.
            self._thumbnail_job = None
        elif job == self._photo_job:
            self._photo_job = None
            self.work_ended.emit()
            if not isinstance(error, Cancelled):
                self.session.failed.emit(str(error))
