"""A stand-in of StyleGAN2's size, to compare speeds with: its layers and shapes, random weights.

"Analyzing and Improving the Image Quality of StyleGAN" (Karras et al., 2020), configuration "paper256": 256 x 256,
24.8 million parameters, 15.0 billion multiplications a picture. Weights are not demodulated here, which makes this
network a little faster than the published one.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT = 512
RESOLUTION = 256
_BASE, _MAX_CHANNELS = 16384, 512


def channels_at(side: int) -> int:
    """Channels of the features of a side."""
    return min(_BASE // side, _MAX_CHANNELS)


def _filter() -> Tensor:
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return (line[:, None] * line[None, :] / 64.0)[None, None]


class StyledConv(nn.Module):
    """Scale the channels by the style, convolve (3 x 3 or 1 x 1), add noise and bias, leaky ReLU."""

    blur: Tensor
    noise: Tensor

    def __init__(self, inputs: int, outputs: int, side: int, up: bool = False, rgb: bool = False) -> None:
        super().__init__()
        self.up, self.rgb, self.outputs = up, rgb, outputs
        size = 1 if rgb else 3
        shape = (inputs, outputs, size, size) if up else (outputs, inputs, size, size)
        self.affine = nn.Linear(LATENT, inputs)
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(inputs * size * size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(())) if not rgb else None
        self.register_buffer("noise", torch.randn(1, 1, side, side), persistent=False)
        self.register_buffer("blur", 4 * _filter().repeat(outputs, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = x * self.affine(w)[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight, stride=2)
            x = F.conv2d(x, self.blur, padding=1, groups=self.outputs)
        else:
            x = F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)
        if self.noise_strength is not None:
            x = x + self.noise * self.noise_strength
        x = x + self.bias.view(1, -1, 1, 1)
        return x if self.rgb else F.leaky_relu(x, 0.2) * math.sqrt(2.0)


class StyleGan2Reference(nn.Module):
    """Latent (B, 512) -> picture (B, 3, 256, 256), with random weights."""

    enlarge: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mapping = nn.ModuleList(nn.Linear(LATENT, LATENT) for _ in range(8))
        self.constant = nn.Parameter(torch.randn(1, channels_at(4), 4, 4))
        convs: list[nn.Module] = [StyledConv(channels_at(4), channels_at(4), 4)]
        heads: list[nn.Module] = [StyledConv(channels_at(4), 3, 4, rgb=True)]
        side = 8
        while side <= RESOLUTION:
            convs.append(StyledConv(channels_at(side // 2), channels_at(side), side, up=True))
            convs.append(StyledConv(channels_at(side), channels_at(side), side))
            heads.append(StyledConv(channels_at(side), 3, side, rgb=True))
            side *= 2
        self.convs, self.heads = nn.ModuleList(convs), nn.ModuleList(heads)
        self.register_buffer("enlarge", 4 * _filter().repeat(3, 1, 1, 1), persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.mapping:
            w = F.leaky_relu(layer(w), 0.2) * math.sqrt(2.0)
        x = self.convs[0](self.constant.expand(z.shape[0], -1, -1, -1), w)
        picture = self.heads[0](x, w)
        for level in range(1, len(self.heads)):
            x = self.convs[2 * level - 1](x, w)
            x = self.convs[2 * level](x, w)
            picture = F.conv_transpose2d(picture, self.enlarge, stride=2, padding=1, groups=3) + self.heads[level](x, w)
        return picture
