"""Discriminators on the feature maps of pretrained networks: whole pictures, windows, close-ups and faces.

After Sauer et al., "Projected GANs Converge Faster" (2021): small heads with spectral norm judge the fixed maps of a
pretrained network, mixed across channels and scales by fixed random convolutions. Maps of ImageNet's features know
textures; maps of the face recogniser know faces, and without them wrinkles and blotches are taken for detail.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from faceeditor.nets.lite_features import MAP_CHANNELS, MAP_STRIDES
from faceeditor.regions import REGION_COUNT

View = Literal["whole", "window", "close"]
"""What is judged: whole pictures at 128, windows of 128 of larger ones, or close-ups, which are enlarged to 128."""

CRITIC_SIDE = 128
"""Side of the pictures and windows that are judged."""
_MIXED_CHANNELS = (64, 64, 128, 256)
_SMALLEST = 8
"""Side of the maps that patch heads reduce to."""
_FACE_CHANNELS = (32, 32, 64, 128)
_FACE_WIDTH = 64
_FACE_HALVINGS = (2, 2, 1, 0)
_FACE_SCALE = 0.2
"""Brings the recogniser's maps to about unit size."""


class RandomMixing(nn.Module):
    """Fixed random mixing of the maps of `LiteFeatures` across channels and, from coarse to fine, across scales."""

    def __init__(self) -> None:
        super().__init__()
        mixed = _MIXED_CHANNELS
        self.across_channels = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in zip(MAP_CHANNELS, mixed, strict=True))
        self.across_scales = nn.ModuleList(nn.Conv2d(mixed[i], mixed[i - 1], 1) for i in (3, 2, 1))
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Four maps, fine to coarse -> as many, with 64, 64, 128 and 256 channels."""
        maps = [mix(x) for mix, x in zip(self.across_channels, maps, strict=True)]
        x, mixed = maps[3], [maps[3]]
        for k, mix in enumerate(self.across_scales):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = (mix(x) + maps[2 - k]) / math.sqrt(2)
            mixed.append(x)
        return mixed[::-1]


def _layer(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    conv = spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, 1))
    return [conv, nn.GroupNorm(8, outputs), nn.LeakyReLU(0.2)]


class PatchHead(nn.Module):
    """Patch scores from one mixed map and the region planes; halves the map until it is 8 x 8."""

    def __init__(self, channels: int, side: int, regions: int) -> None:
        super().__init__()
        width, inputs, layers = min(128, max(64, channels)), channels + regions, []
        while side > _SMALLEST:
            layers += _layer(inputs, width, 4, 2)
            inputs, side = width, side // 2
        layers += _layer(inputs, width, 3, 1)
        self.body, self.score = nn.Sequential(*layers), spectral_norm(nn.Conv2d(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C + R, S, S) -> (B, N) float32."""
        return self.score(self.body(x)).flatten(1).float()


class PatchHeads(nn.Module):
    """One patch head a scale."""

    def __init__(self, regions: int = REGION_COUNT, side: int = CRITIC_SIDE) -> None:
        super().__init__()
        sides = zip(_MIXED_CHANNELS, MAP_STRIDES, strict=True)
        self.heads = nn.ModuleList(PatchHead(channels, side // stride, regions) for channels, stride in sides)

    def forward(self, mixed: list[Tensor], planes: Tensor) -> Tensor:
        """Mixed maps and region planes (B, R, 128, 128) -> scores (B, N) float32."""
        scores = []
        for head, x in zip(self.heads, mixed, strict=True):
            shares = F.adaptive_avg_pool2d(planes, x.shape[-1]).to(x.dtype)
            scores.append(head(torch.cat([x, shares], 1)))
        return torch.cat(scores, 1)


class FaceHeads(nn.Module):
    """One head for each of the recogniser's maps after blocks 0, 2, 6 and 9, behind fixed random mixing."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.ModuleList(nn.Conv2d(channels, _FACE_WIDTH, 1) for channels in _FACE_CHANNELS)
        self.mixing.requires_grad_(False)
        self.heads = nn.ModuleList(self._head(halvings) for halvings in _FACE_HALVINGS)

    @staticmethod
    def _head(halvings: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for kernel, stride in [(4, 2)] * halvings + [(3, 1)]:
            layers += _layer(_FACE_WIDTH, _FACE_WIDTH, kernel, stride)
        return nn.Sequential(*layers, spectral_norm(nn.Conv2d(_FACE_WIDTH, 1, 1)))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps of `Recogniser.forward` with `last=10` -> scores (B, N) float32."""
        triples = zip(self.heads, self.mixing, maps, strict=True)
        return torch.cat([head(mix(x) * _FACE_SCALE).flatten(1).float() for head, mix, x in triples], 1)


class Critics(nn.Module):
    """All discriminators of the mask-guided generator; scores are for the hinge loss.

    The pretrained networks whose maps they judge are not part of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mixing = RandomMixing()
        self.whole, self.window, self.close, self.face = PatchHeads(), PatchHeads(), PatchHeads(), FaceHeads()

    def patch_scores(self, maps: list[Tensor], planes: Tensor, view: View) -> Tensor:
        """Scores (B, N) of what a view shows: from maps of `LiteFeatures` and the region planes."""
        heads = {"whole": self.whole, "window": self.window, "close": self.close}[view]
        return heads(self.mixing(maps), planes)

    def face_scores(self, maps: list[Tensor]) -> Tensor:
        """Scores (B, N) of faces from the recogniser's maps of face chips."""
        return self.face(maps)
