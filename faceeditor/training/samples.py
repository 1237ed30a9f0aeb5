"""Evaluation of a generator in training: a sheet of kept-out faces, and figures measured on kept-out photographs."""

import functools
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.nets.mask_guided import Codes
from faceeditor.nets.mask_guided_forward import HEAD_CHANNELS, HEAD_SIDE
from faceeditor.regions import colorize
from faceeditor.training.adversarial import plain_scores
from faceeditor.training.code_bank import split_codes
from faceeditor.training.data import FaceSet, reduced
from faceeditor.training.kid import Lite1Features, kid
from faceeditor.training.parser import region_scores
from faceeditor.training.rendered_pairs import PairedBatch, rendered_pair
from faceeditor.training.run import autocast, is_main, to_uint8, write_sheet
from faceeditor.training.stages import ChangedBatch, Stage, StageData

if TYPE_CHECKING:
    from faceeditor.training.trainer import Parts, Trainer

_MEASURED = 32
_SHOWN = 10


class _Samples:
    """The averaged networks and the kept-out photographs, ready to draw."""

    def __init__(self, trainer: "Trainer", stage: Stage, rest: StageData) -> None:
        self.trainer, self.stage, self.device = trainer, stage, trainer.device
        self.nets: Parts = trainer.averaged()
        self.count = min(_MEASURED, len(rest.faces))
        self.shown = min(_SHOWN, self.count)
        self.item = rest.batch(np.arange(len(rest.faces)), np.zeros(len(rest.faces), bool), torch.float32)
        rows, flips = np.arange(len(rest.faces)), np.zeros(len(rest.faces), bool)
        self.guides = torch.from_numpy(trainer.rest_guides.usual(rows, flips)).to(self.device)
        self.no_head = self.guides.new_zeros(len(rows), HEAD_CHANNELS, HEAD_SIDE, HEAD_SIDE)
        self.codes, _ = self.nets["encoder"](self.item["small"], self.item["planes"], self.item["to_picture"])

    def draw(self, codes: Codes, count: int, maps: Tensor | None = None, moved: ChangedBatch | None = None) -> Tensor:
        """(count, 3, S, S) of the first photographs' masks, or of moved ones."""
        place = (self.item["planes"], self.item["to_face"]) if moved is None else (moved.planes, moved.to_face)
        parts = []
        for start in range(0, count, 8):
            order = torch.arange(start, min(start + 8, count), device=self.device)
            heads = self.no_head[order] if maps is None else maps[order]
            given = heads if moved is not None else torch.cat([heads, self.guides[order]], 1)
            with autocast(self.device):
                drawn = self.nets["generator"](
                    place[0][order], place[1][order], codes.pick(order), self.stage.size, maps=given
                )
            parts.append(drawn)
        return torch.cat(parts).float()

    def psnr(self, made: Tensor) -> float:
        """Decibels against the first photographs."""
        error = (made.clamp(-1, 1) - self.item["pictures"][: len(made)]).square().mean((1, 2, 3)) / 4
        return float((-10 * torch.log10(error)).mean())


@torch.no_grad()
def evaluate_samples(trainer: "Trainer", stage: Stage, data: StageData, rest: StageData) -> dict[str, float]:
    """Write a sheet of kept-out faces and measure on kept-out photographs."""
    seen = _Samples(trainer, stage, rest)
    wide = seen.shown
    own = seen.draw(seen.codes, seen.count)
    order = (torch.arange(len(rest.faces), device=trainer.device) + 5) % len(rest.faces)
    swapped = seen.draw(seen.codes.pick(order), seen.count)
    figures = {"psnr": seen.psnr(own)} | _judged(seen, data, own)
    rows = [seen.item["pictures"][:wide], own[:wide], swapped[:wide]]
    if trainer.fitted_rest is not None:
        rows += _heads(seen, figures)
    if stage.pairs:
        rows += _pairs(seen, figures)
    if trainer.bank is not None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            drawn = split_codes(trainer.bank.gaussian.draw(3 * wide, torch.ones(3 * wide, device=trainer.device)))
        orders = torch.arange(3 * wide, device=trainer.device).split(wide)
        rows.extend(seen.draw(drawn.pick(order), wide) for order in orders)
    if trainer.config.get("kid", True):
        figures |= _kid(seen)
    if trainer.nets.parser is not None:
        pictures = F.interpolate(swapped, size=(256, 256), mode="bilinear", align_corners=False)
        masks, frames = trainer.rest.masks[: seen.count], trainer.rest.frames[: seen.count]
        read = FaceSet(to_uint8(pictures), masks, frames, trainer.rest.names[: seen.count])
        figures["accuracy"] = region_scores(trainer.nets.parser, read, trainer.device)["pixel_accuracy"]
    if is_main():
        colours = reduced(colorize(trainer.rest.masks[:wide]), stage.size)
        sheet = np.vstack([np.hstack(list(colours))] + [np.hstack(list(to_uint8(row))) for row in rows])
        write_sheet(trainer.run.folder / "sheet.png", sheet)
        write_sheet(trainer.run.folder / f"sheet-{trainer.seen:07d}.jpg", sheet)
    return figures


@functools.cache
def _lite1(device: torch.device) -> Lite1Features:
    return Lite1Features(device)


def _kid(seen: _Samples) -> dict[str, float]:
    """KID x 1000 of all kept-out photographs against pictures of their masks: own, another's and random styles."""
    trainer, count = seen.trainer, len(seen.item["pictures"])
    if count < 2:
        return {}
    features = _lite1(trainer.device)

    def of(pictures: Tensor) -> np.ndarray:
        return features(to_uint8(pictures))

    real = of(seen.item["pictures"])
    order = torch.roll(torch.arange(count, device=trainer.device), 5)
    sets = {"kid_own": seen.codes, "kid_swapped": seen.codes.pick(order)}
    if trainer.bank is not None:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            sets["kid_random"] = split_codes(
                trainer.bank.gaussian.draw(count, torch.ones(count, device=trainer.device))
            )
    return {name: 1000 * kid(of(seen.draw(codes, count)), real) for name, codes in sets.items()}


def _judged(seen: _Samples, data: StageData, own: Tensor) -> dict[str, float]:
    """What the critics give photographs that they know, others, and pictures made; and how far they over-fit."""
    trainer = seen.trainer
    if trainer.nets.features is None:
        return {}
    ids = trainer.random.integers(0, len(data.faces), seen.count)
    trained = data.batch(ids, np.zeros(len(ids), bool), torch.float32)
    means = []
    for batch, pictures in ((trained, trained["pictures"]), (seen.item, seen.item["pictures"]), (seen.item, own)):
        n = min(seen.count, len(pictures))
        shown, planes = pictures[:n], batch["planes"][:n]
        means.append(plain_scores(trainer.nets.features, trainer.critics, shown, planes).mean().item())
    return {
        "score_train": means[0], "score_kept_out": means[1], "score_made": means[2],
        "overfit": (means[0] - means[1]) / max(means[0] - means[2], 1e-3),
    }  # fmt: skip


def _heads(seen: _Samples, figures: dict[str, float]) -> list[Tensor]:
    """Rows of photographs drawn with their heads, then with one factor changed."""
    trainer, wide = seen.trainer, seen.shown
    fitted = trainer.fitted_rest
    assert fitted is not None
    order = np.arange(wide)
    maps = torch.from_numpy(fitted.own_maps(order, np.zeros(wide, bool))).to(seen.device)
    rows = [seen.draw(seen.codes, wide, maps)]
    figures["psnr_head"] = seen.psnr(rows[0])
    for factor in ("pose", "expression", "light", "identity"):
        random = np.random.default_rng(5)
        faces = [fitted.changed(int(row), False, random, factor) for row in order]
        moved = ChangedBatch(faces, torch.from_numpy(order), seen.stage.size, seen.device, torch.float32)
        rows.append(moved.relit(seen.draw(seen.codes, wide, moved.maps, moved)))
        off = F.adaptive_avg_pool2d(rows[-1], HEAD_SIDE) - moved.target
        figures[f"off_{factor}"] = float((off.abs() * moved.weight).sum() / (moved.weight.sum() * 3))
    return rows


def _pairs(seen: _Samples, figures: dict[str, float]) -> list[Tensor]:
    """Rows of renderings: first pictures, second ones, these as drawn, and drawn without the flag of a rendering."""
    trainer, stage, wide = seen.trainer, seen.stage, seen.shown
    assert trainer.fitted is not None
    random = np.random.default_rng(11)
    made = [rendered_pair(trainer.fitted.model, random) for _ in range(wide)]
    pairs = PairedBatch(made, stage.size, seen.device, torch.float32)
    codes, _ = seen.nets["encoder"](pairs.pictures, pairs.planes, pairs.to_picture)
    maps = pairs.changes.maps
    rows = [F.interpolate(shown, size=(stage.size, stage.size)) for shown in (pairs.pictures, pairs.changes.target)]
    for given in (trainer.parts["domain"](codes), codes):
        rows.append(pairs.changes.relit(seen.draw(given, wide, maps, pairs.changes)))
    figures["off_rendered"] = float((F.adaptive_avg_pool2d(rows[2], HEAD_SIDE) - pairs.changes.target).abs().mean())
    return rows
