"""Heads in training: changes of one factor, what they must look like, and runs that learn from them."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.packs import ModelPack
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training import helpers
from faceeditor.training.cli import add_arguments, run
from faceeditor.training.data import load_faces
from faceeditor.training.head_changes import FACTORS, FittedFaces, target_picture
from faceeditor.training.head_prior import fit_head_prior
from tests.training.test_adversarial import lite_weights
from tests.training.test_training import MASK_GUIDED

READER = """
kind = "reader"
width = 8
batch = 8
rendered = 0.0
changed = 0.25
changed_count = 6
pictures = {pictures}
learning_rate = 2e-3
weight_decay = 1e-3
average_half_life = 20
save_steps = 2
weights = {{ landmarks = 2.0 }}
"""


@pytest.fixture(scope="module")
def fitted(faces_folder: Path, fitted_heads: Path) -> FittedFaces:
    return FittedFaces(load_faces(faces_folder, "train"), fitted_heads, HeadModel.load())


@pytest.mark.parametrize("factor", FACTORS)
def test_one_factor_changes_and_nothing_else(fitted: FittedFaces, factor: str) -> None:
    row = int(fitted.usable[0])
    base = fitted.head(row, False)
    changed = fitted.changed(row, False, np.random.default_rng(1), factor)
    groups = {
        "pose": {"pose"}, "expression": {"expression", "gaze"}, "light": {"gamma"}, "identity": {"shape", "albedo"},
        "all": {"pose", "expression", "gaze", "gamma", "shape", "albedo"},
    }  # fmt: skip
    different = {name for name, value in changed.labels.items() if not np.array_equal(value, getattr(base, name))}
    assert different == groups[factor]
    assert changed.weight.shape == (128, 128) and 0.2 < changed.weight.mean() <= 1
    assert (changed.mask == fitted.faces.masks[row]).all() == (factor == "light")


def test_the_same_head_is_the_photograph_itself(fitted: FittedFaces) -> None:
    row = int(fitted.usable[2])
    head, mask = fitted.head(row, False), fitted.faces.masks[row]
    photo = np.ascontiguousarray(fitted.faces.pictures[row][::2, ::2])
    maps = render_maps(fitted.model, head, 128).condition
    target, weight = target_picture(fitted.model, photo, mask, mask[::2, ::2], head, head, maps, maps)
    assert np.abs(target.astype(int) - photo).max() <= 1
    assert weight.min() > 0.5


def test_a_mirrored_change_is_the_mirror_image(fitted: FittedFaces) -> None:
    row = int(fitted.usable[1])
    plain, flipped = (fitted.own_maps(np.array([row]), np.array([flip]))[0] for flip in (False, True))
    mirrored = flipped[:, :, ::-1].copy()
    mirrored[6] *= -1
    both = (plain[9] > 0.5) & (mirrored[9] > 0.5)
    assert both.mean() > 0.2
    assert np.median(np.abs(plain - mirrored)[:, both]) < 0.02


def test_missing_coefficients_are_explained(faces_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FaceEditorError, match="build the head"):
        FittedFaces(load_faces(faces_folder, "train"), tmp_path / "none.npz", HeadModel.load())


def test_random_heads_resemble_the_photographs(faces_folder: Path, fitted_heads: Path) -> None:
    prior = HeadPrior(fit_head_prior(faces_folder, fitted_heads, steps=150))
    random, neutral = np.random.default_rng(0), HeadCoefficients.neutral()
    yaws = [float(prior.draw("pose", random, neutral).pose[0]) for _ in range(200)]
    assert 5 < np.std(yaws) < 20
    drawn = prior.draw("identity", random, neutral)
    assert np.array_equal(drawn.pose, neutral.pose) and not np.array_equal(drawn.albedo, neutral.albedo)
    z = prior.encode("light", drawn)
    assert np.abs(prior.decode("light", z, drawn).gamma - neutral.gamma).mean() < 0.6


def train(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.mark.timeout(1800)
def test_reader_and_generator_learn_from_heads(
    faces_folder: Path, fitted_heads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helpers, "load_lite", lambda variant: LiteFeatures(lite_weights()).eval())
    reader = tmp_path / "reader.toml"
    reader.write_text(READER.format(pictures=32))
    base = ["--data", faces_folder, "--coefficients", fitted_heads, "--minutes", "60"]
    assert train(reader, *base, "--out", tmp_path / "reader", "--pack", tmp_path / "models" / "reader") == 0
    assert ModelPack.open("reader", tmp_path / "models").load("weights.safetensors")
    config = tmp_path / "generator.toml"
    config.write_text(MASK_GUIDED.format(first=4, last=16, also=128, heads=2))
    out, pack = tmp_path / "run", tmp_path / "models" / "mask-guided"
    assert train(config, *base, "--out", out, "--reader", tmp_path / "reader", "--pack", pack) == 0
    with (out / "curves.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["size"]]
    # Changed heads and rendered pairs come with the second stage; of steps, only those with whole pictures have rows.
    first, *later = rows
    assert first["size"] == "64" and first["rendered"] == first["head_pose"] == ""
    assert later and all(float(row["rendered"]) > 0 and float(row["head_pose"]) >= 0 for row in later)
    arrays = ModelPack.open("mask-guided", tmp_path / "models").load("head_prior.safetensors")
    assert HeadPrior(arrays).latents("pose") == 3


def test_the_reader_needs_coefficients(faces_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "reader.toml"
    config.write_text(READER.format(pictures=8))
    with pytest.raises(FaceEditorError, match="--coefficients"):
        train(config, "--data", faces_folder, "--out", tmp_path / "run")
