"""Documents with layers: what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.export.encoding import Metadata
from faceeditor.images.vips import strips
from faceeditor.photo.placement import MARGIN, Placement, Rect, widened
from faceeditor.regions import MASK_SIZE, PALETTE, REGION_COUNT, REGION_NAMES, MaskArray, Region

Samples = npt.NDArray[Any]
"""(H, W, 3) uint8 or uint16."""

_SMOOTH = 0.7
"""Standard deviation in mask pixels of the filter that rounds the steps of a mask's outlines."""
_EDGE = 1.5
"""Width of the soft edge of a region in pixels of the document."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Pixels of a document.

    Attributes:
        name: shown in the list of layers.
        samples: (h, w, 3) uint8 or uint16; may be a broadcast view.
        alpha: (h, w) of the same type, None: opaque.
        left: columns from the document's left edge, top: rows from its top edge.
        visible: whether it is shown when the document is opened.
    """

    name: str
    samples: Samples
    alpha: Samples | None = None
    left: int = 0
    top: int = 0
    visible: bool = True


@dataclass(frozen=True, eq=False)
class Group:
    """Layers that belong together, from the bottom to the top."""

    name: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, eq=False)
class LayeredPicture:
    """A document.

    Attributes:
        layers: from the bottom to the top; all are blended normally.
        merged: (H, W, 3) uint8 or uint16, the visible layers together.
        merged_alpha: (H, W), None: opaque.
        metadata: what the document says of itself; the profile holds for all layers.
    """

    layers: tuple[Layer | Group, ...]
    merged: Samples
    merged_alpha: Samples | None
    metadata: Metadata

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.merged.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.merged.shape[0])


@dataclass(frozen=True)
class Outline:
    """What a document with layers holds, without its pixels.

    Attributes:
        kind: "ora" or "psd".
        width, height: in pixels.
        bits: per sample.
        layers: names of the layers from the top, those of groups behind the group's name and a slash; hidden ones in
            brackets.
        xmp: the XMP packet.
    """

    kind: str
    width: int
    height: int
    bits: int
    layers: tuple[str, ...]
    xmp: bytes | None


def region_layers(
    labels: MaskArray, placement: Placement, width: int, height: int, without: Sequence[Region] = ()
) -> tuple[Layer, ...]:
    """The regions of a mask as hidden layers, each in its colour and opaque where the region is.

    Args:
        labels: (256, 256) uint8.
        placement: where the mask lies in the document.
        width: of the document in pixels, height: the same.
        without: regions that are left out.
    """
    layers = []
    for index in range(REGION_COUNT):
        if index in without or not (labels == index).any():
            continue
        coverage, rect = region_coverage(labels == index, placement, width, height)
        if not coverage.size or not coverage.any():
            continue
        layers.append(matte_layer(REGION_NAMES[index], PALETTE[index], coverage, rect.left, rect.top))
    return tuple(layers)


def matte_layer(
    name: str, colour: npt.NDArray[np.uint8], opacity: npt.NDArray[np.float32], left: int = 0, top: int = 0
) -> Layer:
    """A hidden layer of one colour: (h, w) float32 0..1 as its opacity, from which a selection can be made."""
    alpha = np.empty(opacity.shape, np.uint8)
    for part in strips(len(opacity), 4 * opacity.shape[1]):
        alpha[part] = np.rint(opacity[part] * np.float32(255))
    return Layer(name, np.broadcast_to(colour, (*alpha.shape, 3)), alpha, left, top, visible=False)


def region_coverage(
    inside: npt.NDArray[np.bool_], placement: Placement, width: int, height: int
) -> tuple[npt.NDArray[np.float32], Rect]:
    """A region with smooth outlines at the scale of a document, and the rectangle of the document that holds it.

    Args:
        inside: (256, 256) where the region is; what touches the border ends there.
        placement: where the mask lies in the document.
        width: of the document in pixels, height: the same.

    Returns:
        (h, w) float32 0..1 of the rectangle.
    """
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    box = np.array([(x, y) for x in (columns[0] - 2, columns[-1] + 3) for y in (rows[0] - 2, rows[-1] + 3)], np.float64)
    box = np.clip(box, 0, MASK_SIZE) @ placement.matrix[:, :2].T + placement.matrix[:, 2]
    low, high = np.floor(box.min(0) + 1e-6).astype(int), np.ceil(box.max(0) - 1e-6).astype(int)
    rect = Rect(int(low[0]), int(low[1]), int(high[0]), int(high[1])).within(width, height)
    if rect.width <= 0 or rect.height <= 0:
        return np.zeros((0, 0), np.float32), rect
    # The mask's border is repeated, so that a region that touches it stays opaque there.
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), _SMOOTH, borderType=cv2.BORDER_REPLICATE)
    sampled = placement.to_picture(widened(soft), rect, cv2.INTER_CUBIC)
    slope = max(1.0, _SMOOTH * np.sqrt(2 * np.pi) * placement.unit / _EDGE)
    edge = np.clip(0.5 + (sampled - 0.5) * np.float32(slope), 0, 1)
    square = np.pad(np.ones(inside.shape, np.uint8), MARGIN)
    return np.asarray(edge * placement.to_picture(square, rect, cv2.INTER_NEAREST), np.float32), rect
