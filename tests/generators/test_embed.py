"""Embedding: the code moves towards the photograph, stays near the encoder's, and can be stopped."""

import numpy as np
import pytest

from faceeditor.generators.embed import SHOWN_EVERY, embed
from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.packs import ModelPack
from tests.generators import tiny


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    """The small pack."""
    return tiny.write_mask_guided(tmp_path_factory.mktemp("models"))


def error(pack: ModelPack, style: object, photo: np.ndarray) -> float:
    drawn = MaskGuided("torch-cpu", pack).render(tiny.face_mask(), style, 128)  # type: ignore[arg-type]
    small = photo.reshape(128, 2, 128, 2, 3).mean((1, 3))
    return float(np.abs(drawn - small).mean())


def test_code_comes_nearer_to_the_photograph(pack: ModelPack) -> None:
    mask, truth, start = tiny.face_mask(), tiny.random_style(1), tiny.random_style(2).with_label("photo.jpg")
    photo = MaskGuided("torch-cpu", pack).render(mask, truth)
    told: list[float] = []
    pictures: list[np.ndarray] = []

    def step(share: float, text: str, picture: np.ndarray | None) -> None:
        told.append(share)
        if picture is not None:
            pictures.append(picture)

    found = embed(photo, mask, start, None, 15, step, pack)
    assert error(pack, found, photo) < 0.85 * error(pack, start, photo)
    assert found.label == "photo.jpg" and 0 < np.abs(found.overall - start.overall).max() < 2
    assert told == sorted(told) and len(told) == 16 and told[-1] == 1.0
    assert len(pictures) == 15 // SHOWN_EVERY + 2 and pictures[0].shape == (128, 128, 3)
    assert all(picture.dtype == np.uint8 for picture in pictures)


def test_maps_of_a_head_guide_the_code(pack: ModelPack) -> None:
    mask, style = tiny.face_mask(), tiny.random_style(1)
    photo = np.full((256, 256, 3), 120, np.uint8)
    plain = embed(photo, mask, style, None, 2, pack=pack)
    maps = np.random.default_rng(0).standard_normal((10, 128, 128)).astype(np.float32)
    guided = embed(photo, mask, style, maps, 2, pack=pack)
    assert len({code.key for code in (plain, guided, style)}) == 3


def test_step_stops_the_work(pack: ModelPack) -> None:
    calls: list[float] = []

    def stop(share: float, text: str, picture: np.ndarray | None) -> None:
        calls.append(share)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        embed(np.zeros((256, 256, 3), np.uint8), tiny.face_mask(), tiny.random_style(1), None, 50, stop, pack)
    assert len(calls) == 3
