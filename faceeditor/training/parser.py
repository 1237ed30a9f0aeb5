"""Training of the parser (photograph -> 19 regions)."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from faceeditor.nets.parser import FaceParser, parse
from faceeditor.regions import REGION_COUNT, MaskArray, colorize, mask_fidelity
from faceeditor.training.data import FaceSet, load_faces
from faceeditor.training.loop import Loop
from faceeditor.training.run import Run, autocast, epochs, pick_device, placed, to_float, write_sheet


def _augmented(
    faces: FaceSet, indices: npt.NDArray[np.int64], side: int, random: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """A batch of pictures and masks of the side, moved, recoloured, blurred and mirrored at random."""
    pictures = np.empty((len(indices), side, side, 3), np.uint8)
    masks = np.empty((len(indices), side, side), np.uint8)
    for slot, index in enumerate(indices):
        picture, mask, _ = faces.item(int(index), bool(random.integers(2)))
        zoom = float(np.exp(random.uniform(-0.22, 0.22))) * side / 256
        move = cv2.getRotationMatrix2D((128, 128), float(random.normal() * 8), zoom)
        move[:, 2] = move[:, 2] + side / 2 - 128 + random.normal(size=2) * side * 0.04
        moved = cv2.warpAffine(picture, move, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101)
        picture = moved.astype(np.uint8)
        masks[slot] = cv2.warpAffine(
            mask, move, (side, side), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
        )
        if random.random() < 0.4:
            small = max(24, int(side * random.uniform(0.25, 0.8)))
            shrunk = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
            picture = cv2.resize(shrunk, (side, side)).astype(np.uint8)
        colour = picture.astype(np.float64)
        colour = (colour - 128) * random.uniform(0.7, 1.3) + 128 + random.normal(size=3) * 10 + random.normal() * 14
        if random.random() < 0.1:
            colour = np.repeat(colour.mean(2, keepdims=True), 3, 2)
        if random.random() < 0.3:
            colour += random.normal(size=colour.shape) * random.uniform(0, 9)
        pictures[slot] = colour.clip(0, 255).astype(np.uint8)
    return pictures, masks


def soft_cross_entropy(logits: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of logits at half resolution (B, 19, H/2, W/2) against whole masks (B, H, W) int64, scalar.

    Each logit answers for four mask pixels. The mean is weighted by the regions' weights (19,).
    """
    log_share = F.log_softmax(logits.float(), 1)
    quarters = F.pixel_unshuffle(masks.unsqueeze(1), 2)
    picked = torch.gather(log_share, 1, quarters)
    share = weights[quarters]
    return -(picked * share).sum() / share.sum()


def region_weights(masks: npt.NDArray[np.uint8]) -> Tensor:
    """(19,) weights: the inverse square root of each region's frequency, at most 3 times the commonest one's."""
    counts = np.bincount(masks[:, ::4, ::4].ravel(), minlength=REGION_COUNT).astype(np.float64)
    weights = 1 / np.sqrt(np.maximum(counts, counts.max() * 1e-4))
    return torch.tensor(np.minimum(weights / weights.min(), 3.0), dtype=torch.float32)


@torch.no_grad()
def region_scores(parser: FaceParser, faces: FaceSet, device: torch.device) -> dict[str, Any]:
    """How the parser reads whole pictures, as `regions.mask_fidelity`."""
    read: list[MaskArray] = []
    for start in range(0, len(faces), 8):
        guess = parse(parser, to_float(faces.pictures[start : start + 8], device))
        read.extend(guess.to(torch.uint8).cpu().numpy())
    return mask_fidelity(read, list(faces.masks))


def train_parser(config: dict[str, Any], data: Path, out: Path, minutes: float, resume: bool) -> None:
    """Train until the time is over; see `faceeditor train --help`."""
    device = pick_device()
    run = Run(out, minutes, resume)
    train, rest = load_faces(data, "train"), load_faces(data, "kept-out")
    loop = Loop(config, run, placed(FaceParser(config["width"]), device), weight_decay=1e-3)
    weights = region_weights(train.masks).to(device)
    random = np.random.default_rng(loop.seen + 1)
    batches = epochs(np.arange(len(train)), config["batch"], random)

    def losses() -> dict[str, Tensor]:
        pictures, masks = _augmented(train, next(batches), int(random.choice(config["sides"])), random)
        inputs = to_float(pictures, device).contiguous(memory_format=torch.channels_last)
        with autocast(device):
            logits = loop.net(inputs)
        return {"cross_entropy": soft_cross_entropy(logits, torch.from_numpy(masks).to(device).long(), weights)}

    def look(parser: FaceParser) -> None:
        guess = parse(parser, to_float(rest.pictures[:8], device)).cpu().numpy().astype(np.uint8)
        rows = [rest.pictures[:8], colorize(rest.masks[:8]), colorize(guess)]
        write_sheet(out / "sheet.png", np.vstack([np.hstack(list(row)) for row in rows]))

    loop.train(losses, look, warm_up=800, fall=2.0)
    scores = region_scores(loop.averaged(), rest, device)
    accuracy, mean_iou = scores["pixel_accuracy"], scores["mean_iou"]
    tqdm.write(f"kept-out photographs: pixel accuracy {accuracy:.4f}, mean IoU {mean_iou:.4f}")
