"""Training of the reader (photograph -> landmarks and head coefficients) on photographs and on renderings.

Photographs bring the landmarks and the coefficients that were fitted to them, renderings bring exact ones. Pictures are
turned, moved, zoomed and mirrored with their labels: a turn about the centre is an exact change of roll, a zoom one of
the distance. Beside the labels, the photographs themselves are compared with the skin that the read coefficients render
(`photometric`).
"""

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from faceeditor.head.light import rotate_gamma
from faceeditor.head.model import HeadModel
from faceeditor.nets.reader import READER_SIDE, FaceReader, Reading
from faceeditor.training.data import reduced
from faceeditor.training.labels import LIGHT, PARTS, mirrored_labels
from faceeditor.training.loop import Loop
from faceeditor.training.photometric import Photometric
from faceeditor.training.reader_data import LabelledFaces, changed_photographs, load_photographs, load_renders
from faceeditor.training.run import Run, autocast, epochs, pick_device, placed, to_float, write_sheet

Floats = npt.NDArray[np.float32]

_FOCAL = 1024.0
# Mean absolute errors of this size count alike.
_SCALES = {
    "shape": 0.35, "albedo": 0.8, "expression": 0.12, "gaze": 5.0, "pose": 3.0, "position": 0.6, "gamma": 0.25,
}  # fmt: skip


def landmark_mirror() -> npt.NDArray[np.int64]:
    """Each of the 478 landmarks' twin on the other side, by their places on the symmetric head; twins come in pairs."""
    model = HeadModel.load()
    points = model.landmarks478.points(model.mean)
    distance = ((points[:, None] * np.array([-1, 1, 1], np.float32) - points[None]) ** 2).sum(2)
    twin = np.full(len(points), -1)
    # The surest pairs first, so that points that lie close together do not take each other's twins.
    for first, second in zip(*np.unravel_index(np.argsort(distance, axis=None), distance.shape), strict=True):
        if twin[first] < 0 and twin[second] < 0:
            twin[first], twin[second] = second, first
    return twin


def moved_labels(labels: dict[str, Floats], turn: float, zoom: float, shift: Floats) -> dict[str, Floats]:
    """The coefficients of a picture after it was turned about its centre, zoomed and shifted.

    Args:
        labels: the coefficients of one picture.
        turn: degrees, clockwise.
        zoom: factor.
        shift: (2,) pixels of 256, x right, y down, after turn and zoom.
    """
    new = dict(labels)
    angle = np.radians(turn)
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = labels["position"]
    distance = -z / zoom
    place = [c * x + s * y + shift[0] * distance / _FOCAL, -s * x + c * y - shift[1] * distance / _FOCAL, -distance]
    new["position"] = np.array(place, np.float32)
    off_axis = np.degrees(np.arctan(shift / _FOCAL))
    new["pose"] = labels["pose"] + np.array([-off_axis[0], off_axis[1], turn], np.float32)
    # Seen from the front, a clockwise turn is one about -z.
    new["gamma"] = rotate_gamma(labels["gamma"], np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]))
    return new


class Batch(NamedTuple):
    """Augmented faces on the device.

    pictures: (B, 3, 128, 128) float RGB in -1..1. labels: by name ("landmarks", in -1..1 of the picture, too).
    weights: (B,) by name, 0 where a label may not be learnt from. skin: (B, 128, 128) uint8, 1 where the picture shows
    skin in the colours of the photograph.
    """

    pictures: Tensor
    labels: dict[str, Tensor]
    weights: dict[str, Tensor]
    skin: Tensor


def joined(batches: list[Batch]) -> Batch:
    """One batch of several."""
    first = batches[0]
    return Batch(
        torch.cat([batch.pictures for batch in batches]),
        {name: torch.cat([batch.labels[name] for batch in batches]) for name in first.labels},
        {name: torch.cat([batch.weights[name] for batch in batches]) for name in first.weights},
        torch.cat([batch.skin for batch in batches]),
    )


class Batches:
    """Augmented batches of labelled faces."""

    def __init__(self, faces: LabelledFaces, batch: int, random: np.random.Generator, mirror: Any) -> None:
        self.faces, self.random, self.mirror = faces, random, mirror
        self._order = epochs(np.arange(len(faces)), batch, random)

    def next(self, device: torch.device) -> Batch:
        """The next batch on the device."""
        rows = next(self._order)
        pictures = np.empty((len(rows), READER_SIDE, READER_SIDE, 3), np.uint8)
        skin = np.zeros((len(rows), READER_SIDE, READER_SIDE), np.uint8)
        labels: list[dict[str, Floats]] = []
        weights = {name: np.ones(len(rows), np.float32) for name in ("landmarks", *PARTS)}
        for slot, row in enumerate(rows):
            one, recoloured = self._one(int(row), pictures[slot], skin[slot])
            labels.append(one)
            for name in PARTS:
                good = self.faces.trusted[name][row] and not (recoloured and name in LIGHT)
                weights[name][slot] = float(good)
        return Batch(
            to_float(pictures, device),
            {name: torch.from_numpy(np.stack([one[name] for one in labels])).to(device) for name in labels[0]},
            {name: torch.from_numpy(values).to(device) for name, values in weights.items()},
            torch.from_numpy(skin).to(device),
        )

    def _one(
        self, row: int, out: npt.NDArray[np.uint8], skin_out: npt.NDArray[np.uint8]
    ) -> tuple[dict[str, Floats], bool]:
        """Write an augmented picture and its skin; gives its labels and whether its colours were changed."""
        random, faces = self.random, self.faces
        picture, points = faces.pictures[row], faces.landmarks[row]
        skin = None if faces.skin is None else faces.skin[row]
        labels = {name: faces.labels[name][row] for name in PARTS}
        if random.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            skin = None if skin is None else np.ascontiguousarray(skin[:, ::-1])
            points = (points * np.array([-1, 1], np.float32) + np.array([256, 0], np.float32))[self.mirror]
            labels = mirrored_labels(labels)
        turn, zoom = float(random.normal() * 6), float(np.exp(random.normal() * 0.07))
        shift = (random.normal(size=2) * 5).astype(np.float32)
        move: npt.NDArray[np.float64] = np.array(cv2.getRotationMatrix2D((128, 128), -turn, zoom), np.float64)
        move[:, 2] += shift.astype(np.float64)
        labels = moved_labels(labels, turn, zoom, shift)
        labels["landmarks"] = ((points @ move[:, :2].T + move[:, 2]) / 128 - 1).astype(np.float32)
        pixels = _of_pixels(move, picture.shape[0])
        moved = cv2.warpAffine(
            picture, pixels, (READER_SIDE, READER_SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101
        )
        recoloured = bool(random.random() < 0.5)
        if skin is not None and not recoloured:
            # What was mirrored in at the border is no skin.
            skin_out[...] = cv2.warpAffine(skin, pixels, (READER_SIDE, READER_SIDE), flags=cv2.INTER_NEAREST)
        colour: npt.NDArray[np.float64] = moved.astype(np.float64)
        if recoloured:
            colour = (colour - 128) * random.uniform(0.7, 1.3) + 128 + random.normal(size=3) * 8 + random.normal() * 12
        if random.random() < 0.25:
            colour = colour + random.normal(size=colour.shape) * random.uniform(0, 8)
        if random.random() < 0.3:  # something before the face
            side = random.integers(10, 44, 2)
            x, y = random.integers(0, READER_SIDE - side)
            colour[y : y + side[1], x : x + side[0]] = random.uniform(0, 255, 3)
            skin_out[y : y + side[1], x : x + side[0]] = 0
        out[...] = colour.clip(0, 255)
        return labels, recoloured


def _of_pixels(move: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """A map (2, 3) of positions in a picture of side 256 as one of pixel numbers, as OpenCV counts them.

    Pixel i of a picture of another side covers the positions i..i + 1 times 256 / side: its centre lies half a pixel
    on. The map leads from there to the pixel numbers of the reader's picture.
    """
    linear = move[:, :2] * (READER_SIDE / side)
    start = (move[:, :2] @ np.full(2, 128 / side) + move[:, 2]) * (READER_SIDE / 256) - 0.5
    return np.column_stack([linear, start])


def reading_losses(reading: Reading, labels: dict[str, Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The losses by name, each about 1 at the start."""
    losses = {}
    error = (reading.landmarks - labels["landmarks"]).abs().sum(2).mean(1) * 32
    losses["landmarks"] = (error * weights["landmarks"]).sum() / (weights["landmarks"].sum() + 1e-3)
    for name in PARTS:
        scale = _SCALES[name]
        off = F.smooth_l1_loss(getattr(reading, name) / scale, labels[name] / scale, reduction="none", beta=0.5)
        losses[name] = (off.flatten(1).mean(1) * weights[name]).sum() / (weights[name].sum() + 1e-3)
    return losses


def coefficient_losses(reading: Reading, labels: dict[str, Tensor]) -> dict[str, Tensor]:
    """Distance of the read coefficients from others, by name, each in units of a just noticeable error."""
    return {
        name: F.smooth_l1_loss(getattr(reading, name) / scale, labels[name] / scale, beta=0.5)
        for name, scale in _SCALES.items()
    }


@torch.no_grad()
def reading_errors(
    net: FaceReader, faces: LabelledFaces, device: torch.device, photometric: Photometric | None = None
) -> dict[str, float]:
    """Errors on unchanged pictures: of landmarks in pixels of 256, of the rest the mean absolute error.

    "photometric" is the mean absolute difference between photograph and rendered skin, in sRGB 0..1.
    """
    small = reduced(faces.pictures, READER_SIDE)
    parts = []
    for start in range(0, len(small), 32):
        with autocast(device):
            parts.append(net(to_float(small[start : start + 32], device)))
    reading = Reading(*(torch.cat(part).cpu() for part in zip(*parts, strict=True)))
    truth = torch.from_numpy(faces.landmarks / 128 - 1)
    distance = (reading.landmarks - truth).square().sum(2).sqrt() * 128
    errors = {"landmark_px": float(distance.mean()), "landmark_median_px": float(distance.median())}
    for name in PARTS:
        good = faces.trusted[name]
        if good.any():
            off = np.abs(getattr(reading, name).numpy()[good] - faces.labels[name][good])
            errors[name] = float(off.mean())
    off = np.abs(reading.pose.numpy() - faces.labels["pose"])[faces.trusted["pose"]]
    errors |= {f"{axis}_degrees": float(off[:, i].mean()) for i, axis in enumerate(("yaw", "pitch", "roll"))}
    if photometric is not None and faces.skin is not None:
        skin = torch.from_numpy(reduced(faces.skin, READER_SIDE, cv2.INTER_NEAREST)).to(device)
        heads = {name: part.to(device) for name, part in reading._asdict().items()}
        colours = photometric.errors(heads, to_float(small, device), skin)
        errors["photometric"] = float(colours.nanmean())
    return errors


def _sheet(net: FaceReader, faces: LabelledFaces, device: torch.device) -> npt.NDArray[np.uint8]:
    shown = faces.pictures[:8]
    small = reduced(shown, READER_SIDE)
    with torch.no_grad():
        points = (net(to_float(small, device)).landmarks.cpu().numpy() + 1) * 128
    drawn = []
    for picture, dots in zip(shown, points, strict=True):
        copy = cv2.resize(picture, (256, 256))
        for x, y in dots:
            cv2.circle(copy, (round(float(x)), round(float(y))), 1, (60, 255, 90), -1)
        drawn.append(copy)
    return np.hstack(drawn).astype(np.uint8)


def train_reader(
    config: dict[str, Any], data: Path, out: Path, minutes: float, resume: bool, fitted: Path, renders: Path | None
) -> None:
    """Train until the time is over; see `faceeditor train --help`."""
    device = pick_device()
    run = Run(out, minutes, resume)
    train, rest = load_photographs(data, fitted, "train"), load_photographs(data, fitted, "kept-out")
    rendered = load_renders(renders) if renders is not None else None
    mirror = landmark_mirror()
    net = FaceReader(config["width"])
    net.mean_landmarks.copy_(torch.from_numpy(train.landmarks.mean(0) / 128 - 1))
    net.mean_gamma.copy_(torch.from_numpy(train.labels["gamma"][train.trusted["gamma"]].mean(0)))
    loop = Loop(config, run, placed(net, device), weight_decay=config["weight_decay"])
    random = np.random.default_rng(loop.seen + 3)
    share = config["rendered"] if rendered is not None else 0.0
    from_renders, from_changes = round(config["batch"] * share), round(config["batch"] * config["changed"])
    sources = [Batches(train, config["batch"] - from_renders - from_changes, random, mirror)]
    if from_changes:
        changes = changed_photographs(data, fitted, train.landmarks, config["changed_count"], loop.seen)
        sources.append(Batches(changes, from_changes, random, mirror))
    if rendered is not None and from_renders:
        sources.append(Batches(rendered, from_renders, random, mirror))
    compared = config.get("photometric", 0)
    photometric = Photometric(device) if compared else None

    def losses() -> dict[str, Tensor]:
        batch = joined([source.next(device) for source in sources])
        with autocast(device):
            reading = loop.net(batch.pictures.contiguous(memory_format=torch.channels_last))
        found = reading_losses(reading, batch.labels, batch.weights)
        if photometric is not None:
            found["photometric"] = photometric.loss(reading._asdict(), batch.pictures, batch.skin, compared)
        return found

    def look(reader: FaceReader) -> None:
        errors = reading_errors(reader, rest, device, photometric)
        tqdm.write(f"{loop.seen}: " + ", ".join(f"{name} {value:.3f}" for name, value in errors.items()))
        write_sheet(out / "sheet.png", _sheet(reader, rest, device))

    loop.train(losses, look, warm_up=2000, fall=1.6, log_steps=40)
