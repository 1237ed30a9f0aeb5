"""Training of the enlarger (`nets.enlarger`) on photographs at 512 that were reduced to half."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.nets.enlarger import Enlarger
from faceeditor.nets.enlarger_forward import MARGIN, FloatArray, detail_of, lanczos2, levels_of
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.training.adversarial import normalised_distance
from faceeditor.training.fine_data import load_fine_faces
from faceeditor.training.loop import Loop
from faceeditor.training.losses import lattice
from faceeditor.training.run import Run, autocast, epochs, pick_device, placed, write_sheet

Pixels = npt.NDArray[np.uint8]

_SHIFTS = 4
"""Pixels by which what the losses see is moved: else their features would keep step with the sub-pixels."""


def reduced(picture: Pixels, random: np.random.Generator, clean: float) -> Pixels:
    """A photograph (2 H, 2 W, 3) at half its size as a generator might have drawn it: without noise, often soft.

    Args:
        picture: uint8; random: the source of chance; clean: share of pictures that are reduced by area means alone.
    """
    soft = 0.0 if random.random() < clean else float(random.uniform(0.2, 1.6))
    smoothed = cv2.GaussianBlur(picture, (0, 0), soft) if soft else picture
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(smoothed, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def window_pair(
    picture: Pixels, side: int, random: np.random.Generator, clean: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A window of a photograph, turned and mirrored at random.

    Args:
        picture: (512, 512, 3) uint8; side: of the window in the reduced picture, margins left out.

    Returns:
        What the network sees (3, side + 2 M, side + 2 M); Lanczos' enlargement and the photograph, both
        (2 side + 4 M, 2 side + 4 M, 3) levels.
    """
    whole = 2 * (side + 2 * MARGIN)
    top, left = (int(n) for n in random.integers(0, len(picture) - whole + 1, 2))
    large = np.rot90(picture[top : top + whole, left : left + whole], int(random.integers(4)))
    large = np.ascontiguousarray(large[:, ::-1] if random.random() < 0.5 else large)
    small = reduced(large, random, clean).astype(np.float32)
    return detail_of(small), lanczos2(small), large.astype(np.float32)


class EnlargerLosses:
    """The losses of random windows.

    Args:
        config: of `resources/training/enlarger.toml`.
        net: the network.
        pictures: (N, 512, 512, 3) uint8 photographs.
        features: EfficientNet-Lite0.
        random: the source of chance.
    """

    def __init__(
        self,
        config: dict[str, Any],
        net: Enlarger,
        pictures: Pixels,
        features: LiteFeatures,
        random: np.random.Generator,
    ) -> None:
        self._config, self._net, self._pictures, self._random = config, net, pictures, random
        self._device = next(net.parameters()).device
        self._features = placed(features, self._device)
        self._batches = epochs(np.arange(len(pictures)), config["batch"], random)

    def __call__(self) -> dict[str, Tensor]:
        """Of the next batch: distance of pixels, distance of features, excess of a lattice."""
        side, clean = self._config["window"], self._config["clean"]
        windows = [window_pair(self._pictures[i], side, self._random, clean) for i in next(self._batches)]
        detail, base, wanted = (
            torch.from_numpy(np.stack(part)).to(self._device) for part in zip(*windows, strict=True)
        )
        with autocast(self._device):
            added = self._net(detail)
        made = base.permute(0, 3, 1, 2) / 127.5 - 1 + added.float()
        top, left = (int(n) for n in self._random.integers(0, _SHIFTS, 2))
        inner = slice(2 * MARGIN + top - _SHIFTS // 2, 2 * MARGIN + top - _SHIFTS // 2 + 2 * side)
        across = slice(2 * MARGIN + left - _SHIFTS // 2, 2 * MARGIN + left - _SHIFTS // 2 + 2 * side)
        made, real = made[:, :, inner, across], (wanted.permute(0, 3, 1, 2) / 127.5 - 1)[:, :, inner, across]
        with autocast(self._device):
            with torch.no_grad():
                maps = self._features(real.contiguous(memory_format=torch.channels_last))
            own = self._features(made.contiguous(memory_format=torch.channels_last))
        return {
            "l1": (made - real).abs().mean(),
            "features": normalised_distance(own, maps),
            "lattice": lattice(made, real),
        }


def train_enlarger(config: dict[str, Any], data: Path, run: Run, features: LiteFeatures) -> None:
    """Train until the time is over; see `faceeditor train --help`.

    Raises:
        FaceEditorError: there are no pictures at 512, or the checkpoint is damaged.
    """
    device = pick_device()
    _, pictures = load_fine_faces(data, "train")
    loop = Loop(config, run, placed(Enlarger(config["width"]), device), weight_decay=0.0)
    losses = EnlargerLosses(config, loop.net, pictures, features, np.random.default_rng(loop.seen + 5))
    shown = [cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA) for picture in pictures[:4]]
    small = [np.asarray(picture[64:192, 64:192], np.float32) for picture in shown]
    real = [picture[128:384, 128:384] for picture in pictures[:4]]

    def look(net: Enlarger) -> None:
        added = net(torch.from_numpy(np.stack([detail_of(picture) for picture in small])).to(device)).cpu().numpy()
        plain = [lanczos2(picture) for picture in small]
        made = [base + levels_of(one) for base, one in zip(plain, added, strict=True)]
        rows = [
            np.hstack([np.clip(np.rint(one), 0, 255).astype(np.uint8) for one in row]) for row in (plain, made, real)
        ]
        write_sheet(run.folder / "sheet.png", np.vstack(rows))

    loop.train(losses, look, warm_up=800, fall=2.0)
