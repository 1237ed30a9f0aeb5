"""Finding a face and reading its regions, with the program's own small networks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from faceeditor.errors import ImageError, ModelError
from faceeditor.nets.face_detector import FaceDetector
from faceeditor.photo import landmarks
from faceeditor.photo.detect import FIRST_CENTRE, STRIDE, detect_faces
from faceeditor.photo.parse import parse_photo, without_specks
from faceeditor.photo.prepare import prepare_photo
from faceeditor.regions import Region
from tests.generators import tiny
from tests.photo.drawing import drawn_face


@pytest.fixture(autouse=True)
def no_landmark_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result must not depend on what lies in the cache of torch.hub."""
    monkeypatch.setattr(landmarks, "weights_path", lambda: tmp_path / "none")


def scene(*faces: tuple[int, int, int], size: tuple[int, int] = (500, 800)) -> np.ndarray:
    """A grey picture with drawn faces (left, top, side)."""
    picture = np.full((*size, 3), 120, np.uint8)
    for left, top, side in faces:
        picture[top : top + side, left : left + side] = drawn_face(side)
    return picture


def test_detector_geometry() -> None:
    """The gradient of one score, through weights that are all alike, is centred on the score's window."""
    net = FaceDetector()
    size = 269
    for part in net.parameters():
        torch.nn.init.constant_(part, 0.01)
    pixels = torch.full((1, 3, size, size), 130.0, requires_grad=True)
    scores = net(pixels)
    row, column = 15, 14
    scores[0, row, column].backward()
    assert pixels.grad is not None
    weight = pixels.grad.abs().sum((0, 1))
    axis = torch.arange(size) + 0.0
    assert float((weight.sum(0) * axis).sum() / weight.sum()) == pytest.approx(column * STRIDE + FIRST_CENTRE, abs=0.1)
    assert float((weight.sum(1) * axis).sum() / weight.sum()) == pytest.approx(row * STRIDE + FIRST_CENTRE, abs=0.1)


def test_faces_are_found_where_they_are_largest_first() -> None:
    faces = detect_faces(scene((60, 60, 180), (420, 120, 300)))
    assert len(faces) == 2
    for face, (left, top, side) in zip(faces, ((420, 120, 300), (60, 60, 180)), strict=True):
        assert face.side == pytest.approx(0.54 * side, rel=0.25)
        assert face.centre[0] == pytest.approx(left + 0.5 * side, abs=0.06 * side)
        assert face.centre[1] == pytest.approx(top + 0.57 * side, abs=0.08 * side)
        assert face.score > 0.5


def test_prepared_photo_is_the_aligned_face() -> None:
    face = drawn_face(256)
    prepared = prepare_photo(scene((300, 120, 256)))
    assert np.hypot(*(prepared.square.centre - (428, 248))) < 12
    assert prepared.square.side == pytest.approx(256, rel=0.12)
    assert prepared.photo.shape == (256, 256, 3) and prepared.note == "" and len(prepared.faces) == 1
    assert np.abs(prepared.photo.astype(int) - face)[40:220, 60:200].mean() < 12
    assert prepared.mask[150, 128] in (Region.NOSE, Region.SKIN)
    assert {Region.L_EYE, Region.R_EYE, Region.NOSE, Region.HAIR} <= set(prepared.mask.ravel().tolist())
    # The person's left eye is on the right side of the picture.
    assert np.argwhere(prepared.mask == Region.L_EYE)[:, 1].mean() > 128


def test_several_faces_are_noted_and_can_be_chosen() -> None:
    picture = scene((60, 60, 180), (420, 120, 300))
    prepared = prepare_photo(picture)
    assert "2 faces; the largest" in prepared.note and prepared.square.centre[0] > 500
    other = prepare_photo(picture, face=1)
    assert "number 2 by size" in other.note and other.square.centre[0] < 250
    with pytest.raises(ImageError, match="number 3"):
        prepare_photo(picture, face=2)


def test_no_face_is_said() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for picture in (noise, np.zeros((1, 1, 3), np.uint8), np.full((20, 3000, 3), 200, np.uint8)):
        with pytest.raises(ImageError, match="No face"):
            prepare_photo(picture)


def test_steps_are_told_and_can_stop_the_work() -> None:
    shares: list[float] = []
    prepare_photo(scene((300, 120, 256)), step=lambda share, text: shares.append(share))
    assert shares == sorted(shares) and len(shares) >= 4

    def stop(share: float, text: str) -> None:
        if share > 0.3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        prepare_photo(scene((300, 120, 256)), step=stop)


def test_missing_and_wrong_packs_are_model_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=r"face-detector.*missing"):
        detect_faces(scene())
    tiny.write_parser(tmp_path)
    assert parse_photo(drawn_face()).shape == (256, 256)
    listing = tmp_path / "parser" / "pack.json"
    listing.write_text(listing.read_text().replace('"width": 8', '"width": 16').replace('"test"', '"other"'))
    from faceeditor.photo import networks

    networks._opened.clear()
    with pytest.raises(ModelError, match="does not fit"):
        parse_photo(drawn_face())


def test_specks_take_their_surroundings() -> None:
    mask = np.full((64, 64), Region.SKIN, np.uint8)
    mask[40:] = Region.NECK
    clean = mask.copy()
    mask[10:13, 10:13] = Region.HAT
    mask[50:52, 50:53] = Region.HAIR
    mask[20:23, 30:33] = clean[20:23, 30:33] = Region.L_EYE
    np.testing.assert_array_equal(without_specks(mask), clean)
    assert without_specks(np.zeros((3, 3), np.uint8)).tolist() == [[0] * 3] * 3


def test_broken_landmark_package_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / landmarks.WEIGHTS
    weights.write_bytes(b"not a network")
    monkeypatch.setattr(landmarks, "weights_path", lambda: weights)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    import face_alignment

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("cannot be read")

    monkeypatch.setattr(face_alignment, "FaceAlignment", broken)
    assert landmarks.alignment_network(scene(), detect_faces(scene((300, 120, 256)))[0]) is None
    assert prepare_photo(scene((300, 120, 256))).square.side == pytest.approx(256, rel=0.12)


def test_landmarks_are_used_where_the_weights_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / landmarks.WEIGHTS
    weights.write_bytes(b"there")
    monkeypatch.setattr(landmarks, "weights_path", lambda: weights)
    monkeypatch.setattr(landmarks, "_network", None)
    import face_alignment

    asked: dict[str, object] = {}

    class Found:
        def __init__(self, kind: object, **options: object) -> None:
            asked.update(options)

        def get_landmarks_from_image(self, picture: np.ndarray, detected_faces: list) -> list:
            asked["boxes"] = detected_faces
            points = np.zeros((68, 2))
            points[36:42], points[42:48] = (399.5, 239.5), (459.5, 239.5)
            points[48], points[54] = (409.5, 309.5), (449.5, 309.5)
            return [points]

    monkeypatch.setattr(face_alignment, "FaceAlignment", Found)
    prepared = prepare_photo(scene((300, 120, 256)))
    np.testing.assert_allclose(prepared.square.centre, [430, 247])
    assert asked["face_detector"] == "folder" and asked["device"] == "cpu" and len(asked["boxes"]) == 1
