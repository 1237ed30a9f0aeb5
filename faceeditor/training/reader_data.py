"""What the reader learns from: photographs, photographs with a changed head, and renderings, each with its labels."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from faceeditor.errors import FaceEditorError
from faceeditor.head.maps import landmarks
from faceeditor.head.model import HeadModel
from faceeditor.nets.reader import LANDMARKS, READER_SIDE
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training.data import kept_out_rows, load_faces
from faceeditor.training.head_changes import FittedFaces
from faceeditor.training.labels import LIGHT, PARTS
from faceeditor.training.photometric import COMPARED

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """Pictures with landmarks and coefficients.

    pictures (N, S, S, 3) uint8; landmarks (N, 478, 2) float32 in pixels of 256; labels: the coefficients by name;
    trusted: name -> (N,) bool, whether a row's value may be learnt from. skin: (N, S, S) uint8, 1 where a picture's
    colours may be compared with rendered skin; None: nowhere.
    """

    pictures: npt.NDArray[np.uint8]
    landmarks: Floats
    labels: dict[str, Floats]
    trusted: dict[str, npt.NDArray[np.bool_]]
    skin: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.pictures)


def load_photographs(folder: Path, fitted: Path, part: str) -> LabelledFaces:
    """The photographs with their landmarks and fitted coefficients.

    Args:
        folder: the face data set.
        fitted: `photos.npz` of `training.head_build`.
        part: "train" or "kept-out".

    Raises:
        FaceEditorError: a file is missing or does not belong to the data set.
    """
    try:
        points = np.load(folder / "landmarks.npy")[:, :, :2].astype(np.float32)
        with np.load(fitted) as file:
            data = {name: file[name] for name in (*PARTS, "id", "ok", "ok_light")}
    except (OSError, KeyError, ValueError) as error:
        raise FaceEditorError(f"Landmarks or coefficients cannot be read ({error}): build the head first.") from error
    names, out = kept_out_rows(folder)
    rows = np.flatnonzero(out == (part == "kept-out"))
    if list(data["id"]) != list(names):
        raise FaceEditorError(f"The coefficients of {fitted} belong to other photographs: build the head again.")
    faces = load_faces(folder, part)
    trusted = {name: (data["ok"] & data["ok_light"] if name in LIGHT else data["ok"])[rows] for name in PARTS}
    # The light of some cannot be fitted, but their colours can be compared wherever the head lies right.
    skin = np.isin(faces.masks, COMPARED) & data["ok"][rows, None, None]
    labels = {name: data[name][rows].astype(np.float32) for name in PARTS}
    return LabelledFaces(faces.pictures, points[rows], labels, trusted, skin.astype(np.uint8))


def changed_photographs(folder: Path, fitted: Path, points: Floats, count: int, seed: int = 0) -> LabelledFaces:
    """Photographs of the training part whose head was changed, with the labels of the change.

    They look like photographs, and each factor varies by itself, which it does not in photographs.

    Args:
        folder: the face data set; fitted: `photos.npz` of `training.head_build`.
        points: (N, 478, 2) landmarks of the training part.
        count: how many to make.
        seed: where chance starts.
    """
    faces = FittedFaces(load_faces(folder, "train"), fitted, HeadModel.load())
    random = np.random.default_rng(seed)
    pictures = np.empty((count, READER_SIDE, READER_SIDE, 3), np.uint8)
    marks = np.empty((count, LANDMARKS, 2), np.float32)
    labels: dict[str, list[Floats]] = {name: [] for name in PARTS}
    for slot in tqdm(range(count), desc="changed photographs", mininterval=10):
        row = int(random.choice(faces.usable))
        changed = faces.changed(row, False, random)
        pictures[slot] = changed.target
        base, head = faces.head(row, False), faces.head(row, False).changed(**changed.labels)
        # The model's landmarks are a little off the photograph's: only their motion is taken.
        marks[slot] = points[row] + landmarks(faces.model, head) - landmarks(faces.model, base)
        for name in PARTS:
            labels[name].append(changed.labels[name])
    trusted = {name: np.ones(count, bool) for name in PARTS}
    return LabelledFaces(pictures, marks, {name: np.stack(values) for name, values in labels.items()}, trusted)


def load_renders(folder: Path) -> LabelledFaces:
    """Renderings with their exact labels, as `faceeditor dataset render` writes them.

    Raises:
        FaceEditorError: the folder holds none, or one of them is damaged.
    """
    model = HeadModel.load()
    files = sorted((folder / "heads").glob("*.json"))
    if not files:
        raise FaceEditorError(f"No renderings in {folder}: make some with `faceeditor dataset render`.")
    pictures, marks = [], []
    labels: dict[str, list[Floats]] = {name: [] for name in PARTS}
    for file in files:
        picture = cv2.imread(str(folder / "images" / f"{file.stem}.jpg"))
        try:
            head = HeadCoefficients.from_json(json.loads(file.read_text())["head"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"The rendering {file.stem} in {folder} is damaged ({error}): render anew."
            raise FaceEditorError(reason) from error
        if picture is None:
            raise FaceEditorError(f"The rendering {file.stem} in {folder} has no picture: render anew.")
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        marks.append(landmarks(model, head))
        for name in PARTS:
            labels[name].append(np.array(getattr(head, name)))
    trusted = {name: np.ones(len(files), bool) for name in PARTS}
    stacked = {name: np.stack(values) for name, values in labels.items()}
    return LabelledFaces(np.stack(pictures).astype(np.uint8), np.stack(marks), stacked, trusted)
