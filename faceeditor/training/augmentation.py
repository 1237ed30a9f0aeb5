"""Augmentation that keeps the critics from learning the photographs by heart."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_CUT = 0.4
"""Side of the cut-out square, as a share of the picture's."""


class Augmentation:
    """One draw of differentiable augmentation for a batch, to be applied alike to photographs and made pictures.

    After Zhao et al., "Differentiable augmentation for data-efficient GAN training", and Karras et al., "Training
    generative adversarial networks with limited data": each picture gets, with probability p each, a shift, changes of
    brightness, saturation, contrast, hue and colour balance, noise, and a cut-out square.
    """

    def __init__(self, count: int, p: float, device: torch.device) -> None:
        def on() -> Tensor:
            return (torch.rand(count, 1, 1, 1, device=device) < p).float()

        def uniform(low: float, high: float, channels: int = 1) -> Tensor:
            return torch.rand(count, channels, 1, 1, device=device) * (high - low) + low

        self.brightness = uniform(-0.35, 0.35) * on()
        self.saturation = 1 + uniform(-0.8, 0.8) * on()
        self.contrast = 1 + uniform(-0.4, 0.4) * on()
        self.balance = 1 + uniform(-0.2, 0.2, 3) * on()
        self.hue = _hue_matrices((uniform(-0.5, 0.5) * on())[:, 0, 0, 0])
        self.noise = uniform(0, 0.06) * on()
        self.shift = (torch.rand(count, 2, device=device) * 0.25 - 0.125) * on()[:, :, 0, 0]
        self.cut = torch.rand(count, 2, device=device)
        self.cut_on = on()

    def pictures(self, x: Tensor) -> Tensor:
        """Augment pictures (B, 3, S, S)."""
        x = x + self.brightness
        grey = x.mean(1, keepdim=True)
        x = torch.lerp(grey, x, self.saturation)
        x = torch.bmm(self.hue.to(x.dtype), x.flatten(2)).view_as(x) * self.balance
        middle = x.mean((1, 2, 3), keepdim=True)
        x = torch.lerp(middle, x, self.contrast)
        x = x + torch.randn_like(x) * self.noise
        return self._cut_out(self._shift(x))

    def planes(self, x: Tensor) -> Tensor:
        """Move the region planes (B, 19, S, S) along with the pictures (the cut-out square stays labelled)."""
        return self._shift(x)

    def _shift(self, x: Tensor) -> Tensor:
        side = x.shape[-1]
        # Whole steps of 1/16 of the side keep reduced planes and pictures together without resampling.
        steps = (self.shift * 16).round().long() * (side // 16)
        pad = side // 8
        padded = F.pad(x, (pad, pad, pad, pad), mode="replicate")
        tops, lefts = (steps[:, 0] + pad).tolist(), (steps[:, 1] + pad).tolist()
        return torch.stack([p[:, t : t + side, s : s + side] for p, t, s in zip(padded, tops, lefts, strict=True)])

    def _cut_out(self, x: Tensor) -> Tensor:
        side = x.shape[-1]
        line = torch.arange(side, device=x.device) / side
        inside_y = (line[None] - self.cut[:, :1]).abs() < _CUT / 2
        inside_x = (line[None] - self.cut[:, 1:]).abs() < _CUT / 2
        hole = (inside_y[:, None, :, None] & inside_x[:, None, None, :]).float() * self.cut_on
        return x * (1 - hole)


def _hue_matrices(angles: Tensor) -> Tensor:
    """(B, 3, 3) rotations about the grey axis by angles (B,) in radians (Rodrigues' formula)."""
    cos, sin = torch.cos(angles)[:, None, None], torch.sin(angles)[:, None, None] / math.sqrt(3)
    along = angles.new_full((3, 3), 1 / 3)
    cross = angles.new_tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return cos * torch.eye(3, device=angles.device) + sin * cross + (1 - cos) * along
