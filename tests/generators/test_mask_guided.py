"""Every device draws what the network itself draws."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from faceeditor.errors import EngineError, ModelError
from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.generators.conditions import detail_over_picture, mask_condition, quartered
from faceeditor.generators.mask_guided import MaskGuided, generator_weights
from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.mask_guided import Codes, warp_from_face
from faceeditor.nets.mask_guided_forward import EMBED_INPUTS
from faceeditor.nets.mask_guided_pack import FINE_FILE
from faceeditor.packs import ModelPack, write_pack
from faceeditor.portrait.exemplars import FILE as EXEMPLARS
from faceeditor.portrait.exemplars import MISSING_BELOW, Exemplars, region_areas
from faceeditor.portrait.guides import guide_planes, hair_direction
from faceeditor.portrait.state import CombStroke
from tests.generators import tiny


def head_maps() -> np.ndarray:
    """Planes of a made-up head, (10, 128, 128) float32."""
    maps = np.random.default_rng(5).uniform(-1, 1, (10, 8, 8)).astype(np.float32).repeat(16, 1).repeat(16, 2)
    maps[:, :, :30] = 0
    return maps


def reference(size: int, maps: np.ndarray | None = None, hair: np.ndarray | None = None) -> np.ndarray:
    """The network's own picture in levels, float."""
    mask, style = tiny.face_mask(), tiny.random_style()
    codes = Codes(*(torch.from_numpy(np.array(a))[None] for a in (style.regions, style.overall, style.detail)))
    planes = one_hot_planes(torch.from_numpy(mask)[None], 19)
    to_face = torch.from_numpy(inverse_frame(face_frame(mask)))[None]
    with torch.no_grad():
        head = np.zeros((10, 128, 128), np.float32) if maps is None else maps
        given = torch.from_numpy(np.concatenate([head, guide_planes(mask, hair)]))[None]
        picture = tiny.generator()(planes, to_face, codes, size, maps=given)[0]
    return (picture.clamp(-1, 1) * 127.5 + 127.5).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("size", [128, 256, 512])
def test_openvino_graph_in_float32_equals_the_network(tiny_pack: ModelPack, size: int) -> None:
    from faceeditor.generators.openvino_backend import OpenVinoBackend

    backend = OpenVinoBackend(generator_weights(tiny_pack), precision="f32")
    for maps in (None, head_maps()):
        check_equal(backend.draw(mask_condition(tiny.face_mask()), tiny.random_style(), size, maps), size, maps)
    assert np.abs(reference(size, head_maps()) - reference(size)).mean() > 2, "the head's planes must matter"


def check_equal(drawn: np.ndarray, size: int, maps: np.ndarray | None) -> None:
    expected = reference(size, maps)
    assert expected.std() > 20  # a picture of one level would agree with anything
    # Rounding to bytes is half a level; 0.15 levels are the 1e-3 of the -1..1 range.
    assert np.abs(drawn - expected).max() < 0.5 + 0.15


@pytest.mark.parametrize("device", ["openvino-cpu", "torch-cpu"])
def test_comb_strokes_change_the_hair_where_they_lie(tiny_pack: ModelPack, device: str) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[:, :128] = 17
    stroke = CombStroke(np.array([[30, 40], [60, 70]], np.float32), 12.0)
    generator = MaskGuided(device)
    plain, combed, again = (
        generator.render(mask, tiny.random_style(), 256, None, hair).astype(int)
        for hair in (None, hair_direction(mask, [stroke]), hair_direction(mask))
    )
    change = np.abs(combed - plain).sum(2)
    assert change[40:70, 30:60].mean() > 5 * change[:, 192:].mean() and change[40:70, 30:60].mean() > 1
    assert np.array_equal(plain, again)


def test_a_pack_from_before_the_guides_still_draws(tiny_pack: ModelPack, tmp_path: Path) -> None:
    files = {name: dict(tiny_pack.load(name)) for name in tiny_pack.files}
    old = files["generator.safetensors"]
    for name in [n for n in old if n.endswith("embed.weight")]:
        old[name] = old[name][:, :-6]
    pack = write_pack(tmp_path, "mask-guided", "mask-guided", "old", files, tiny_pack.config, half=False)
    smile = tiny.face_mask()
    drawn = MaskGuided("torch-cpu", pack).render(smile, tiny.random_style())
    assert drawn.std() > 10
    assert all(v.shape[1] == EMBED_INPUTS for n, v in generator_weights(pack).items() if n.endswith("embed.weight"))


@pytest.mark.parametrize("device", ["openvino-cpu", "torch-cpu"])
@pytest.mark.parametrize("size", [128, 256, 512])
def test_devices_draw_the_networks_picture(tiny_pack: ModelPack, device: str, size: int) -> None:
    generator = MaskGuided(device)
    for maps in (None, head_maps()):
        drawn = generator.render(tiny.face_mask(), tiny.random_style(), size, maps)
        assert drawn.shape == (size, size, 3) and drawn.dtype == np.uint8
        error = np.abs(drawn - reference(size, maps))
        assert error.mean() < 1.5 and np.percentile(error, 99) < 8  # bfloat16 has 8 bits of mantissa


def test_planes_of_a_wrong_shape_are_refused(tiny_pack: ModelPack) -> None:
    with pytest.raises(EngineError, match="planes of the head"):
        MaskGuided("openvino-cpu").render(
            tiny.face_mask(), tiny.random_style(), 128, np.zeros((10, 64, 64), np.float32)
        )


def test_frames_are_fresh_and_follow_mask_and_style(tiny_pack: ModelPack) -> None:
    generator = MaskGuided("openvino-cpu")
    mask, style = tiny.face_mask(), tiny.random_style()
    first = generator.render(mask, style)
    kept = first.copy()
    painted = mask.copy()
    painted[20:60, 20:60] = 18
    assert np.abs(generator.render(painted, style).astype(int) - first).max() > 20
    assert np.abs(generator.render(mask, tiny.random_style(5)).astype(int) - first).max() > 20
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(generator.render(mask, style), first)


def test_detail_is_laid_as_the_network_lays_it() -> None:
    detail = tiny.random_style().detail
    for to_face in ([[1.1, 0.2, -0.1], [-0.2, 0.9, 0.05]], [[2.5, 0, 0.7], [0, 2.5, -0.4]], [[0.3, 0, 0], [0, 0.3, 0]]):
        frame = np.array(to_face, np.float32)
        expected = warp_from_face(torch.from_numpy(np.array(detail))[None], torch.from_numpy(frame)[None], 64).numpy()
        np.testing.assert_allclose(detail_over_picture(detail, frame), expected, atol=2e-5)


def test_quartered_is_pixel_unshuffle() -> None:
    mask = tiny.face_mask()
    expected = torch.nn.functional.pixel_unshuffle(torch.from_numpy(mask)[None, None], 2).numpy()
    np.testing.assert_array_equal(quartered(mask), expected)


def test_encode_gives_a_finite_code_that_depends_on_the_photograph(tiny_pack: ModelPack) -> None:
    generator = MaskGuided("openvino-cpu")
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, (256, 256, 3), dtype=np.uint8)
    style = generator.encode(photo, tiny.face_mask(), "a.jpg")
    other = generator.encode(255 - photo // 4, tiny.face_mask())
    assert style.label == "a.jpg"
    assert np.abs(style.regions - other.regions).max() > 1e-3
    assert style.key == generator.encode(photo, tiny.face_mask()).key


def test_what_a_photograph_does_not_show_is_lent_by_the_programs_exemplars() -> None:
    exemplars = Exemplars.from_arrays(ModelPack.open("mask-guided").load(EXEMPLARS))
    mask = tiny.face_mask()
    missing = np.flatnonzero(region_areas(mask) < MISSING_BELOW)
    assert len(missing)
    photo = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    style = MaskGuided("openvino-cpu").encode(photo, mask)
    for region in missing[exemplars.shown.any(0)[missing]]:
        lenders = exemplars.regions[exemplars.shown[:, region], region]
        assert (lenders == style.regions[region]).all(1).any()


def test_readable_errors(tiny_pack: ModelPack, tmp_path: object) -> None:
    with pytest.raises(EngineError, match="no device “gpu9”"):
        MaskGuided("gpu9")
    with pytest.raises(EngineError, match="128, 256 or 512"):
        MaskGuided("openvino-cpu").render(tiny.face_mask(), tiny.random_style(), 100)


@pytest.mark.parametrize("device", ["openvino-cpu", "torch-cpu"])
def test_weights_of_another_network_are_a_model_error(tmp_path: object, device: str) -> None:
    wrong = {"generator.safetensors": {"scales.0.embed.weight": np.zeros((4, 4, 1, 1), np.float32)}}
    pack = write_pack(tmp_path, "mask-guided", "mask-guided", "test", wrong, {})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="does not fit"):
        MaskGuided(device, pack)


def test_no_graphics_card_is_said(tiny_pack: ModelPack) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a graphics card")
    with pytest.raises(EngineError, match="no graphics card"):
        MaskGuided("cuda")


def test_openvino_is_loaded_without_telemetry_and_without_torch() -> None:
    """It would fork a process that calls a server, and a fork beside a matrix product of numpy locks up.

    Torch takes longer to load than everything else until the first face.
    """
    code = (
        "import os, sys; os.fork = None; from faceeditor.generators import openvino_graph;"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')];"
        "assert sys.modules['openvino.tools.ovc.telemetry_stub'];"
        "assert 'torch' not in sys.modules; print('quiet')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "quiet"


def test_a_pack_without_the_fine_scale_enlarges_its_picture(tiny_pack: ModelPack, tmp_path: Path) -> None:
    files = {name: tiny_pack.load(name) for name in tiny_pack.files if name != FINE_FILE}
    plain = write_pack(tmp_path, "mask-guided", "mask-guided", "test", files, tiny_pack.config, half=False)
    generator = MaskGuided("openvino-cpu", plain)
    assert (generator.native, MaskGuided("openvino-cpu", tiny_pack).native) == (256, 512)
    large = generator.render(tiny.face_mask(), tiny.random_style(), 512)
    small = generator.render(tiny.face_mask(), tiny.random_style(), 256)
    expected = cv2.resize(small, (512, 512), interpolation=cv2.INTER_LANCZOS4)
    assert np.array_equal(large, expected)
