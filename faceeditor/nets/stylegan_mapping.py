"""Mapping networks of the StyleGAN family: latent z -> intermediate latent w.

Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks" (2019), with the equalised
learning rate of "Progressive Growing of GANs" (2018). Grouped latents are those of Shoshan et al., "GAN-Control:
Explicitly Controllable GANs" (2021). Parameters keep the names that the published checkpoints use.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_EPSILON = 1e-8

ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "linear": (lambda x: x, 1.0),
    "relu": (F.relu, math.sqrt(2)),
    "lrelu": (lambda x: F.leaky_relu(x, 0.2), math.sqrt(2)),
    "tanh": (torch.tanh, 1.0),
    "sigmoid": (torch.sigmoid, 1.0),
    "elu": (F.elu, 1.0),
    "selu": (F.selu, 1.0),
    "softplus": (F.softplus, 1.0),
    "swish": (F.silu, math.sqrt(2)),
}
"""Activation functions by name, with the gain that keeps the variance."""


def activate(x: Tensor, name: str, gain: float = 1.0, clamp: float | None = None) -> Tensor:
    """Apply an activation, its own gain times `gain`, and a clamp to -clamp..clamp."""
    function, own_gain = ACTIVATIONS[name]
    x = function(x)
    if own_gain * gain != 1.0:
        x = x * (own_gain * gain)
    return x if clamp is None else x.clamp(-clamp, clamp)


def normalize_vectors(x: Tensor) -> Tensor:
    """Scale vectors (B, C) to a mean square of 1."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + _EPSILON)


class Dense(nn.Module):
    """Fully connected layer with equalised learning rate.

    Args:
        inputs, outputs: lengths of the vectors.
        activation: a name of `ACTIVATIONS`.
        learning_rate: factor of the layer's learning rate; weights are stored divided by it.
        bias: initial value of the bias.
        spread: initial standard deviation of the weights.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: str = "linear",
        learning_rate: float = 1.0,
        bias: float = 0.0,
        spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.weight_gain, self.bias_gain = learning_rate / math.sqrt(inputs), learning_rate
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * (spread / learning_rate))
        self.bias = nn.Parameter(torch.full((outputs,), bias / learning_rate))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        x = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return activate(x, self.activation)


@dataclass(frozen=True)
class MappingConfig:
    """Shape of a mapping network.

    Attributes:
        z_dim, c_dim, w_dim: lengths of latent, label (0: none) and intermediate latent.
        layers: number of fully connected layers.
        embedding, hidden: features of the embedded label and of the hidden layers.
        activation: of the layers, a name of `ACTIVATIONS`.
        learning_rate: factor of the layers' learning rate.
    """

    z_dim: int
    c_dim: int
    w_dim: int
    layers: int
    embedding: int
    hidden: int
    activation: str = "lrelu"
    learning_rate: float = 0.01


class MappingNetwork(nn.Module):
    """Latent and label -> w, not truncated."""

    w_avg: Tensor

    def __init__(self, config: MappingConfig) -> None:
        super().__init__()
        self.config, self.z_dim = config, config.z_dim
        self.embed = Dense(config.c_dim, config.embedding) if config.c_dim else None
        inputs = config.z_dim + (config.embedding if config.c_dim else 0)
        sizes = [inputs, *[config.hidden] * (config.layers - 1), config.w_dim]
        for index in range(config.layers):
            layer = Dense(sizes[index], sizes[index + 1], config.activation, config.learning_rate)
            self.add_module(f"fc{index}", layer)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (B, z_dim) and labels (B, c_dim), None without labels -> w (B, w_dim)."""
        parts = [normalize_vectors(z)] if self.config.z_dim else []
        if self.embed is not None and labels is not None:
            parts.append(normalize_vectors(self.embed(labels)))
        x = torch.cat(parts, 1)
        for index in range(self.config.layers):
            x = self.get_submodule(f"fc{index}")(x)
        return x


class _Layers(nn.Module):
    """Fully connected layers; sizes are the lengths of the vectors from input to output."""

    def __init__(self, sizes: tuple[int, ...], learning_rate: float = 0.01) -> None:
        super().__init__()
        for index, (inputs, outputs) in enumerate(pairwise(sizes)):
            self.add_module(f"fc{index}", Dense(inputs, outputs, "lrelu", learning_rate))

    def through_layers(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


class _Stack(_Layers):
    """Layers behind a normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        return self.through_layers(normalize_vectors(x))


class ControlNetwork(_Layers):
    """GAN-Control's controller: values that a person sets (age, angles ...) -> a group's part of w.

    Args:
        sizes: lengths of the vectors from the values to the part of w.
        learning_rate: factor of the layers' learning rate.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, values) -> (B, size of the group)."""
        return self.through_layers(x)


class GroupedMapping(nn.Module):
    """Mapping in groups: each slice of z has fully connected layers of its own, whose outputs make up w.

    Args:
        groups: for each group its name, first index in z and the sizes of its layers, input first.
        merged: sizes of layers behind the groups that see all of w, or ().
    """

    def __init__(self, groups: Mapping[str, tuple[int, tuple[int, ...]]], merged: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._first = {name: first for name, (first, _) in groups.items()}
        self._size = {name: sizes[0] for name, (_, sizes) in groups.items()}
        self.z_dim = max(first + sizes[0] for first, sizes in groups.values())
        self.groups = nn.ModuleDict({name: _Stack(sizes) for name, (_, sizes) in groups.items()})
        self.merged = _Stack(merged) if merged else None
        width = merged[-1] if merged else sum(sizes[-1] for _, sizes in groups.values())
        self.register_buffer("w_avg", torch.zeros(width))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (B, z_dim) -> w (B, w_dim); labels are not used."""
        parts = [
            stack(z[:, self._first[name] : self._first[name] + self._size[name]]) for name, stack in self.groups.items()
        ]
        w = torch.cat(parts, 1)
        return w if self.merged is None else self.merged(w)
