"""A small data set of drawn faces with heads, in the form of the real one."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor.head.maps import landmarks
from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import Region
from faceeditor.training.labels import PARTS


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


def head_of(number: int) -> HeadCoefficients:
    """A head for a drawn face: near the average, each with a pose, expression and light of its own."""
    random = np.random.default_rng(number)
    neutral = HeadCoefficients.neutral()
    return neutral.changed(
        shape=random.normal(size=24) * 0.4, albedo=random.normal(size=32) * 0.5, gaze=random.normal(size=2) * 5,
        pose=random.normal(size=3) * (12, 6, 3), expression=random.uniform(0, 0.3, 55),
        gamma=neutral.gamma + random.normal(size=(9, 3)) * 0.2,
    )  # fmt: skip


@pytest.fixture(scope="session")
def fitted_heads(faces_folder: Path) -> Path:
    """`photos.npz` for the drawn faces, the last of which has no trusted head; writes their `landmarks.npy`, too."""
    heads = [head_of(number) for number in range(40)]
    good = np.arange(40) < 39
    points = np.stack([landmarks(HeadModel.load(), head) for head in heads])
    np.save(faces_folder / "landmarks.npy", np.dstack([points, np.zeros((40, 478, 1), np.float32)]).astype(np.float32))
    file = faces_folder / "photos.npz"
    parts = {name: np.stack([getattr(head, name) for head in heads]) for name in PARTS}
    np.savez(file, id=np.array([f"{i:05d}" for i in range(40)]), ok=good, ok_light=good, **parts)
    return file
