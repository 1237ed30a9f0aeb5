"""Importing whole checkpoints: to a pack, back from it, and readable errors for everything else."""

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from faceeditor.errors import Cancelled, FaceEditorError, ModelError
from faceeditor.generators.imported.generator import ImportedGenerator, open_installed
from faceeditor.generators.imported.importing import import_generator
from faceeditor.generators.imported.installed import installed, suggested_name
from faceeditor.generators.imported.network import build, load
from faceeditor.generators.imported.pickles import convert_pickle
from tests.generators.imported.official import (
    STYLEGAN2_ARGUMENTS,
    EasyDict,
    Persistent,
    generator_record,
    persistent,
    random_network,
    snapshot,
    stylegan2,
    stylegan3,
    write,
)
from tests.generators.imported.test_unpickle import Call


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Imported generators of the test alone."""
    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path / "generators"))
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "carried"))
    return tmp_path / "generators"


@pytest.mark.parametrize(
    "record",
    [
        stylegan2(),
        stylegan2(architecture="resnet", conv_clamp=0.5),
        stylegan2(architecture="orig", use_noise=False),
        stylegan2(resample_filter=[1, 2, 4], activation="relu", kernel_size=5),
        stylegan2(resample_filter=[1, 2, 3, 4, 5, 4, 3, 2, 1]),
        stylegan2(resample_filter=None, kernel_size=1),
        stylegan3(),
        stylegan3(conv_kernel=1, use_radial_filters=True),
    ],
)
def test_pack_draws_what_the_checkpoint_describes(tmp_path: Path, record: Persistent) -> None:
    path = write(tmp_path / "net.pkl", snapshot(record))
    converted = convert_pickle(path)
    pack = import_generator(path, "people")
    generator, reference = ImportedGenerator.open(pack), load(converted.config, converted.weights)
    z = np.random.RandomState(5).randn(1, 16).astype(np.float32)
    assert np.array_equal(generator.z(5), z[0])
    with torch.no_grad():
        picture = reference(reference.truncate(reference.map(torch.from_numpy(z)), 0.5))[0]
    expected = (picture * 127.5 + 128).clamp(0, 255).permute(1, 2, 0).numpy()
    drawn = generator.draw(generator.ws(generator.w(generator.z(5)), 0.5))
    assert np.abs(drawn - expected).max() <= 1.01
    assert drawn.std() > 1


def test_pack_has_a_card_and_a_preview(tmp_path: Path, own_folder: Path) -> None:
    pack = import_generator(write(tmp_path / "net.pkl", snapshot(stylegan2())), "people")
    card = (pack.folder / "card.md").read_text(encoding="utf-8")
    assert "**Unknown.**" in card and "StyleGAN2, 16 x 16" in card and "net.pkl" in card
    assert [(entry.name, entry.carried) for entry in installed()] == [("people", False)]
    assert installed()[0].preview.is_file()
    assert [path.name for path in own_folder.iterdir()] == ["people"]


def test_weights_in_half_precision_change_little(tmp_path: Path) -> None:
    path = write(tmp_path / "net.pkl", snapshot(stylegan2(conv_clamp=1)))
    full = ImportedGenerator.open(import_generator(path, "full"))
    half = ImportedGenerator.open(import_generator(path, "half", half=True))
    pictures = [each.draw(each.ws(each.w(each.z(0)))).astype(int) for each in (full, half)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 1


def test_labels(tmp_path: Path) -> None:
    config = {
        "architecture": "stylegan2",
        "mapping": {"z_dim": 16, "c_dim": 3, "w_dim": 24, "layers": 2, "embedding": 24, "hidden": 24},
        "synthesis": {"w_dim": 24, "resolution": 16, "colours": 3, "channels": (16, 16, 8)},
    }
    record = generator_record(random_network(config), {**STYLEGAN2_ARGUMENTS, "c_dim": 3})
    generator = ImportedGenerator.open(import_generator(write(tmp_path / "net.pkl", record), "people"))
    assert generator.classes == 3
    assert not np.allclose(generator.w(generator.z(0), 0), generator.w(generator.z(0), 2))
    with pytest.raises(FaceEditorError, match="no label 3"):
        generator.w(generator.z(0), 3)


def test_average_is_estimated_where_none_is_stored(tmp_path: Path) -> None:
    record = stylegan2()
    del record.state["_modules"]["mapping"].state["_buffers"]["w_avg"]
    record.state["_init_kwargs"]["mapping_kwargs"] = EasyDict(num_layers=2, w_avg_beta=None)
    generator = ImportedGenerator.open(import_generator(write(tmp_path / "net.pkl", record), "people"))
    many = generator.w(np.random.RandomState(1).randn(4000, 16).astype(np.float32))
    assert np.allclose(generator.average, many.mean(0), atol=0.1)


def test_mixing_and_truncation(tmp_path: Path) -> None:
    generator = ImportedGenerator.open(import_generator(write(tmp_path / "net.pkl", stylegan2()), "people"))
    first, second = (generator.ws(generator.w(generator.z(seed))) for seed in (0, 1))
    mixed = generator.mixed(first, second, [2, 3])
    assert np.array_equal(mixed[[0, 1, 4, 5]], first[[0, 1, 4, 5]]) and np.array_equal(mixed[[2, 3]], second[[2, 3]])
    assert np.allclose(generator.ws(first, 0.0), generator.average)
    part = generator.ws(first, 0.0, cutoff=2)
    assert np.allclose(part[:2], generator.average) and np.array_equal(part[2:], first[2:])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"D": persistent(torch.nn.Linear(2, 2), "Discriminator")}, "a discriminator and no generator"),
        (persistent(torch.nn.Linear(2, 2), "Discriminator"), "a discriminator and no generator"),
        ({"G_ema": persistent(torch.nn.Linear(2, 2), "SuperresGenerator")}, "unknown kind “SuperresGenerator”"),
        ({"a": 1}, "holds no generator"),
        ([], "holds no generator"),
    ],
)
def test_content_that_is_no_generator(tmp_path: Path, own_folder: Path, content: Any, sentence: str) -> None:
    path = write(tmp_path / "net.pkl", content)
    with pytest.raises(ModelError, match=sentence):
        import_generator(path, "people")
    assert not own_folder.exists() or not list(own_folder.iterdir())


def _changed(**changes: Any) -> Persistent:
    record = stylegan2()
    record.state["_init_kwargs"].update(changes)
    return record


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"img_resolution": 32}, "b32.*is missing|lacks the weights “synthesis.b32"),
        ({"img_resolution": 24}, "no power of two"),
        ({"img_resolution": 2**20}, "no power of two from 4"),
        ({"w_dim": 25}, "asks for"),
        ({"z_dim": -1}, "z_dim"),
        ({"synthesis_kwargs": EasyDict(channel_base=64)}, "asks for"),
        ({"synthesis_kwargs": EasyDict(channel_base=128, channel_max=16, architecture="new")}, "architecture “new”"),
        ({"synthesis_kwargs": EasyDict(channel_base=128, channel_max=16, strange=1)}, "“strange = 1”"),
        ({"mapping_kwargs": EasyDict(num_layers=10**9)}, "layers"),
        ({"synthesis_kwargs": EasyDict(channel_base=128, channel_max=16, conv_clamp="x")}, "net.pkl|cannot be"),
        ({"synthesis_kwargs": EasyDict(channel_base=128, channel_max=16, conv_clamp=-1)}, "clamp -1"),
        ({"synthesis_kwargs": EasyDict(channel_base=None)}, "net.pkl"),
        ({"mapping_kwargs": 3}, "net.pkl"),
        ({"img_channels": None}, "net.pkl"),
    ],
)
def test_shapes_are_checked_against_the_arguments(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        import_generator(write(tmp_path / "net.pkl", snapshot(_changed(**changes))), "people")


def test_tensors_that_reach_outside_of_their_data(tmp_path: Path) -> None:
    record = stylegan2()
    storage = torch.zeros(4)._typed_storage()
    beyond = Call(torch._utils._rebuild_tensor_v2, storage, 2, (3,), (1,), False, OrderedDict())
    record.state["_modules"]["mapping"].state["_modules"]["fc0"].state["_parameters"]["bias"] = beyond
    with pytest.raises(ModelError, match="larger than its data"):
        import_generator(write(tmp_path / "net.pkl", snapshot(record)), "people")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(tmp_path: Path, own_folder: Path, value: float) -> None:
    record = stylegan2()
    with torch.no_grad():
        record.state["_modules"]["mapping"].state["_modules"]["fc0"].state["_parameters"]["weight"][0, 0] = value
    with pytest.raises(ModelError, match="not finite"):
        import_generator(write(tmp_path / "net.pkl", snapshot(record)), "people")
    assert not list(own_folder.iterdir())


def test_names(tmp_path: Path) -> None:
    path = write(tmp_path / "net.pkl", snapshot(stylegan2()))
    for name in ("", "../up", "a/b", ".hidden", "x" * 65, "end."):
        with pytest.raises(FaceEditorError, match="no usable name"):
            import_generator(path, name)
    import_generator(path, "people")
    with pytest.raises(FaceEditorError, match="already"):
        import_generator(path, "people")
    import_generator(path, "people", replace=True)
    assert suggested_name(tmp_path / "my net (2).pkl") == "my-net-2"


@pytest.mark.parametrize("at", [0.5, 0.65, 0.75, 0.95])
def test_cancel_leaves_nothing(tmp_path: Path, own_folder: Path, at: float) -> None:
    def step(share: float, text: str) -> None:
        if share >= at:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        import_generator(write(tmp_path / "net.pkl", snapshot(stylegan2())), "people", step=step)
    assert not list(own_folder.iterdir())


def test_unknown_and_damaged_packs(tmp_path: Path, own_folder: Path) -> None:
    with pytest.raises(ModelError, match="no imported generator “people”"):
        open_installed("people")
    pack = import_generator(write(tmp_path / "net.pkl", snapshot(stylegan2())), "people")
    listing = json.loads((pack.folder / "pack.json").read_text())
    for change in ({"resolution": 10**6}, {"channels": None}, {"kernel": 2}, {"strange": 1}, {"resolution": 32}):
        config = {**listing["config"], "synthesis": {**listing["config"]["synthesis"], **change}}
        (pack.folder / "pack.json").write_text(json.dumps({**listing, "config": config}))
        with pytest.raises(ModelError):
            open_installed("people")
    with pytest.raises(ModelError, match="unknown to this version"):
        build({"architecture": "gan-9", "mapping": {}, "synthesis": {}})
