"""An attribute's result in a photograph: its own pixels stay wherever the attribute changes nothing."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.engine.drawing import request_of
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.photo_edit import EditPhoto, FaceEdit, FoundFace, like, three_channels
from faceeditor.identity.attributes import Attribute, area_of
from faceeditor.regions import Region

if TYPE_CHECKING:
    from faceeditor.identity.variation import Variation
    from faceeditor.images import SourceImage
    from faceeditor.photo.placement import Placement

FloatArray = npt.NDArray[np.float32]
Samples = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class AttributePhoto:
    """Put an optimised portrait back into its photograph -> samples (H, W, 1 or 3) as of `EditPhoto`.

    Motion and outlines are an edit of the photograph. What the style changes is added as the difference of two drawn
    pictures, with the old and with the new style, so that the photograph keeps its own detail under it.

    Attributes:
        source: the photograph.
        face: its face.
        start, result: the portrait as it was read, and as it was optimised.
        attribute: what was changed.
    """

    source: "SourceImage"
    face: FoundFace
    start: "Variation"
    result: "Variation"
    attribute: Attribute

    def run(self, context: JobContext) -> Samples:
        """Raises ModelError and EngineError."""
        same_outlines = np.array_equal(self.start.mask, self.result.mask)
        mask = None if same_outlines else self.result.mask
        edit = FaceEdit(self.face.photo, self.result.style, self.result.head, mask)
        samples = EditPhoto(self.source, (edit,)).run(context)
        if not same_outlines or self.start.style.key == self.result.style.key:
            return samples
        old = context.frame(request_of(replace(self.result, style=self.start.style)))
        new = context.frame(request_of(self.result))
        drawn = new.mask if new.mask is not None else self.result.mask
        regions = {*self.attribute.area, *self.attribute.styles}
        area = area_of(drawn, tuple(regions), 3)
        step = new.pixels.shape[0] // area.shape[0]
        both = [_reduced(frame.pixels.astype(np.float32), step) for frame in (old, new)]
        difference = np.asarray((both[1] - both[0]) * (area[..., None] / 255), np.float32)
        # Beyond the outline of the person nothing changes, however wide the regions of the mask are drawn.
        opacity = None if Region.BACKGROUND in regions else self.face.photo.matte.alpha
        return like(added(three_channels(samples), difference, self.face.photo.placement, opacity), samples)


def added(
    samples: Samples, difference: FloatArray, placement: "Placement", opacity: FloatArray | None = None
) -> Samples:
    """Samples (H, W, 3) plus a difference (256, 256, 3), in shares of the full scale, in the square of a face.

    The difference goes on beyond the square's border, as far as the wide grid reaches, where an opacity (N, N) 0..1 of
    the person on that grid ends it. Pixels where it is nothing stay bit for bit.
    """
    from faceeditor.photo.placement import MARGIN

    rect = placement.bounds(samples.shape[1], samples.shape[0])
    beyond = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    wide = np.pad(difference, beyond) if opacity is None else np.pad(difference, beyond, "edge")
    laid = placement.to_picture(wide, rect, cv2.INTER_CUBIC)
    if opacity is not None:
        laid = laid * placement.to_picture(opacity, rect)[..., None]
    top = np.iinfo(samples.dtype).max
    made = samples.copy()
    part = samples[rect.slices]
    changed = np.clip(np.rint(part + laid * top), 0, top).astype(samples.dtype)
    made[rect.slices] = np.where(np.abs(laid).max(2, keepdims=True) * top < 0.5, part, changed)
    return made


def _reduced(pixels: FloatArray, step: int) -> FloatArray:
    if step <= 1:
        return pixels
    side = pixels.shape[0] // step
    return np.asarray(pixels.reshape(side, step, side, step, 3).mean((1, 3)), np.float32)
