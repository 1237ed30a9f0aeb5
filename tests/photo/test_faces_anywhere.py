"""Faces that are small, lie on their side, are cut off by the border, or cannot be read well."""

import cv2
import numpy as np
import pytest

from faceeditor.photo import detect, landmarks
from faceeditor.photo.align import Square, cut, inside
from faceeditor.photo.detect import FaceBox, detect_faces, large_faces
from faceeditor.photo.prepare import prepare_photo, remarks_on
from faceeditor.regions import Region
from tests.photo.drawing import drawn_face


@pytest.fixture(autouse=True)
def no_landmark_weights(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The result must not depend on what lies in the cache of torch.hub."""
    monkeypatch.setattr(landmarks, "weights_path", lambda: tmp_path_factory.getbasetemp() / "none")


def backdrop(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8, a soft ramp."""
    return np.repeat(np.linspace(90, 150, width, dtype=np.uint8)[None, :, None], height, 0).repeat(3, 2)


def with_face(picture: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """The picture with a drawn face."""
    picture[top : top + side, left : left + side] = drawn_face(side)
    return picture


def is_at(box: FaceBox, left: int, top: int, side: int) -> bool:
    """Whether a box is that of a face drawn there."""
    x, y = box.centre
    return (
        abs(x - left - 0.5 * side) < 0.08 * side
        and abs(y - top - 0.57 * side) < 0.1 * side
        and abs(box.side / side - 0.54) < 0.14
    )


def test_a_small_face_in_a_large_picture_is_found() -> None:
    faces = detect_faces(with_face(backdrop(2000, 3000), 1700, 900, 200))
    assert len(faces) == 1 and is_at(faces[0], 1700, 900, 200)


def test_a_smaller_second_face_is_found() -> None:
    picture = with_face(with_face(backdrop(600, 900), 60, 100, 256), 640, 200, 160)
    faces = detect_faces(picture)
    assert len(faces) == 2 and is_at(faces[0], 60, 100, 256) and is_at(faces[1], 640, 200, 160)


def test_the_largest_face_is_found_without_looking_for_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    scores = detect._scores
    monkeypatch.setattr(detect, "_scores", lambda net, tile: searched.append(tile[..., 0].size) or scores(net, tile))
    picture = with_face(with_face(backdrop(1600, 2400), 300, 200, 900), 1700, 900, 200)
    large = large_faces(picture)
    quick = sum(searched)
    searched.clear()
    every = detect_faces(picture)
    assert len(large) == 1 and len(every) == 2 and every[0] == large[0]
    assert quick < 0.35 * sum(searched)


def test_small_faces_alone_are_left_to_the_whole_search() -> None:
    assert large_faces(with_face(backdrop(2000, 3000), 1700, 900, 200)) == ()


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_picture_on_its_side_is_read_upright(turn: int) -> None:
    upright = with_face(backdrop(400, 560), 180, 90, 256)
    lying = np.ascontiguousarray(np.rot90(upright, turn))  # counter-clockwise, so that `turn` clockwise set it upright
    faces = detect_faces(lying)
    assert len(faces) == 1 and faces[0].turn == turn
    prepared, wanted = prepare_photo(lying), prepare_photo(upright)
    assert (prepared.mask == wanted.mask).mean() > 0.9
    assert np.abs(prepared.photo.astype(int) - wanted.photo).mean() < 12


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_boxes_are_turned_back(quarter: int) -> None:
    from faceeditor.photo.detect import _turned_back

    marked = np.zeros((50, 80), np.uint8)
    marked[10:30, 40:60] = 1
    rows, columns = np.nonzero(np.rot90(marked, -quarter))
    box = FaceBox(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 1.0)
    assert _turned_back(box, quarter, 80, 50) == FaceBox(40, 10, 60, 30, 1.0, quarter)


def pieces(mask: np.ndarray, region: Region) -> int:
    """Number of connected pieces of a region of at least 30 pixels."""
    _, _, facts, _ = cv2.connectedComponentsWithStats((mask == region).astype(np.uint8))
    return int((facts[1:, cv2.CC_STAT_AREA] >= 30).sum())


@pytest.mark.parametrize("area", [np.s_[:, :196], np.s_[56:236, 60:196], np.s_[:230, 50:]])
def test_a_face_at_the_border_stays_one_face(area: tuple[slice, slice]) -> None:
    picture = np.ascontiguousarray(drawn_face(256)[area])
    assert len(detect_faces(picture)) == 1
    prepared = prepare_photo(picture)
    assert pieces(prepared.mask, Region.NOSE) == 1
    assert pieces(prepared.mask, Region.U_LIP) <= 1
    assert 105 < prepared.square.half[0] < 155 and abs(prepared.square.half[1]) < 15
    assert not prepared.inside.all()
    assert any("border" in remark for remark in prepared.rough) == (prepared.inside.mean() < 0.85)


def test_nothing_is_mirrored_beyond_the_border() -> None:
    picture = np.full((200, 100, 3), 60, np.uint8)
    picture[:, 40:60] = 250
    square = Square(np.array([100.0, 100.0]), np.array([100.0, 0.0]))
    result = cut(picture, square)
    within = inside((200, 100), square)
    assert within[:, :127].all() and not within[:, 129:].any()
    bright = result[..., 0].max(0)
    assert bright[:120].max() > 240 and bright[160:].max() < 160, "a mirror would repeat the bright bar"


def test_clear_faces_have_no_remarks_and_others_do() -> None:
    upright = FaceBox(0, 0, 130, 130, 1.05)
    square = Square(np.array([128.0, 128.0]), np.array([128.0, 0.0]))
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    within = np.ones((256, 256), bool)
    points = np.zeros((68, 2))
    points[:17, 0], points[:17, 1] = np.linspace(60, 196, 17), 200
    points[17:27, 0], points[17:27, 1] = np.linspace(70, 186, 10), 90
    points[36:42], points[42:48], points[30] = (98, 121), (158, 121), (128, 150)
    clear = landmarks.Landmarks(points, None)
    assert remarks_on(upright, square, mask, within, clear) == ()
    assert "uncertain" in remarks_on(upright._replace(score=0.3), square, mask, within, clear)[0]
    covered = mask.copy()
    covered[150:] = Region.CLOTH
    assert "covered" in remarks_on(upright, square, covered, within, clear)[0]
    aside = points.copy()
    aside[30] = (195, 150)
    assert "side" in remarks_on(upright, square, mask, within, landmarks.Landmarks(aside, None))[0]
    beyond = within.copy()
    beyond[:100] = False
    assert "border" in remarks_on(upright, square, mask, beyond, clear)[0]


def test_the_search_can_be_stopped() -> None:
    def stop(share: float, text: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        detect_faces(backdrop(300, 300), stop)


def test_what_lies_beyond_the_border_lends_no_style() -> None:
    prepared = prepare_photo(np.ascontiguousarray(drawn_face(256)[:, :196]))
    assert (prepared.seen_mask[~prepared.inside] == Region.BACKGROUND).all()
    assert np.array_equal(prepared.seen_mask[prepared.inside], prepared.mask[prepared.inside])
