"""The plain way to an attribute: the slider of the head, and the guides' style in the attribute's regions.

It is where the optimisation starts and what it is measured against.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.head.controls import control
from faceeditor.head.model import HeadModel
from faceeditor.identity.attributes import Attribute
from faceeditor.identity.guides import Guide
from faceeditor.identity.variation import Variation
from faceeditor.portrait.exemplars import SHOWN_FROM
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region

FloatArray = npt.NDArray[np.float32]

_GIVES_WAY_TO_HAIR = (Region.BACKGROUND, Region.CLOTH, Region.NECK, Region.L_EAR, Region.R_EAR, Region.HAT)


def transferred(
    start: Variation,
    guides: Sequence[Guide],
    attribute: Attribute,
    amount: float,
    model: HeadModel | None = None,
    lacking: Sequence[Guide] = (),
) -> Variation:
    """A portrait that takes an attribute on, without optimisation.

    Args:
        start: the portrait; needs a head for attributes of the head.
        guides: whose mean style is taken, the nearest first; outlines come from the nearest alone.
        attribute: what is taken.
        amount: 0 nothing .. 1 the whole attribute; more exaggerates.
        model: the head model, for controls that need it; by default the program's own.
        lacking: guides without the attribute, for one that is relative.

    Raises:
        FaceEditorError: neither guides nor a control, or nothing to change.
    """
    made = start
    if attribute.styles or attribute.detail is not None:
        made = replace(made, style=_styled(start.style, guides, attribute, amount, lacking))
    if attribute.outline:
        made = replace(made, mask=_outlined(start, guides, attribute))
    if attribute.control is not None and start.head is not None:
        name, whole = attribute.control
        setter = control(name, model or HeadModel.load())
        now = setter.get(start.head, model or HeadModel.load())
        target = now + amount * (whole - now) if name == "smile" else now + amount * whole
        made = made.with_head(setter.set(start.head, model or HeadModel.load(), setter.clip(target)))
    if attribute.light and start.head is not None and guides:
        gamma = np.mean([guide.head.gamma for guide in guides], 0)
        light = start.head.gamma + np.float32(amount) * (gamma - start.head.gamma)
        made = made.with_head(start.head.changed(gamma=light.astype(np.float32), rig=None))
    return made


def _styled(
    style: StyleCode, guides: Sequence[Guide], attribute: Attribute, amount: float, lacking: Sequence[Guide]
) -> StyleCode:
    """The style with the mean of the guides' vectors and detail where the attribute has them."""
    regions, detail = style.regions.copy(), style.detail.copy()
    relative = attribute.relative and bool(lacking)
    for region in attribute.styles if guides else ():
        origin = _mean_vector(lacking, region) if relative else regions[region]
        regions[region] += np.float32(amount) * (_mean_vector(guides, region) - origin)
    if guides and attribute.detail is not None:
        origin = np.mean([guide.style.detail for guide in lacking], 0) if relative else detail
        mean = np.mean([guide.style.detail for guide in guides], 0)
        detail += np.float32(amount) * attribute.detail_share() * (mean - origin)
    return StyleCode(regions, style.overall, detail, style.label)


def _mean_vector(guides: Sequence[Guide], region: Region) -> FloatArray:
    """The mean vector of a region over the guides who show it; over all where nobody does."""
    showing = [guide for guide in guides if (guide.mask == region).sum() >= SHOWN_FROM] or list(guides)
    return np.asarray(np.mean([guide.style.regions[region] for guide in showing], 0), np.float32)


def _outlined(start: Variation, guides: Sequence[Guide], attribute: Attribute) -> MaskArray:
    """The mask with the nearest guide's outlines, laid over the face frame.

    Raises:
        FaceEditorError: the guide does not show the region.
    """
    import cv2

    mask = np.array(start.mask)
    if not guides:
        raise FaceEditorError(f"“{attribute.title}” needs a guide; drop a picture that shows it.")
    guide = guides[0]
    if not np.isin(guide.mask, attribute.outline).any():
        raise FaceEditorError("The guide does not show what is to be taken from it; choose another picture.")
    # picture of the portrait -> face -> picture of the guide, in -1..1; then in pixels.
    to_face, to_guide = inverse_frame(face_frame(mask)), face_frame(guide.mask)
    linear = to_guide[:, :2] @ to_face[:, :2]
    shift = to_guide[:, :2] @ to_face[:, 2] + to_guide[:, 2]
    half = mask.shape[0] / 2
    offset = (linear @ np.full(2, 0.5 / half - 1.0) + shift + 1.0) * half - 0.5
    matrix = np.concatenate([linear, offset[:, None]], 1).astype(np.float64)
    laid = cv2.warpAffine(
        guide.mask, matrix, mask.shape[::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    for region in attribute.outline:
        here = laid == region
        if region == Region.HAIR:
            here &= np.isin(mask, _GIVES_WAY_TO_HAIR)
        mask[here] = region
    return mask
