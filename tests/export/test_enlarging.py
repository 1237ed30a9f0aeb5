"""A drawn face at another size: without its weave, by the learnt enlarger, by Lanczos where that is missing."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor.errors import ImageError
from faceeditor.export.enlarging import scaled_face
from faceeditor.export.lattice import without_lattice
from faceeditor.generators import enlarger
from faceeditor.generators.enlarger import FaceEnlarger
from faceeditor.packs import ModelPack
from tests.export.test_lattice import face_without_weave, weave
from tests.generators.test_enlarger import pack

__all__ = ["pack"]


@pytest.fixture
def woven() -> np.ndarray:
    return np.clip(face_without_weave() + np.rint(weave()), 0, 255).astype(np.uint8)


def test_without_a_pack_lanczos_enlarges(woven: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    large = scaled_face(woven, 1024)
    assert np.array_equal(large, cv2.resize(without_lattice(woven), (1024, 1024), interpolation=cv2.INTER_LANCZOS4))


def test_with_a_pack_the_learnt_enlarger_doubles(
    woven: np.ndarray, pack: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(pack.folder.parent))
    learnt, plain = FaceEnlarger(pack), without_lattice(woven)
    once = learnt.twice(plain)
    assert np.array_equal(scaled_face(woven, 512), once)
    assert np.array_equal(scaled_face(woven, 400), cv2.resize(once, (400, 400), interpolation=cv2.INTER_AREA))
    twice = learnt.twice(once)
    assert np.array_equal(scaled_face(woven, 1024), twice)
    beyond = scaled_face(woven, 1100)
    assert np.array_equal(beyond, cv2.resize(twice, (1100, 1100), interpolation=cv2.INTER_LANCZOS4))


def test_a_face_that_is_not_enlarged_stays_as_drawn(woven: np.ndarray) -> None:
    assert np.array_equal(scaled_face(woven, 256), woven)
    assert np.array_equal(scaled_face(woven, 128), cv2.resize(woven, (128, 128), interpolation=cv2.INTER_AREA))


def test_an_impossible_size_is_refused_before_any_work(woven: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> None:
        raise AssertionError("nothing is to be enlarged")

    monkeypatch.setattr(enlarger, "load", opened)
    for size in (8, 9000):
        with pytest.raises(ImageError, match="choose a size"):
            scaled_face(woven, size)
