"""The learnt enlarger adds detail at edges, nothing to even tones, and the same by tiles as at once."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from faceeditor.errors import EngineError, ModelError
from faceeditor.generators import enlarger
from faceeditor.generators.cpu_network import BACKENDS
from faceeditor.generators.enlarger import TILE, FaceEnlarger
from faceeditor.nets.enlarger import Enlarger
from faceeditor.nets.enlarger_forward import MARGIN, detail_of, lanczos2, levels_of
from faceeditor.packs import ModelPack, write_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    """A pack of random weights that change a picture by some levels."""
    torch.manual_seed(0)
    net = Enlarger(8)
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    arrays = {name: value.numpy() for name, value in net.state_dict().items()}
    folder = tmp_path_factory.mktemp("models")
    return write_pack(folder, "enlarger", "enlarger", "test", {"weights.safetensors": arrays}, {"width": 8}, half=False)


def face(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.5), np.uint8)


def plain(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(lanczos2(picture.astype(np.float32))), 0, 255).astype(np.uint8)


def test_fresh_weights_enlarge_as_lanczos_does() -> None:
    assert not Enlarger()(torch.randn(1, 3, 20, 20)).any()


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_flat_and_evenly_rising_tones_get_no_pattern(pack: ModelPack, backend: str) -> None:
    y, x = np.mgrid[:48, :64]
    ramp = np.stack([40 + 2 * x, 60 + 3 * y, np.full_like(x, 117)], 2).astype(np.float32)
    large = FaceEnlarger(pack, backend).twice(ramp.astype(np.uint8))
    inner = (slice(24, -24), slice(24, -24))
    assert np.array_equal(large[inner], plain(ramp)[inner])
    assert np.abs(FaceEnlarger(pack, backend).twice(face(48, 64)).astype(int) - plain(face(48, 64))).max() > 3


def test_tiles_leave_no_seam(pack: ModelPack) -> None:
    picture = face(TILE + 20, 2 * TILE + 3)
    large = FaceEnlarger(pack, "torch").twice(picture)
    assert large.shape == (2 * TILE + 40, 4 * TILE + 6, 3) and large.dtype == np.uint8
    values = cv2.copyMakeBorder(picture, *[2 * MARGIN] * 4, cv2.BORDER_REFLECT_101).astype(np.float32)
    net = Enlarger(8)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in pack.load("weights.safetensors").items()})
    with torch.no_grad():
        added = levels_of(net(torch.from_numpy(detail_of(values))[None])[0].numpy())
    whole = np.clip(np.rint(lanczos2(values) + added), 0, 255)[4 * MARGIN : -4 * MARGIN, 4 * MARGIN : -4 * MARGIN]
    assert np.abs(large - whole).max() <= 1


def test_both_backends_agree(pack: ModelPack) -> None:
    picture = face(40, 40)
    ways = [FaceEnlarger(pack, backend).twice(picture).astype(int) for backend in BACKENDS]
    assert np.abs(ways[0] - ways[1]).max() <= 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_result_is_not_written_over_by_the_next(pack: ModelPack, backend: str) -> None:
    net = FaceEnlarger(pack, backend)
    side = TILE + 2 * MARGIN
    first, second = (detail_of(face(side, side)[::step].astype(np.float32).copy())[None] for step in (1, -1))
    result = net._add(first)
    kept = result.copy()
    assert not np.array_equal(net._add(second), kept) and np.array_equal(result, kept)


def test_a_missing_pack_is_no_error_and_a_damaged_one_is(
    pack: ModelPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    assert enlarger.load() is None
    monkeypatch.setenv("FACEEDITOR_MODELS", str(pack.folder.parent))
    assert enlarger.load() is enlarger.load()
    (tmp_path / "enlarger").mkdir()
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="incomplete"):
        enlarger.load()
    arrays = {name: value[:4] for name, value in pack.load("weights.safetensors").items()}
    other = write_pack(tmp_path, "enlarger", "enlarger", "test", {"weights.safetensors": arrays}, {"width": 8})
    for backend in BACKENDS:
        with pytest.raises(ModelError, match="does not fit"):
            FaceEnlarger(other, backend)
    with pytest.raises(EngineError, match="choose one of"):
        FaceEnlarger(pack, "gpu")
