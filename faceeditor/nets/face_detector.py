"""The sliding-window face detector: Davis King's max-margin network of dlib (CC0), as a torch module."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN = (122.782, 117.001, 104.298)
"""Mean of the training pictures, RGB 0..255."""
SCALE = 256.0

STRIDE = 8
"""Pixels between two windows."""
FIRST_CENTRE = 14
"""Pixel at which the first window is centred."""


class FaceDetector(nn.Module):
    """A score for every window of 80 x 80 pixels at stride 8; above 0 the window holds a face.

    "Max-Margin Object Detection" (King, 2015). The affine layers of the published network are folded into the
    convolutions before them.

    Input (B, 3, H, W) float RGB 0..255, sides at least 29; output (B, h, w) with h = (H - 13) // 8 or so; the window of
    output (i, j) is centred on pixel (8 i + 14, 8 j + 14).
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 16, 5, 2)
        self.conv1 = nn.Conv2d(16, 32, 5, 2)
        self.conv2 = nn.Conv2d(32, 32, 5, 2)
        self.conv3 = nn.Conv2d(32, 45, 5, padding=2)
        self.conv4 = nn.Conv2d(45, 45, 5, padding=2)
        self.conv5 = nn.Conv2d(45, 45, 5, padding=2)
        self.conv6 = nn.Conv2d(45, 1, 9, padding=4)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        x = (pictures - self.mean) / SCALE
        for conv in (self.conv0, self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            x = F.relu(conv(x))
        return self.conv6(x)[:, 0]
