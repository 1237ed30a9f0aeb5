import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.regions import Region
from faceeditor.training.data import load_faces
from faceeditor.training.fine_data import FOLDER, load_fine_faces, pick_windows, window_weights


def test_only_faces_with_a_large_picture_are_loaded(faces_folder: Path) -> None:
    names = load_faces(faces_folder, "train").names
    folder = faces_folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for value, name in ((40, names[3]), (200, names[5])):
        cv2.imwrite(str(folder / f"{name}.jpg"), np.full((512, 512, 3), value, np.uint8))
    faces, pictures = load_fine_faces(faces_folder, "train")
    assert faces.names == (names[3], names[5]) and pictures.shape == (2, 512, 512, 3)
    assert np.abs(pictures.mean((1, 2, 3)) - [40, 200]).max() < 2
    assert np.array_equal(faces.masks[1], load_faces(faces_folder, "train").masks[5])
    with pytest.raises(FaceEditorError, match="images512"):
        load_fine_faces(faces_folder, "kept-out")


def test_windows_on_eyes_are_drawn_more_often_than_on_background() -> None:
    mask = np.zeros((1, 256, 256), np.uint8)
    mask[0, 32:64, 160:192] = Region.L_EYE
    weights = window_weights(mask, 64)
    assert weights.shape == (1, 7, 7) and weights.sum() == pytest.approx(1)
    assert weights[0, 1, 5] > 4 * weights[0, 6, 0] == 4 * weights[0, 4, 2]
    random = np.random.default_rng(0)
    windows = [pick_windows(weights, np.array([0]), 64, random) for _ in range(400)]
    on_eye = [w for w in windows if w.top < 64 <= w.top + 64 and w.left < 192 and w.left + 64 > 160]
    assert {w.side for w in windows} == {64} and len(on_eye) > 60
