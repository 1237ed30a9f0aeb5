"""Folders of GAN-Control: `args.json` and a torch checkpoint."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.generators.imported.gan_control import convert_gan_control
from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.generators.imported.importing import import_generator
from faceeditor.generators.imported.network import ImportedNetwork, build, load
from faceeditor.generators.imported.recipe import Recipe
from tests.generators.imported.test_unpickle import Call

GROUPS = {"expression": (8, 12), "id": (0, 8), "other": (12, 16)}


def network(half_noise: bool = False, merged: bool = False) -> ImportedNetwork:
    """A small generator in groups, with random weights."""
    torch.manual_seed(0)
    ordered = sorted(GROUPS.items(), key=lambda item: item[1])
    groups = {name: (first, (last - first, 10, last - first)) for name, (first, last) in ordered}
    synthesis = {"w_dim": 16, "resolution": 16, "colours": 3, "channels": (512,) * 3, "half_noise": half_noise}
    mapping = {"groups": groups, "merged": (16, 16, 16) if merged else ()}
    made = build({"architecture": "gan-control", "mapping": mapping, "synthesis": synthesis})
    for name, weight in made.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            weight.data += 0.3 * torch.randn_like(weight)
    return made.eval().requires_grad_(False)


def published_state(made: ImportedNetwork, merged: bool = False) -> dict[str, Tensor]:
    """The weights under the names of a checkpoint."""
    state = made.state_dict()
    found: dict[str, Tensor] = {"input.input": state["synthesis.b4.const"][None]}

    def layer(ours: str, theirs: str, number: int) -> Iterator[tuple[str, Tensor]]:
        yield f"{theirs}.conv.weight", state[f"{ours}.weight"][None]
        yield f"{theirs}.conv.modulation.weight", state[f"{ours}.affine.weight"]
        yield f"{theirs}.conv.modulation.bias", state[f"{ours}.affine.bias"]
        if number < 0:
            yield f"{theirs}.bias", state[f"{ours}.bias"].view(1, -1, 1, 1)
            return
        yield f"{theirs}.activate.bias", state[f"{ours}.bias"]
        yield f"{theirs}.noise.weight", state[f"{ours}.noise_strength"].view(1)
        yield f"noises.noise_{number}", state[f"{ours}.noise_const"][None, None]

    found.update(layer("synthesis.b4.conv1", "conv1", 0))
    found.update(layer("synthesis.b4.torgb", "to_rgb1", -1))
    for level, side in enumerate((8, 16)):
        for index in range(2):
            found.update(layer(f"synthesis.b{side}.conv{index}", f"convs.{2 * level + index}", 2 * level + index + 1))
        found.update(layer(f"synthesis.b{side}.torgb", f"to_rgbs.{level}", -1))
        found[f"convs.{2 * level}.conv.blur.kernel"] = state[f"synthesis.b{side}.conv0.resample_filter"] * 4
        found[f"to_rgbs.{level}.upsample.kernel"] = state[f"synthesis.b{side}.resample_filter"] * 4
    stacks = {f"mapping.groups.{name}": f"style.{'0.' if merged else ''}{name}" for name in GROUPS}
    for ours, theirs in {**stacks, **({"mapping.merged": "style.1"} if merged else {})}.items():
        for index in range(2):
            for part in ("weight", "bias"):
                found[f"{theirs}.{index + 1}.{part}"] = state[f"{ours}.fc{index}.{part}"]
    return found


def write_folder(folder: Path, state: Any, **model: Any) -> Path:
    """A folder as GAN-Control's training leaves it."""
    (folder / "checkpoint").mkdir(parents=True)
    settings = {
        "vanilla": False, "img_channels": 3, "split_fc": True, "marge_fc": False, "latent_size": 16, "size": 16,
        "n_mlp": 2, "channel_multiplier": 2.0, "conv_transpose": True, "g_noise_mode": "normal", **model,
    }  # fmt: skip
    groups = {name: {"place_in_latent": list(place)} for name, place in GROUPS.items()}
    content = {"model_config": settings, "training_config": {"sub_groups_dict": groups}}
    (folder / "args.json").write_text(json.dumps(content))
    torch.save({"g": {}, "g_ema": state, "g_optim": {"state": {}, "param_groups": [{"lr": 0.1}]}},
               folder / "checkpoint" / "000100.pt")  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("half_noise", "merged", "model"),
    [
        (False, False, {}),
        (True, False, {"g_noise_mode": "id_zeros"}),
        (False, True, {"split_fc": False, "marge_fc": True, "n_mlp": 4}),
    ],
)
def test_converted_as_it_was(tmp_path: Path, half_noise: bool, merged: bool, model: dict[str, Any]) -> None:
    made = network(half_noise, merged)
    converted = convert_gan_control(write_folder(tmp_path / "model", published_state(made, merged), **model))
    found = load(converted.config, converted.weights)
    z = torch.randn(2, 16)
    assert list(converted.config["mapping"]["groups"]) == ["id", "expression", "other"]
    assert torch.equal(found.map(z), made.map(z))
    ws = made.map(z).unsqueeze(1).expand(-1, made.num_ws, -1)
    assert torch.allclose(found(ws), made(ws), atol=1e-5)
    average = torch.stack([made.map(torch.randn(1000, 16)).mean(0) for _ in range(4)]).mean(0)
    assert torch.allclose(found.average, average, atol=0.1)


def test_only_its_own_part_of_z_moves_a_group() -> None:
    made = network()
    z = torch.randn(1, 16)
    other = z.clone()
    other[:, 8:12] = torch.randn(1, 4)
    changed = (made.map(z) != made.map(other))[0]
    assert changed[8:12].any() and not changed[:8].any() and not changed[12:].any()


def test_silent_layers_add_no_noise(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", published_state(network()), g_noise_mode="zeros")
    weights = convert_gan_control(folder).weights
    assert float(weights["synthesis.b8.conv0.noise_strength"]) == 0
    assert float(weights["synthesis.b8.conv1.noise_strength"]) != 0


def test_generator_folder_of_a_controller_and_last_checkpoint(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "controller" / "generator", published_state(network()))
    torch.save({"g_ema": {}}, folder / "checkpoint" / "000050.pt")
    assert convert_gan_control(tmp_path / "controller").kind == "gan-control"


def write_controller(root: Path, name: str, group: int, inputs: int, rate: float = 0.1) -> Tensor:
    """A controller as GAN-Control keeps it, of two layers; returns what it makes of ones, worked out by hand."""
    weights = [torch.randn(6, inputs), torch.randn(group, 6)]
    biases = [torch.randn(6), torch.randn(group)]
    place = root / f"{name}_some_run"
    (place / "checkpoint").mkdir(parents=True)
    model = {"lr_mlp": rate, "n_mlp": 2, "in_dim": inputs, "mid_dim": 6}
    (place / "args.json").write_text(json.dumps({"model_config": model}))
    pairs = list(zip(weights, biases, strict=True))
    state = {
        f"fc_stack.{i}.{n}": part
        for i, pair in enumerate(pairs)
        for n, part in zip(("weight", "bias"), pair, strict=True)
    }
    torch.save({"controller": state}, place / "checkpoint" / "000010.pt")
    x = torch.ones(inputs)
    for weight, bias in pairs:
        x = weight @ x * (rate / weight.shape[1] ** 0.5) + bias * rate
        x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    return x


def test_controllers_set_their_own_part_of_w(tmp_path: Path) -> None:
    write_folder(tmp_path / "model" / "generator", published_state(network()))
    torch.manual_seed(1)
    wanted = write_controller(tmp_path / "model", "expression", 4, 3)
    moods = write_controller(tmp_path / "model", "expression_q", 4, 8)
    pack = import_generator(tmp_path / "model", "controlled", tmp_path / "packs")
    assert "expression (3), expression_q (8)" in (pack.folder / "card.md").read_text()
    generator = ImportedGenerator.open(pack)
    plain = Recipe(3).ws(generator)
    for name, values, part in (("expression", 3, wanted), ("expression_q", 8, moods)):
        ws = Recipe(3, controls=((name, (1.0,) * values),)).ws(generator)
        assert np.allclose(ws[:, 8:12], part.numpy(), atol=1e-4)
        assert (ws[:, :8] == plain[:, :8]).all() and (ws[:, 12:] == plain[:, 12:]).all()
    with pytest.raises(FaceEditorError, match="takes 3 numbers, and not 2"):
        Recipe(3, controls=(("expression", (1.0, 2.0)),)).ws(generator)
    with pytest.raises(FaceEditorError, match="no control “age”"):
        Recipe(3, controls=(("age", (40.0,)),)).ws(generator)


def test_a_controller_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "model" / "generator", published_state(network()))
    write_controller(tmp_path / "model", "id", 5, 3)
    with pytest.raises(ModelError, match="does not fit"):
        convert_gan_control(tmp_path / "model")
    torch.save({"g": 1}, tmp_path / "model" / "id_some_run" / "checkpoint" / "000020.pt")
    with pytest.raises(ModelError, match="holds no controller"):
        convert_gan_control(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "args.json").unlink(), "no “args.json”"),
        (lambda folder: (folder / "args.json").write_text("{"), "cannot be understood"),
        (lambda folder: (folder / "args.json").write_text("{}"), "no “model_config”"),
        (lambda folder: (folder / "checkpoint" / "000100.pt").unlink(), "no checkpoint"),
        (lambda folder: (folder / "checkpoint" / "000100.pt").write_bytes(b"PK\3\4cut"), "000100.pt.*damaged"),
        (lambda folder: torch.save({"d": {}}, folder / "checkpoint" / "000100.pt"), "no generator"),
        (lambda folder: torch.save({"g_ema": {}}, folder / "checkpoint" / "000100.pt"), "input.input"),
    ],
)
def test_damaged_folders(tmp_path: Path, change: Any, sentence: str) -> None:
    folder = write_folder(tmp_path / "model", published_state(network()))
    change(folder)
    with pytest.raises(ModelError, match=sentence):
        convert_gan_control(folder)


@pytest.mark.parametrize("model", [{"conv_transpose": False}, {"vae": True}, {"g_noise_mode": "new"}, {"size": "x"}])
def test_unknown_switches(tmp_path: Path, model: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        convert_gan_control(write_folder(tmp_path / "model", published_state(network()), **model))


def test_code_in_a_checkpoint_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_folder(tmp_path / "model", {"a": Call(os.system, "touch ran")})
    with pytest.raises(ModelError, match="refused"):
        convert_gan_control(folder)
    assert not (tmp_path / "ran").exists()
