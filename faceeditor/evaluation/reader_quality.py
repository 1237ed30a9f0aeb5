"""`faceeditor bench quality --generator reader`: reading heads off kept-out photographs and off renderings."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.head.maps import landmarks, render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.render import render_head
from faceeditor.head.samples import sample_head
from faceeditor.images import write_atomic
from faceeditor.photo.read import read_head
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import FACE_REGIONS, MaskArray, Region
from faceeditor.training.data import reduced
from faceeditor.training.labels import PARTS
from faceeditor.training.photometric import COMPARED, Photometric
from faceeditor.training.reader_data import LabelledFaces, load_photographs

REFINED = 8
"""Steps of refinement, where the figures say "refined"."""
RENDERINGS = 100
_HIDING = (Region.HAIR, Region.HAT, Region.GLASSES)
_Say = Callable[[str], None]


class ReaderBench:
    """Measures the pack `reader`; random heads have fixed seeds.

    Args:
        data: folder of the face data set.
        fitted: `photos.npz` of the head's build.
        masks: (N, 256, 256) of the kept-out photographs, in the order of the data set.
        say: told what is being done.
    """

    def __init__(self, data: Path, fitted: Path, masks: npt.NDArray[np.uint8], say: _Say) -> None:
        self.say, self.model, self.masks = say, HeadModel.load(), masks
        self.faces: LabelledFaces = load_photographs(data, fitted, "kept-out")

    def run(self) -> dict[str, Any]:
        """All figures, as plain values for JSON."""
        figures: dict[str, Any] = {"kept_out": len(self.faces)}
        for name, steps in (("network", 0), ("refined", REFINED)):
            self.say(f"kept-out photographs, {name}")
            figures[name] = self._photographs(steps)
        self.say("renderings")
        figures["renderings"] = self._renderings()
        return figures

    def _photographs(self, steps: int) -> dict[str, float]:
        network, head, poses, shared, heads = [], [], [], [], []
        for row, picture in enumerate(self.faces.pictures):
            reading = read_head(picture, refine=steps)
            truth = self.faces.landmarks[row]
            network.append(np.linalg.norm(reading.landmarks - truth, axis=1))
            head.append(np.linalg.norm(landmarks(self.model, reading.head) - truth, axis=1))
            if self.faces.trusted["pose"][row]:
                poses.append(np.abs(reading.head.pose - self.faces.labels["pose"][row]))
            shared.append(face_overlap(self.model, reading.head, self.masks[row]))
            heads.append(reading.head)
        off = np.mean(poses, axis=0)
        return {
            "landmarks_px": float(np.mean(network)),
            "landmarks_median_px": float(np.median(network)),
            "head_landmarks_px": float(np.mean(head)),
            "head_landmarks_median_px": float(np.median(head)),
            "yaw": float(off[0]),
            "pitch": float(off[1]),
            "roll": float(off[2]),
            "face_iou": float(np.mean(shared)),
            "skin_difference": float(np.nanmean(skin_differences(self.model, heads, self.faces.pictures, self.masks))),
        }

    def _renderings(self) -> dict[str, float]:
        errors: dict[str, list[float]] = {name: [] for name in (*PARTS, "landmarks_px")}
        for seed in range(RENDERINGS):
            head = sample_head(np.random.default_rng(50_000 + seed))
            reading = read_head(render_head(self.model, head, 256))
            for name in PARTS:
                errors[name].append(float(np.abs(getattr(reading.head, name) - getattr(head, name)).mean()))
            off = np.linalg.norm(reading.landmarks - landmarks(self.model, head), axis=1)
            errors["landmarks_px"].append(float(off.mean()))
        return {name: float(np.mean(values)) for name, values in errors.items()}


def face_overlap(model: HeadModel, head: HeadCoefficients, mask: MaskArray) -> float:
    """Intersection over union of the rendered face and the mask's, where nothing hides the face."""
    rendered = np.isin(render_maps(model, head, 256).regions, FACE_REGIONS)
    painted = np.isin(mask, FACE_REGIONS)
    open_to_view = ~np.isin(mask, _HIDING)
    both = (rendered & painted & open_to_view).sum()
    return float(both / max(1, ((rendered | painted) & open_to_view).sum()))


def skin_differences(
    model: HeadModel, heads: Sequence[HeadCoefficients], pictures: npt.NDArray[np.uint8], masks: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Mean absolute difference, sRGB 0..1, between photographs and the skin rendered from heads (`Photometric`).

    Args:
        model: the head. heads: N of them.
        pictures: (N, 256, 256, 3) uint8 sRGB. masks: (N, 256, 256) uint8, their regions.

    Returns:
        (N,) float32, NaN where next to no skin can be compared.
    """
    photometric = Photometric("cpu", model)
    skin = np.isin(masks, COMPARED)
    # A pixel of half the size is skin if all of it is.
    whole = skin[:, ::2, ::2] & skin[:, 1::2, ::2] & skin[:, ::2, 1::2] & skin[:, 1::2, 1::2]
    half = reduced(pictures, 128)
    found = photometric.errors(
        photometric.head.coefficients(heads),
        torch.from_numpy(half).permute(0, 3, 1, 2).float() / 127.5 - 1,
        torch.from_numpy(whole),
    )
    return found.numpy()


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    names = {
        "landmarks_px": "478 landmarks of the network, mean error, pixels of 256",
        "landmarks_median_px": "the same, median",
        "head_landmarks_px": "landmarks of the head that was read, mean error",
        "head_landmarks_median_px": "the same, median",
        "yaw": "yaw against the landmarks' pose, degrees",
        "pitch": "pitch",
        "roll": "roll",
        "face_iou": "IoU of the rendered face with the photograph's",
        "skin_difference": "colour of the rendered skin against the photograph's, mean absolute difference, sRGB 0..1",
    }
    lines = [f"| {figures['kept_out']} kept-out photographs | network | refined |", "|---|---|---|"]
    for key, name in names.items():
        lines.append(f"| {name} | {figures['network'][key]:.3f} | {figures['refined'][key]:.3f} |")
    lines += ["", f"| {RENDERINGS} renderings | mean absolute error |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in figures["renderings"].items()]
    return "\n".join(lines)


def write_results(figures: dict[str, Any], out: Path) -> None:
    """Write `reader_quality.json` and `reader_quality.md` into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "reader_quality.json", (json.dumps(figures, indent=1) + "\n").encode())
    write_atomic(out / "reader_quality.md", (table(figures) + "\n").encode())
