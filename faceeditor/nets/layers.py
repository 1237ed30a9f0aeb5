"""Layers shared by the networks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pixel_norm(x: Tensor, eps: float = 1e-4) -> Tensor:
    """Scale every pixel's channel vector to unit mean square.

    Works on one pixel at a time, so a change of the mask in one place leaves the rest of the picture as it is, and a
    crop is treated like the whole picture.
    """
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + eps)


def upsample2(x: Tensor) -> Tensor:
    """Double height and width, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def one_hot_planes(labels: Tensor, count: int) -> Tensor:
    """(B, H, W) integer labels -> (B, count, H, W) float planes of 0 and 1."""
    indices = torch.arange(count, device=labels.device, dtype=labels.dtype).view(1, count, 1, 1)
    return (labels.unsqueeze(1) == indices).float()


class ConvAct(nn.Sequential):
    """3 x 3 convolution, optional group norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, norm: bool = True) -> None:
        layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not norm)]
        if norm:
            layers.append(nn.GroupNorm(max(1, outputs // 16), outputs))
        layers.append(nn.LeakyReLU(0.1, inplace=True))
        super().__init__(*layers)
