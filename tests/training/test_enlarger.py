"""The enlarger learns on reduced photographs, goes on from a checkpoint and ends in a pack that enlarges."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from faceeditor.generators.enlarger import FaceEnlarger
from faceeditor.nets.enlarger_forward import MARGIN, lanczos2
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.packs import ModelPack
from faceeditor.training import lite_weights as published
from faceeditor.training.cli import main
from faceeditor.training.data import load_faces
from faceeditor.training.enlarger import reduced, window_pair
from faceeditor.training.fine_data import FOLDER
from faceeditor.training.run import load_checkpoint
from tests.training.test_adversarial import lite_weights

CONFIG = """
kind = "enlarger"
width = 8
batch = 2
window = 16
clean = 0.5
pictures = {pictures}
learning_rate = 1e-2
average_half_life = 10
save_steps = 10
[weights]
l1 = 6.0
features = 0.05
lattice = 12.0
"""


def photograph(seed: int) -> np.ndarray:
    """Sharp discs of several sizes."""
    random = np.random.default_rng(seed)
    picture = np.full((512, 512, 3), 128, np.uint8)
    for _ in range(400):
        place, colour = random.integers(0, 512, 2), random.integers(0, 256, 3)
        cv2.circle(picture, tuple(int(n) for n in place), int(random.integers(3, 20)), colour.tolist(), -1)
    return picture


def test_a_window_lies_on_its_enlargement() -> None:
    detail, base, wanted = window_pair(photograph(0), 16, np.random.default_rng(1), clean=1.0)
    whole = 16 + 2 * MARGIN
    assert detail.shape == (3, whole, whole) and base.shape == wanted.shape == (2 * whole, 2 * whole, 3)
    apart = [np.abs(base[4:-4, 4:-4] - np.roll(wanted, step, 1)[4:-4, 4:-4]).mean() for step in (-1, 0, 1)]
    assert apart[1] == min(apart)


def test_softened_pictures_are_softer() -> None:
    random = np.random.default_rng(2)
    clean, soft = (
        np.mean([np.abs(np.diff(reduced(photograph(0), random, share).astype(float), axis=1)).mean() for _ in range(9)])
        for share in (1.0, 0.0)
    )
    assert soft < 0.97 * clean


def test_trains_resumes_and_packs(
    faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(published, "load_lite", lambda variant: LiteFeatures(lite_weights()).eval())
    (faces_folder / FOLDER).mkdir(exist_ok=True)
    for seed, name in enumerate(load_faces(faces_folder, "train").names[:4]):
        cv2.imwrite(
            str(faces_folder / FOLDER / f"{name}.jpg"), photograph(seed)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98]
        )
    config, out, place = tmp_path / "enlarger.toml", tmp_path / "run", tmp_path / "models" / "enlarger"
    arguments = ["train", str(config), "--data", str(faces_folder), "--out", str(out), "--pack", str(place)]
    for pictures in (40, 160):
        config.write_text(CONFIG.format(pictures=pictures))
        monkeypatch.setattr("sys.argv", [*arguments, "--resume"])
        assert main() == 0
        assert int(load_checkpoint(out / "checkpoint.safetensors")["seen"]) == pictures
    assert (out / "sheet.png").exists() and (out / "curves.png").exists()
    pack = ModelPack.open("enlarger", place.parent)
    assert pack.kind == "enlarger" and pack.config == {"width": 8, "pictures_seen": 160}
    large = photograph(99)[:128, :128]
    small = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    plain = np.abs(lanczos2(small.astype(np.float32)).clip(0, 255) - large).mean()
    learnt = np.abs(FaceEnlarger(pack).twice(small).astype(float) - large).mean()
    assert learnt < plain
