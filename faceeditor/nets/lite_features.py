"""Feature maps of EfficientNet-Lite (ImageNet weights, Apache-2.0), fixed; used in training and for measuring only.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"; the Lite variants have no
squeeze-and-excitation and ReLU6 for swish. The checkpoints name their tensors `_conv_stem`, `_blocks.N._expand_conv`,
`_conv_head` and so on; batch norms are folded into the convolutions.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAP_CHANNELS = (24, 40, 112, 320)
"""Channels of the maps at `MAP_STRIDES`."""
MAP_STRIDES = (4, 8, 16, 32)
POOLED_DIM = 1280
"""Length of the pooled features."""

# Stages by output channels and stride of their first block. Maps are taken after stages 1, 2, 4 and 6.
_STAGES = ((16, 1), (24, 2), (40, 2), (80, 2), (112, 1), (192, 2), (320, 1))
_TAPS = (1, 2, 4, 6)
_BATCH_NORM_EPSILON = 1e-3


class _SameConv(nn.Module):
    """Convolution with folded batch norm, TensorFlow's "same" padding and optional ReLU6."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Mapping[str, Tensor], conv: str, norm: str, stride: int = 1, relu: bool = True) -> None:
        super().__init__()
        weight = weights[f"{conv}.weight"].float()
        gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _BATCH_NORM_EPSILON)
        self.kernel, self.stride, self.relu = weight.shape[2], stride, relu
        self.groups = len(weight) if conv.endswith("_depthwise_conv") else 1
        self.register_buffer("weight", weight * gain[:, None, None, None], persistent=False)
        self.register_buffer("bias", weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for side in (x.shape[-1], x.shape[-2]):
            total = max((math.ceil(side / self.stride) - 1) * self.stride + self.kernel - side, 0)
            pads += [total // 2, total - total // 2]
        if pads[0] == pads[1] == pads[2] == pads[3]:
            padding = pads[0]
        else:
            x, padding = F.pad(x, pads), 0
        x = F.conv2d(x, self.weight.to(x.dtype), self.bias.to(x.dtype), self.stride, padding, groups=self.groups)
        return F.relu6(x) if self.relu else x


class _Block(nn.Module):
    """Inverted residual block."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, stride: int, residual: bool) -> None:
        super().__init__()
        layers = []
        if f"{name}._expand_conv.weight" in weights:
            layers.append(_SameConv(weights, f"{name}._expand_conv", f"{name}._bn0"))
        layers.append(_SameConv(weights, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        layers.append(_SameConv(weights, f"{name}._project_conv", f"{name}._bn2", relu=False))
        self.layers, self.residual = nn.Sequential(*layers), residual

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class LiteFeatures(nn.Module):
    """The convolutional part of EfficientNet-Lite0 or Lite1; the number of blocks is read off the weights.

    Args:
        weights: tensors of a published checkpoint (`torch.load(..., weights_only=True)`).

    Raises:
        KeyError: the tensors are not those of such a network.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.stem = _SameConv(weights, "_conv_stem", "_bn0", stride=2)
        self.stages = nn.ModuleList()
        number = 0
        for channels, stride in _STAGES:
            blocks: list[nn.Module] = []
            while len(weights.get(f"_blocks.{number}._project_conv.weight", ())) == channels:
                blocks.append(_Block(weights, f"_blocks.{number}", 1 if blocks else stride, residual=bool(blocks)))
                number += 1
            if not blocks:
                raise KeyError(f"_blocks.{number}._project_conv.weight")
            self.stages.append(nn.Sequential(*blocks))
        self.head = _SameConv(weights, "_conv_head", "_bn1")
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Maps of pictures.

        Args:
            pictures: (B, 3, S, S) float RGB in -1..1, S a multiple of 32.

        Returns:
            (B, 24, S/4, S/4), (B, 40, S/8, S/8), (B, 112, S/16, S/16), (B, 320, S/32, S/32).
        """
        x, maps = self.stem(pictures), []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in _TAPS:
                maps.append(x)
        return maps

    def pooled(self, pictures: Tensor) -> Tensor:
        """(B, 1280) float32: the last features averaged over the picture; pictures as of `forward`."""
        return self.head(self(pictures)[-1]).mean((2, 3)).float()
