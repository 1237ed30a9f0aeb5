"""What a window shows of an edited photograph: the visible rectangle at the screen's scale; the newest request wins."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faceeditor.engine.helper_thread import HelperThread
from faceeditor.engine.photo_edit import DrawingAhead, edit_of_face, plan_edit
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.portrait.state import FaceState

if TYPE_CHECKING:
    from faceeditor.images import SourceImage
    from faceeditor.photo.composite import Edit
    from faceeditor.photo.face import PhotoFace
    from faceeditor.photo.placement import Rect
    from faceeditor.photo.preview import Preview

_log = logging.getLogger(__name__)
_JOIN_SECONDS = 1.6
_PERSON_SECONDS = 0.05
"""How often is looked whether the people of a photograph were found."""
_QUICK_SIDE = 900
"""Longer side of a picture that is drawn while a hand moves; the screen enlarges it."""
_LEVELS = 3
OWN_TINT, MOVED_TINT, MADE_TINT = (0, 158, 115), (0, 114, 200), (240, 120, 0)
"""Colours (sRGB, 0..255) of the seam view: the photograph's pixels in their place, moved ones, and made ones. They are
told apart with any colour vision (Okabe and Ito 2008)."""
_TINT = np.float32(0.7)

Pixels = npt.NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the photograph."""


@dataclass(frozen=True, eq=False)
class ViewRequest:
    """A part of an edited photograph to be drawn.

    Attributes:
        revision: the portrait's revision.
        source: the photograph.
        faces: its faces as found, and what is wanted of them.
        rect: what is visible.
        scale: pixels of the screen per pixel of the photograph.
        quick: a hand moves: coarser fields, and a smaller picture.
        seams: tint pixels by where they come from (`OWN_TINT`, `MOVED_TINT`, `MADE_TINT`).
    """

    revision: int
    source: "SourceImage"
    faces: "tuple[tuple[PhotoFace, FaceState], ...]"
    rect: Rectangle
    scale: float
    quick: bool = False
    seams: bool = False


@dataclass(frozen=True, eq=False)
class ViewPicture:
    """What was drawn.

    Attributes:
        revision: of the request.
        pixels: (h, w, 3) uint8 sRGB, read-only.
        rect: what part of the photograph it shows.
        quick: as the request.
        untouched: no edit is in effect: these are the photograph's own pixels.
        seams: as the request.
    """

    revision: int
    pixels: Pixels
    rect: Rectangle
    quick: bool
    untouched: bool
    seams: bool = False


OnPicture = Callable[[ViewPicture], None]
OnError = Callable[[FaceEditorError], None]


class PhotoView:
    """Draws on a thread of its own; callbacks are called there, none after `close`.

    Args:
        frame: draws a face by the generator and waits for it (`Engine.render`).
    """

    def __init__(self, frame: Callable[[RenderRequest], Frame]) -> None:
        self._frame = frame
        self._condition = threading.Condition()
        self._pending: tuple[ViewRequest, Callable[[ViewPicture], None], Callable[[FaceEditorError], None]] | None = (
            None
        )
        self._closing = False
        self._thread: threading.Thread | None = None
        self._levels: dict[float, Pixels] = {}
        self._source: SourceImage | None = None
        self._edits: dict[tuple[int, bool], tuple[FaceState, PhotoFace, Edit]] = {}
        self._previews: dict[int, tuple[PhotoFace, Preview]] = {}
        self._helper = HelperThread("photo-view-generator")
        self._ahead: dict[int, DrawingAhead] = {}

    def submit(
        self,
        request: ViewRequest,
        on_picture: OnPicture,
        on_error: OnError,
    ) -> None:
        """Ask for a picture. A request that has not begun is replaced by this one and never answered."""
        with self._condition:
            if self._closing:
                return
            self._pending = request, on_picture, on_error
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="photo-view", daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """End the thread; a picture under way is not delivered."""
        with self._condition:
            self._closing = True
            self._pending = None
            self._condition.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_SECONDS)
        self._helper.close()

    def _run(self) -> None:
        while True:
            with self._condition:
                while self._pending is None and not self._closing:
                    self._condition.wait()
                if self._closing or self._pending is None:
                    return
                (request, on_picture, on_error), self._pending = self._pending, None
            try:
                picture = self.draw(request)
            except FaceEditorError as error:
                self._deliver(on_error, error)
            except Exception as error:
                _log.exception("the photograph could not be drawn")
                self._deliver(on_error, EngineError(f"The photograph could not be drawn ({error}); see the log file."))
            else:
                self._deliver(on_picture, picture)
                if not request.quick and self._pending is None:
                    self._prepared(request)

    def _prepared(self, request: ViewRequest) -> None:
        """`prepare`, unless something else is to be drawn while people are still being found.

        What fails here fails again, and is told, when it is needed.
        """
        while not all(photo.person.done() for photo, _ in request.faces):
            with self._condition:
                if self._closing or self._pending is not None:
                    return
                self._condition.wait(_PERSON_SECONDS)
        try:
            self.prepare(request)
        except Exception:
            _log.info("the next picture could not be prepared", exc_info=True)

    def _deliver(self, callback: Callable[[Any], None], value: object) -> None:
        if not self._closing:
            callback(value)

    def draw(self, request: ViewRequest) -> ViewPicture:
        """The picture of a request, drawn on this thread."""
        if request.source is not self._source:
            self._source = request.source
            self._levels.clear()
            self._edits.clear()
            self._previews.clear()
            self._ahead.clear()
        level, pixels = self._level(request)
        rect = _rectangle(request, level, pixels)
        shown = (rect.left / level, rect.top / level, rect.right / level, rect.bottom / level)
        if request.quick:
            out, touched = self._preview(request, level, pixels, rect)
        else:
            out, touched = self._composite(request, level, pixels, rect)
        if request.seams:
            out = tinted(out, self._origin(request, level, pixels, rect))
        out.flags.writeable = False
        return ViewPicture(request.revision, out, shown, request.quick, not touched, request.seams)

    def prepare(self, request: ViewRequest) -> None:
        """Make what a hand that begins to move in the same view would wait for."""
        from faceeditor.photo.preview import warm_up

        warm_up()
        quick = replace(request, quick=True)
        level, pixels = self._level(quick)
        rect = _rectangle(quick, level, pixels)
        for index, (photo, _) in enumerate(request.faces):
            self._layers(index, photo, level, pixels, rect)

    def _preview(self, request: ViewRequest, level: float, pixels: Pixels, rect: "Rect") -> tuple[Pixels, bool]:
        """The rectangle by compiled passes over kept layers, and whether any edit is in effect."""
        out, touched = np.array(pixels[rect.slices]), False
        for index, (photo, face) in enumerate(request.faces):
            edit = self._edit(index, photo, face, quick=True)
            if not edit.empty:
                self._layers(index, photo, level, pixels, rect).draw(edit, out, rect)
                touched = True
        return out, touched

    def _layers(self, index: int, photo: "PhotoFace", level: float, pixels: Pixels, rect: "Rect") -> "Preview":
        """Person and background of a face at a scale, remembered for as long as they cover what is visible."""
        from faceeditor.photo.preview import Preview

        placement = photo.placement.scaled(level)
        kept = self._previews.get(index)
        if kept is not None and kept[0] is photo and kept[1].covers(placement, rect, *pixels.shape[1::-1]):
            return kept[1]
        preview = Preview.of(pixels, placement, photo.matte, rect)
        self._previews[index] = photo, preview
        return preview

    def _composite(self, request: ViewRequest, level: float, pixels: Pixels, rect: "Rect") -> tuple[Pixels, bool]:
        """The rectangle in full quality, and whether any edit is in effect."""
        from faceeditor.photo.composite import edited

        out, touched = pixels, False
        for index, (photo, face) in enumerate(request.faces):
            edit = self._edit(index, photo, face, quick=False)
            if edit.empty:
                continue
            placement = photo.placement.scaled(level)
            if not touched and len(request.faces) == 1:
                out = edited(out, placement, photo.matte, edit, rect)
            else:
                out = edited(out, placement, photo.matte, edit)
            touched = True
        if out.shape[:2] != (rect.height, rect.width) or not touched:
            out = np.array(out[rect.slices])
        return out, touched

    def _origin(self, request: ViewRequest, level: float, pixels: Pixels, rect: "Rect") -> npt.NDArray[np.float32]:
        """(h, w, 2) shares of moved and of made pixels in the rectangle, of all faces together."""
        from faceeditor.photo.composite import pixel_origin

        out = np.zeros((rect.height, rect.width, 2), np.float32)
        for index, (photo, face) in enumerate(request.faces):
            edit = self._edit(index, photo, face, request.quick)
            later = pixel_origin(pixels, photo.placement.scaled(level), photo.matte, edit, rect)
            out = later + (1 - later.sum(-1, keepdims=True)) * out
        return out

    def _edit(self, index: int, photo: "PhotoFace", face: FaceState, quick: bool) -> "Edit":
        """What a face's state does to the photograph, remembered until it is another one."""
        from faceeditor.photo.face import Options
        from faceeditor.photo.face import quick as quick_options

        kept = self._edits.get((index, quick))
        if kept is not None and kept[0] is face and kept[1] is photo:
            return kept[2]
        options = quick_options(Options()) if quick else Options()
        ahead = self._ahead.setdefault(index, DrawingAhead(self._helper)) if quick else None
        edit = plan_edit(self._frame, edit_of_face(face, photo, options), ahead)
        self._edits[index, quick] = face, photo, edit
        return edit

    def _level(self, request: ViewRequest) -> tuple[float, Pixels]:
        """The photograph reduced to about the screen's scale (1 at most): factor and (h, w, 3) uint8 sRGB."""
        import cv2

        scale = min(1.0, request.scale)
        if request.quick:
            left, top, right, bottom = request.rect
            scale = min(scale, _QUICK_SIDE / max(1.0, right - left, bottom - top))
        # Steps of the square root of two, so that zooming makes few levels.
        step = 2 * np.log2(max(scale, 1 / 256))
        level = min(1.0, float(2.0 ** ((np.rint(step) if request.quick else np.ceil(step)) / 2)))
        whole = request.source.srgb
        if level == 1.0:
            return 1.0, whole
        if level not in self._levels:
            if len(self._levels) >= _LEVELS:
                self._levels.pop(next(iter(self._levels)))
            size = max(1, round(whole.shape[1] * level)), max(1, round(whole.shape[0] * level))
            self._levels[level] = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
        return level, self._levels[level]


def _rectangle(request: ViewRequest, level: float, pixels: Pixels) -> "Rect":
    """What is visible, in whole pixels of the photograph reduced to a level."""
    from faceeditor.photo.placement import Rect

    left, top, right, bottom = (edge * level for edge in request.rect)
    rect = Rect(int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom)))
    return rect.within(pixels.shape[1], pixels.shape[0])


def tinted(pixels: Pixels, origin: npt.NDArray[np.float32]) -> Pixels:
    """The lightness of a picture in the colours of where its pixels come from.

    Args:
        pixels: (h, w, 3) uint8 sRGB.
        origin: (h, w, 2) 0..1 shares of moved and of made pixels (`photo.composite.pixel_origin`).
    """
    own, moved, made = (np.array(tint, np.float32) for tint in (OWN_TINT, MOVED_TINT, MADE_TINT))
    colour = own + origin[..., :1] * (moved - own) + origin[..., 1:] * (made - own)
    light = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    shaded = colour * (np.float32(0.3) + np.float32(0.9) * light[..., None])
    grey = np.float32(255) * light[..., None]
    return np.clip(np.rint(grey + _TINT * (shaded - grey)), 0, 255).astype(np.uint8)
