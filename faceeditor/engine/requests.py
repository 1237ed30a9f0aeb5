"""What goes into the engine and what comes out: immutable values without a Qt or torch type in them."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

FAST, FULL = 128, 256
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


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """One revision of a portrait to be drawn.

    Attributes:
        revision: the portrait's revision; the frame carries it back.
        mask: (256, 256) uint8; copied and made read-only, so the caller may go on painting.
        style: the style code.
        truncation: how far the style may leave the average: 1 as it is, 0 the average.
        size: 256 for the full tier; 128 allows the fast tier, which is taken only where the full one is slow.
        head: the head that is drawn; None: the mask-guided generator draws by mask and style alone.
        base_head: the head at which the mask was painted: the mask is moved from there to head. None: it stays.
        show_head: whether the frame is to bring the plain rendering of the head as well.
        morph: the other end of a morph.

    Raises:
        EngineError: a mask, truncation or size that cannot be drawn, or a base head without a head.
    """

    revision: int
    mask: MaskArray
    style: StyleCode
    truncation: float = 1.0
    size: int = FULL
    head: HeadCoefficients | None = None
    base_head: HeadCoefficients | None = None
    show_head: bool = False
    morph: Morph | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", checked_mask(self.mask))
        if not math.isfinite(self.truncation):
            raise EngineError("The truncation must be a number; set it between 0 and 1.")
        if self.size not in (FAST, FULL):
            raise EngineError(f"The engine cannot draw at {self.size} pixels; choose {FAST} or {FULL}.")
        if self.base_head is not None and self.head is None:
            raise EngineError("The mask was painted at a head, but there is no head to move it to; reset the head.")

    @cached_property
    def mask_key(self) -> str:
        """Hash of the painted mask."""
        return mask_key(self.mask)


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
    """

    revision: int
    pixels: npt.NDArray[np.uint8]
    device: str
    timings: dict[str, float] = field(default_factory=dict)
    drawn: int = FULL
    mask: MaskArray | None = None
    head: HeadCoefficients | None = None
    head_picture: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class EngineStatus:
    """Where the engine stands.

    Attributes:
        device: the device in use, empty while none is.
        ready: whether frames can be drawn.
        message: one sentence for the user; a failure's reason if `failed`.
        failed: the engine gave up; every request is answered by an error until it is started again.
        network_ms: typical milliseconds of a full frame on this device, 0 if not known yet.
    """

    device: str = ""
    ready: bool = False
    message: str = ""
    failed: bool = False
    network_ms: float = 0.0
