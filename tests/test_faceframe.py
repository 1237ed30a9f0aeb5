import numpy as np
import pytest

from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.regions import MIRROR, REGION_COUNT, REGION_NAMES, Region, mirrored


def drawn_mask(dx: int = 0, dy: int = 0) -> np.ndarray:
    mask = np.zeros((256, 256), np.uint8)
    mask[70 + dy : 230 + dy, 58 + dx : 198 + dx] = Region.SKIN
    for centre, region in ((158, Region.L_EYE), (98, Region.R_EYE)):
        mask[116 + dy : 126 + dy, centre - 12 + dx : centre + 12 + dx] = region
    mask[120 + dy : 174 + dy, 116 + dx : 140 + dx] = Region.NOSE
    mask[184 + dy : 198 + dy, 100 + dx : 156 + dx] = Region.U_LIP
    return mask


def test_left_is_the_persons() -> None:
    mask = drawn_mask()
    left, right = (np.nonzero(mask == r)[1].mean() for r in (Region.L_EYE, Region.R_EYE))
    assert left > right
    back = mirrored(mask)
    left, right = (np.nonzero(back == r)[1].mean() for r in (Region.L_EYE, Region.R_EYE))
    assert left > right


def test_mirror_is_its_own_inverse() -> None:
    assert (MIRROR[MIRROR] == np.arange(REGION_COUNT)).all()
    assert (mirrored(mirrored(drawn_mask(7))) == drawn_mask(7)).all()
    assert len(REGION_NAMES) == REGION_COUNT


def test_frame_of_an_aligned_face_is_nearly_the_picture() -> None:
    frame = face_frame(drawn_mask())
    assert np.abs(frame - np.eye(2, 3)).max() < 0.15


def test_frame_follows_the_face() -> None:
    moved = face_frame(drawn_mask(20, -10)) - face_frame(drawn_mask())
    assert moved[:, 2] == pytest.approx([20 / 128, -10 / 128], abs=0.01)
    assert np.abs(moved[:, :2]).max() < 0.02


def test_frame_without_features_is_finite() -> None:
    for mask in (np.zeros((256, 256), np.uint8), np.full((256, 256), Region.SKIN, np.uint8)):
        assert np.isfinite(face_frame(mask)).all()


def test_inverse_frame() -> None:
    frame = face_frame(drawn_mask(12, 5))
    there = frame[:, :2] @ np.array([0.3, -0.2]) + frame[:, 2]
    inverse = inverse_frame(frame)
    assert inverse[:, :2] @ there + inverse[:, 2] == pytest.approx([0.3, -0.2], abs=1e-5)
