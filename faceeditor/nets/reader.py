"""The reader: photograph -> landmarks and head coefficients.

A regression in one pass as in Deng et al., "Accurate 3D Face Reconstruction with Weakly-Supervised Learning", with the
landmarks refined once from the features under them.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.layers import ConvAct
from faceeditor.portrait.head import ALBEDO_DIM, EXPRESSION_DIM, SHAPE_DIM

LANDMARKS = 478
"""Points of the face mesh with irises."""
READER_SIDE = 128
"""Side of the pictures that the reader sees."""

_SIZES = {
    "shape": SHAPE_DIM, "albedo": ALBEDO_DIM, "expression": EXPRESSION_DIM, "gaze": 2, "pose": 3, "position": 3,
    "gamma": 27,
}  # fmt: skip
# What one unit of the network's output stands for, so that all outputs are of about the same size.
_UNITS = {"shape": 0.4, "albedo": 1.0, "expression": 0.2, "gaze": 8.0, "pose": 12.0, "position": 1.0, "gamma": 0.4}


class Reading(NamedTuple):
    """What the reader says of a batch.

    landmarks (B, 478, 2) in -1..1 of the picture (x right, y down, pixel corners at the ends); the head coefficients as
    in `portrait.head.HeadCoefficients`: shape (B, 24), albedo (B, 32), expression (B, 55), gaze (B, 2) and pose (B, 3)
    degrees, position (B, 3) cm, gamma (B, 9, 3).
    """

    landmarks: Tensor
    shape: Tensor
    albedo: Tensor
    expression: Tensor
    gaze: Tensor
    pose: Tensor
    position: Tensor
    gamma: Tensor


class FaceReader(nn.Module):
    """Aligned photograph at 128 x 128 -> `Reading`. About 0.17 GMAC."""

    mean_landmarks: Tensor
    mean_gamma: Tensor

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = ConvAct(12, width)
        self.down1 = nn.Sequential(ConvAct(width, width * 2, 2), ConvAct(width * 2, width * 2))
        self.down2 = nn.Sequential(ConvAct(width * 2, width * 4, 2), ConvAct(width * 4, width * 4))
        self.down3 = nn.Sequential(ConvAct(width * 4, width * 6, 2), ConvAct(width * 6, width * 6))
        self.reduce = nn.Conv2d(width * 6, 48, 1)
        self.hidden = nn.Linear(48 * 64, 384)
        self.points = nn.Linear(384, LANDMARKS * 2)
        self.coefficients = nn.Linear(384, sum(_SIZES.values()))
        self.lateral = nn.Conv2d(width * 4, width * 2, 1)
        self.names = nn.Parameter(torch.randn(LANDMARKS, 24) * 0.3)
        self.refine = nn.Sequential(nn.Linear(width * 2 + 24, 96), nn.LeakyReLU(0.1), nn.Linear(96, 2))
        for layer in (self.points, self.coefficients, self.refine[2]):
            assert isinstance(layer, nn.Linear)
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        self.register_buffer("mean_landmarks", torch.zeros(LANDMARKS, 2))
        self.register_buffer("mean_gamma", torch.zeros(9, 3))

    def forward(self, pictures: Tensor) -> Reading:
        """Read pictures (B, 3, 128, 128), float RGB in -1..1."""
        x1 = self.down1(self.stem(F.pixel_unshuffle(pictures, 2)))
        x2 = self.down2(x1)
        deep = F.leaky_relu(self.reduce(self.down3(x2)), 0.1)
        hidden = F.leaky_relu(self.hidden(deep.flatten(1)), 0.1)
        first = self.mean_landmarks + 0.1 * self.points(hidden).float().view(-1, LANDMARKS, 2)
        fine = x1 + F.interpolate(self.lateral(x2), scale_factor=2, mode="nearest")
        under = F.grid_sample(fine.float(), first.detach().unsqueeze(2), align_corners=False).squeeze(3)
        named = torch.cat([under.transpose(1, 2), self.names.expand(len(under), -1, -1).to(under.dtype)], 2)
        landmarks = first + 0.05 * self.refine(named).float()
        values = self.coefficients(hidden).float().split(list(_SIZES.values()), 1)
        parts = {name: value * _UNITS[name] for name, value in zip(_SIZES, values, strict=True)}
        place = parts["position"]
        # The distance as a factor: -105 cm is where the average photograph was taken from.
        position = torch.cat([place[:, :1], place[:, 1:2] - 2.4, -105 * (0.1 * place[:, 2:]).exp()], 1)
        gamma = parts["gamma"].view(-1, 9, 3) + self.mean_gamma
        return Reading(
            landmarks,
            parts["shape"],
            parts["albedo"],
            parts["expression"],
            parts["gaze"],
            parts["pose"],
            position,
            gamma,
        )
