"""Random styles: a Gaussian over the codes of the training photographs, also as a function of the mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from faceeditor.portrait.style import OVERALL_DIM, REGION_DIM
from faceeditor.regions import REGION_COUNT

FILE = "style_gaussian.safetensors"
"""In a model pack."""
DIRECTIONS = 150
"""Principal directions that are kept; they hold over nine tenths of the spread of every part but the detail."""
SPREAD = 1.25
"""Of draws, relative to the photographs' codes without their light: at 1 pictures of draws vary less than pictures of
photographs' codes, as the encoder reads them (docs/decisions/0010)."""
LIGHT = 0.2
"""What draws keep of the photographs' spread in direction, contrast and colour of the light."""
BEARD = 0.6
"""What draws for a mask keep of the spread of beards that the mask leaves open: it is one spread for all masks, and
would give many women a moustache."""
PLAIN_SCALE = 0.7
"""How far the plain person lies from the mean, as a share of a chosen photograph's distance: means look like nobody."""
_VECTORS = REGION_COUNT * REGION_DIM + OVERALL_DIM
_PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)
_FOLDS = 8
_TOLD = 0.25
"""Smallest singular value of a map from codes to facts, both of spread 1, whose direction counts."""


@dataclass(frozen=True, eq=False)
class StyleGaussian:
    """Codes as `mean + z @ directions` with z ~ N(0, 1); as `generators.style_prior` reads it, where all is explained.

    mean: (2720,); directions: (K, 2720), scaled by their spread; plain: (2720,); mask_mean: (D,), slopes: (D, 2720),
    fitting: (L, 2720).
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
    flat: Tensor,
    descriptors: Tensor,
    people: Tensor,
    weights: Tensor | None = None,
    light: Tensor | None = None,
    beard: Tensor | None = None,
    directions: int = DIRECTIONS,
) -> StyleGaussian:
    """Fit to codes.

    Args:
        flat: (N, 2720) flat codes, the regions that photographs do not show filled.
        descriptors: (N, D) of the photographs' masks (`portrait.mask_descriptors`).
        people: (N,) int64, whose code it is: a photograph and its mirror image are one person.
        weights: (N,) how much each counts; None: alike.
        light: (N, L) how each is lit (`appearance`); draws keep little of the spread along it. None: not known.
        beard: (N, B) the shadow of each beard (`appearance`), likewise for draws that fit a mask.
        directions: how many are kept.
    """
    share = torch.ones(len(flat), device=flat.device) if weights is None else weights
    share = share / share.sum()
    mean = (share[:, None] * flat).sum(0)
    mask_mean = (share[:, None] * descriptors).sum(0)
    centred, x = flat - mean, descriptors - mask_mean
    scale = _part_scale(centred, share)
    if light is not None:
        centred = _narrowed(centred * scale, light, LIGHT, share, people) / scale
    slopes, rest = _regression(x, centred * scale, share, people)
    if beard is not None:
        rest = _narrowed(rest, beard, BEARD, share, people)
    plain = mean + PLAIN_SCALE * centred[_plain_row(centred[:, :_VECTORS], share)]
    whole, fitting = (_directions(each, share, directions) / scale for each in (centred * scale, rest))
    return StyleGaussian(mean, whole, plain, mask_mean, slopes / scale, fitting)


def _part_scale(centred: Tensor, share: Tensor) -> Tensor:
    """(2720,) factors that give every part of a code (each region, overall, detail) the same total spread.

    Otherwise the directions would follow the parts with large numbers, and lose a fifth of the overall vector's spread.
    """
    return 1 / _part_spread((share[:, None] * centred.square()).sum(0))


def _part_spread(variance: Tensor) -> Tensor:
    """(2720,) the total spread of the part that each number of a code belongs to, from the variance of each."""
    lengths = [*[REGION_DIM] * REGION_COUNT, OVERALL_DIM, len(variance) - _VECTORS]
    return torch.cat([part.sum().clamp_min(1e-6).sqrt().expand(len(part)) for part in variance.split(lengths)])


def _narrowed(y: Tensor, facts: Tensor, keep: float, share: Tensor, people: Tensor) -> Tensor:
    """Codes (N, C) with this share of their spread along the directions in which they tell the facts (N, F).

    The directions are those of a ridge regression from principal coordinates of spread 1.
    """
    _, singular, axes = torch.linalg.svd(y * share.sqrt()[:, None], full_matrices=False)
    kept = min(DIRECTIONS, int((singular > 1e-4 * singular[0]).sum()))
    spread, axes = singular[:kept], axes[:kept]
    z = y @ axes.T / spread
    slopes = _regression(z, facts - (share[:, None] * facts).sum(0), share, people)[0]
    towards, size, _ = torch.linalg.svd(slopes, full_matrices=False)
    towards = towards[:, size > _TOLD]
    return y - (1 - keep) * (z @ towards @ towards.T * spread) @ axes


def _directions(centred: Tensor, share: Tensor, kept: int) -> Tensor:
    """(K, C) principal directions times the spread of draws along them.

    What the directions that are left out held of a part of the code is given to those that are kept: they would hold
    nine tenths of the spread of the vectors, and less of the detail, which tells people on one mask apart.
    """
    _, singular, axes = torch.linalg.svd(centred * share.sqrt()[:, None], full_matrices=False)
    kept = min(kept, len(singular))
    scaled = axes * singular[:, None]
    whole, part = (_part_spread(some.square().sum(0)) for some in (scaled, scaled[:kept]))
    return SPREAD * scaled[:kept] * whole / part


def _regression(x: Tensor, y: Tensor, share: Tensor, people: Tensor) -> tuple[Tensor, Tensor]:
    """Ridge regression with the penalty that explains people best from the others.

    Returns:
        The slopes (D, C), and (N, C) what they leave of each person who took no part in their fit: what they leave of
        the others is less than what a new mask leaves open.
    """
    spread = (share[:, None] * x.square()).sum(0).sqrt().clamp_min(1e-4)
    scaled, weighted = x / spread, y * share[:, None]
    fold = people.unique(return_inverse=True)[1] % _FOLDS
    eye = torch.eye(x.shape[1], device=x.device)

    def solved(rows: Tensor, penalty: float) -> Tensor:
        a = scaled[rows]
        return torch.linalg.solve(
            a.T @ (a * share[rows, None]) + penalty * share[rows].sum() * eye, a.T @ weighted[rows]
        )

    def left(penalty: float) -> Tensor:
        rest = torch.empty_like(y)
        for k in range(_FOLDS):
            held = fold == k
            rest[held] = y[held] - scaled[held] @ solved(~held, penalty)
        return rest

    errors = torch.stack([(share[:, None] * left(penalty).square()).sum() for penalty in _PENALTIES])
    best = _PENALTIES[int(errors.argmin())]
    return solved(torch.ones_like(fold, dtype=torch.bool), best) / spread[:, None], left(best)


def _plain_row(centred: Tensor, share: Tensor) -> int:
    """The row nearest to the mean among the tenth that counts most."""
    most = share >= share.quantile(0.9)
    return int(torch.where(most, centred.square().sum(1), torch.inf).argmin())
