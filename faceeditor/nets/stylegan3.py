"""StyleGAN3's synthesis network in plain PyTorch.

Karras et al., "Alias-Free Generative Adversarial Networks" (2021), both configurations: translation equivariant (T)
and rotation equivariant (R, with 1 x 1 convolutions and radially symmetric filters). Filters are stored with the
weights and not designed here. Parameters keep the names that the published checkpoints use.
"""

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.fir import Padding, resample
from faceeditor.nets.stylegan2 import NoiseMode, Progress
from faceeditor.nets.stylegan_mapping import Dense

_EPSILON = 1e-8
_SLOPE = 0.2


@dataclass(frozen=True)
class AliasFreeConfig:
    """Shape of a synthesis network (section 3.2 and appendix C of the paper).

    Attributes:
        w_dim: length of w.
        resolution: side of the picture.
        colours: channels of the picture.
        channel_base, channel_max: channels are channel_base / 2 / cutoff, at most channel_max.
        layers: number of layers between the Fourier features and the layer to colours.
        critical: how many of the last ones are critically sampled.
        first_cutoff, first_stopband: of the first layer, in cycles per picture.
        last_stopband: of the last layer, in units of its cutoff.
        margin: pixels around the picture that the inner layers compute beside it.
        output_scale: factor of the picture.
        kernel: side of the convolutions.
        filter_size: taps of the filters per unit of their factor.
        oversampling: factor of the sampling rate at the leaky ReLU.
        radial: whether filters for downsampling are radially symmetric.
        clamp: limit of the outputs of layers, or None.
    """

    w_dim: int
    resolution: int
    colours: int
    channel_base: float = 32768
    channel_max: float = 512
    layers: int = 14
    critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband: float = 2**0.3
    margin: int = 10
    output_scale: float = 0.25
    kernel: int = 3
    filter_size: int = 6
    oversampling: int = 2
    radial: bool = False
    clamp: float | None = 256


@dataclass(frozen=True)
class LayerShape:
    """What a layer makes: channels, side and sampling rate of its maps, cutoff in cycles per picture."""

    channels: int
    side: int
    rate: int
    cutoff: float


def layer_shapes(config: AliasFreeConfig) -> list[LayerShape]:
    """The layers' outputs, the layer to colours last: geometric progressions of cutoff and stopband."""
    last_cutoff = config.resolution / 2
    last_stopband = last_cutoff * config.last_stopband
    shapes = []
    for index in range(config.layers + 1):
        exponent = min(index / (config.layers - config.critical), 1.0)
        cutoff = config.first_cutoff * (last_cutoff / config.first_cutoff) ** exponent
        stopband = config.first_stopband * (last_stopband / config.first_stopband) ** exponent
        rate = 2 ** math.ceil(math.log2(min(stopband * 2, config.resolution)))
        # round() rounds halves to even numbers, as the published channel counts do.
        channels = round(min(config.channel_base / 2 / cutoff, config.channel_max))
        side = config.resolution if index >= config.layers - 1 else rate + 2 * config.margin
        shapes.append(LayerShape(config.colours if index == config.layers else channels, side, rate, cutoff))
    return shapes


class FourierInput(nn.Module):
    """The first maps: fixed random waves, moved and turned by w, mixed across channels."""

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, config: AliasFreeConfig, first: LayerShape) -> None:
        super().__init__()
        self.shape = first
        waves = torch.randn(first.channels, 2)
        radii = waves.square().sum(1, keepdim=True).sqrt()
        self.register_buffer("freqs", waves / (radii * radii.square().exp().pow(0.25)) * first.cutoff)
        self.register_buffer("phases", torch.rand(first.channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.weight = nn.Parameter(torch.randn(first.channels, first.channels))
        self.affine = Dense(config.w_dim, 4, spread=0.0)
        with torch.no_grad():
            self.affine.bias[:1].fill_(1.0)

    def forward(self, w: Tensor) -> Tensor:
        """w (B, w_dim) -> (B, C, side, side)."""
        transforms = self._motion(w) @ self.transform
        phases = self.phases + (self.freqs @ transforms[:, :2, 2:]).squeeze(2)
        freqs = self.freqs @ transforms[:, :2, :2]
        cutoff, rate, side = self.shape.cutoff, self.shape.rate, self.shape.side
        # Waves that the transform moves out of the band fade.
        amplitudes = (1 - (freqs.norm(dim=2) - cutoff) / (rate / 2 - cutoff)).clamp(0, 1)
        line = ((torch.arange(side, device=w.device, dtype=torch.float32) + 0.5) * 2 / side - 1) * (0.5 * side / rate)
        across = line[None, None, :, None] * freqs[:, None, None, :, 0]
        down = line[None, :, None, None] * freqs[:, None, None, :, 1]
        waves = torch.sin((across + down + phases[:, None, None]) * (2 * math.pi)) * amplitudes[:, None, None]
        return (waves @ (self.weight / math.sqrt(self.shape.channels)).t()).permute(0, 3, 1, 2)

    def _motion(self, w: Tensor) -> Tensor:
        """Rotation and translation that w asks for, (B, 3, 3)."""
        motion = self.affine(w)
        motion = motion / motion[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, right, down = motion.unbind(1)
        zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
        turned = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).view(-1, 3, 3)
        moved = torch.stack([one, zero, -right, zero, one, -down, zero, zero, one], 1).view(-1, 3, 3)
        return turned @ moved


class AliasFreeLayer(nn.Module):
    """Modulated convolution, then bias and leaky ReLU at a higher sampling rate, between two filters."""

    up_filter: Tensor | None
    down_filter: Tensor | None
    magnitude_ema: Tensor

    def __init__(self, config: AliasFreeConfig, source: LayerShape, shape: LayerShape, index: int) -> None:
        super().__init__()
        self.last = index == config.layers
        self.clamp, self.kernel = config.clamp, 1 if self.last else config.kernel
        high_rate = max(source.rate, shape.rate) * (1 if self.last else config.oversampling)
        self.up, self.down = high_rate // source.rate, high_rate // shape.rate
        up_taps = config.filter_size * self.up if self.up > 1 and not self.last else 1
        down_taps = config.filter_size * self.down if self.down > 1 and not self.last else 1
        radial = config.radial and index < config.layers - config.critical
        self.affine = Dense(config.w_dim, source.channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(shape.channels, source.channels, self.kernel, self.kernel))
        self.bias = nn.Parameter(torch.zeros(shape.channels))
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.register_buffer("up_filter", torch.full((up_taps,), 1 / up_taps) if up_taps > 1 else None)
        square = (down_taps, down_taps) if radial else (down_taps,)
        self.register_buffer("down_filter", torch.full(square, 1 / math.prod(square)) if down_taps > 1 else None)
        self.padding = self._padding(source.side, shape.side, up_taps, down_taps)

    def _padding(self, source: int, side: int, up_taps: int, down_taps: int) -> Padding:
        """Padding of the upsampled maps that leads to `side` (appendix C.3)."""
        total = (side - 1) * self.down + 1 - (source + self.kernel - 1) * self.up + up_taps + down_taps - 2
        before = (total + self.up) // 2
        return before, total - before, before, total - before

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(B, I, source side, source side) and w (B, w_dim) -> (B, O, side, side)."""
        styles: Tensor = self.affine(w)
        weight: Tensor = self.weight
        if self.last:
            styles = styles / math.sqrt(weight.shape[1])
        else:
            weight = weight * torch.rsqrt(weight.square().mean((1, 2, 3), keepdim=True))
            styles = styles * torch.rsqrt(styles.square().mean(1, keepdim=True))
        gain = torch.rsqrt(self.magnitude_ema)
        x = F.conv2d(x * (styles * gain)[:, :, None, None], weight, padding=self.kernel - 1)
        if not self.last:
            energy = weight.square().sum((2, 3)) @ styles.square().t()
            x = x * torch.rsqrt(energy + _EPSILON).t()[:, :, None, None]
        x = x + self.bias[:, None, None]
        x = resample(x, self.up_filter, self.up, padding=self.padding, gain=self.up**2)
        if not self.last:
            x = F.leaky_relu(x, _SLOPE) * math.sqrt(2)
        if self.clamp is not None:
            x = x.clamp(-self.clamp, self.clamp)
        return resample(x, self.down_filter, down=self.down)


class AliasFreeSynthesis(nn.Module):
    """Vectors w, one a layer -> picture. It has no noise inputs."""

    def __init__(self, config: AliasFreeConfig) -> None:
        super().__init__()
        self.config = config
        shapes = layer_shapes(config)
        self.num_ws = config.layers + 2
        self.input = FourierInput(config, shapes[0])
        self.names: list[str] = []
        for index, shape in enumerate(shapes):
            name = f"L{index}_{shape.side}_{shape.channels}"
            self.add_module(name, AliasFreeLayer(config, shapes[max(index - 1, 0)], shape, index))
            self.names.append(name)

    def forward(self, ws: Tensor, noise: NoiseMode = "const", progress: Progress = lambda share: None) -> Tensor:
        """ws (B, num_ws, w_dim) -> (B, colours, resolution, resolution), about -1..1; `noise` changes nothing.

        `progress` is told the share of the work before each layer, and may raise to stop.
        """
        x = self.input(ws[:, 0])
        for index, name in enumerate(self.names, 1):
            progress((index - 1) / len(self.names))
            x = cast(AliasFreeLayer, self.get_submodule(name))(x, ws[:, index])
        return x * self.config.output_scale
