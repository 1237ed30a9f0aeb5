"""What goes into the engine and what comes out: immutable values without a Qt or torch type in them."""

import hashlib
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.engine.pipeline import CacheInfo, ComparedByValue
from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke, FaceState, PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

FAST, FULL, FINE = 128, 256, 512
"""The tiers: sides at which the generator draws."""


def checked_mask(mask: MaskArray) -> MaskArray:
    """A private read-only copy of a mask; EngineError if it is not (256, 256) uint8 with values below 19."""
    array = np.array(mask, order="C", copy=True)
    if array.dtype != np.uint8 or array.shape != (MASK_SIZE, MASK_SIZE) or int(array.max()) >= REGION_COUNT:
        raise EngineError(
            f"The engine needs a mask of {MASK_SIZE} x {MASK_SIZE} region numbers from 0 to {REGION_COUNT - 1}; "
            "open the mask again."
        )
    array.flags.writeable = False
    return array


def mask_key(mask: MaskArray) -> str:
    """Hash of a mask: equal masks have equal keys in every process."""
    return hashlib.blake2b(mask.tobytes(), digest_size=16).hexdigest()


@dataclass(frozen=True, eq=False)
class Morph:
    """The other end of a morph, whose outlines the request's mask takes on by degrees.

    Attributes:
        mask: (256, 256) uint8; copied and made read-only.
        share: how far the outlines are the other's: 0 the request's own .. 1 this mask's.
        base_head: the head at which this mask was painted; None: the mask is not moved.
        head: the head it is moved to, by default the request's own.

    Raises:
        EngineError: a mask or share that cannot be drawn.
    """

    mask: MaskArray
    share: float
    base_head: HeadCoefficients | None = None
    head: HeadCoefficients | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", checked_mask(self.mask))
        if not 0 <= self.share <= 1:  # NaN fails, too
            raise EngineError(f"Morph position must be between 0 and 1, not {self.share}.")

    @cached_property
    def mask_key(self) -> str:
        """Hash of the mask."""
        return mask_key(self.mask)


@dataclass(frozen=True)
class Output(ComparedByValue):
    """Which part of the result is wanted, and how large.

    The result is the photograph at its own size, else the face in a square of `MASK_SIZE` pixels.

    Attributes:
        rect: left, top, width, height in pixels of the result; None: all of it.
        scale: pixels of the output for a pixel of the result. The generator draws in the smallest of its tiers (128,
            256, 512) that is not smaller than the face will be seen, else in the largest that it has.
        fast: the hand moves: a smaller tier is allowed where the fitting one is slow, and enlarged.

    Raises:
        EngineError: an empty rectangle, or a scale out of range.
    """

    rect: tuple[float, float, float, float] | None = None
    scale: float = 1.0
    fast: bool = False

    def __post_init__(self) -> None:
        if not 1 / 1024 <= self.scale <= 64:  # NaN fails, too
            raise EngineError(f"The engine cannot draw at {self.scale} times the size; choose 0.001 to 64.")
        if self.rect is not None:
            finite = all(math.isfinite(number) for number in self.rect)
            if not finite or self.rect[2] <= 0 or self.rect[3] <= 0:
                raise EngineError("The part of the picture to draw is empty; choose a larger one.")

    @classmethod
    def of_side(cls, side: int, fast: bool = False) -> "Output":
        """A whole face of a side in pixels."""
        return cls(None, side / MASK_SIZE, fast)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the output of a result of this size."""
        if self.rect is not None:
            return max(1, round(self.rect[2] * self.scale)), max(1, round(self.rect[3] * self.scale))
        return max(1, round(width * self.scale)), max(1, round(height * self.scale))


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """A state to be drawn; made by `RenderRequest.of`.

    Attributes:
        state: what is drawn: its active face.
        output: which part, and how large.
        revision: the portrait's revision; the frame carries it back.
        show_head: whether the frame is to bring the plain rendering of the head as well.
        morph: the other end of a morph.
    """

    state: PortraitState
    output: Output = Output()
    revision: int = 0
    show_head: bool = False
    morph: Morph | None = None

    @classmethod
    def of(
        cls,
        state: PortraitState,
        output: Output = Output(),
        *,
        revision: int = 0,
        show_head: bool = False,
        morph: Morph | None = None,
    ) -> "RenderRequest":
        """The request for an output of a state; arguments as the attributes."""
        return cls(state, output, revision, show_head, morph)

    @property
    def face(self) -> FaceState:
        """The face that is drawn."""
        return self.state.face

    @property
    def mask(self) -> MaskArray:
        """The painted mask, (256, 256) uint8, read-only."""
        return self.state.face.mask

    @property
    def style(self) -> StyleCode:
        """The style code."""
        return self.state.face.style

    @property
    def truncation(self) -> float:
        """How far the style may leave the average."""
        return self.state.face.truncation

    @property
    def head(self) -> HeadCoefficients | None:
        """The head that the generator draws with; None: it draws by mask and style alone."""
        return self.state.face.drawn_heads[0]

    @property
    def base_head(self) -> HeadCoefficients | None:
        """The head at which the mask was painted; None where `head` is."""
        return self.state.face.drawn_heads[1]

    def with_face(self, **parts: Any) -> "RenderRequest":
        """The request with other values for some parts of the face (`FaceState`)."""
        return replace(self, state=self.state.with_face(**parts))


@dataclass(frozen=True, eq=False)
class Frame:
    """One drawn face.

    Attributes:
        revision: of the request.
        pixels: (256, 256, 3) uint8 sRGB, read-only and never written again.
        device: what drew it ("cuda", "openvino-cpu", "torch-cpu").
        timings: milliseconds: "wait" in the mailbox, "head" for moving the mask and drawing the maps (next to nothing
            if they were remembered or there is no head), "network" (0 if the frame was remembered), "total" from
            submission to here.
        drawn: side at which the network drew; 128 was enlarged to 256.
        mask: (256, 256) uint8, read-only: the mask that was drawn, moved to where the head is.
        head: the request's head.
        head_picture: (256, 256, 3) uint8 sRGB, read-only: the plain rendering of the head if the request asked for it.
        comb: the comb strokes, moved to where the head is.
    """

    revision: int
    pixels: npt.NDArray[np.uint8]
    device: str
    timings: dict[str, float] = field(default_factory=dict)
    drawn: int = FULL
    mask: MaskArray | None = None
    head: HeadCoefficients | None = None
    head_picture: npt.NDArray[np.uint8] | None = None
    comb: tuple[CombStroke, ...] = ()


@dataclass(frozen=True)
class EngineStatus:
    """Where the engine stands.

    Attributes:
        device: the device in use, empty while none is.
        ready: whether frames can be drawn.
        message: one sentence for the user; a failure's reason if `failed`.
        failed: the engine gave up; every request is answered by an error until it is started again.
        network_ms: typical milliseconds of a full frame on this device, 0 if not known yet.
        cache: how full the memory of the stages is.
    """

    device: str = ""
    ready: bool = False
    message: str = ""
    failed: bool = False
    network_ms: float = 0.0
    cache: CacheInfo = field(default_factory=CacheInfo)
