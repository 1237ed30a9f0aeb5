"""The photometric loss: a photograph against the skin that its read head coefficients render.

Fitted labels say nothing of what the fit could not explain, and are missing where it failed; the colours of the
photograph are always there. As in Deng et al., "Accurate 3D Face Reconstruction with Weakly-Supervised Learning" (the
robust photometric loss of section 3), but with the region mask in place of their skin detector, and with a logarithm in
place of plain distances: shine, cast shadows and beards, which no head coefficient describes, must not be explained by
light and skin.

`head.torch_raster` renders: skin, light, and where on the surface a pixel lies have gradients, outlines have none.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.head.model import HeadModel
from faceeditor.head.torch_raster import PARTS, TorchHead
from faceeditor.regions import Region

SIDE = 64
"""Side of the renderings in pixels, half of the pictures' side."""
COMPARED = (Region.SKIN, Region.NOSE)
"""Regions whose colours are skin and nothing else, in the photograph as in the rendering."""

# A difference of this size (sRGB 0..1) counts as 1: what well-fitted coefficients leave.
_SCALE = 0.06
# From here on, differences count ever less.
_OUTLIER = 0.12
# Pixels of a face below which it says nothing.
_FEWEST = 40
# Largest sizes of coefficients with which a head is drawn, about those of `HeadCoefficients`, and its least distance in
# centimetres: what a network says before it has learnt from labels may be no head, and would be slow to draw.
_LARGEST = {
    "shape": 6.0, "albedo": 6.0, "expression": 2.0, "gaze": 60.0, "pose": 80.0, "position": 400.0, "gamma": 30.0,
}  # fmt: skip
_NEAREST = 40.0
_AT_ONCE = 16


class Photometric:
    """Compares pictures with the skin rendered from head coefficients.

    Coefficients are given by name as (B, ...) tensors in the units of `HeadCoefficients`, not clipped; names beyond
    `torch_raster.PARTS` are left alone. Pictures are (B, 3, 128, 128) float RGB in -1..1; skin is (B, 128, 128) and not
    zero where a picture shows skin that may be compared.
    """

    def __init__(self, device: str | torch.device, model: HeadModel | None = None) -> None:
        """Args: device: where everything is computed; model: the head (default: the program's own)."""
        self.head = TorchHead(model if model is not None else HeadModel.load(), device)

    def differences(self, heads: Mapping[str, Tensor], pictures: Tensor, skin: Tensor) -> tuple[Tensor, Tensor]:
        """Differences pixel by pixel, with gradients for the coefficients.

        Returns:
            (B, 64, 64) mean absolute difference of R, G and B, sRGB 0..1; (B, 64, 64) bool: whether both picture and
            rendering show skin there, the picture in all of the pixel and around it.
        """
        parts = {name: heads[name].float() for name in PARTS}
        # The eyes are not compared: any colour will do for them.
        iris = pictures.new_zeros(len(pictures), 3)
        maps = self.head.maps(self.head.points(parts), parts["gamma"], self.head.chart(parts["albedo"]), iris, SIDE)
        off = (maps.condition[:, :3] - F.avg_pool2d(pictures, 2)).abs().mean(1) / 2
        # The smallest value of 4 x 4: pixels at a border of the skin mix with what lies beyond.
        all_skin = -F.max_pool2d(-(skin > 0).float()[:, None], 4, 2, 1)[:, 0] > 0
        shown = (maps.regions[..., None] == maps.regions.new_tensor(COMPARED)).any(-1)
        return off, all_skin & shown

    def loss(self, heads: Mapping[str, Tensor], pictures: Tensor, skin: Tensor, most: int | None = None) -> Tensor:
        """The mean robust difference of the first `most` faces that can be compared, about 1 for well-fitted heads.

        A difference d counts as `c log(1 + d / c)`: as d itself while it is small.

        Returns:
            () float32; zero, without a gradient, where no face can be compared.
        """
        rows = _comparable(heads, skin)[:most]
        if not len(rows):
            return pictures.new_zeros(())
        off, where = self.differences({name: heads[name][rows] for name in PARTS}, pictures[rows], skin[rows])
        robust = _OUTLIER * torch.log1p(off / _OUTLIER) / _SCALE
        pixels = where.sum((1, 2))
        faces = (robust * where).sum((1, 2)) / pixels.clamp_min(1)
        told = pixels >= _FEWEST
        return (faces * told).sum() / told.sum().clamp_min(1)

    @torch.no_grad()
    def errors(self, heads: Mapping[str, Tensor], pictures: Tensor, skin: Tensor) -> Tensor:
        """(B,) float32 mean absolute difference of each picture, sRGB 0..1; NaN where it cannot be compared."""
        found = pictures.new_full((len(pictures),), torch.nan)
        usable = _comparable(heads, skin)
        for start in range(0, len(usable), _AT_ONCE):
            rows = usable[start : start + _AT_ONCE]
            off, where = self.differences({name: heads[name][rows] for name in PARTS}, pictures[rows], skin[rows])
            pixels = where.sum((1, 2))
            mean = (off * where).sum((1, 2)) / pixels.clamp_min(1)
            found[rows] = torch.where(pixels >= _FEWEST, mean, torch.nan)
        return found


def _comparable(heads: Mapping[str, Tensor], skin: Tensor) -> Tensor:
    """Rows of the faces that show skin and whose coefficients are those of a head, not NaN either."""
    good = (skin > 0).flatten(1).any(1) & (heads["position"].detach()[:, 2] <= -_NEAREST)
    for name, largest in _LARGEST.items():
        good = good & (heads[name].detach().abs() <= largest).flatten(1).all(1)
    return good.nonzero()[:, 0]
