"""What one picture of a person is drawn from, who draws it, and what makes further pictures of the same person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.faceframe import face_frame
from faceeditor.portrait.adjustments import Adjustments
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import FACE_REGIONS, MaskArray, Region

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Step = Callable[[float, str], None]
"""Told the share done (0..1) and a short text; may raise to stop the work."""


@dataclass(frozen=True, eq=False)
class Variation:
    """Everything that draws one picture of a person.

    Attributes:
        mask: (256, 256) uint8, as painted.
        style: the style code.
        head: the head that is drawn; None: mask and style alone decide.
        base_head: the head at which the mask was painted.
        truncation: how far the style may leave the average.
        read_head: as in `portrait.state.FaceState`: the base head was only read, and where the head equals it the face
            is drawn by mask and style alone, as the portrait is before a slider is touched.
        adjustments: of the portrait, which every picture of the person has, too.
    """

    mask: MaskArray
    style: StyleCode
    head: HeadCoefficients | None = None
    base_head: HeadCoefficients | None = None
    truncation: float = 1.0
    read_head: bool = False
    adjustments: Adjustments = ()

    def with_head(self, head: HeadCoefficients) -> "Variation":
        """The same person at another head; the mask moves from where it was painted."""
        return replace(self, head=head, base_head=self.base_head or self.head)


@dataclass(frozen=True, eq=False)
class FacePicture:
    """A drawn face.

    Attributes:
        pixels: (S, S, 3) uint8 sRGB, aligned as FFHQ is.
        frame: (2, 3) float32 face -> picture coordinates in -1..1.
    """

    pixels: Pixels
    frame: FloatArray

    @classmethod
    def of_mask(cls, pixels: Pixels, mask: MaskArray) -> "FacePicture":
        """With the frame of the mask (256, 256) uint8 that was drawn."""
        return cls(pixels, face_frame(mask))


class Renderer(Protocol):
    """Draws variations; the engine lends one (`engine.drawing`)."""

    def draw(self, variation: Variation) -> FacePicture:
        """The picture, 256 x 256."""


class Method(Protocol):
    """A way to make further pictures of a person: ExFaceGAN, FaceFeat-GAN, plain changes of the head.

    Attributes:
        name: as the command line and the board have it ("exfacegan").
        title: as the user reads it ("ExFaceGAN").
    """

    name: str
    title: str

    def prepare(self, reference: Variation) -> None:
        """Work out what all pictures of a reference share, so that the first one does not wait for it."""

    def variation(self, reference: Variation, random: np.random.Generator, variety: float) -> Variation:
        """One more picture of the reference's person.

        Args:
            reference: the person; always has a head.
            random: where chance comes from; the same state gives the same variation.
            variety: 0 (none) .. 1 (as far as the method goes); each method has its own scale.
        """


LOCKS: dict[str, str] = {
    "identity": "Face shape",
    "skin": "Skin and features",
    "expression": "Expression",
    "pose": "Pose",
    "light": "Light",
    "hair": "Hair",
    "background": "Background",
}
"""What a variation can be made to keep, and its title."""

_REGION_LOCKS: dict[str, tuple[Region, ...]] = {
    "skin": (*FACE_REGIONS, Region.L_EAR, Region.R_EAR, Region.NECK),
    "hair": (Region.HAIR, Region.HAT),
    "background": (Region.BACKGROUND,),
}
_HEAD_LOCKS = ("identity", "expression", "pose", "light")


def with_locks(reference: Variation, variation: Variation, locks: frozenset[str]) -> Variation:
    """A variation that keeps what is locked: groups of the head, and the style of regions.

    Args:
        reference: where the locked parts come from.
        variation: what a method made of it.
        locks: names of `LOCKS`.

    Raises:
        FaceEditorError: an unknown name.
    """
    unknown = locks - LOCKS.keys()
    if unknown:
        raise FaceEditorError(f"There is no lock “{sorted(unknown)[0]}”; choose from {', '.join(LOCKS)}.")
    head = variation.head
    if head is not None and reference.head is not None:
        for group in _HEAD_LOCKS:
            if group in locks:
                head = head.with_group(group, reference.head)
    style = variation.style
    kept = [region for lock in locks for region in _REGION_LOCKS.get(lock, ())]
    if kept:
        regions = style.regions.copy()
        regions[kept] = reference.style.regions[kept]
        detail = reference.style.detail if "skin" in locks else style.detail
        overall = reference.style.overall if "background" in locks and "skin" in locks else style.overall
        style = StyleCode(regions, overall, detail, style.label)
    return replace(variation, head=head, style=style)


def variation_key(variation: Variation) -> tuple[Any, ...]:
    """What a drawn variation may be remembered by."""
    heads = (variation.head.key if variation.head else "", variation.base_head.key if variation.base_head else "")
    made_of = (variation.mask.tobytes(), variation.style.key, *heads, variation.truncation, variation.read_head)
    return (*made_of, *variation.adjustments)
