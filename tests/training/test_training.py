import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.mask_guided import Codes, MaskGenerator
from faceeditor.nets.mask_guided_forward import EMBED_INPUTS
from faceeditor.packs import ModelPack, with_files
from faceeditor.portrait.exemplars import Exemplars
from faceeditor.regions import Region
from faceeditor.training import helpers
from faceeditor.training.cli import add_arguments, run
from faceeditor.training.code_bank import CodeBank, Shares, flat_codes, split_codes
from faceeditor.training.data import kept_out, load_faces
from faceeditor.training.losses import hair_misalignment, lattice, mode_seeking, weave
from faceeditor.training.mask_guided import weighted_rows
from faceeditor.training.mean_weights import mean_state
from faceeditor.training.parser import soft_cross_entropy
from faceeditor.training.run import epochs, load_checkpoint, save_checkpoint
from faceeditor.training.starting import load_start, with_new_planes
from faceeditor.training.style_gaussian import SPREAD, fit_style_gaussian
from tests.training.test_adversarial import lite_weights

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
learning_rate = 1e-3
critic_learning_rate = 1e-3
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
hair = 1.5
guide_rate = 10.0
augment = 1.0
detail_dropout = 0.25
other_detail = 0.35
composed = 0.3
draws = 0.3
codes_from = 4
codes_every = 100
open_mouths = 2.5
close_ups = 0.5
rate_from = 0
rate_half_life = 100
head_dropout = 0.3
identity = 1.0
contrastive = 8.0
contrastive_from = 12
head_features = 2.0
same_code = 0.5
rendered = 6.0
window_every = 2
kid = false
imitative = {{ pose = 0.3, gamma = 0.3 }}
log_steps = 1
save_seconds = 0
evaluate_steps = 100
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


def test_strands_along_the_given_direction_cost_nothing_and_across_it_most() -> None:
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    angle = torch.tensor(0.5)
    strands = 0.4 * torch.sin(0.9 * (-torch.sin(angle) * x + torch.cos(angle) * y)).expand(1, 3, -1, -1)
    costs = []
    for off in (0.0, 0.8, 1.57):
        double = 2 * (angle + off)
        planes = torch.stack([torch.cos(double), torch.sin(double), torch.tensor(1.0)])
        hair = planes[:, None, None].expand(1, 3, 64, 64)
        costs.append(float(hair_misalignment(strands, hair)))
    assert costs[0] < 0.05 < 0.5 < costs[1] < costs[2]
    assert hair_misalignment(strands, torch.zeros(1, 3, 128, 128)) == 0, "nothing was given"


def test_draws_of_the_gaussian_resemble_its_codes() -> None:
    torch.manual_seed(0)
    flat = torch.randn(400, 6) @ torch.randn(6, 2720) + 3
    nothing, people = torch.zeros(400, 3), torch.arange(400)
    gaussian = fit_style_gaussian(flat, nothing, people)
    drawn = gaussian.draw(3000, torch.ones(3000))
    assert (drawn.mean(0) - flat.mean(0)).abs().max() < 0.8
    assert (drawn.std(0) / flat.std(0) / SPREAD - 1).abs().max() < 0.15
    assert gaussian.draw(50, torch.full((50,), 0.1)).std(0).mean() < 0.2 * drawn.std(0).mean()
    weights = torch.zeros(400)
    weights[:100] = 1
    weighted = fit_style_gaussian(flat, nothing, people, weights)
    assert torch.allclose(weighted.mean, flat[:100].mean(0), atol=1e-3)
    assert torch.equal(flat_codes(split_codes(flat[:3])), flat[:3])


def test_parts_with_small_numbers_keep_their_spread() -> None:
    torch.manual_seed(0)
    flat, overall = torch.randn(800, 300) @ torch.randn(300, 2720), slice(608, 672)
    flat[:, overall] = 0.01 * torch.randn(800, 5) @ torch.randn(5, 64)
    gaussian = fit_style_gaussian(flat, torch.zeros(800, 3), torch.arange(800), directions=150)
    drawn = gaussian.draw(1000, torch.ones(1000))
    assert drawn[:, overall].std() > 0.9 * SPREAD * flat[:, overall].std()


def test_directions_that_are_left_out_do_not_narrow_any_part() -> None:
    torch.manual_seed(0)
    flat = torch.randn(400, 200) @ torch.randn(200, 2720)
    gaussian = fit_style_gaussian(flat, torch.zeros(400, 3), torch.arange(400), directions=30)
    drawn = gaussian.draw(4000, torch.ones(4000))
    for part in (slice(0, 32), slice(608, 672), slice(672, None)):
        assert abs(drawn[:, part].var(0).sum() / flat[:, part].var(0).sum() / SPREAD**2 - 1) < 0.1


def test_draws_for_a_mask_follow_its_descriptors_and_vary_less() -> None:
    torch.manual_seed(0)
    descriptors = torch.randn(600, 4)
    flat = 2 * descriptors @ torch.randn(4, 2720) + torch.randn(600, 5) @ torch.randn(5, 2720)
    gaussian = fit_style_gaussian(flat, descriptors, torch.arange(600))
    told = descriptors[:1].expand(500, -1)
    fitting, anyone = gaussian.draw_for(told, torch.ones(500)), gaussian.draw(500, torch.ones(500))
    true = 2 * descriptors[0] @ torch.linalg.lstsq(2 * descriptors, flat).solution
    assert (fitting.mean(0) - true)[:672].abs().mean() < 0.3 * (gaussian.mean - true)[:672].abs().mean()
    assert fitting[:, :672].std(0).mean() < 0.8 * anyone[:, :672].std(0).mean()
    away = (flat[:, :672] - gaussian.mean[:672]).norm(dim=1)
    plain = (gaussian.plain[:672] - gaussian.mean[:672]).norm()
    assert 0 < plain < away.median()


def test_what_a_mask_leaves_open_is_read_off_people_outside_the_fit() -> None:
    torch.manual_seed(0)
    descriptors, codes = torch.randn(80, 40), torch.randn(80, 20) @ torch.randn(20, 2720)
    # Masks tell nothing here, but forty numbers explain much of the eighty people that they were fitted to. A mirror
    # image is nearly its photograph: held out without it, a person would be known.
    flat, both, people = torch.cat([codes, codes]), torch.cat([descriptors, descriptors]), torch.arange(80).repeat(2)
    gaussian = fit_style_gaussian(flat, both, people)
    drawn = gaussian.draw_for(gaussian.mask_mean.expand(2000, -1), torch.ones(2000))
    assert drawn[:, :672].std(0).mean() > 0.95 * SPREAD * flat[:, :672].std(0).mean()


def test_composed_codes_take_parts_of_several_people() -> None:
    torch.manual_seed(0)
    flat = torch.randn(60, 2720)
    gaussian = fit_style_gaussian(flat, torch.zeros(60, 2), torch.arange(60))
    bank = CodeBank(flat, None, gaussian, torch.zeros(60, 2))  # type: ignore[arg-type]
    codes = bank.composed(40)
    people = split_codes(flat)

    def owner(region: Region) -> torch.Tensor:
        return torch.cdist(codes.regions[:, region], people.regions[:, region]).min(1).indices

    face = owner(Region.SKIN)
    assert torch.equal(face, owner(Region.NOSE)) and torch.equal(codes.overall, people.overall[face])
    assert torch.equal(owner(Region.CLOTH), owner(Region.BACKGROUND))
    assert (owner(Region.HAIR) != face).float().mean() > 0.5
    assert {float(d.abs().sum() > 0) for d in codes.detail} == {0.0, 1.0}
    mixed = bank.mix(codes, torch.arange(40), Shares(composed=0.0, drawn=1.0))
    assert (torch.cdist(mixed.overall, people.overall) > 0.1).all(), "drawn people are nobody"


def test_open_mouths_come_more_often(faces_folder: Path) -> None:
    faces = load_faces(faces_folder, "train")
    faces.masks[3][:20, :20] = Region.MOUTH
    times = np.bincount(weighted_rows(faces, 2.5), minlength=len(faces))
    assert times[3] == 5 and (np.delete(times, 3) == 2).all()
    batches = epochs(weighted_rows(faces, 2.5), 7, np.random.default_rng(0))
    seen = np.bincount(np.concatenate([next(batches) for _ in range(200)]), minlength=len(faces))
    assert 2 < seen[3] / np.delete(seen, 3).mean() < 3


def test_a_weave_in_calm_tones_is_seen_and_hair_does_not_make_up_for_it() -> None:
    torch.manual_seed(0)
    real = torch.zeros(2, 3, 64, 64)
    real[:, :, :, 32:] = 0.4 * torch.randn(2, 3, 64, 32)
    row = torch.tensor([-1.0, 1.0, 1.0, -1.0]).repeat(16) / 100
    made = torch.cat([real, real]).clone()
    made[:, :, :, 32:] = 0
    assert weave(made, real) < 0.002, "what a photograph has more of is no weave"
    made = made + row
    assert lattice(made, real) < 1e-4, "a pattern that is odd to the grid is unseen by its alternating sums"
    assert 0.005 < weave(made, real) < 0.03
    made.requires_grad_(True)
    weave(made, real).backward()
    assert made.grad is not None and made.grad.isfinite().all() and made.grad[:, :, :, :24].any()
    slope = torch.linspace(-0.2, 0.2, 64).expand(2, 3, 64, 64)
    assert weave(slope, torch.zeros(2, 3, 64, 64)) < 0.002, "shading is no weave"


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


@pytest.fixture
def small_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random features in the place of EfficientNet's, and no other fixed networks."""
    features = LiteFeatures(lite_weights()).eval()
    monkeypatch.setattr(helpers, "load_helpers", lambda parser, reader: helpers.Helpers(features))


@pytest.mark.usefixtures("small_helpers")
def test_mask_guided_trains_grows_resumes_packs_and_starts_from_a_pack(faces_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "generator.toml"
    config.write_text(MASK_GUIDED.format(first=8, last=8, also=64, heads=0))
    out = tmp_path / "run"
    base = [str(config), "--data", str(faces_folder), "--out", str(out), "--minutes", "60"]
    assert train(base) == 0
    assert int(load_checkpoint(out / "checkpoint.safetensors")["seen"]) == 8
    config.write_text(MASK_GUIDED.format(first=8, last=16, also=64, heads=0))
    assert train([*base, "--resume", "--pack", str(tmp_path / "models" / "mask-guided")]) == 0
    seen = rows(out)
    assert [int(float(row["pictures"])) for row in seen if row["l1"]] == [4, 8, 12]  # the last step drew windows
    assert all(np.isfinite(float(row["l1"])) for row in seen if row["l1"])
    assert int(float(seen[-1]["pictures"])) == 16, "the last look has a row"
    assert float(seen[-1]["psnr"]) > 0 and not seen[-1]["l1"]
    assert (out / "sheet.png").exists() and (out / "curves.png").exists()
    pack = ModelPack.open("mask-guided", tmp_path / "models")
    assert set(pack.files) == {
        "generator.safetensors", "encoder.safetensors", "decoder.safetensors", "critics.safetensors",
        "style_gaussian.safetensors", "exemplars.safetensors",
    }  # fmt: skip
    exemplars = Exemplars.from_arrays(pack.load("exemplars.safetensors"))
    assert exemplars.shown[:, Region.SKIN].all() and np.isfinite(exemplars.regions).all()
    extra = {"fine.safetensors": {"noise": np.ones((1, 16, 4, 4), np.float32)}}
    pack = with_files(pack, extra, {"fine_pictures_seen": 5})
    config.write_text(MASK_GUIDED.format(first=8, last=20, also=64, heads=0))
    again, place = tmp_path / "again", tmp_path / "later" / "mask-guided"
    start = ["--start", str(pack.folder), "--pack", str(place)]
    assert train([*base[:-3], str(again), "--minutes", "60", *start]) == 0
    later = ModelPack.open("mask-guided", place.parent)
    assert set(later.files) == set(pack.files), "what the run does not train stays with it"
    assert later.config["fine_pictures_seen"] == 5 and later.config["pictures_seen"] == 20
    assert np.array_equal(later.load("fine.safetensors")["noise"], extra["fine.safetensors"]["noise"])
    state = load_checkpoint(again / "checkpoint.safetensors")
    assert int(state["seen"]) == 20, "the pictures that the pack has seen count"
    packed = pack.load("critics.safetensors")
    for name in ("mixing.across_channels.0.weight", "face.mixing.0.weight"):
        assert np.allclose(state["parts"]["critics"][name], packed[name], atol=1e-2)


def test_a_start_with_fewer_condition_planes_draws_the_same() -> None:
    torch.manual_seed(0)
    sizes = ((16,) * 5, (16,) * 5)
    wide = MaskGenerator(*sizes).eval()
    state = wide.state_dict()
    narrow = {k: v[:, :-2] if k.endswith("embed.weight") else v for k, v in state.items()}
    for key in [k for k in state if k.endswith("embed.weight")]:
        state[key][:, -2:] = 0
    widened = with_new_planes(narrow)
    assert all(torch.equal(widened[k], v) for k, v in state.items())


def test_the_mean_of_two_states_lies_between_them_and_keeps_the_guides() -> None:
    names = {"scales.0.embed.weight": torch.zeros(2, EMBED_INPUTS, 1, 1), "bias": torch.zeros(3)}
    later = {name: torch.ones_like(value) for name, value in names.items()}
    mixed = mean_state({"averages": {"generator": names}}, {"averages": {"generator": later}, "seen": 9}, 0.25)
    weights = mixed["averages"]["generator"]
    assert mixed["seen"] == 9 and torch.allclose(weights["bias"], torch.full((3,), 0.25))
    embed = weights["scales.0.embed.weight"]
    assert (embed[:, :-6] == 0.25).all() and (embed[:, -6:] == 1).all()
    with pytest.raises(FaceEditorError, match="one run"):
        mean_state({"averages": {"generator": {"bias": torch.zeros(2)}}}, {"averages": {"generator": later}}, 0.5)


def test_a_start_that_does_not_fit_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        load_start({}, tmp_path / "nothing", None)


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
