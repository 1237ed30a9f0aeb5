"""Attributes that can be changed in a face while its identity is held: what each of them may touch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.portrait.style import DETAIL_SIZE
from faceeditor.regions import FACE_REGIONS, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

EYES = (Region.L_EYE, Region.R_EYE)
BROWS = (Region.L_BROW, Region.R_BROW)
LIPS = (Region.U_LIP, Region.MOUTH, Region.L_LIP)
_SKIN = (Region.SKIN, Region.NOSE)
_FACE = tuple(FACE_REGIONS)

CUSTOM = "guide"
"""Name of the attribute whose guide the user brings."""


@dataclass(frozen=True)
class Attribute:
    """An attribute and what it may touch.

    Attributes:
        name, title: "smile", "Smile".
        styles: regions whose style vectors change.
        area: regions of the picture that may change.
        detail: rows of the detail map that change, as shares of the face frame's height; None: none of it.
        control: control of the head that makes the attribute on its own, with its value for the whole attribute;
            empty: none.
        geometry: parts of the head that the optimisation may change ("expression", "shape").
        outline: regions whose outlines are taken from a guide.
        light: whether the head's light is taken from the guides.
        relative: whether the style moves by what guides who show the attribute have more than guides who lack it, so
            that the portrait keeps its own complexion; else towards those who show it.
    """

    name: str
    title: str
    styles: tuple[Region, ...] = ()
    area: tuple[Region, ...] = ()
    detail: tuple[float, float] | None = None
    control: tuple[str, float] | None = None
    geometry: tuple[str, ...] = ()
    outline: tuple[Region, ...] = ()
    light: bool = False
    relative: bool = False

    def detail_share(self) -> FloatArray:
        """(16, 16) float32 in 0..1: how much of the detail map changes, with soft ends."""
        if self.detail is None:
            return np.zeros((DETAIL_SIZE, DETAIL_SIZE), np.float32)
        rows = (np.arange(DETAIL_SIZE) + 0.5) / DETAIL_SIZE
        low, high = self.detail
        share = np.clip((rows - low) * 8 + 0.5, 0, 1) * np.clip((high - rows) * 8 + 0.5, 0, 1)
        return np.repeat(share[:, None], DETAIL_SIZE, 1).astype(np.float32)


_HAIR = (Region.HAIR,)
_WHOLE_FACE = (*_FACE, Region.L_EAR, Region.R_EAR, Region.NECK)

ATTRIBUTES: dict[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute("smile", "Smile", (Region.MOUTH,), _FACE, None, ("smile", 1.0), ("expression",)),
        Attribute("age", "Older", (*_SKIN, *BROWS, Region.HAIR, Region.NECK), _WHOLE_FACE, (0.0, 1.0),
                  ("age", 2.0), ("shape",), relative=True),
        Attribute("youth", "Younger", (*_SKIN, *BROWS, Region.HAIR, Region.NECK), _WHOLE_FACE,
                  (0.0, 1.0), ("age", -1.5), ("shape",), relative=True),
        Attribute("glasses", "Glasses", (Region.GLASSES,), (Region.GLASSES,), outline=(Region.GLASSES,)),
        Attribute("beard", "Beard", (Region.SKIN, *LIPS), (Region.SKIN, Region.NOSE, *LIPS, Region.NECK), (0.55, 1.0)),
        Attribute("blond_hair", "Blond hair", _HAIR, _HAIR),
        Attribute("black_hair", "Black hair", _HAIR, _HAIR),
        Attribute("red_hair", "Red hair", _HAIR, _HAIR),
        Attribute("grey_hair", "Grey hair", (*_HAIR, *BROWS), (*_HAIR, *BROWS)),
        Attribute("long_hair", "Long hair", _HAIR, (*_HAIR, Region.BACKGROUND, Region.CLOTH, Region.NECK),
                  outline=_HAIR),
        Attribute("makeup", "Make-up", (*EYES, *LIPS, *BROWS), _FACE, (0.0, 1.0), relative=True),
        Attribute("fullness", "Fuller face", (), _WHOLE_FACE, None, ("weight", 2.5), ("shape",)),
        Attribute("side_light", "Light from the side", (), _WHOLE_FACE, None, light=True),
    )
}  # fmt: skip
"""The attributes that the program knows guides for."""


def attribute_named(name: str) -> Attribute:
    """An attribute by name.

    Raises:
        FaceEditorError: there is none of that name; the message lists all.
    """
    if name not in ATTRIBUTES:
        raise FaceEditorError(f"There is no attribute “{name}”; choose from {', '.join(ATTRIBUTES)}.")
    return ATTRIBUTES[name]


PARTS: dict[str, tuple[Region, ...]] = {
    "hair": (Region.HAIR, Region.HAT),
    "eyes": EYES,
    "brows": BROWS,
    "mouth": LIPS,
    "nose": (Region.NOSE,),
    "skin": (Region.SKIN, Region.L_EAR, Region.R_EAR, Region.NECK),
    "glasses": (Region.GLASSES,),
    "clothes": (Region.CLOTH,),
    "background": (Region.BACKGROUND,),
}
"""What can be taken from a guide that the user brings: "make it like this, only the hair"."""


def attribute_of_guide(parts: tuple[str, ...]) -> Attribute:
    """The attribute that takes these parts from a guide of the user's.

    Args:
        parts: names of `PARTS`.

    Raises:
        FaceEditorError: no part or an unknown one.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        which = f"There is no part “{unknown[0]}”" if unknown else "Nothing is to be taken from the guide"
        raise FaceEditorError(f"{which}; choose from {', '.join(PARTS)}.")
    regions = tuple(region for part in parts for region in PARTS[part])
    whole = "skin" in parts
    detail = (0.0, 1.0) if whole else ((0.7, 1.0) if parts == ("mouth",) else None)
    return Attribute(CUSTOM, "Like the guide", regions, regions, detail)


def area_of(mask: MaskArray, regions: tuple[Region, ...], margin: int = 6) -> FloatArray:
    """Where the picture may change.

    Args:
        mask: (256, 256) uint8.
        regions: the regions; none: everything.
        margin: pixels by which they are widened; the edge is as soft.

    Returns:
        (256, 256) float32 in 0..1.
    """
    import cv2

    if not regions:
        return np.ones(mask.shape, np.float32)
    inside = np.isin(mask, regions).astype(np.float32)
    if margin > 0:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
        inside = np.asarray(cv2.dilate(inside, kernel), np.float32)
        inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), margin / 2), np.float32)
    return inside
