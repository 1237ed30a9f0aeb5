"""A StyleGAN2 that begins as a decoder of principal components, so that training starts from faces and not from noise.

Turk and Pentland, "Eigenfaces for Recognition" (1991): pictures are a mean plus a sum of components. A layer to colours
is linear in w and in its feature maps, so that a network whose feature maps do not depend on w draws exactly such sums:
its maps are fitted to a decomposition of the components, and its mapping network begins as the identity.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.nets.stylegan2 import SynthesisBlock, SynthesisNetwork
from faceeditor.nets.stylegan_mapping import Dense, MappingNetwork

Doubles = npt.NDArray[np.float64]

_LANDMARK_SHARE = 0.35
"""Weight of the landmarks' variance beside that of the pictures."""
_LINEAR_SIDE = 32
_ROUNDS = 40
_SLOPE_GAIN = 1.2 * math.sqrt(2)
"""sqrt(2) (lrelu(x) - lrelu(-x)) = 1.2 sqrt(2) x, for a slope of 0.2."""


@dataclass(frozen=True, eq=False)
class Coded:
    """Pictures with their codes, mirrored ones behind.

    Attributes:
        pictures: (2 N, 3, S, S) float32 in -1..1.
        codes: (2 N, K) float32 of unit variance.
    """

    pictures: Tensor
    codes: Tensor


def coded(pictures: npt.NDArray[np.uint8], landmarks: npt.NDArray[np.float32], count: int) -> Coded:
    """Principal components of pictures (N, S, S, 3) and landmarks (N, L, 2) in 0..1, the face weighted most."""
    both = np.concatenate([pictures, pictures[:, :, ::-1]]).astype(np.float32) / 127.5 - 1
    side = pictures.shape[1]
    y, x = np.mgrid[0:side, 0:side] / side
    weight = 0.3 + 0.7 * np.exp(-((((x - 0.5) / 0.28) ** 2 + ((y - 0.56) / 0.34) ** 2) ** 2))
    weighted = (both * weight[None, :, :, None]).reshape(len(both), side // 2, 2, side // 2, 2, 3)
    looks = weighted.mean((2, 4)).reshape(len(both), -1)
    mean = landmarks.mean(0)
    partner = ((mean[:, None] * [-1, 1] + [1, 0] - mean[None]) ** 2).sum(-1).argmin(0)
    mirrored = landmarks[:, partner] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
    shapes = np.concatenate([landmarks, mirrored]).reshape(len(both), -1)
    looks, shapes = looks - looks.mean(0), shapes - shapes.mean(0)
    shapes *= math.sqrt(_LANDMARK_SHARE * (looks**2).sum() / (shapes**2).sum())
    left, _, _ = np.linalg.svd(np.concatenate([looks, shapes], 1), full_matrices=False)
    codes = np.ascontiguousarray(left[:, :count] * math.sqrt(len(both)), np.float32)
    return Coded(torch.from_numpy(np.ascontiguousarray(both.transpose(0, 3, 1, 2))), torch.from_numpy(codes))


def start_linear(mapping: MappingNetwork, synthesis: SynthesisNetwork, data: Coded, steps: int = 1500) -> float:
    """Make a fresh network draw the mean and the components of coded pictures.

    Args:
        mapping: two layers; w at least twice as long as z.
        synthesis: of the skip architecture, with at least 32 x 32 pixels.
        data: what it is to draw.
        steps: for fitting the feature maps.

    Returns:
        Share of the components' energy that it misses.
    """
    components = _components(data)
    styles, colours, maps = _decomposed(components, synthesis.config.channels[3])
    layer = cast(Any, synthesis.get_submodule(f"b{_LINEAR_SIDE}")).torgb
    with torch.no_grad():
        for name, weight in synthesis.named_parameters():
            if ("conv" in name and name.endswith("affine.weight")) or name.endswith("torgb.weight"):
                weight.zero_()
        _begin_as_identity(mapping)
        layer.weight.copy_(torch.from_numpy(colours.T[:, :, None, None]))
    drawn = _fit_maps(synthesis, torch.from_numpy(maps).float().view(1, -1, _LINEAR_SIDE, _LINEAR_SIDE), steps)
    basis = np.einsum("ck,cp->ckp", colours, drawn).reshape(len(colours), -1)
    flat = components.reshape(len(components), -1)
    styles = _solved(basis, flat)
    with torch.no_grad():
        linear = torch.from_numpy(styles[:, 1:]).float()
        spare = mapping.config.w_dim - 2 * linear.shape[1]
        linear = F.pad(torch.cat([linear, -linear], 1), (0, spare))
        layer.affine.weight.copy_(linear / _SLOPE_GAIN / layer.affine.weight_gain / layer.weight_gain)
        layer.affine.bias.copy_(torch.from_numpy(styles[:, 0]).float() / layer.weight_gain)
    return float(((styles.T @ basis - flat) ** 2).sum() / (flat**2).sum())


def _components(data: Coded) -> Doubles:
    """(K + 1, 3, 32 x 32): the mean and, for each number of a code of unit mean square, what it adds."""
    z = data.codes.double()
    z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    design = torch.cat([torch.ones(len(z), 1, dtype=z.dtype), z], 1).numpy()
    small = F.adaptive_avg_pool2d(data.pictures, _LINEAR_SIDE).double().flatten(1).numpy()
    found = np.linalg.solve(design.T @ design + 2.0 * np.eye(design.shape[1]), design.T @ small)
    return np.asarray(found.reshape(design.shape[1], 3, -1), np.float64)


def _decomposed(components: Doubles, rank: int) -> tuple[Doubles, Doubles, Doubles]:
    """Styles (R, K + 1), colours (R, 3), maps (R, P) of unit deviation, whose products sum up to the components.

    Alternating least squares for the canonical polyadic decomposition (Carroll and Chang, 1970).
    """
    count, channels, _ = components.shape
    left, strength, right = np.linalg.svd(components.reshape(count * channels, -1), full_matrices=False)
    small = (left * strength).reshape(count, channels, -1)
    random = np.random.RandomState(0)
    styles, colours = random.randn(rank, count), random.randn(rank, channels)
    maps = np.zeros((rank, small.shape[2]))
    for _ in range(_ROUNDS):
        maps = _solved(_products(styles, colours), small.reshape(count * channels, -1).T)
        styles = _solved(_products(colours, maps), small.reshape(count, -1))
        colours = _solved(_products(styles, maps), small.transpose(1, 0, 2).reshape(channels, -1))
    full = maps @ right
    deviation = full.std(1, keepdims=True)
    return styles * deviation, colours, full / deviation


def _products(first: Doubles, second: Doubles) -> Doubles:
    return np.asarray(np.einsum("ci,cj->cij", first, second).reshape(len(first), -1), np.float64)


def _solved(basis: Doubles, wanted: Doubles) -> Doubles:
    """Least squares: (R, M) basis and (N, M) wanted -> (R, N), a little regularised."""
    gram = basis @ basis.T
    gram += 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.asarray(np.linalg.solve(gram, basis @ wanted.T), np.float64)


def _begin_as_identity(mapping: MappingNetwork) -> None:
    """Let w hold z and -z behind the activation, from which z can be read linearly."""
    first, second = cast(Dense, mapping.get_submodule("fc0")), cast(Dense, mapping.get_submodule("fc1"))
    count = mapping.z_dim
    eye = torch.eye(count)
    first.weight.zero_()
    second.weight.zero_()
    first.weight[: 2 * count] = torch.cat([eye, -eye]) / first.weight_gain
    read = torch.cat([eye, -eye], 1) / _SLOPE_GAIN
    second.weight[: 2 * count, : 2 * count] = torch.cat([read, -read]) / second.weight_gain


def _fit_maps(synthesis: SynthesisNetwork, wanted: Tensor, steps: int) -> Doubles:
    """Fit constants, convolutions and biases up to 32 x 32 so that these maps come out for every w."""
    blocks = [cast(SynthesisBlock, synthesis.get_submodule(f"b{side}")) for side in (4, 8, 16, _LINEAR_SIDE)]
    chosen = [
        weight
        for block in blocks
        for name, weight in block.named_parameters()
        if not any(word in name for word in ("torgb", "affine", "noise"))
    ]
    optimizer = torch.optim.Adam(chosen, lr=1e-2, betas=(0.9, 0.99))
    ws = torch.zeros(1, 3, synthesis.config.w_dim)

    def drawn() -> Tensor:
        x: Tensor | None = None
        for block in blocks:
            x, _ = block(x, None, ws, "none")
        return cast(Tensor, x)

    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * (1 - step / steps) * min(1.0, (step + 1) / 30)
        optimizer.zero_grad()
        (drawn() - wanted).square().mean().backward()
        optimizer.step()
    return drawn().detach().double()[0].flatten(1).numpy()
