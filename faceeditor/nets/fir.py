"""Resampling of feature maps with FIR filters: insert zeros, pad, convolve, keep every n-th pixel.

The operation is that of Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), appendix B, and
"Alias-Free Generative Adversarial Networks" (2021), section 3.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Padding = tuple[int, int, int, int]
"""Pixels added left, right, above and below; negative numbers crop."""

_SEPARABLE_FROM = 8
"""Lines of at least this many taps are stored as they are and applied along each axis; shorter ones as a square."""


def filter_taps(values: float | Sequence[float] | Sequence[Sequence[float]] | None) -> Tensor:
    """Normalise filter values to a sum of 1.

    Args:
        values: a line of taps, a rectangle of taps, a single number, or None for no filtering.

    Returns:
        (taps,) if the line has 8 taps or more, else (height, width); float32.
    """
    taps = torch.as_tensor(1.0 if values is None else values, dtype=torch.float32)
    if taps.ndim == 0:
        taps = taps[None]
    if taps.ndim == 1 and len(taps) < _SEPARABLE_FROM:
        taps = taps[:, None] * taps[None, :]
    return taps / taps.sum()


def filter_size(taps: Tensor | None) -> tuple[int, int]:
    """Width and height of a filter as `filter_taps` returns it; None is 1 x 1."""
    return (1, 1) if taps is None else (taps.shape[-1], taps.shape[0])


def upsampling_padding(taps: Tensor | None, up: int, padding: int = 0) -> Padding:
    """The padding of the upsampled maps that keeps pixel centres where they were."""
    width, height = filter_size(taps)
    return (
        padding + (width + up - 1) // 2,
        padding + (width - up) // 2,
        padding + (height + up - 1) // 2,
        padding + (height - up) // 2,
    )


def resample(
    x: Tensor,
    taps: Tensor | None,
    up: int = 1,
    down: int = 1,
    padding: Padding = (0, 0, 0, 0),
    gain: float = 1.0,
) -> Tensor:
    """Insert up - 1 zeros after each pixel, pad, convolve with the filter, keep every down-th pixel.

    Args:
        x: (B, C, H, W).
        taps: (taps,) applied along both axes, (height, width), or None for no filter.
        up, down: whole factors of the sampling rate.
        padding: of the upsampled maps.
        gain: factor of the result.

    Returns:
        (B, C, (H up + top + bottom - taps) // down + 1, likewise for W).
    """
    if taps is None or taps.ndim == 1:
        left, right, top, bottom = padding
        x = _along_width(x, taps, up, down, (left, right), gain)
        return _along_width(x.transpose(2, 3), taps, up, down, (top, bottom), 1.0).transpose(2, 3)
    if up > 1:
        x = _insert_zeros(_insert_zeros(x, up).transpose(2, 3), up).transpose(2, 3)
    kernel = (taps * gain).flip([0, 1]).to(x.dtype).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(x, padding), kernel, stride=down, groups=x.shape[1])


def _along_width(x: Tensor, taps: Tensor | None, up: int, down: int, padding: tuple[int, int], gain: float) -> Tensor:
    """As `resample`, for the last axis alone."""
    x = F.pad(_insert_zeros(x, up), padding)
    if taps is None:
        return x[..., ::down] * gain if gain != 1.0 else x[..., ::down]
    kernel = (taps * gain).flip(0).to(x.dtype).expand(x.shape[1], 1, 1, -1)
    return F.conv2d(x, kernel, stride=(1, down), groups=x.shape[1])


def _insert_zeros(x: Tensor, up: int) -> Tensor:
    """(..., W) -> (..., W up)."""
    return F.pad(x.unsqueeze(-1), (0, up - 1)).flatten(-2) if up > 1 else x
