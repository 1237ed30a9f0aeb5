"""A small network for face recognition, and the margin loss that it is trained with."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 112
"""Side of the pictures that `MobileFace` takes as published."""

_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, repeats and stride of the bottlenecks (MobileFaceNets, table 1)."""


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, PReLU; linear without the last."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, pad: int = 0, groups: int = 1, act: bool = True
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*layers, *([nn.PReLU(outputs)] if act else []))


class Bottleneck(nn.Module):
    """Inverted residual block: expand, depthwise 3 x 3, project (Sandler et al., MobileNetV2)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            ConvNormAct(inputs, inner, 1),
            ConvNormAct(inner, inner, 3, stride, 1, inner),
            ConvNormAct(inner, outputs, 1, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, C', S / stride, S / stride)."""
        return x + self.layers(x) if self.shortcut else self.layers(x)


class MobileFace(nn.Module):
    """After Chen et al., "MobileFaceNets" (2018): 1.0 M numbers, 0.22 GMAC.

    Args:
        dimensions: length of the embedding.
        width: factor on all channels, 1 as published.
        side: of the pictures, a multiple of 16; 112 as published.
    """

    def __init__(self, dimensions: int = 128, width: float = 1.0, side: int = SIDE) -> None:
        super().__init__()
        self.side = side
        stem = _channels(64, width)
        layers: list[nn.Module] = [ConvNormAct(3, stem, 3, 2, 1), ConvNormAct(stem, stem, 3, 1, 1, stem)]
        inputs = stem
        for expansion, channels, repeats, stride in _STAGES:
            for index in range(repeats):
                outputs = _channels(channels, width)
                layers.append(Bottleneck(inputs, outputs, stride if index == 0 else 1, expansion))
                inputs = outputs
        last = _channels(512, width)
        layers.append(ConvNormAct(inputs, last, 1))
        layers.append(ConvNormAct(last, last, side // 16, groups=last, act=False))  # weighs every place of the face
        self.features = nn.Sequential(*layers)
        self.embed = nn.Linear(last, dimensions, bias=False)
        self.norm = nn.BatchNorm1d(dimensions)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, side, side) in -1..1 -> embeddings (B, D), not normalised."""
        return self.norm(self.embed(self.features(pictures).flatten(1)))


class CosFace(nn.Module):
    """Large margin cosine loss (Wang et al., "CosFace", 2018, eq. 4).

    Args:
        people: number of classes.
        dimensions: length of the embeddings.
        scale, margin: s and m.
    """

    def __init__(self, people: int, dimensions: int = 128, scale: float = 64.0, margin: float = 0.35) -> None:
        super().__init__()
        self.scale, self.margin = scale, margin
        self.centres = nn.Parameter(torch.randn(people, dimensions) * 0.05)

    def forward(self, embeddings: Tensor, persons: Tensor) -> Tensor:
        """Embeddings (B, D), class numbers (B,) int64 -> the mean loss."""
        cosines = F.linear(F.normalize(embeddings), F.normalize(self.centres))
        margin = F.one_hot(persons, cosines.shape[1]).to(cosines.dtype) * self.margin
        return F.cross_entropy(self.scale * (cosines - margin), persons)


def _channels(count: int, width: float) -> int:
    return max(8, int(count * width) // 8 * 8)
