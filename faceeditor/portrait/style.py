"""The style code: everything about a face that its mask leaves open."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.regions import REGION_COUNT, Region

FloatArray = npt.NDArray[np.float32]

REGION_DIM = 32
"""Length of a region's vector."""
OVERALL_DIM = 64
"""Length of the vector of light and tone."""
DETAIL_CHANNELS = 8
"""Channels of the detail map."""
DETAIL_SIZE = 16
"""Side of the detail map, which lies in face coordinates."""

REGIONS_SHAPE = (REGION_COUNT, REGION_DIM)
OVERALL_SHAPE = (OVERALL_DIM,)
DETAIL_SHAPE = (DETAIL_CHANNELS, DETAIL_SIZE, DETAIL_SIZE)


def _frozen(name: str, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """A private, contiguous, read-only float32 copy of values, or a PortraitError naming the part."""
    array = np.array(values, np.float32, order="C", copy=True)
    if array.shape != shape:
        raise PortraitError(f"This style does not fit: its part “{name}” has the shape {array.shape} and not {shape}.")
    if not np.isfinite(array).all():
        raise PortraitError(
            f"This style is damaged: its part “{name}” holds numbers that are not finite; draw another."
        )
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class StyleCode:
    """A style code: one vector a region, one vector for light and tone, one small map of detail.

    The arrays are copied and made read-only, so a code may be shared between threads.

    Attributes:
        regions: (19, 32) float32, one vector a region.
        overall: (64,) float32, light and tone.
        detail: (8, 16, 16) float32, detail in face coordinates.
        label: where the code comes from, as the user sees it ("Seed 42", "photo.jpg").

    Raises:
        PortraitError: an array has another shape or holds NaN or infinity.
    """

    regions: FloatArray
    overall: FloatArray
    detail: FloatArray
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", _frozen("regions", self.regions, REGIONS_SHAPE))
        object.__setattr__(self, "overall", _frozen("overall", self.overall, OVERALL_SHAPE))
        object.__setattr__(self, "detail", _frozen("detail", self.detail, DETAIL_SHAPE))

    @classmethod
    def zeros(cls, label: str = "") -> "StyleCode":
        """The code whose every number is zero."""
        return cls(
            np.zeros(REGIONS_SHAPE, np.float32),
            np.zeros(OVERALL_SHAPE, np.float32),
            np.zeros(DETAIL_SHAPE, np.float32),
            label,
        )

    @cached_property
    def key(self) -> str:
        """Hash of the numbers (not of the label): equal codes have equal keys in every process."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.regions, self.overall, self.detail):
            digest.update(array.tobytes())
        return digest.hexdigest()

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return self.regions.nbytes + self.overall.nbytes + self.detail.nbytes

    def with_label(self, label: str) -> "StyleCode":
        """The same numbers under another label."""
        return StyleCode(self.regions, self.overall, self.detail, label)

    def blend(self, other: "StyleCode", t: float) -> "StyleCode":
        """Linear mixture: this code at ``t = 0``, the other at ``t = 1`` (t is clipped to 0..1)."""
        t = float(np.clip(t, 0.0, 1.0))
        if t == 0.0:
            return self
        if t == 1.0:
            return other
        label = f"{self.label or 'style'} + {other.label or 'style'} ({t:.0%})"
        return self._mixed(other, t, label)

    def with_region(self, region: Region, other: "StyleCode") -> "StyleCode":
        """This code with one region's vector taken from the other; skin brings its creases, the detail map, too."""
        regions = self.regions.copy()
        regions[region] = other.regions[region]
        detail = other.detail if region == Region.SKIN else self.detail
        return StyleCode(regions, self.overall, detail, self.label)

    def without_detail(self) -> "StyleCode":
        """The same code with an empty detail map: on another mask the creases of the first face do not belong."""
        if not self.detail.any():
            return self
        return StyleCode(self.regions, self.overall, np.zeros(DETAIL_SHAPE, np.float32), self.label)

    def truncated(self, mean: "StyleCode", psi: float) -> "StyleCode":
        """``mean + psi * (self - mean)``: 1 leaves the code, 0 gives the mean, over 1 exaggerates."""
        if psi == 1.0:
            return self
        return mean._mixed(self, psi, self.label)

    def _mixed(self, other: "StyleCode", t: float, label: str) -> "StyleCode":
        amount = np.float32(t)
        return StyleCode(
            self.regions + amount * (other.regions - self.regions),
            self.overall + amount * (other.overall - self.overall),
            self.detail + amount * (other.detail - self.detail),
            label,
        )
