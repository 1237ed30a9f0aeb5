"""Measures of pictures, for the quality benchmark."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.faceframe import face_frame
from faceeditor.nets.parser import FaceParser, parse
from faceeditor.nets.recogniser import Recogniser, face_chips
from faceeditor.regions import MaskArray, Region
from faceeditor.training.run import to_float

Pictures = Sequence[npt.NDArray[np.uint8]]
_BATCH = 16


def as_batch(pictures: Pictures) -> Tensor:
    """(H, W, 3) uint8 pictures -> (B, 3, H, W) float in -1..1."""
    return to_float(np.stack(pictures), torch.device("cpu"))


@torch.inference_mode()
def read_masks(parser: FaceParser, pictures: Pictures) -> list[MaskArray]:
    """The parser's reading of (256, 256, 3) uint8 pictures."""
    masks: list[MaskArray] = []
    for start in range(0, len(pictures), _BATCH):
        masks.extend(parse(parser, as_batch(pictures[start : start + _BATCH])).to(torch.uint8).numpy())
    return masks


@torch.inference_mode()
def recognised(recogniser: Recogniser, pictures: Pictures, masks: Sequence[MaskArray]) -> tuple[Tensor, list[Tensor]]:
    """Identity embeddings (N, 128) and the recogniser's four maps of each picture, each scaled to mean size 1."""
    embeddings, maps = [], []
    for start in range(0, len(pictures), _BATCH):
        part = slice(start, start + _BATCH)
        frames = torch.from_numpy(np.stack([face_frame(mask) for mask in masks[part]]))
        embedding, features = recogniser(face_chips(as_batch(pictures[part]), frames))
        embeddings.append(embedding)
        maps.append([f / f.abs().mean() for f in features])
    return torch.cat(embeddings), [torch.cat(level) for level in zip(*maps, strict=True)]


def map_distance(maps: list[Tensor], first: int, second: int) -> float:
    """Perceptual distance of two pictures: mean absolute difference of the recogniser's maps, averaged over levels."""
    return float(np.mean([(level[first] - level[second]).abs().mean().item() for level in maps]))


def mean_pairwise(maps: list[Tensor]) -> float:
    """Mean perceptual distance over all pairs of the pictures."""
    count = len(maps[0])
    pairs = [(i, j) for i in range(count) for j in range(i)]
    return float(np.mean([map_distance(maps, i, j) for i, j in pairs]))


def frechet_distance(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """Frechet distance of two clouds of features (N, D), as Gaussians (Heusel et al., "TTUR", eq. 6)."""
    mean_a, mean_b = first.mean(0), second.mean(0)
    cov_a, cov_b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values = np.linalg.eigvals(cov_a @ cov_b)
    root = np.sqrt(np.maximum(values.real, 0)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root)


def psnr(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB of two uint8 pictures."""
    error = float(((first.astype(np.float64) - second) ** 2).mean())
    return float(10 * np.log10(255.0**2 / max(error, 1e-9)))


def widened_hair(mask: MaskArray, pixels: int = 6) -> MaskArray:
    """A stroke's worth of change: the hair grown over background and skin by some pixels."""
    hair = (mask == Region.HAIR).astype(np.uint8)
    grown = cv2.dilate(hair, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1)))
    result = mask.copy()
    result[(grown > 0) & np.isin(mask, (Region.BACKGROUND, Region.SKIN, Region.CLOTH))] = Region.HAIR
    return result


def raised_mouth(mask: MaskArray, pixels: int = 5) -> MaskArray:
    """The mouth moved up by some pixels, skin where it was."""
    mouth = np.isin(mask, (Region.U_LIP, Region.MOUTH, Region.L_LIP))
    result = mask.copy()
    result[mouth] = Region.SKIN
    rows, columns = np.nonzero(mouth)
    result[np.maximum(rows - pixels, 0), columns] = mask[rows, columns]
    return result


def change_outside(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], edited: npt.NDArray[np.bool_], margin: int = 8
) -> tuple[float, float]:
    """Mean absolute change (0..255) inside the edited pixels, and more than `margin` pixels away from them."""
    near = cv2.dilate(edited.astype(np.uint8), np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)) > 0
    change = np.abs(before.astype(np.float32) - after).mean(2)
    return float(change[edited].mean()), float(change[~near].mean())
