"""The stage of the head: a request's mask moved to where its head is, and the maps of that head.

The head model, numba and its machine code are loaded at the first need, or earlier by `HeadStage.warm_up`: a portrait
without a head never waits for them.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.engine.compiling import compile_head
from faceeditor.engine.helper_thread import HelperThread, Task
from faceeditor.engine.requests import Morph, RenderRequest, mask_key
from faceeditor.engine.stages import Cache, Pixels
from faceeditor.head.relight import relighting_gain, with_light_from
from faceeditor.portrait.head import MOVING_PARTS, HeadCoefficients
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

FloatArray = npt.NDArray[np.float32]

MAPS_SIDE = 128
"""Side of the maps that the generator takes."""


class HeadTools(Protocol):
    """What the stage needs of the head's room. Each is called by one thread at a time, but two may run at once."""

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        """The mask (256, 256) uint8 carried along from the base to the head."""

    def maps(self, head: HeadCoefficients) -> FloatArray:
        """(10, 128, 128) float32 condition maps, read-only."""

    def picture(self, head: HeadCoefficients) -> Pixels:
        """(256, 256, 3) uint8 sRGB plain rendering."""


class ModelTools:
    """The tools around the program's own head model.

    Raises:
        ModelError: the head model is missing, damaged or of another version.
    """

    def __init__(self) -> None:
        from faceeditor.head.maps import MapRenderer
        from faceeditor.head.model import HeadModel

        self._model = HeadModel.load()
        self._maps = MapRenderer(self._model, MAPS_SIDE)

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        """As of `HeadTools`."""
        from faceeditor.head.motion import move_mask

        return move_mask(self._model, mask, base, head)

    def maps(self, head: HeadCoefficients) -> FloatArray:
        """As of `HeadTools`."""
        return self._maps.render(head).condition

    def picture(self, head: HeadCoefficients) -> Pixels:
        """As of `HeadTools`."""
        from faceeditor.head.render import render_head

        return render_head(self._model, head, MASK_SIZE)


class Placed(NamedTuple):
    """A request after the stage of the head."""

    mask: MaskArray
    """(256, 256) uint8, read-only: the mask that is drawn."""
    mask_key: str
    maps: FloatArray | None
    """(10, 128, 128) float32 condition maps of the head under its base's light and skin, None without a head."""
    maps_key: str
    gain: FloatArray | None
    """(128, 128, 3) float32, what the head's own light and skin multiply the picture by; None: nothing."""
    picture: Pixels | None
    """(256, 256, 3) uint8 plain rendering of the head where it was asked for."""


class HeadStage:
    """Moves masks and draws maps, and remembers the last ones. Used behind the engine's gate.

    The maps are drawn on a second thread while the mask is moved; all of it is done when a method returns.

    Args:
        tools: opens the head's tools at the first need (tests pass a stand-in).
    """

    def __init__(self, tools: Callable[[], HeadTools] = ModelTools) -> None:
        self._open = tools
        self._tools: HeadTools | None = None
        self._lock = threading.Lock()
        self._masks: Cache[tuple[MaskArray, str]] = Cache(16)
        self._maps: Cache[FloatArray] = Cache(8)
        self._gains: Cache[FloatArray] = Cache(4)
        self._pictures: Cache[Pixels] = Cache(4)
        self._helper = HelperThread("engine-maps")

    def close(self) -> None:
        """End the second thread; what is asked for afterwards is made on one."""
        self._helper.close()

    def _ready(self) -> HeadTools:
        with self._lock:
            if self._tools is None:
                self._tools = self._open()
            return self._tools

    def warm_up(self, check: Callable[[], None] | None = None) -> None:
        """Load everything and run it once, with tools of its own: may be called beside the gate, on any thread.

        Args:
            check: called now and then; its exception stops the work. Where it is given, what has to be compiled first
                is compiled in another process.

        Raises:
            ModelError: as of `ModelTools`.
        """
        if check is not None and self._open is ModelTools:
            compile_head(check)
            check()
        with self._lock:
            if self._tools is not None:
                return
            tools = self._open()
            head = HeadCoefficients.neutral()
            tools.maps(head)
            mask = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
            mask[64:192, 80:176] = 1
            tools.move(mask, head, head.changed(pose=(10.0, 0.0, 0.0)))
            self._tools = tools

    def place(self, request: RenderRequest) -> Placed:
        """Bring a request's mask to its head, and draw the head's maps.

        Raises:
            ModelError: the request has a head, and the head model is missing or damaged.
        """
        head = request.head
        if head is None:
            mask, key = self._drawn_mask(request)
            plain = request.face.head if request.show_head else None
            return Placed(mask, key, None, "", None, None if plain is None else self.picture(plain))
        self._ready()  # loaded once, before two threads need it
        # The generator draws under the light that its style code holds, which is the base's.
        unlit = with_light_from(head, _base_light(request) or head)
        lights = (unlit,) if unlit is head else (unlit, head)
        drawing = Task(lambda: [self.maps(each) for each in lights])
        if self._has_to_move(request) and any((each.key,) not in self._maps for each in lights):
            self._helper.start(drawing)
        try:
            mask, key = self._drawn_mask(request)
        finally:
            drawing.settle()  # nothing may go on once the gate is open
        maps = drawing.result()
        gain = self._gain(maps, lights, mask, key) if len(lights) > 1 else None
        picture = self.picture(head) if request.show_head else None
        return Placed(mask, key, maps[0], unlit.key, gain, picture)

    def _has_to_move(self, request: RenderRequest) -> bool:
        """Whether a request's mask is one that is not remembered."""
        key = _move_key(request.mask_key, request.base_head, request.head)
        return request.morph is not None or (key is not None and key not in self._masks)

    def _drawn_mask(self, request: RenderRequest) -> tuple[MaskArray, str]:
        """A request's mask where its head is, morphed if asked for, and its key."""
        mask, key = self._moved(request.mask, request.mask_key, request.base_head, request.head)
        if request.morph is not None and request.morph.share > 0:
            mask, key = self._morphed(mask, key, request.morph, request.head)
        return mask, key

    def _gain(
        self, maps: Sequence[FloatArray], heads: Sequence[HeadCoefficients], mask: MaskArray, key: str
    ) -> FloatArray:
        """What relights a picture on this mask from the first head's light to the second's, (128, 128, 3) float32."""
        small = mask[:: MASK_SIZE // MAPS_SIDE, :: MASK_SIZE // MAPS_SIDE]
        made = (heads[0].key, heads[1].key, key)
        return self._gains.get(made, lambda: relighting_gain(maps[0], maps[1], small))

    def maps(self, head: HeadCoefficients) -> FloatArray:
        """(10, 128, 128) float32 condition maps of a head, read-only; ModelError as of `place`."""

        def draw() -> FloatArray:
            drawn = self._ready().maps(head)
            drawn.flags.writeable = False
            return drawn

        return self._maps.get((head.key,), draw)

    def picture(self, head: HeadCoefficients) -> Pixels:
        """(256, 256, 3) uint8 sRGB plain rendering of a head, read-only; ModelError as of `place`."""

        def draw() -> Pixels:
            drawn = self._ready().picture(head)
            drawn.flags.writeable = False
            return drawn

        return self._pictures.get((head.key,), draw)

    def _moved(
        self, mask: MaskArray, key: str, base: HeadCoefficients | None, head: HeadCoefficients | None
    ) -> tuple[MaskArray, str]:
        """A read-only mask and its key after the way from base to head."""
        made = _move_key(key, base, head)
        if made is None or base is None or head is None:
            return mask, key

        def move() -> tuple[MaskArray, str]:
            moved = self._ready().move(mask, base, head)
            moved.flags.writeable = False
            return moved, mask_key(moved)

        return self._masks.get(made, move)

    def _morphed(self, mask: MaskArray, key: str, morph: Morph, head: HeadCoefficients | None) -> tuple[MaskArray, str]:
        target = morph.head if morph.head is not None else head
        other, other_key = self._moved(morph.mask, morph.mask_key, morph.base_head, target)

        def mix() -> tuple[MaskArray, str]:
            mixed = mixed_masks(mask, other, morph.share)
            mixed.flags.writeable = False
            return mixed, mask_key(mixed)

        return self._masks.get((key, other_key, morph.share), mix)


def _base_light(request: RenderRequest) -> HeadCoefficients | None:
    """The head whose light and skin the request's style shows."""
    base, morph = request.base_head, request.morph
    if base is None or morph is None or morph.base_head is None:
        return base
    return base.blend(morph.base_head, morph.share)


def _move_key(mask_key: str, base: HeadCoefficients | None, head: HeadCoefficients | None) -> tuple[object, ...] | None:
    """What a moved mask is remembered by; None if nothing moves it."""
    if base is None or head is None:
        return None
    start, end = geometry_key(base), geometry_key(head)
    return None if start == end else (mask_key, start, end)


def geometry_key(head: HeadCoefficients) -> bytes:
    """Hash of the parts that move a mask."""
    digest = hashlib.blake2b(digest_size=16)
    for name in MOVING_PARTS:
        digest.update(getattr(head, name).tobytes())
    return digest.digest()


def mixed_masks(first: MaskArray, second: MaskArray, share: float) -> MaskArray:
    """A mask between two, whose outlines wander from the one's to the other's.

    Each region has a signed distance to its outline in both masks, positive inside; a pixel gets the region whose mean
    of the two is largest. A region that only one mask has shrinks towards its middle until half of the way.

    Args:
        first, second: (H, W) uint8 regions.
        share: 0 gives the first mask, 1 the second.
    """
    if share <= 0:
        return first.copy()
    if share >= 1:
        return second.copy()
    best = np.full(first.shape, -np.inf, np.float32)
    out = np.zeros(first.shape, np.uint8)
    for region in range(REGION_COUNT):
        inside = [mask == region for mask in (first, second)]
        if not (inside[0].any() or inside[1].any()):
            continue
        a, b = (_signed_distance(here) for here in inside)
        # A missing region is as far away everywhere as the other mask's is deep.
        a = a if inside[0].any() else np.full_like(best, -np.max(b))
        b = b if inside[1].any() else np.full_like(best, -np.max(a))
        score = np.float32(1 - share) * np.minimum(a, _DEEPEST) + np.float32(share) * np.minimum(b, _DEEPEST)
        better = score > best
        np.copyto(best, score, where=better)
        out[better] = region
    return out


_DEEPEST = np.float32(8)
"""Depth inside of a region that counts at most, in pixels: a wide region must not swallow a small one at once."""


def _signed_distance(inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Distance to the outline in pixels, positive inside; meaningless where there is no inside."""
    import cv2

    if inside.all():
        return np.full(inside.shape, max(inside.shape), np.float32)
    plane = inside.astype(np.uint8)
    within = cv2.distanceTransform(plane, cv2.DIST_L2, cv2.DIST_MASK_5)
    beyond = cv2.distanceTransform(1 - plane, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(within - beyond, np.float32)
