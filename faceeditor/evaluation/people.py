"""A data set of people seen by networks that helped to make nothing of it.

The recogniser was a loss of the generator's training and is the identity filter of data sets: it flatters. Here faces
are compared in features of EfficientNet-Lite1 (a network of ImageNet, which tells light and hair better than people),
what varies within a person is read back by the reader, and KID compares with photographs.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.identity.chips import face_chip
from faceeditor.identity.verification import People, figures, pair_distances
from faceeditor.photo.reader import run_reader
from faceeditor.training.data import load_faces
from faceeditor.training.kid import Lite1Features, kid

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Features = Callable[[Pixels], Floats]
Step = Callable[[float, str], None]

MOST_PEOPLE, MOST_EACH = 60, 8
"""How much of a data set is looked at."""
_CHIP = 128
_EXPRESSION_FLOOR = 1e-6


def sampled(people: People, most_people: int = MOST_PEOPLE, each: int = MOST_EACH) -> People:
    """Some people of a data set, spread evenly, and the first pictures of each."""
    numbers = np.unique(people.persons)
    chosen = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(most_people, len(numbers))).round().astype(int))]
    return people.of(np.concatenate([np.flatnonzero(people.persons == person)[:each] for person in chosen]))


def independent_figures(
    people: People,
    photographs: Path | None = None,
    features: Features | None = None,
    step: Step = lambda share, text: None,
) -> dict[str, float]:
    """Figures of some pictures of a data set that do not depend on the recogniser.

    Args:
        people: the data set.
        photographs: folder of a face data set whose kept-out photographs KID compares with; None: no KID.
        features: (N, S, S, 3) uint8 -> (N, D), by default of EfficientNet-Lite1.
        step: told the progress.

    Returns:
        "EER (Lite1)" and "d' (Lite1)" of the faces' centred features; "diversity (Lite1)": mean distance of two
        pictures of one person in units of that of two people's; "yaw spread" and "pitch spread" in degrees and
        "expression spread" within a person, as the reader reads them; "KID x 1000".

    Raises:
        FaceEditorError: a picture cannot be read, or the weights of EfficientNet-Lite1 are not installed.
    """
    some = sampled(people)
    look = features if features is not None else Lite1Features()
    pictures, chips, poses, expressions = [], [], [], []
    for number, (path, frame) in enumerate(zip(some.paths, some.frames, strict=True)):
        step(0.6 * number / len(some.paths), f"Picture {number + 1} of {len(some.paths)}")
        read = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if read is None:
            raise FaceEditorError(f"“{path}” cannot be read; delete its shard and make the data set again.")
        picture: Pixels = np.ascontiguousarray(read[..., ::-1], np.uint8)
        chip = face_chip(picture, frame).transpose(1, 2, 0)
        chips.append(cv2.resize(chip, (_CHIP, _CHIP), interpolation=cv2.INTER_AREA).round().astype(np.uint8))
        _, parts = run_reader(picture)
        poses.append(parts["pose"])
        expressions.append(parts["expression"])
        pictures.append(picture)
    faces = look(np.stack(chips))
    faces = faces - faces.mean(0)
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), _EXPRESSION_FLOOR)
    genuine, impostor = pair_distances(faces, some.persons)
    told = figures(genuine, impostor)
    found = {
        "EER (Lite1)": told["EER"],
        "d' (Lite1)": told["d'"],
        "diversity (Lite1)": told["genuine distance"] / max(told["impostor distance"], _EXPRESSION_FLOOR),
        "yaw spread": _spread_within(np.stack(poses)[:, :1], some.persons),
        "pitch spread": _spread_within(np.stack(poses)[:, 1:2], some.persons),
        "expression spread": _spread_within(np.stack(expressions), some.persons),
    }
    if photographs is not None:
        step(0.8, "Comparing with photographs")
        real = load_faces(photographs, "kept-out").pictures
        found["KID x 1000"] = 1000 * kid(look(np.stack(pictures)), look(np.asarray(real)))
    return found


def _spread_within(values: Floats, persons: npt.NDArray[np.int64]) -> float:
    """Root mean square distance of values (N, D) from the mean of their person."""
    apart = np.concatenate([values[persons == person] - values[persons == person].mean(0) for person in set(persons)])
    return float(np.sqrt((apart**2).sum(1).mean()))
