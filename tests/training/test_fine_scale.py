"""The fine scale learns on windows, goes on from a checkpoint and ends in a pack that draws at 512."""

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.packs import ModelPack
from faceeditor.paths import resources_dir
from faceeditor.training.data import load_faces
from faceeditor.training.fine_data import FOLDER
from faceeditor.training.fine_scale import FineTrainer, pack_fine_scale
from faceeditor.training.run import Run
from tests.generators import tiny
from tests.training.test_adversarial import lite_weights


@pytest.fixture
def config() -> dict[str, object]:
    shipped = tomllib.loads((resources_dir() / "training" / "fine-scale.toml").read_text())
    return {**shipped, "width": 16, "batch": 2}


@pytest.fixture
def pack(tmp_path: Path) -> ModelPack:
    return tiny.write_mask_guided(tmp_path / "models")


@pytest.fixture
def data(faces_folder: Path) -> Path:
    (faces_folder / FOLDER).mkdir(exist_ok=True)
    faces = load_faces(faces_folder, "train")
    for name, picture in list(zip(faces.names, faces.pictures, strict=True))[:4]:
        large = cv2.resize(picture, (512, 512), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(faces_folder / FOLDER / f"{name}.jpg"), large[:, :, ::-1])
    return faces_folder


def test_a_step_changes_the_fine_scale_and_its_critic_alone(
    config: dict[str, object], pack: ModelPack, data: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    trainer = FineTrainer(config, data, Run(tmp_path / "run", 1, False), pack, LiteFeatures(lite_weights()))
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    critics = {name: value.clone() for name, value in trainer.critics.state_dict().items()}
    figures = trainer.step(np.array([0, 1]))
    assert all(np.isfinite(value) for value in figures.values()) and figures["seen"] == 2
    changed = {name for name, value in trainer.generator.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("fine.") for name in changed)
    judged = {name for name, value in trainer.critics.state_dict().items() if not torch.equal(value, critics[name])}
    assert judged and all(name.startswith("window.") for name in judged)

    trainer.save()
    again = FineTrainer(config, data, Run(tmp_path / "run", 1, True), pack, LiteFeatures(lite_weights()))
    assert again.seen == 2
    assert all(torch.equal(v, again.fine.state_dict()[k]) for k, v in trainer.fine.state_dict().items())
    assert trainer.sheet(2).shape == (3 * 512, 2 * 512, 3)

    drawn = MaskGuided("torch-cpu", pack).render(tiny.face_mask(), tiny.random_style(), 256)
    packed = pack_fine_scale(tmp_path / "run", pack.folder)
    assert packed.config["fine_pictures_seen"] == 2
    generator = MaskGuided("torch-cpu", packed)
    assert np.abs(generator.render(tiny.face_mask(), tiny.random_style(), 256).astype(int) - drawn).mean() < 1.5
    assert generator.render(tiny.face_mask(), tiny.random_style(), 512).shape == (512, 512, 3)
