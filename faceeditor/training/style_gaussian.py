"""Random styles: a Gaussian over the codes of the training photographs, also as a function of the mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from faceeditor.portrait.style import OVERALL_DIM, REGION_DIM
from faceeditor.regions import REGION_COUNT

FILE = "style_gaussian.safetensors"
"""In a model pack."""
DIRECTIONS = 100
"""Principal directions that are kept; they hold over 99 % of the spread."""
PLAIN_SCALE = 0.7
"""How far the plain person lies from the mean, as a share of a chosen photograph's distance: means look like nobody."""
_VECTORS = REGION_COUNT * REGION_DIM + OVERALL_DIM
_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_HELD_OUT = 10


@dataclass(frozen=True, eq=False)
class StyleGaussian:
    """Codes as `mean + z @ directions` with z ~ N(0, 1); as `generators.style_prior` reads it, where all is explained.

    mean: (2720,); directions: (K, 2720), scaled by their spread. The detail map of both is zero. plain: (2720,);
    mask_mean: (D,), slopes: (D, 2720), fitting: (L, 2720).
    """

    mean: Tensor
    directions: Tensor
    plain: Tensor
    mask_mean: Tensor
    slopes: Tensor
    fitting: Tensor

    def draw(self, count: int, scale: Tensor) -> Tensor:
        """(count, 2720) flat codes; scale (count,) of each draw's distance from the mean."""
        z = torch.randn(count, len(self.directions), device=self.mean.device) * scale[:, None]
        return self.mean + z @ self.directions

    def draw_for(self, descriptors: Tensor, scale: Tensor) -> Tensor:
        """(B, 2720) flat codes of people who fit masks with these descriptors (B, D); scale (B,)."""
        z = torch.randn(len(descriptors), len(self.fitting), device=self.mean.device) * scale[:, None]
        return self.mean + (descriptors - self.mask_mean) @ self.slopes + z @ self.fitting

    def tensors(self) -> dict[str, Tensor]:
        """All parts by name, for a checkpoint or a pack."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@torch.no_grad()
def fit_style_gaussian(
    flat: Tensor, descriptors: Tensor, weights: Tensor | None = None, directions: int = DIRECTIONS
) -> StyleGaussian:
    """Fit to codes.

    Args:
        flat: (N, 2720) flat codes, the regions that photographs do not show filled.
        descriptors: (N, D) of the photographs' masks (`portrait.mask_descriptors`).
        weights: (N,) how much each counts; None: alike.
        directions: how many are kept.
    """
    vectors = flat[:, :_VECTORS]
    share = torch.ones(len(flat), device=flat.device) if weights is None else weights
    share = share / share.sum()
    mean = (share[:, None] * vectors).sum(0)
    mask_mean = (share[:, None] * descriptors).sum(0)
    x = descriptors - mask_mean
    slopes = _regression(x, vectors - mean, share)
    chosen = _plain_row(vectors, mean, share)
    plain = mean + PLAIN_SCALE * (vectors[chosen] - mean)
    parts = (mean, _directions(vectors - mean, share, directions), plain, slopes)
    wide_mean, wide_directions, wide_plain, wide_slopes = (_with_detail(part, flat) for part in parts)
    rest = _with_detail(_directions(vectors - mean - x @ slopes, share, directions), flat)
    return StyleGaussian(wide_mean, wide_directions, wide_plain, mask_mean, wide_slopes, rest)


def _directions(centred: Tensor, share: Tensor, kept: int) -> Tensor:
    """(K, V) principal directions times their spread."""
    _, singular, axes = torch.linalg.svd(centred * share.sqrt()[:, None], full_matrices=False)
    kept = min(kept, len(singular))
    return axes[:kept] * singular[:kept, None]


def _with_detail(vectors: Tensor, flat: Tensor) -> Tensor:
    """Vectors (..., V) with a detail map of zeros."""
    return torch.cat([vectors, vectors.new_zeros(*vectors.shape[:-1], flat.shape[1] - _VECTORS)], -1)


def _regression(x: Tensor, y: Tensor, share: Tensor) -> Tensor:
    """(D, V) ridge regression with the penalty that explains every tenth row best from the others."""
    held = torch.arange(len(x), device=x.device) % _HELD_OUT == 0
    spread = (share[:, None] * x.square()).sum(0).sqrt().clamp_min(1e-4)
    scaled = x / spread

    def solved(rows: Tensor, penalty: float) -> Tensor:
        a, b = scaled[rows] * share[rows, None], y[rows]
        eye = torch.eye(x.shape[1], device=x.device)
        return torch.linalg.solve(scaled[rows].T @ a + penalty * eye * share[rows].sum(), a.T @ b)

    errors = [((y[held] - scaled[held] @ solved(~held, p)).square().sum(1) * share[held]).sum() for p in _PENALTIES]
    best = _PENALTIES[int(torch.stack(errors).argmin())]
    return solved(torch.ones_like(held), best) / spread[:, None]


def _plain_row(vectors: Tensor, mean: Tensor, share: Tensor) -> int:
    """The row nearest to the mean among the tenth that counts most."""
    most = share >= share.quantile(0.9)
    away = torch.where(most, (vectors - mean).square().sum(1), torch.inf)
    return int(away.argmin())
