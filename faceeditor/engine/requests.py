"""What goes into the engine and what comes out: immutable values without a Qt or torch type in them."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError
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


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """One revision of a portrait to be drawn.

    Attributes:
        revision: the portrait's revision; the frame carries it back.
        mask: (256, 256) uint8; copied and made read-only, so the caller may go on painting.
        style: the style code.
        truncation: how far the style may leave the average: 1 as it is, 0 the average.
        size: 256 for the full tier; 128 allows the fast tier, which is taken only where the full one is slow.

    Raises:
        EngineError: a mask, truncation or size that cannot be drawn.
    """

    revision: int
    mask: MaskArray
    style: StyleCode
    truncation: float = 1.0
    size: int = FULL

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", checked_mask(self.mask))
        if not math.isfinite(self.truncation):
            raise EngineError("The truncation must be a number; set it between 0 and 1.")
        if self.size not in (FAST, FULL):
            raise EngineError(f"The engine cannot draw at {self.size} pixels; choose {FAST} or {FULL}.")

    @cached_property
    def mask_key(self) -> str:
        """Hash of the mask."""
        return hashlib.blake2b(self.mask.tobytes(), digest_size=16).hexdigest()


@dataclass(frozen=True, eq=False)
class Frame:
    """One drawn face.

    Attributes:
        revision: of the request.
        pixels: (256, 256, 3) uint8 sRGB, read-only and never written again.
        device: what drew it ("cuda", "openvino-cpu", "torch-cpu").
        timings: milliseconds: "wait" in the mailbox, "network" (0 if the frame was remembered), "total" from submission
            to here.
        drawn: side at which the network drew; 128 was enlarged to 256.
    """

    revision: int
    pixels: npt.NDArray[np.uint8]
    device: str
    timings: dict[str, float] = field(default_factory=dict)
    drawn: int = FULL


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
