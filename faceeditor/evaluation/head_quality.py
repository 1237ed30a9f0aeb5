"""`faceeditor bench quality --generator head`: the 3D-controlled generator on photographs kept out of training."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from faceeditor.engine import Engine, RenderRequest
from faceeditor.evaluation.measures import frechet_distance, recognised
from faceeditor.evaluation.quality import load_recogniser
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.head.maps import landmarks
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import move_mask
from faceeditor.head.render import render_head
from faceeditor.identity.recogniser import SAME_PERSON
from faceeditor.images import write_atomic
from faceeditor.packs import ModelPack
from faceeditor.photo.read import HeadReading, read_head
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray
from faceeditor.training.data import load_faces
from faceeditor.training.head_changes import FittedFaces

Pixels = npt.NDArray[np.uint8]
Draw = Callable[["TestSubject", HeadCoefficients], tuple[Pixels, MaskArray]]
_Say = Callable[[str], None]

FACTORS = ("identity", "expression", "pose", "light")
PEOPLE, VALUES = 30, 8
"""How many photographs are changed, and how many values each factor takes on each."""
_PARTS = {"identity": "shape", "expression": "expression", "pose": "pose", "light": "gamma"}


@dataclass(frozen=True, eq=False)
class TestSubject:
    """A kept-out photograph: picture and mask (256), its style and its fitted head."""

    picture: Pixels
    mask: MaskArray
    style: StyleCode
    head: HeadCoefficients


class HeadQualityBench:
    """Measures one generator; all random draws have fixed seeds. Close it at the end, or use it in a with statement.

    Pictures come from the program's engine, so that what is measured is what a user sees: masks moved, maps drawn,
    light put on as in the window.

    Args:
        data: folder of the face data set.
        fitted: `photos.npz` of the head's build.
        recogniser: the recogniser's weights.
        device: a device name of the generator.
        pack: folder of another pack than the program's own, or None.
        say: told what is being done.
    """

    def __init__(self, data: Path, fitted: Path, recogniser: Path, device: str, pack: Path | None, say: _Say) -> None:
        self.say = say
        self.model = HeadModel.load()
        self.generator = MaskGuided(device, ModelPack.open(pack.name, pack.parent) if pack else None)
        self.engine = Engine(self.generator.device, opener=lambda _: self.generator)
        self.recogniser, self.prior = load_recogniser(recogniser), HeadPrior.load()
        faces, train = load_faces(data, "kept-out"), load_faces(data, "train")
        self.train_pictures, self.train_masks = list(train.pictures), list(train.masks)
        heads = FittedFaces(faces, fitted, self.model)
        self.subjects = [
            TestSubject(
                faces.pictures[row], faces.masks[row], self.generator.encode(faces.pictures[row], faces.masks[row]),
                heads.head(int(row), False),
            )
            for row in heads.usable
        ]  # fmt: skip

    def close(self) -> None:
        """Stop the engine and give its device back."""
        self.engine.close()

    def __enter__(self) -> "HeadQualityBench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # How pictures come about.

    def generated(self, subject: TestSubject, head: HeadCoefficients) -> tuple[Pixels, MaskArray]:
        """The generator's picture of a subject with another head, and the mask that it was drawn on."""
        state = PortraitState.of(subject.mask, subject.style, head=head, base_head=subject.head)
        request = RenderRequest.of(state)
        frame = self.engine.render(request)
        assert frame.mask is not None
        return frame.pixels, frame.mask

    def rendered(self, subject: TestSubject, head: HeadCoefficients) -> tuple[Pixels, MaskArray]:
        """The baseline: the plain rendering of the head."""
        picture = render_head(self.model, head, 256)
        return picture, move_mask(self.model, subject.mask, subject.head, head)

    def values(self, group: str, subject: TestSubject, seed: int) -> list[HeadCoefficients]:
        """The subject's head with `VALUES` random values of one factor, drawn by the prior."""
        random = np.random.default_rng(seed)
        return [self.prior.draw(group, random, subject.head) for _ in range(VALUES)]

    # What is measured.

    def run(self) -> dict[str, Any]:
        """All figures, as plain values for JSON."""
        self.say(f"{len(self.subjects)} kept-out photographs with a fitted head")
        spread = self._spread_of_photographs()
        figures: dict[str, Any] = {"kept_out": len(self.subjects), "people": PEOPLE, "values": VALUES}
        for name, draw in (("generator", self.generated), ("plain_rendering", self.rendered)):
            self.say(f"{name}: control, disentanglement, identity")
            figures[name] = self._control(draw, spread)
            self.say(f"{name}: random people")
            figures[name]["frechet"] = self._frechet(draw)
        photographs = [subject.picture for subject in self.subjects]
        masks = [subject.mask for subject in self.subjects]
        figures["frechet_kept_out_photographs"] = frechet_distance(
            self._train_features(), self._vectors(photographs, masks)
        )
        return figures

    def _spread_of_photographs(self) -> dict[str, float]:
        """Variance over the kept-out photographs of what is read from them, by factor."""
        readings = [read_head(subject.picture).head for subject in self.subjects]
        return {group: _variance(readings, group) for group in FACTORS}

    def _control(self, draw: Draw, spread: dict[str, float]) -> dict[str, Any]:
        within: dict[str, dict[str, list[float]]] = {group: {other: [] for other in FACTORS} for group in FACTORS}
        errors: dict[str, list[float]] = {
            name: [] for name in ("yaw", "pitch", "roll", "expression", "light", "landmarks")
        }
        distances: dict[str, list[float]] = {group: [] for group in ("expression", "pose", "light")}
        for number, subject in enumerate(self.subjects[:PEOPLE]):
            own, own_mask = draw(subject, subject.head)
            for group in FACTORS:
                heads = self.values(group, subject, 100 * number + FACTORS.index(group))
                drawn = [draw(subject, head) for head in heads]
                readings = [read_head(picture) for picture, _ in drawn]
                for other in FACTORS:
                    within[group][other].append(_variance([reading.head for reading in readings], other))
                for head, reading in zip(heads, readings, strict=True):
                    self._note_errors(errors, group, head, reading)
                if group != "identity":
                    pictures, masks = [own, *(p for p, _ in drawn)], [own_mask, *(m for _, m in drawn)]
                    vectors, _ = recognised(self.recogniser, pictures, masks)
                    distances[group] += (vectors[1:] - vectors[:1]).norm(dim=1).tolist()
        return {
            "disentanglement": disentanglement(within, spread),
            "errors": {name: float(np.mean(values)) for name, values in errors.items()},
            "identity_distance": {group: float(np.mean(values)) for group, values in distances.items()},
            "identity_under_0.6": {
                group: float(np.mean(np.array(values) < SAME_PERSON)) for group, values in distances.items()
            },
        }

    def _note_errors(
        self, errors: dict[str, list[float]], group: str, head: HeadCoefficients, reading: HeadReading
    ) -> None:
        """How far what is read is from what was asked for; each factor is judged where it was varied."""
        if group == "pose":
            off = np.abs(reading.head.pose - head.pose)
            for axis, value in zip(("yaw", "pitch", "roll"), off, strict=True):
                errors[axis].append(float(value))
        if group == "expression":
            errors["expression"].append(float(np.abs(reading.head.expression - head.expression).mean()))
        if group == "light":
            size = float(np.abs(head.gamma).mean())
            errors["light"].append(float(np.abs(reading.head.gamma - head.gamma).mean()) / max(size, 1e-3))
        wanted = landmarks(self.model, head)
        errors["landmarks"].append(float(np.linalg.norm(reading.landmarks - wanted, axis=1).mean()))

    def _frechet(self, draw: Draw) -> float:
        """Distance of pictures whose four factors are all drawn at random from the training photographs."""
        pictures, masks = [], []
        for number, subject in enumerate(self.subjects):
            head, random = subject.head, np.random.default_rng(9000 + number)
            for group in FACTORS:
                head = self.prior.draw(group, random, head)
            picture, mask = draw(subject, head)
            pictures.append(picture)
            masks.append(mask)
        return frechet_distance(self._train_features(), self._vectors(pictures, masks))

    def _train_features(self) -> npt.NDArray[np.float64]:
        if not hasattr(self, "_features"):
            self._features = self._vectors(self.train_pictures, self.train_masks)
        return self._features

    def _vectors(self, pictures: Sequence[Pixels], masks: Sequence[MaskArray]) -> npt.NDArray[np.float64]:
        vectors: torch.Tensor = recognised(self.recogniser, list(pictures), list(masks))[0]
        return vectors.double().numpy()

    def sheet(self, group: str, people: int = 8) -> Pixels:
        """Uncurated: the first people in rows, first as photographed, then with eight values of one factor."""
        rows = []
        for number, subject in enumerate(self.subjects[:people]):
            heads = _steps(group, subject.head, self.values(group, subject, 700 + number))
            faces = [self.generated(subject, head)[0] for head in heads]
            rows.append(np.hstack([subject.picture, *faces]))
        small = cv2.resize(np.vstack(rows), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return small.astype(np.uint8)


def _steps(group: str, head: HeadCoefficients, drawn: list[HeadCoefficients]) -> list[HeadCoefficients]:
    """Eight values of a factor: an even sweep of the yaw for the pose, the prior's draws otherwise."""
    if group != "pose":
        return drawn
    return [head.changed(pose=(yaw, head.pose[1], head.pose[2])) for yaw in np.linspace(-40, 40, VALUES)]


def _variance(heads: Sequence[HeadCoefficients], group: str) -> float:
    """Variance of a factor's numbers over several heads, averaged over the numbers."""
    values = np.stack([getattr(head, _PARTS[group]).ravel() for head in heads])
    return float(values.var(0).mean())


def disentanglement(within: dict[str, dict[str, list[float]]], spread: dict[str, float]) -> dict[str, float]:
    """The disentanglement score of Deng et al. (DiscoFaceGAN, eq. 6) for each factor.

    Args:
        within: by varied factor and re-estimated factor, variances over each group of pictures.
        spread: by factor, the variance over photographs.

    Returns:
        by factor, the product over the other factors of sigma(varied) / sigma(other), sigma being the mean variance
        within the groups, relative to that over photographs. Larger is better.
    """
    scores = {}
    for varied, others in within.items():
        sigma = {name: float(np.mean(values)) / max(spread[name], 1e-9) for name, values in others.items()}
        ratios = [sigma[varied] / max(sigma[name], 1e-9) for name in sigma if name != varied]
        scores[varied] = float(np.prod(ratios))
    return scores


def table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    columns = [figures["generator"], figures["plain_rendering"]]
    rows: list[tuple[str, list[float]]] = []
    for group in FACTORS:
        rows.append((f"disentanglement score, {group}", [c["disentanglement"][group] for c in columns]))
    for axis in ("yaw", "pitch", "roll"):
        rows.append((f"{axis} asked for against read, degrees", [c["errors"][axis] for c in columns]))
    rows.append(("expression weights, mean absolute error", [c["errors"]["expression"] for c in columns]))
    rows.append(("light, mean error relative to its size", [c["errors"]["light"] for c in columns]))
    rows.append(("landmarks, mean error in pixels of 256", [c["errors"]["landmarks"] for c in columns]))
    for group in ("expression", "pose", "light"):
        rows.append((f"identity distance across {group}", [c["identity_distance"][group] for c in columns]))
        rows.append((f"share of those under {SAME_PERSON}", [c["identity_under_0.6"][group] for c in columns]))
    rows.append(("Frechet distance of random heads, recogniser's features", [c["frechet"] for c in columns]))
    lines = ["| measure | generator | plain rendering |", "|---|---|---|"]
    lines += [f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |" for name, values in rows]
    lines.append(f"\nFrechet distance of the kept-out photographs: {figures['frechet_kept_out_photographs']:.3f}.")
    return "\n".join(lines)


def write_results(bench: HeadQualityBench, figures: dict[str, Any], out: Path) -> None:
    """Write `head_quality.json`, `head_quality.md` and a sheet for each factor into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "head_quality.json", (json.dumps(figures, indent=1) + "\n").encode())
    write_atomic(out / "head_quality.md", (table(figures) + "\n").encode())
    for group in FACTORS:
        sheet = cv2.cvtColor(bench.sheet(group), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])
        assert done
        write_atomic(out / f"{group}.jpg", data.tobytes())
