"""Training of random heads: one small variational autoencoder per factor (Deng et al., DiscoFaceGAN, section 3.1).

The fitted coefficients of the photographs say what is plausible. They are few, so they are mirrored and blended two by
two, and an identity also takes a share of what the scans say about faces (modes of N(0, 1)), of which a photograph
shows little.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.errors import FaceEditorError
from faceeditor.portrait.head import LATENT_PARTS, SHAPE_DIM
from faceeditor.training.data import kept_out_rows
from faceeditor.training.labels import PARTS, mirrored_labels

Floats = npt.NDArray[np.float32]

LATENTS = {"identity": 28, "expression": 16, "pose": 3, "light": 8}
"""Number of latents of each factor."""
_HIDDEN = 128
_SCAN_SHARE = 0.5
_NOISE = {"identity": 0.35, "expression": 0.3, "pose": 0.15, "light": 0.2}
"""Standard deviation, in units of the data's, that the decoder may be off: sets how many latents carry something."""


class FactorVae(nn.Module):
    """Encoder and decoder of one factor, one hidden layer each, on normalised vectors (B, D)."""

    def __init__(self, size: int, latents: int) -> None:
        super().__init__()
        self.latents = latents
        self.encode1, self.encode2 = nn.Linear(size, _HIDDEN), nn.Linear(_HIDDEN, 2 * latents)
        self.decode1, self.decode2 = nn.Linear(latents, _HIDDEN), nn.Linear(_HIDDEN, size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The vectors again, through drawn latents, and the divergence of each from N(0, 1), (B,)."""
        mean, log = self.encode2(F.leaky_relu(self.encode1(x), 0.1)).split(self.latents, 1)
        log = log.clamp(-10, 4)
        z = mean + torch.randn_like(mean) * (0.5 * log).exp()
        divergence = 0.5 * (mean.square() + log.exp() - log - 1).sum(1)
        return self.decode2(F.leaky_relu(self.decode1(z), 0.1)), divergence


def factor_vectors(labels: Mapping[str, Floats], good: npt.NDArray[np.bool_], group: str) -> Floats:
    """(2 N, D) vectors of a factor of the photographs that can be trusted and of their mirror images."""
    rows = []
    for row in np.flatnonzero(good):
        one = {name: labels[name][row] for name in PARTS}
        for version in (one, mirrored_labels(one)):
            rows.append(np.concatenate([version[part].ravel() for part in LATENT_PARTS[group]]))
    return np.stack(rows).astype(np.float32)


def _batch(vectors: Floats, group: str, count: int, random: np.random.Generator) -> Floats:
    first, second = (vectors[random.integers(0, len(vectors), count)] for _ in range(2))
    # Blends of two shrink the spread: stretch them about the mean again.
    t = random.uniform(0, 1, (count, 1)) * (random.random((count, 1)) < 0.5)
    mean = vectors.mean(0)
    mixed = mean + ((1 - t) * first + t * second - mean) / np.sqrt((1 - t) ** 2 + t**2)
    if group == "identity":
        spread = np.sqrt(random.uniform(0, _SCAN_SHARE, (count, 1)))
        mixed[:, :SHAPE_DIM] += spread * random.normal(size=(count, SHAPE_DIM))
    if group == "expression":
        mixed = np.where(mean > -1, np.clip(mixed, np.minimum(vectors.min(0), 0), vectors.max(0)), mixed)
    return mixed.astype(np.float32)


def fit_head_prior(data: Path, fitted: Path, steps: int = 3000) -> dict[str, Floats]:
    """Fit the four autoencoders.

    Args:
        data: the face data set; only photographs of the training part are used.
        fitted: `photos.npz` of the head's build.
        steps: updates per factor.

    Returns:
        arrays by name, as `generators.head_prior.HeadPrior` takes them.

    Raises:
        FaceEditorError: the coefficients cannot be read.
    """
    try:
        with np.load(fitted) as file:
            labels = {name: file[name].astype(np.float32) for name in PARTS}
            good = file["ok"] & file["ok_light"]
    except (OSError, KeyError, ValueError) as error:
        raise FaceEditorError(f"Coefficients cannot be read from {fitted} ({error}): build the head.") from error
    good = good & ~kept_out_rows(data)[1]
    arrays: dict[str, Floats] = {}
    random = np.random.default_rng(4)
    torch.manual_seed(4)
    for group in LATENT_PARTS:
        vectors = factor_vectors(labels, good, group)
        sample = _batch(vectors, group, 20000, random)
        mean, scale = sample.mean(0), np.maximum(sample.std(0), 0.02 * sample.std() + 1e-4)
        net = FactorVae(vectors.shape[1], LATENTS[group])
        optimiser = torch.optim.Adam(net.parameters(), 2e-3)
        for step in range(steps):
            for part in optimiser.param_groups:
                part["lr"] = 2e-3 * min(1.0, 2 * (1 - step / steps))
            x = torch.from_numpy((_batch(vectors, group, 256, random) - mean) / scale)
            again, divergence = net(x)
            misfit = (again - x).square().sum(1) / (2 * _NOISE[group] ** 2)
            loss = (misfit + divergence).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        arrays |= {f"{group}.mean": mean, f"{group}.scale": scale.astype(np.float32)}
        arrays |= {f"{group}.{name}": value.detach().numpy() for name, value in net.state_dict().items()}
    return arrays
