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


def mode_seeking(first: Tensor, second: Tensor, codes: Codes, others: Codes, count: int) -> Tensor:
    """Penalty on pictures of one mask that differ less than their codes (Mao et al., "Mode seeking GANs"), in 0..1."""
    pictures = (first - second).abs().mean((1, 2, 3))
    regions = (codes.regions[:count].detach() - others.regions).abs().mean((1, 2))
    overall = (codes.overall[:count].detach() - others.overall).abs().mean(1)
    return torch.exp(-4 * pictures / (0.5 * (regions + overall) + 0.1)).mean()
