"""Losses of the mask-guided generator beyond plain distances."""

import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.nets.mask_guided import Codes
from faceeditor.nets.parser import FaceParser


def region_agreement(
    parser: FaceParser, made: Tensor, real: Tensor, planes: Tensor, order: Tensor, weights: Tensor
) -> Tensor:
    """Cross-entropy between the parser's reading of made pictures and the painted masks.

    Pixels where the parser does not read the mask in the photograph itself count little: there the parser or the
    mask is wrong, and the generator is not to follow it.

    Args:
        made: (M, 3, S, S) pictures made for the masks of `order` (M,).
        real: (B, 3, S, S) the masks' own photographs.
        planes: (B, 19, S, S) region planes.
        weights: (19,) weight per region.
    """
    if made.shape[-1] < 128:
        made, real = (F.interpolate(x, size=(128, 128), mode="bilinear", align_corners=False) for x in (made, real))
    side = made.shape[-1] // 2
    shares = planes.float()
    if shares.shape[-1] != side:
        shares = F.adaptive_avg_pool2d(shares, side)
    with torch.no_grad():
        right = (parser(real).float().softmax(1) * shares).sum(1)
        trust = right * torch.einsum("brhw,r->bhw", shares, weights)
    log_share = F.log_softmax(parser(made).float(), 1)
    loss = -(log_share * shares[order]).sum(1)
    return (loss * trust[order]).sum() / (trust[order].sum() + 1e-6)


def region_reading(parser: FaceParser, made: Tensor, planes: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy between the parser's reading of made pictures and their masks, where no photograph is at hand.

    Args:
        made: (M, 3, S, S) pictures, S >= 128; planes: (M, 19, S, S) region planes; weights: (19,).
    """
    shares = F.adaptive_avg_pool2d(planes.float(), made.shape[-1] // 2)
    trust = torch.einsum("brhw,r->bhw", shares, weights)
    loss = -(F.log_softmax(parser(made).float(), 1) * shares).sum(1)
    # Some outlines are beyond the parser: a pixel's loss counts up to what a plain miss costs.
    return (loss.clamp(max=4.0) * trust).sum() / (trust.sum() + 1e-6)


def hair_misalignment(made: Tensor, hair: Tensor) -> Tensor:
    """How far strands of drawn hair run from the direction that was given, 0 (along it) to about 2 (across it), scalar.

    The direction of a picture is that of its structure tensor, as in `training.guides.read_hair_direction`.

    Args:
        made: (B, 3, 128, 128) whole pictures or windows.
        hair: (B, 3, S, S) strength x (cos 2a, sin 2a) and strength over the same part.
    """
    grey = made.mean(1, keepdim=True)
    x, y = (F.pad(grey.diff(dim=axis), pad, mode="replicate") for axis, pad in ((3, (0, 1, 0, 0)), (2, (0, 0, 0, 1))))
    tensor = torch.cat([y * y - x * x, -2 * x * y, x * x + y * y], 1)
    local = F.avg_pool2d(F.avg_pool2d(tensor, 5, 1, 2, count_include_pad=False), 2)
    double = local[:, :2] / (local[:, 2:] + _QUIET)
    wanted = F.adaptive_avg_pool2d(hair, local.shape[-1]).to(double.dtype)
    along = (double * wanted[:, :2]).sum(1)
    strength = wanted[:, 2]
    return (_COHERENCE * strength - along).clamp_min(0).sum() / (strength.sum() + 1)


_QUIET = 3e-4
"""Gradient energy in (-1..1) squared below which a place counts as smooth."""
_COHERENCE = 0.8
"""How much of the strands' energy has to lie in the direction."""


def lattice(made: Tensor, real: Tensor, levels: int = 3) -> Tensor:
    """How much more than photographs the made pictures show a lattice of period 2, 4 and 8 pixels, scalar.

    Pixel-shuffle heads and up-sampling leave patterns that keep step with the pixel grid over many pixels; textures
    of photographs do not. Measured as the mean alternating sum over 8 x 8 pixels, along x, y and both.
    """
    total = made.new_zeros(())
    for _ in range(levels):
        side = made.shape[-1]
        sign = 1.0 - 2.0 * (torch.arange(side, device=made.device) % 2)
        for pattern in (sign[None, :], sign[:, None], sign[None, :] * sign[:, None]):
            excess = F.avg_pool2d(made * pattern, 8).abs().mean() - F.avg_pool2d(real * pattern, 8).abs().mean()
            total = total + F.relu(excess)
        made, real = F.avg_pool2d(made, 2), F.avg_pool2d(real, 2)
    return total


def weave(made: Tensor, real: Tensor, periods: tuple[int, ...] = (4, 8)) -> Tensor:
    """How much more than photographs the made pictures keep step with the pixel grid where tones are calm, scalar.

    `lattice` knows one pattern of each period and direction: a row - + + - is nothing to it. Here the pixels at each
    place of the grid's cells are averaged over a neighbourhood, as `export.lattice` does to take the weave out: what
    differs between the places keeps step with the grid, whatever its shape. Hair, of which photographs have more, must
    not make up for skin: places count by how little detail the photograph has there.

    Args:
        made: (N, 3, S, S), N a multiple of B: each B of them have the masks of the photographs.
        real: (B, 3, S, S) photographs.
        periods: sides of the cells in pixels, divisors of S; shorter patterns that divide them are seen as well.

    Returns:
        The sum over the periods of the excess of the root mean square, in units of -1..1.
    """
    detail = (real - _around(real, 4)).abs().mean(1, keepdim=True)
    calm = 1 / (1 + (_around(detail, 4) / _CALM).square())
    total = made.new_zeros(())
    for period in periods:
        weight = F.avg_pool2d(calm, period)
        many = weight.repeat(len(made) // len(real), 1, 1, 1)
        ours = (_in_step(made, period) * many).sum() / many.sum()
        theirs = (_in_step(real, period) * weight).sum() / weight.sum()
        total = total + F.relu(ours - theirs)
    return total


_CALM = 0.03
"""Mean size of detail, in units of -1..1, at which a place counts half."""
_STRONGEST = 0.125
"""Detail beyond this belongs to a feature of the face and says nothing of the weave."""
_NEIGHBOURS = 3
"""Cells to each side over which the places of the grid's cells are averaged."""


def _in_step(pictures: Tensor, period: int) -> Tensor:
    """(N, 1, S / period, S / period) root mean square of what keeps step with the grid around each cell."""
    rough = (pictures - _around(pictures, period)).clamp(-_STRONGEST, _STRONGEST)
    cells = _around(F.pixel_unshuffle(rough, period), _NEIGHBOURS).unflatten(1, (3, period**2))
    return (cells - cells.mean(2, keepdim=True)).square().mean((1, 2)).add(1e-8).sqrt().unsqueeze(1)


def _around(x: Tensor, reach: int) -> Tensor:
    """Means over (2 reach + 1) x (2 reach + 1) places, fewer at the border."""
    side = 2 * reach + 1
    rows = F.avg_pool2d(x, (side, 1), 1, (reach, 0), count_include_pad=False)
    return F.avg_pool2d(rows, (1, side), 1, (0, reach), count_include_pad=False)


def mode_seeking(first: Tensor, second: Tensor, codes: Codes, others: Codes, count: int) -> Tensor:
    """Penalty on pictures of one mask that differ less than their codes (Mao et al., "Mode seeking GANs"), in 0..1."""
    pictures = (first - second).abs().mean((1, 2, 3))
    regions = (codes.regions[:count].detach() - others.regions).abs().mean((1, 2))
    overall = (codes.overall[:count].detach() - others.overall).abs().mean(1)
    return torch.exp(-4 * pictures / (0.5 * (regions + overall) + 0.1)).mean()
