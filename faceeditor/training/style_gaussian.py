"""Random styles: a Gaussian over the codes of the training photographs, in principal directions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from faceeditor.portrait.style import OVERALL_DIM, REGION_DIM
from faceeditor.regions import REGION_COUNT

DIRECTIONS = 100
"""Principal directions that are kept; they hold over 99 % of the spread."""
_VECTORS = REGION_COUNT * REGION_DIM + OVERALL_DIM


@dataclass(frozen=True, eq=False)
class StyleGaussian:
    """Codes as `mean + z @ directions` with z ~ N(0, 1).

    mean: (2720,); directions: (K, 2720), scaled by their spread. The detail map of both is zero.
    """

    mean: Tensor
    directions: Tensor

    def draw(self, count: int, scale: Tensor) -> Tensor:
        """(count, 2720) flat codes; scale (count,) of each draw's distance from the mean."""
        z = torch.randn(count, len(self.directions), device=self.mean.device) * scale[:, None]
        return self.mean + z @ self.directions


@torch.no_grad()
def fit_style_gaussian(flat: Tensor, weights: Tensor | None = None, directions: int = DIRECTIONS) -> StyleGaussian:
    """Fit to flat codes (N, 2720) with weights (N,); regions that photographs do not show must have been filled."""
    vectors = flat[:, :_VECTORS]
    share = torch.ones(len(flat), device=flat.device) if weights is None else weights
    share = share / share.sum()
    mean = (share[:, None] * vectors).sum(0)
    _, singular, axes = torch.linalg.svd((vectors - mean) * share.sqrt()[:, None], full_matrices=False)
    kept = min(directions, len(singular))
    found, centre = flat.new_zeros(kept, flat.shape[1]), flat.new_zeros(flat.shape[1])
    found[:, :_VECTORS], centre[:_VECTORS] = axes[:kept] * singular[:kept, None], mean
    return StyleGaussian(centre, found)
