"""A small data set of drawn faces, in the form of the real one."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor.regions import Region


def _face(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    mask = np.zeros((256, 256), np.uint8)
    cv2.ellipse(mask, (128, 120), (90, 110), 0, 0, 360, int(Region.HAIR), -1)
    cv2.ellipse(mask, (128, 140), (66 + seed % 5, 92), 0, 0, 360, int(Region.SKIN), -1)
    for x, region in ((158, Region.L_EYE), (98, Region.R_EYE)):
        cv2.ellipse(mask, (x, 121), (13, 6), 0, 0, 360, int(region), -1)
    cv2.ellipse(mask, (128, 150), (16, 22), 0, 0, 360, int(Region.NOSE), -1)
    cv2.ellipse(mask, (128, 190), (27, 8), 0, 0, 360, int(Region.U_LIP), -1)
    colours = random.integers(20, 235, (19, 3)).astype(np.uint8)
    picture = colours[mask].astype(np.int16) + random.integers(-9, 9, (256, 256, 3))
    return picture.clip(0, 255).astype(np.uint8), mask


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with index.csv, images and labels of 40 drawn faces."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "split_group"])
        writer.writeheader()
        for i in range(40):
            picture, mask = _face(i)
            cv2.imwrite(str(folder / "images" / f"{i:05d}.jpg"), picture[:, :, ::-1])
            cv2.imwrite(str(folder / "labels" / f"{i:05d}.png"), mask)
            writer.writerow({"id": f"{i:05d}", "split_group": f"group{i}"})
    return folder
