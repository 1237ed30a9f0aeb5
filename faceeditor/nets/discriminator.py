"""The discriminator of the mask-guided generator, and the augmentation that keeps it from learning by heart."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from faceeditor.regions import REGION_COUNT


class Discriminator(nn.Module):
    """Real or made, given the mask: patch scores at 8 x 8 and 16 x 16 (for a picture of any of the sizes).

    Each resolution enters through its own layer, so that the lower layers are kept when the picture grows. The score
    is a plain one plus a projection on the region planes (Miyato and Koyama, "cGANs with projection discriminator").
    """

    def __init__(self, channels: tuple[int, ...] = (48, 96, 160, 256, 256)) -> None:
        super().__init__()
        sides = (128, 64, 32, 16, 8)
        self.channels = dict(zip(sides, channels, strict=True))
        self.enter = nn.ModuleDict(
            {str(s): spectral_norm(nn.Conv2d(12 + REGION_COUNT, self.channels[s], 3, padding=1)) for s in sides[:3]}
        )
        self.down = nn.ModuleDict()
        for side in sides[:-1]:
            inputs, outputs = self.channels[side], self.channels[side // 2]
            self.down[str(side)] = nn.ModuleList(
                [
                    spectral_norm(nn.Conv2d(inputs, inputs, 3, padding=1)),
                    spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)),
                ]
            )
        self.score = nn.ModuleDict({str(s): spectral_norm(nn.Conv2d(self.channels[s], 1, 1)) for s in (16, 8)})
        self.project = nn.ModuleDict(
            {str(s): spectral_norm(nn.Conv2d(self.channels[s], REGION_COUNT, 1)) for s in (16, 8)}
        )

    def forward(self, pictures: Tensor, planes: Tensor, size: int, fade: float = 1.0) -> tuple[Tensor, list[Tensor]]:
        """Judge pictures.

        Args:
            pictures: (B, 3, S, S) in -1..1; S = size, or less for a window of a picture of that size.
            planes: (B, 19, S, S) region planes.
            size: side of the whole picture: 64, 128 or 256.
            fade: weight of the layers of the largest size while they are new, 0..1.

        Returns:
            scores (B, N) float32, and the feature maps for feature matching.
        """
        side = size // 2
        shares = F.avg_pool2d(planes, 2).to(pictures.dtype)
        x = F.leaky_relu(self.enter[str(side)](torch.cat([F.pixel_unshuffle(pictures, 2), shares], 1)), 0.2)
        features, scores = [], []
        while True:
            if side <= 16:
                score = self.score[str(side)](x) + (self.project[str(side)](x) * shares).sum(1, keepdim=True)
                scores.append(score.flatten(1).float())
            if side == 8:
                break
            block = self.down[str(side)]
            assert isinstance(block, nn.ModuleList)
            x = F.leaky_relu(block[0](x), 0.2)
            features.append(x)
            x = F.leaky_relu(block[1](x), 0.2)
            side //= 2
            shares = F.avg_pool2d(shares, 2)
            if fade < 1 and side == size // 4:
                small = F.pixel_unshuffle(F.avg_pool2d(pictures, 2), 2)
                old = F.leaky_relu(self.enter[str(side)](torch.cat([small, shares], 1)), 0.2)
                x = torch.lerp(old, x, fade)
        features.append(x)
        return torch.cat(scores, 1), features


class Augmentation:
    """One draw of adaptive augmentation for a batch, to be applied alike to photographs and made pictures.

    After Karras et al., "Training generative adversarial networks with limited data", and Zhao et al., "Differentiable
    augmentation": each picture gets, with probability p each, a shift, a change of brightness, saturation and contrast,
    and a cut-out square.
    """

    def __init__(self, count: int, p: float, device: torch.device) -> None:
        def on() -> Tensor:
            return (torch.rand(count, 1, 1, 1, device=device) < p).float()

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(count, 1, 1, 1, device=device) * (high - low) + low

        self.brightness = uniform(-0.35, 0.35) * on()
        self.saturation = 1 + uniform(-0.8, 0.8) * on()
        self.contrast = 1 + uniform(-0.4, 0.4) * on()
        self.shift = (torch.rand(count, 2, device=device) * 0.25 - 0.125) * on()[:, :, 0, 0]
        self.cut = torch.rand(count, 2, device=device)
        self.cut_on = on()

    def pictures(self, x: Tensor) -> Tensor:
        """Augment pictures (B, 3, S, S)."""
        x = x + self.brightness
        grey = x.mean(1, keepdim=True)
        x = torch.lerp(grey, x, self.saturation)
        middle = x.mean((1, 2, 3), keepdim=True)
        x = torch.lerp(middle, x, self.contrast)
        return self._geometry(x)

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

    def _geometry(self, x: Tensor) -> Tensor:
        x = self._shift(x)
        side = x.shape[-1]
        line = torch.arange(side, device=x.device) / side
        inside_y = (line[None] - self.cut[:, :1]).abs() < 0.2
        inside_x = (line[None] - self.cut[:, 1:]).abs() < 0.2
        hole = (inside_y[:, None, :, None] & inside_x[:, None, None, :]).float() * self.cut_on
        return x * (1 - hole)
