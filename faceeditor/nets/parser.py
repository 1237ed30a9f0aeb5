"""The parser: photograph -> the 19 regions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.layers import ConvAct
from faceeditor.regions import REGION_COUNT


class FaceParser(nn.Module):
    """A small U-Net that works at half the picture's resolution.

    Input (B, 3, H, W) float RGB in -1..1, H and W multiples of 32; output (B, 19, H/2, W/2) logits.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        w1, w2, w3, w4, w5 = width, width * 2, width * 3, width * 4, width * 6
        self.stem = ConvAct(12, w1)
        self.down2 = nn.Sequential(ConvAct(w1, w2, 2), ConvAct(w2, w2))
        self.down3 = nn.Sequential(ConvAct(w2, w3, 2), ConvAct(w3, w3))
        self.down4 = nn.Sequential(ConvAct(w3, w4, 2), ConvAct(w4, w4))
        self.down5 = nn.Sequential(ConvAct(w4, w5, 2), ConvAct(w5, w5), ConvAct(w5, w5))
        self.context = nn.Linear(w5, w5)
        self.up4 = ConvAct(w5 + w4, w4)
        self.up3 = ConvAct(w4 + w3, w3)
        self.up2 = ConvAct(w3 + w2, w2)
        self.up1 = ConvAct(w2 + w1, 2 * w1)
        self.head = nn.Conv2d(2 * w1, REGION_COUNT, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        x1 = self.stem(F.pixel_unshuffle(pictures, 2))
        x2 = self.down2(x1)
        x3 = self.down3(x2)
        x4 = self.down4(x3)
        x5 = self.down5(x4)
        x5 = x5 + self.context(x5.mean((2, 3)))[:, :, None, None]
        for up, skip in ((self.up4, x4), (self.up3, x3), (self.up2, x2), (self.up1, x1)):
            x5 = up(torch.cat([F.interpolate(x5, scale_factor=2, mode="bilinear", align_corners=False), skip], 1))
        return self.head(x5)


def parse(parser: FaceParser, pictures: Tensor) -> Tensor:
    """Region indices (B, H, W) int64 of pictures (B, 3, H, W) float in -1..1."""
    logits = F.interpolate(parser(pictures).float(), scale_factor=2, mode="bilinear", align_corners=False)
    return logits.argmax(1)
