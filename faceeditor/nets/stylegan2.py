"""StyleGAN2's synthesis network in plain PyTorch.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), in the form that "Training Generative
Adversarial Networks with Limited Data" (2020) published: skip, residual and plain architectures, output clamps, any
resampling filter. Parameters keep the names that the published checkpoints use, so that these load as they are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.fir import filter_taps, resample, upsampling_padding
from faceeditor.nets.stylegan_mapping import Dense, activate

Architecture = Literal["orig", "skip", "resnet"]
NoiseMode = Literal["const", "random", "none"]
Progress = Callable[[float], None]
_EPSILON = 1e-8
_BRANCH_GAIN = math.sqrt(0.5)


@dataclass(frozen=True)
class SynthesisConfig:
    """Shape of a synthesis network.

    Attributes:
        w_dim: length of w.
        resolution: side of the picture, a power of two from 4 up.
        colours: channels of the picture.
        channels: channels of the feature maps, from 4 x 4 to the resolution.
        architecture: where pictures are read from the maps: at every resolution ("skip"), or at the last one, with
            ("resnet") or without ("orig") residual connections.
        clamp: limit of the outputs of convolutions, or None.
        filter: resampling filter, as `filter_taps` takes it.
        kernel: side of the convolutions, odd.
        activation: a name of `ACTIVATIONS`.
        noise: whether layers add noise.
        half_noise: whether layers that upsample, and the first one, add it to the first half of the channels only.
    """

    w_dim: int
    resolution: int
    colours: int
    channels: tuple[int, ...]
    architecture: Architecture = "skip"
    clamp: float | None = None
    filter: tuple[float, ...] | tuple[tuple[float, ...], ...] | None = (1.0, 3.0, 3.0, 1.0)
    kernel: int = 3
    activation: str = "lrelu"
    noise: bool = True
    half_noise: bool = False

    @property
    def resolutions(self) -> list[int]:
        """Sides of the feature maps."""
        return [4 << level for level in range(len(self.channels))]


def modulated_conv(x: Tensor, weight: Tensor, styles: Tensor, up: int = 1, demodulate: bool = True) -> Tensor:
    """Convolve with weights that are scaled per sample and input channel (equations 1 and 3 of the paper of 2020).

    The maps are scaled before and after one convolution of the whole batch, which gives the same result as weights of
    their own for each sample.

    Args:
        x: (B, I, H, W).
        weight: (O, I, k, k).
        styles: (B, I).
        up: 2 for a transposed convolution with stride 2, to be filtered afterwards.
        demodulate: whether each output channel is brought back to the expected standard deviation of 1.

    Returns:
        (B, O, H, W), or (B, O, 2 H - 2 + k, 2 W - 2 + k) with up = 2.
    """
    x = x * styles[:, :, None, None].to(x.dtype)
    if up == 1:
        x = F.conv2d(x, weight.to(x.dtype), padding=weight.shape[-1] // 2)
    else:
        x = F.conv_transpose2d(x, weight.to(x.dtype).transpose(0, 1), stride=up)
    if demodulate:
        energy = weight.square().sum((2, 3)) @ styles.square().t()
        x = x * torch.rsqrt(energy + _EPSILON).t()[:, :, None, None].to(x.dtype)
    return x


class _Filtered(nn.Module):
    """A module with the resampling filter that its checkpoint stores."""

    resample_filter: Tensor

    def __init__(self, config: SynthesisConfig, needed: bool = True) -> None:
        super().__init__()
        if needed:
            self.register_buffer("resample_filter", filter_taps(config.filter))

    def filter_upsampled(self, x: Tensor, kernel: int) -> Tensor:
        """Filter the result of a transposed convolution with stride 2 and a kernel of that side."""
        left, right, top, bottom = upsampling_padding(self.resample_filter, 2, kernel // 2)
        less, more = kernel - 1, kernel - 2
        return resample(x, self.resample_filter, padding=(left - less, right - more, top - less, bottom - more), gain=4)


class SynthesisLayer(_Filtered):
    """Modulated convolution, noise, bias, activation, clamp; doubles the side if asked."""

    noise_const: Tensor

    def __init__(
        self, config: SynthesisConfig, inputs: int, outputs: int, side: int, up: int, half_noise: bool
    ) -> None:
        super().__init__(config, up > 1)
        self.config, self.up, self.half_noise = config, up, half_noise
        self.affine = Dense(config.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, config.kernel, config.kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        if config.noise:
            self.register_buffer("noise_const", torch.randn(side, side))
            self.noise_strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, w: Tensor, noise: NoiseMode = "const", gain: float = 1.0) -> Tensor:
        """(B, I, H, W) and w (B, w_dim) -> (B, O, H up, W up)."""
        x = modulated_conv(x, self.weight, self.affine(w), self.up)
        if self.up > 1:
            x = self.filter_upsampled(x, self.config.kernel)
        if self.config.noise and noise != "none":
            x = self._with_noise(x, noise)
        x = x + self.bias[:, None, None].to(x.dtype)
        clamp = None if self.config.clamp is None else self.config.clamp * gain
        return activate(x, self.config.activation, gain, clamp)

    def _with_noise(self, x: Tensor, mode: NoiseMode) -> Tensor:
        stored = self.noise_const
        noise = stored if mode == "const" else torch.randn(len(x), 1, *stored.shape, device=x.device)
        noise = (noise * self.noise_strength).to(x.dtype)
        if not self.half_noise:
            return x + noise
        first, second = x.chunk(2, 1)
        return torch.cat([first + noise, second], 1)


class ToRgb(nn.Module):
    """Reads a picture from feature maps: a modulated 1 x 1 convolution without demodulation."""

    def __init__(self, config: SynthesisConfig, inputs: int) -> None:
        super().__init__()
        self.clamp, self.weight_gain = config.clamp, 1 / math.sqrt(inputs)
        self.affine = Dense(config.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(config.colours, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(config.colours))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(B, I, H, W) and w (B, w_dim) -> (B, colours, H, W)."""
        x = modulated_conv(x, self.weight, self.affine(w) * self.weight_gain, demodulate=False)
        x = x + self.bias[:, None, None].to(x.dtype)
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class _SkipConv(_Filtered):
    """Residual connection: a 1 x 1 convolution and filtered upsampling."""

    def __init__(self, config: SynthesisConfig, inputs: int, outputs: int) -> None:
        super().__init__(config)
        self.weight_gain = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, (self.weight * self.weight_gain * _BRANCH_GAIN).to(x.dtype))
        return resample(x, self.resample_filter, 2, padding=upsampling_padding(self.resample_filter, 2), gain=4)


class SynthesisBlock(_Filtered):
    """The layers of one resolution."""

    def __init__(self, config: SynthesisConfig, level: int) -> None:
        super().__init__(config)
        inputs, outputs = config.channels[level - 1] if level else 0, config.channels[level]
        side, half = 4 << level, config.half_noise
        self.residual = config.architecture == "resnet" and level > 0
        self.const = None if level else nn.Parameter(torch.randn(outputs, side, side))
        self.conv0 = SynthesisLayer(config, inputs, outputs, side, 2, half) if level else None
        self.conv1 = SynthesisLayer(config, outputs, outputs, side, 1, half and not level)
        shown = config.architecture == "skip" or level == len(config.channels) - 1
        self.torgb = ToRgb(config, outputs) if shown else None
        self.skip = _SkipConv(config, inputs, outputs) if self.residual else None

    @property
    def convs(self) -> int:
        """Number of vectors w that the convolutions take; the layer to colours takes the next one."""
        return 1 if self.conv0 is None else 2

    def forward(
        self, x: Tensor | None, picture: Tensor | None, ws: Tensor, noise: NoiseMode
    ) -> tuple[Tensor, Tensor | None]:
        """Maps and picture of half the side (None at 4 x 4), ws (B, convs + 1, w_dim) -> maps and picture."""
        if self.conv0 is None or x is None:
            start = cast(Tensor, self.const)
            x = self.conv1(start.unsqueeze(0).expand(len(ws), -1, -1, -1), ws[:, 0], noise)
        else:
            shortcut = self.skip(x) if self.skip is not None else None
            x = self.conv0(x, ws[:, 0], noise)
            x = self.conv1(x, ws[:, 1], noise, _BRANCH_GAIN if self.residual else 1.0)
            x = x if shortcut is None else shortcut + x
        if picture is not None:
            padding = upsampling_padding(self.resample_filter, 2)
            picture = resample(picture, self.resample_filter, 2, padding=padding, gain=4)
        if self.torgb is not None:
            shown = self.torgb(x, ws[:, self.convs]).float()
            picture = shown if picture is None else picture + shown
        return x, picture


class SynthesisNetwork(nn.Module):
    """Vectors w, one a layer -> picture."""

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__()
        self.config = config
        for level, side in enumerate(config.resolutions):
            self.add_module(f"b{side}", SynthesisBlock(config, level))
        self.num_ws = 2 * len(config.channels)

    def forward(self, ws: Tensor, noise: NoiseMode = "const", progress: Progress = lambda share: None) -> Tensor:
        """ws (B, num_ws, w_dim) -> (B, colours, resolution, resolution), about -1..1.

        `progress` is told the share of the work before each resolution, and may raise to stop.
        """
        x: Tensor | None = None
        picture: Tensor | None = None
        index = 0
        for side in self.config.resolutions:
            # The work grows with the side: the last resolution is about half of it.
            progress(side / 2 / self.config.resolution)
            block = cast(SynthesisBlock, self.get_submodule(f"b{side}"))
            x, picture = block(x, picture, ws[:, index : index + block.convs + 1], noise)
            index += block.convs
        return cast(Tensor, picture)
