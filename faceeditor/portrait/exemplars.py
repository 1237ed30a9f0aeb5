"""Style vectors of regions that a photograph does not show, taken from exemplars that show them.

A style code needs a vector for every region, because the next stroke may paint an ear or open the mouth. The mean of
such vectors is not a plausible one (what is drawn from it has no texture), so a missing vector is copied from the
exemplar whose skin and overall tone are nearest.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ModelError
from faceeditor.portrait.style import OVERALL_DIM, REGION_DIM, StyleCode
from faceeditor.regions import REGION_COUNT, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

FILE = "exemplars.safetensors"
"""Beside the generator's weights in the pack `mask-guided`."""
MISSING_BELOW = 32
"""Pixels of a 256 x 256 mask: a smaller region says nothing of its looks."""
SHOWN_FROM = 128
"""Pixels from which a region is good enough for others."""
_TONE_WEIGHT = 3.0
_DAMAGED = "The exemplars of the model “mask-guided” are damaged ({reason}); reinstall Face Editor."


def region_areas(mask: MaskArray) -> npt.NDArray[np.int64]:
    """(19,) pixels of each region of a mask (256, 256) uint8."""
    return np.bincount(mask.ravel(), minlength=REGION_COUNT)[:REGION_COUNT]


class Exemplars:
    """Vectors of people's regions.

    Args:
        regions: (N, 19, 32) float32, vectors as encoded.
        overall: (N, 64) float32.
        shown: (N, 19) bool, which regions each of them shows.
    """

    def __init__(self, regions: FloatArray, overall: FloatArray, shown: npt.NDArray[np.bool_]) -> None:
        self.regions, self.overall, self.shown = regions, overall, shown

    @classmethod
    def of_people(
        cls, regions: FloatArray, overall: FloatArray, areas: npt.NDArray[np.int64], count: int = 240
    ) -> "Exemplars":
        """Choose at most `count` of N people evenly; areas (N, 19) are the pixels of their regions."""
        chosen = np.unique(np.linspace(0, len(regions) - 1, min(count, len(regions))).round().astype(np.int64))
        return cls(regions[chosen], overall[chosen], areas[chosen] >= SHOWN_FROM)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "Exemplars":
        """As `arrays` gave them; ModelError if one is missing or does not fit."""
        try:
            regions, overall = (np.asarray(arrays[name], np.float32) for name in ("regions", "overall"))
            shown = np.asarray(arrays["shown"]) > 0
        except KeyError as error:
            raise ModelError(_DAMAGED.format(reason=f"no “{error.args[0]}”")) from None
        count = len(regions)
        shapes = (count, REGION_COUNT, REGION_DIM), (count, OVERALL_DIM), (count, REGION_COUNT)
        if not count or (regions.shape, overall.shape, shown.shape) != shapes:
            raise ModelError(_DAMAGED.format(reason="their shapes do not fit"))
        return cls(regions, overall, shown)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For a model pack."""
        return {"regions": self.regions, "overall": self.overall, "shown": self.shown.astype(np.float32)}

    def fill_vectors(self, regions: FloatArray, overall: FloatArray, areas: npt.NDArray[np.int64]) -> FloatArray:
        """A person's region vectors, the missing ones copied from the nearest exemplar.

        Args:
            regions: (19, 32) as encoded; overall: (64,); areas: (19,) pixels of each region.

        Returns:
            (19, 32) float32.
        """
        skin = self.regions[:, Region.SKIN] - regions[Region.SKIN]
        apart = (skin**2).sum(1) + _TONE_WEIGHT * ((self.overall - overall) ** 2).sum(1)
        filled = np.array(regions, np.float32)
        for region in np.flatnonzero(areas < MISSING_BELOW):
            who = np.flatnonzero(self.shown[:, region])
            if len(who):
                filled[region] = self.regions[who[apart[who].argmin()], region]
        return filled

    def fill_missing_regions(self, style: StyleCode, mask: MaskArray) -> StyleCode:
        """The style code of a photograph whose mask is (256, 256) uint8, with the regions that it lacks filled in."""
        return replace(style, regions=self.fill_vectors(style.regions, style.overall, region_areas(mask)))
