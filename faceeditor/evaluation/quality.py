"""`faceeditor bench quality`: the mask-guided generator on photographs and masks kept out of training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from faceeditor.errors import FaceEditorError
from faceeditor.evaluation.measures import (
    change_outside,
    frechet_distance,
    map_distance,
    mean_pairwise,
    psnr,
    raised_mouth,
    read_masks,
    recognised,
    widened_hair,
)  # fmt: skip
from faceeditor.evaluation.realism import RealismBench, recogniser_embedding, tables
from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.generators.style_prior import StylePrior
from faceeditor.images import write_atomic
from faceeditor.nets.recogniser import Recogniser
from faceeditor.photo.networks import open_parser
from faceeditor.regions import MaskArray, colorize, mask_fidelity
from faceeditor.training.data import FaceSet, load_faces

CODES_PER_MASK = 10
DIVERSITY_MASKS = 20
_Say = Callable[[str], None]


def load_recogniser(path: Path) -> Recogniser:
    """The recogniser from the published safetensors; FaceEditorError if the file cannot be used."""
    try:
        return Recogniser.from_published(load_file(path))
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise FaceEditorError(f"The recogniser {path} cannot be loaded ({error}): check `--recogniser`.") from error


class QualityBench:
    """Measures one generator; all random draws have fixed seeds.

    Args:
        data: folder of the face data set.
        recogniser: the recogniser's weights.
        device: a device name of the generator.
        say: told what is being done.
    """

    def __init__(self, data: Path, recogniser: Path, device: str, say: _Say) -> None:
        self.say, self.data = say, data
        self.rest, self.train = load_faces(data, "kept-out"), load_faces(data, "train")
        self.recogniser, self.parser = load_recogniser(recogniser), open_parser()
        self.generator, self.prior = MaskGuided(device), StylePrior.load()
        self.masks: list[MaskArray] = list(self.rest.masks)

    def run(self) -> dict[str, Any]:
        """All figures, as plain values for JSON."""
        count = len(self.masks)
        self.say(f"{count} kept-out photographs, {len(self.train)} in training")
        drawn = [self.generator.render(mask, self.prior.draw(seed)) for seed, mask in enumerate(self.masks)]
        real = list(self.rest.pictures)
        self.say("mask fidelity")
        figures: dict[str, Any] = {
            "kept_out": count,
            "parser_on_photographs": mask_fidelity(read_masks(self.parser, real), self.masks),
            "mask_fidelity": mask_fidelity(read_masks(self.parser, drawn), self.masks),
        }
        figures["style_reconstruction"] = self._reconstruction()
        figures["locality"] = self._locality()
        figures["diversity"] = self._diversity()
        nearest = nearest_training_faces(self.rest, self.train, CODES_PER_MASK)
        neighbours = [self.train.pictures[row[0]] for row in nearest]
        self.say("nearest-neighbour baseline and Frechet distances")
        train_features = self._features(list(self.train.pictures), list(self.train.masks))
        figures["frechet"] = {
            "drawn": frechet_distance(train_features, self._features(drawn, self.masks)),
            "kept_out_photographs": frechet_distance(train_features, self._features(real, self.masks)),
            "nearest_neighbour": frechet_distance(train_features, self._features(neighbours, self.masks)),
        }
        several = []
        for i in range(0, count, max(1, count // DIVERSITY_MASKS)):
            _, maps = recognised(self.recogniser, [self.train.pictures[k] for k in nearest[i]], [self.masks[i]] * 10)
            several.append(mean_pairwise(maps))
        figures["nearest_neighbour"] = {
            "mask_fidelity": mask_fidelity(read_masks(self.parser, neighbours), self.masks),
            "diversity": float(np.mean(several)),
        }
        embed = recogniser_embedding(self.recogniser)
        realism = RealismBench(self.data, self.generator, self.prior, self.train, self.rest, embed, self.say)
        figures["realism"] = realism.run(nearest[:, 0])
        return figures

    def _features(self, pictures: list[npt.NDArray[np.uint8]], masks: list[MaskArray]) -> npt.NDArray[np.float64]:
        embeddings, _ = recognised(self.recogniser, pictures, masks)
        return embeddings.double().numpy()

    def _reconstruction(self) -> dict[str, float]:
        """Photograph -> style -> photograph; and the style of a face made with another's mask, read back."""
        self.say("style reconstruction")
        codes = [
            self.generator.encode(picture, mask) for picture, mask in zip(self.rest.pictures, self.masks, strict=True)
        ]
        again = [self.generator.render(mask, code) for mask, code in zip(self.masks, codes, strict=True)]
        decibels = [psnr(a, b) for a, b in zip(again, self.rest.pictures, strict=True)]
        real_embedding, real_maps = recognised(self.recogniser, list(self.rest.pictures), self.masks)
        made_embedding, made_maps = recognised(self.recogniser, again, self.masks)
        count = len(codes)
        joined = [torch.cat([a, b]) for a, b in zip(made_maps, real_maps, strict=True)]
        distances = (made_embedding - real_embedding).norm(dim=1)
        right, recovered = 0, []
        mean = self.prior.mean.overall
        overall = np.stack([code.overall - mean for code in codes])
        overall /= np.linalg.norm(overall, axis=1, keepdims=True)
        for i in range(count):
            other = (i + 7) % count
            picture = self.generator.render(self.masks[i], codes[other])
            back = self.generator.encode(picture, self.masks[i]).overall - mean
            similar = overall @ (back / np.linalg.norm(back))
            right += int(similar.argmax() == other)
            recovered.append(float(similar[other]))
        return {
            "psnr_db": float(np.mean(decibels)),
            "perceptual": float(np.mean([map_distance(joined, i, count + i) for i in range(count)])),
            "identity_distance": float(distances.mean()),
            "identity_under_0.6": float((distances < 0.6).float().mean()),
            "swapped_code_cosine": float(np.mean(recovered)),
            "swapped_code_found_first": right / count,
        }

    def _locality(self) -> dict[str, float]:
        self.say("locality")
        result = {}
        for name, edit in (("hair_widened", widened_hair), ("mouth_raised", raised_mouth)):
            inside, outside = [], []
            for seed, mask in enumerate(self.masks[:40]):
                changed = edit(mask)
                if (changed != mask).sum() < 20:
                    continue
                style = self.prior.draw(seed)
                a, b = self.generator.render(mask, style), self.generator.render(changed, style)
                within, beyond = change_outside(a, b, changed != mask)
                inside.append(within)
                outside.append(beyond)
            result[f"{name}_change_inside"] = float(np.mean(inside))
            result[f"{name}_change_outside"] = float(np.mean(outside))
        return result

    def _diversity(self) -> float:
        """Mean pairwise perceptual distance over ten codes for one mask, averaged over masks."""
        self.say("diversity")
        values = []
        for i in range(0, len(self.masks), max(1, len(self.masks) // DIVERSITY_MASKS)):
            pictures = [self.generator.render(self.masks[i], self.prior.draw(1000 + s)) for s in range(CODES_PER_MASK)]
            _, maps = recognised(self.recogniser, pictures, [self.masks[i]] * CODES_PER_MASK)
            values.append(mean_pairwise(maps))
        return float(np.mean(values))

    def sheet(self, masks: int = 16, codes: int = 5) -> npt.NDArray[np.uint8]:
        """Uncurated samples: the first kept-out masks, each with the first codes; (H, W, 3) uint8."""
        columns = []
        for mask in self.masks[:masks]:
            faces = [self.generator.render(mask, self.prior.draw(seed)) for seed in range(codes)]
            columns.append(np.vstack([colorize(mask), *faces]))
        half = masks // 2
        sheet = np.vstack([np.hstack(columns[:half]), np.hstack(columns[half:])])
        small = cv2.resize(sheet, None, fx=0.625, fy=0.625, interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8)


def nearest_training_faces(rest: FaceSet, train: FaceSet, count: int) -> npt.NDArray[np.int64]:
    """(len(rest), count) indices of the training photographs whose masks agree best, pixel by pixel at 64 x 64."""
    small = train.masks[:, 2::4, 2::4]
    return np.stack(
        [np.argsort(-(small == mask[2::4, 2::4]).mean((1, 2)), kind="stable")[:count] for mask in rest.masks]
    )


def table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    fidelity, nearest = figures["mask_fidelity"], figures["nearest_neighbour"]
    style, local, frechet = figures["style_reconstruction"], figures["locality"], figures["frechet"]
    photo = figures["parser_on_photographs"]
    rows = [
        ("pixel accuracy of the output's mask", fidelity["pixel_accuracy"], nearest["mask_fidelity"]["pixel_accuracy"],
         photo["pixel_accuracy"]),
        ("mean IoU of the output's mask", fidelity["mean_iou"], nearest["mask_fidelity"]["mean_iou"],
         photo["mean_iou"]),
        ("diversity over 10 codes (perceptual)", figures["diversity"], nearest["diversity"], None),
        ("Frechet distance, recogniser's features", frechet["drawn"], frechet["nearest_neighbour"],
         frechet["kept_out_photographs"]),
        ("style reconstruction, PSNR dB", style["psnr_db"], None, None),
        ("style reconstruction, perceptual", style["perceptual"], None, None),
        ("style reconstruction, identity distance", style["identity_distance"], None, None),
        ("share of those under 0.6", style["identity_under_0.6"], None, None),
        ("overall code read back from another mask, cosine", style["swapped_code_cosine"], None, None),
        ("share where it is the closest of all", style["swapped_code_found_first"], None, None),
        ("hair widened: change inside (0-255)", local["hair_widened_change_inside"], None, None),
        ("hair widened: change outside (0-255)", local["hair_widened_change_outside"], None, None),
        ("mouth raised: change inside (0-255)", local["mouth_raised_change_inside"], None, None),
        ("mouth raised: change outside (0-255)", local["mouth_raised_change_outside"], None, None),
    ]  # fmt: skip
    lines = ["| measure | generator | nearest neighbour | photographs |", "|---|---|---|---|"]
    for name, *values in rows:
        lines.append(f"| {name} | " + " | ".join("-" if v is None else f"{v:.3f}" for v in values) + " |")
    lines += ["", "| region | IoU generator | IoU nearest neighbour | IoU parser on photographs |", "|---|---|---|---|"]
    for region, value in fidelity["iou"].items():
        others = nearest["mask_fidelity"]["iou"].get(region, 0.0), photo["iou"].get(region, 0.0)
        lines.append(f"| {region} | {value:.3f} | {others[0]:.3f} | {others[1]:.3f} |")
    return "\n".join([*lines, "", tables(figures["realism"])])


def write_results(bench: QualityBench, figures: dict[str, Any], out: Path) -> None:
    """Write `quality.json`, `quality.md` and `samples.jpg` into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "quality.json", (json.dumps(figures, indent=1) + "\n").encode())
    write_atomic(out / "quality.md", (table(figures) + "\n").encode())
    done, data = cv2.imencode(".jpg", cv2.cvtColor(bench.sheet(), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    write_atomic(out / "samples.jpg", data.tobytes())
