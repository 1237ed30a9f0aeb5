import csv
import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from faceeditor.errors import FaceEditorError
from faceeditor.nets.mask_guided import Codes
from faceeditor.packs import ModelPack
from faceeditor.portrait.exemplars import Exemplars
from faceeditor.regions import Region
from faceeditor.training import code_prior
from faceeditor.training.cli import add_arguments, run
from faceeditor.training.code_prior import fit_prior, flat_codes, split_codes
from faceeditor.training.data import kept_out, load_faces
from faceeditor.training.losses import lattice, mode_seeking
from faceeditor.training.parser import soft_cross_entropy
from faceeditor.training.run import load_checkpoint, save_checkpoint

PARSER = """
kind = "parser"
width = 8
batch = 4
pictures = {pictures}
learning_rate = 2e-3
average_half_life = 50
sides = [64]
save_steps = 2
"""

MASK_GUIDED = """
kind = "mask-guided"
channels = [16, 16, 16, 16, 16]
conditions = [16, 16, 16, 16, 16]
encoder_width = 8
decoder_width = 8
discriminator_channels = [8, 8, 8, 8, 8]
learning_rate = 1e-3
judge_learning_rate = 1e-3
average_half_life = 20
clip = 10.0
adversarial = 0.3
features = 4.0
l1 = 8.0
kl = 0.02
perceptual = 3.0
code = 0.5
anchor = 2.0
detail = 8.0
parser = 1.0
modes = 0.5
lattice = 6.0
detail_dropout = 0.25
augment_target = 0.6
head_dropout = 0.3
identity = 1.0
contrastive = 8.0
contrastive_from = 12
rendered = 6.0
window_every = 2
imitative = {{ pose = 0.3, gamma = 0.3 }}
prior_from = 4
prior_every = 100
draws = 0.5
prior_seconds = 0.5
log_steps = 1
save_steps = 1
look_steps = 100
stages = [
    {{ size = 64, until = {first}, batch = 4, window = 64 }},
    {{ size = 256, until = {last}, batch = 4, window = 128, also = {also}, heads = {heads}, pairs = {heads} }},
]
"""


def train(arguments: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_split_keeps_groups_together_and_leaves_some_out(faces_folder: Path) -> None:
    train_part, rest = load_faces(faces_folder, "train"), load_faces(faces_folder, "kept-out")
    assert len(train_part) + len(rest) == 40 and len(rest) > 0
    assert not set(train_part.names) & set(rest.names)
    share = np.mean([kept_out(f"{i:08x}") for i in range(2000)])
    assert 0.07 < share < 0.13


def test_a_mirrored_item_swaps_sides(faces_folder: Path) -> None:
    faces = load_faces(faces_folder, "train")
    picture, mask, frame = faces.item(0, mirror=True)
    assert (picture[:, ::-1] == faces.pictures[0]).all()
    assert np.nonzero(mask == 4)[1].mean() > np.nonzero(mask == 5)[1].mean()
    from faceeditor.faceframe import face_frame

    assert np.abs(frame - face_frame(mask)).max() < 0.02


def test_checkpoint_keeps_nested_state(tmp_path: Path) -> None:
    state = {"a": {"b": torch.arange(3), 4: [torch.ones(2), 1.5, None]}, "name": "x"}
    save_checkpoint(tmp_path / "c.safetensors", state)
    back = load_checkpoint(tmp_path / "c.safetensors")
    assert back["a"]["b"].tolist() == [0, 1, 2] and back["a"][4][1:] == [1.5, None] and back["name"] == "x"


def test_a_damaged_checkpoint_is_explained(tmp_path: Path) -> None:
    (tmp_path / "c.safetensors").write_bytes(b"nonsense")
    with pytest.raises(FaceEditorError, match="damaged"):
        load_checkpoint(tmp_path / "c.safetensors")


def test_soft_cross_entropy_prefers_the_right_answer() -> None:
    masks = torch.randint(0, 19, (2, 4, 4)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    right = torch.nn.functional.one_hot(masks[:, ::2, ::2], 19).permute(0, 3, 1, 2).float() * 9
    weights = torch.ones(19)
    assert soft_cross_entropy(right, masks, weights) < 0.1 < soft_cross_entropy(-right, masks, weights)


def test_mode_seeking_punishes_sameness() -> None:
    codes = Codes(torch.randn(4, 19, 32), torch.randn(4, 64), torch.zeros(4, 8, 16, 16))
    others = codes.pick(torch.tensor([1, 2, 3, 0]))
    pictures = torch.rand(4, 3, 8, 8)
    assert mode_seeking(pictures, pictures, codes, others, 4) == 1
    assert mode_seeking(pictures, 1 - pictures, codes, others, 4) < 0.9


def test_lattice_sees_grids_and_not_noise() -> None:
    torch.manual_seed(0)
    photographs = torch.randn(2, 3, 64, 64) * 0.1
    grid = photographs.clone()
    grid[:, :, :, ::4] += 0.2
    assert lattice(photographs.flip(3), photographs) < 0.01 < 0.05 < lattice(grid, photographs)


def test_prior_draws_resemble_its_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock that goes on by a step of the fit instead of by time: as many steps on every machine.
    steps = itertools.count()
    monkeypatch.setattr(code_prior, "time", SimpleNamespace(monotonic=lambda: next(steps)))
    torch.manual_seed(0)
    hidden = torch.randn(400, 6)
    flat = hidden @ torch.randn(6, 2720) + 3
    prior = fit_prior(flat, seconds=600, device=torch.device("cpu"), components=12)
    drawn = flat_codes(prior.draw(300, torch.device("cpu")))
    assert (drawn.mean(0) - flat.mean(0)).abs().mean() < 0.6
    assert 0.5 < float(drawn.std(0).mean() / flat.std(0).mean()) < 1.5
    again = flat_codes(split_codes(flat[:3]))
    assert torch.equal(again, flat[:3])


def test_parser_trains_resumes_and_packs(faces_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "parser.toml"
    config.write_text(PARSER.format(pictures=240))
    out = tmp_path / "run"
    base = [str(config), "--data", str(faces_folder), "--out", str(out), "--minutes", "60"]
    assert train(base) == 0
    losses = [float(row["loss"]) for row in rows(out)]
    assert losses[-1] < losses[0]
    with pytest.raises(FaceEditorError, match="--resume"):
        train(base)
    config.write_text(PARSER.format(pictures=248))
    assert train([*base, "--resume", "--pack", str(tmp_path / "models" / "parser")]) == 0
    pack = ModelPack.open("parser", tmp_path / "models")
    assert pack.config["pictures_seen"] == 248 and pack.load("weights.safetensors")


def test_mask_guided_trains_grows_resumes_and_packs(faces_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "generator.toml"
    config.write_text(MASK_GUIDED.format(first=8, last=8, also=64, heads=0))
    out = tmp_path / "run"
    base = [str(config), "--data", str(faces_folder), "--out", str(out), "--minutes", "60"]
    assert train(base) == 0
    assert int(load_checkpoint(out / "checkpoint.safetensors")["seen"]) == 8
    config.write_text(MASK_GUIDED.format(first=8, last=16, also=64, heads=0))
    assert train([*base, "--resume", "--pack", str(tmp_path / "models" / "mask-guided")]) == 0
    seen = rows(out)
    assert [int(float(row["pictures"])) for row in seen] == [4, 8, 12]  # the last step drew windows
    assert all(np.isfinite(float(row["l1"])) for row in seen)
    assert (out / "sheet.png").exists() and (out / "curves.png").exists()
    pack = ModelPack.open("mask-guided", tmp_path / "models")
    assert set(pack.files) == {
        "generator.safetensors", "encoder.safetensors", "decoder.safetensors", "discriminator.safetensors",
        "prior.safetensors", "exemplars.safetensors",
    }  # fmt: skip
    exemplars = Exemplars.from_arrays(pack.load("exemplars.safetensors"))
    assert exemplars.shown[:, Region.SKIN].all() and np.isfinite(exemplars.regions).all()


@pytest.mark.parametrize("text", ["kind = 'poet'", "not toml at all ["])
def test_a_wrong_config_is_explained(text: str, tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(text)
    with pytest.raises(FaceEditorError, match=r"wrong\.toml"):
        train([str(config), "--data", str(tmp_path)])


def test_a_missing_data_set_is_explained(tmp_path: Path) -> None:
    config = tmp_path / "parser.toml"
    config.write_text(PARSER.format(pictures=8))
    with pytest.raises(FaceEditorError, match=r"index\.csv"):
        train([str(config), "--data", str(tmp_path), "--out", str(tmp_path / "run")])
