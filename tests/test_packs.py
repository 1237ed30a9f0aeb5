"""Model packs: written, read back, and refused when anything about them is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceeditor.errors import ModelError
from faceeditor.packs import ModelPack, write_pack

WEIGHTS = "weights.safetensors"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with one pack, "small"."""
    arrays = {"a": np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, 3, 4), "n": np.arange(5, dtype=np.int64)}
    write_pack(tmp_path, "small", "generator", "1.0", {WEIGHTS: arrays}, {"layers": [1, 2]})
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    return tmp_path


def edit_listing(models: Path, **changes: Any) -> None:
    """Change entries of the pack's list."""
    listing = models / "small" / "pack.json"
    listing.write_text(json.dumps({**json.loads(listing.read_text()), **changes}))


def assert_refused(words: str, file: str) -> None:
    """Opening and loading fails with a sentence that names the file and says what to do."""
    with pytest.raises(ModelError, match=words) as error:
        ModelPack.open("small").load(WEIGHTS)
    text = str(error.value)
    assert file in text
    assert "reinstall" in text or "update" in text
    assert text.endswith(".")


def test_a_pack_comes_back(models: Path) -> None:
    pack = ModelPack.open("small")
    assert (pack.name, pack.kind, pack.version, pack.config) == ("small", "generator", "1.0", {"layers": [1, 2]})
    arrays = pack.load(WEIGHTS)
    assert arrays["a"].dtype == np.float32
    assert arrays["a"].shape == (2, 3, 4)
    assert np.abs(arrays["a"].ravel() - np.linspace(-2, 2, 24)).max() < 1e-3
    assert arrays["n"].tolist() == [0, 1, 2, 3, 4]


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    arrays = {WEIGHTS: {"a": np.ones(10_000, np.float32)}}
    half = write_pack(tmp_path, "half", "k", "1", arrays, {})
    full = write_pack(tmp_path, "full", "k", "1", arrays, {}, half=False)
    assert half.files[WEIGHTS].bytes < 0.52 * full.files[WEIGHTS].bytes
    assert half.key != full.key


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not finite"):
        write_pack(tmp_path, "p", "k", "1", {WEIGHTS: {"a": np.array([1e6], np.float32)}}, {})
    assert not (tmp_path / "p").exists()


def test_missing_folder(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(models / "elsewhere"))
    assert_refused("missing", "elsewhere")


def test_missing_list(models: Path) -> None:
    (models / "small" / "pack.json").unlink()
    assert_refused("incomplete", "pack.json")


def test_missing_weights(models: Path) -> None:
    (models / "small" / WEIGHTS).unlink()
    assert_refused("missing", WEIGHTS)


def test_empty_weights(models: Path) -> None:
    (models / "small" / WEIGHTS).write_bytes(b"")
    assert_refused("0 bytes", WEIGHTS)


def test_truncated_weights(models: Path) -> None:
    path = models / "small" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-10])
    assert_refused("bytes and not", WEIGHTS)


def test_weights_altered_after_they_were_checked_once(models: Path) -> None:
    ModelPack.open("small").load(WEIGHTS)
    path = models / "small" / WEIGHTS
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert_refused("altered", WEIGHTS)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "files": []}', "\xff\xfe"])
def test_damaged_list(models: Path, text: str) -> None:
    (models / "small" / "pack.json").write_text(text, encoding="latin-1")
    assert_refused("damaged", "pack.json")


def test_newer_format(models: Path) -> None:
    edit_listing(models, format=2)
    assert_refused("newer Face Editor", "pack.json")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "..", "a\\b"])
def test_names_that_leave_the_folder_are_refused(models: Path, name: str) -> None:
    edit_listing(models, files={name: {"sha256": "0", "bytes": 1}})
    assert_refused("damaged", "pack.json")


def test_a_file_that_is_not_listed(models: Path) -> None:
    with pytest.raises(ModelError, match="no file"):
        ModelPack.open("small").load("other.safetensors")


def test_rightly_hashed_rubbish_is_refused(models: Path) -> None:
    import hashlib

    (models / "small" / WEIGHTS).write_bytes(b"rubbish" * 9)
    digest = hashlib.sha256(b"rubbish" * 9).hexdigest()
    edit_listing(models, files={WEIGHTS: {"sha256": digest, "bytes": 63}})
    assert_refused("cannot be understood", WEIGHTS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    import hashlib
    import json

    from safetensors.numpy import save

    write_pack(tmp_path, "odd", "test", "1", {"weights.safetensors": {"a": np.zeros(3, np.float32)}}, {}, half=False)
    data = save({"a": np.array([0, value, 1], np.float32)})
    (tmp_path / "odd" / "weights.safetensors").write_bytes(data)
    listing = tmp_path / "odd" / "pack.json"
    content = json.loads(listing.read_text())
    content["files"]["weights.safetensors"] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    listing.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="finite"):
        ModelPack.open("odd", tmp_path).load("weights.safetensors")
