"""The reader's labels follow what is done to its pictures."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from faceeditor.head.light import sh_basis
from faceeditor.head.maps import landmarks
from faceeditor.head.model import HeadModel
from faceeditor.nets.reader import LANDMARKS, FaceReader
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.regions import Region
from faceeditor.training.data import load_faces
from faceeditor.training.labels import MIRRORED_EXPRESSION, mirrored_labels
from faceeditor.training.reader import (
    Batches,
    coefficient_losses,
    landmark_mirror,
    moved_labels,
    reading_losses,
    train_reader,
)
from faceeditor.training.reader_data import PARTS, LabelledFaces, load_photographs


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, value in (("jawOpen", 0.5), ("eyeBlink_L", 0.8), ("mouthSmile_R", 0.6)):
        expression[EXPRESSIONS.index(name)] = value
    head = HeadCoefficients.neutral().changed(
        shape=random.normal(size=24) * 0.5, expression=expression, gaze=(9, -4), pose=(24, -8, 5),
        position=(0.8, -2.0, -102), gamma=random.normal(size=(9, 3)),
    )  # fmt: skip
    return {name: np.array(getattr(head, name)) for name in PARTS}


def points(labels: dict[str, np.ndarray]) -> np.ndarray:
    return landmarks(HeadModel.load(), HeadCoefficients.neutral().changed(**labels))


@pytest.mark.parametrize(("turn", "zoom", "shift"), [(9.0, 1.0, (0, 0)), (0.0, 1.1, (0, 0)), (-6.0, 0.93, (9, -7))])
def test_labels_of_a_moved_picture_project_to_the_moved_landmarks(
    labels: dict[str, np.ndarray], turn: float, zoom: float, shift: tuple[float, float]
) -> None:
    before = points(labels) - 128
    angle = np.radians(turn)
    # Clockwise in a picture whose y runs down.
    turned = before @ (zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])) + shift + 128
    after = points(moved_labels(labels, turn, zoom, np.array(shift, np.float32)))
    assert np.abs(after - turned).max() < 1.0
    assert np.abs(points(labels) - turned).max() > 3.0, "the picture did not move"


def test_labels_of_a_mirrored_picture_project_to_the_mirrored_landmarks(labels: dict[str, np.ndarray]) -> None:
    before = points(labels)
    mirror = landmark_mirror()
    assert (mirror[mirror] == np.arange(LANDMARKS)).all(), "twins come in pairs"
    after = points(mirrored_labels(labels))
    error = np.abs(after - (before * [-1, 1] + [256, 0])[mirror])
    # Two points of the temples lie a little unevenly on the head.
    assert np.percentile(error, 99) < 1.0 and error.max() < 5.0


def test_mirrored_twice_is_the_same(labels: dict[str, np.ndarray]) -> None:
    twice = mirrored_labels(mirrored_labels(labels))
    for name, value in labels.items():
        np.testing.assert_allclose(twice[name], value, atol=1e-6)
    assert EXPRESSIONS[MIRRORED_EXPRESSION[EXPRESSIONS.index("jawLeft")]] == "jawRight"
    assert EXPRESSIONS[MIRRORED_EXPRESSION[EXPRESSIONS.index("eyeBlink_L")]] == "eyeBlink_R"


def test_light_turns_with_the_picture(labels: dict[str, np.ndarray]) -> None:
    angle = np.radians(25.0)
    normals = np.random.default_rng(1).normal(size=(50, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    c, s = np.cos(angle), np.sin(angle)
    # A clockwise turn in the picture, where x is right and y up.
    turned = normals @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    gamma = moved_labels(labels, 25.0, 1.0, np.zeros(2, np.float32))["gamma"]
    np.testing.assert_allclose(sh_basis(turned) @ gamma, sh_basis(normals) @ labels["gamma"], atol=1e-4)


def test_reading_has_the_coefficients_and_losses_vanish_at_the_truth() -> None:
    net = FaceReader(16).eval()
    with torch.no_grad():
        reading = net(torch.zeros(2, 3, 128, 128))
    assert reading.landmarks.shape == (2, LANDMARKS, 2)
    labels = {name: getattr(reading, name) for name in ("landmarks", *PARTS)}
    weights = {name: torch.ones(2) for name in labels}
    assert all(float(value) < 1e-6 for value in reading_losses(reading, labels, weights).values())
    labels["pose"] = labels["pose"] + 3.0
    assert float(coefficient_losses(reading, labels)["pose"]) > 0.5
    weights["pose"] = torch.zeros(2)
    assert float(reading_losses(reading, labels, weights)["pose"]) == 0.0


def faces_with(pictures: np.ndarray, marks: np.ndarray, skin: np.ndarray | None = None) -> LabelledFaces:
    count = len(pictures)
    labels = {name: np.stack([getattr(HeadCoefficients.neutral(), name)] * count) for name in PARTS}
    trusted = {name: np.ones(count, bool) for name in PARTS}
    return LabelledFaces(pictures, marks.astype(np.float32), labels, trusted, skin)


@pytest.mark.parametrize("side", [128, 256])
def test_a_landmark_stays_on_its_spot_in_augmented_pictures(side: int) -> None:
    # A bright spot about a landmark, which the other 477 share; positions count from the picture's corner.
    spot = np.array([150.0, 106.0])
    centres = (np.arange(side) + 0.5) * 256 / side
    glow = np.exp(-((centres[None, :] - spot[0]) ** 2 + (centres[:, None] - spot[1]) ** 2) / (2 * 6.0**2))
    pictures = np.repeat((220 * glow[None, ..., None]).astype(np.uint8), 3, 3)
    batches = Batches(
        faces_with(pictures, np.tile(spot, (1, LANDMARKS, 1))), 1, np.random.default_rng(0), np.arange(LANDMARKS)
    )
    off = []
    for _ in range(60):
        batch = batches.next(torch.device("cpu"))
        picture = batch.pictures[0].mean(0).numpy() + 1
        x, y = (batch.labels["landmarks"][0, 0].numpy() + 1) * 64
        near = picture[max(0, round(y) - 10) : round(y) + 10, max(0, round(x) - 10) : round(x) + 10]
        # What lies before the face, and added noise, would pull the centre of the spot.
        if picture[picture > 0.05].size > 400:
            continue
        rows, columns = np.mgrid[max(0, round(y) - 10) : round(y) + 10, max(0, round(x) - 10) : round(x) + 10] + 0.5
        off.append([(near * columns).sum() / near.sum() - x, (near * rows).sum() / near.sum() - y])
    assert len(off) >= 10
    assert np.abs(np.mean(off, axis=0)).max() < 0.08, "pixels of 128"


def test_skin_follows_the_picture_and_leaves_out_strange_colours() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[90:200, 60:150] = 1
    picture = np.where(mask[..., None] > 0, np.uint8([210, 150, 60]), np.uint8([30, 60, 200]))
    faces = faces_with(np.stack([picture] * 4), np.zeros((4, LANDMARKS, 2)), np.stack([mask] * 4))
    batches = Batches(faces, 4, np.random.default_rng(1), np.arange(LANDMARKS))
    shown, kept = [], 0
    for _ in range(25):
        batch = batches.next(torch.device("cpu"))
        for slot in range(4):
            inside = -torch.nn.functional.max_pool2d(-batch.skin[slot][None].float(), 5, 1, 2)[0] > 0
            known = bool(batch.weights["gamma"][slot])
            assert known or not batch.skin[slot].any(), "recoloured pictures are not compared"
            if known:
                kept += 1
                colour = (batch.pictures[slot].permute(1, 2, 0)[inside] + 1) * 127.5
                shown.append((colour - torch.tensor([210.0, 150.0, 60.0])).abs().amax(1))
                assert batch.skin[slot].sum() > 500
    assert 30 < kept < 70
    # Noise of up to eight levels is no strange colour.
    assert float(torch.cat(shown).max()) < 45
    assert float(torch.cat(shown).mean()) < 4


def test_photographs_bring_their_skin_where_the_head_lies_right(faces_folder: Path, fitted_heads: Path) -> None:
    faces = load_photographs(faces_folder, fitted_heads, "train")
    other = load_photographs(faces_folder, fitted_heads, "kept-out")
    assert len(faces) + len(other) == 40
    skin = np.concatenate([part.skin for part in (faces, other) if part.skin is not None])
    trusted = np.concatenate([faces.trusted["pose"], other.trusted["pose"]])
    assert (skin.any((1, 2)) == trusted).all() and not trusted.all()
    mask = load_faces(faces_folder, "train").masks[0]
    assert faces.skin is not None
    assert (faces.skin[0].astype(bool) == np.isin(mask, (Region.SKIN, Region.NOSE))).all()


def test_training_compares_photographs_with_renderings(
    faces_folder: Path, fitted_heads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {
        "width": 8, "batch": 6, "rendered": 0.0, "changed": 0.0, "photometric": 2, "pictures": 40 * 6,
        "learning_rate": 1e-3, "weight_decay": 1e-3, "average_half_life": 100, "save_steps": 1000,
        "weights": {"photometric": 0.5},
    }  # fmt: skip
    train_reader(config, faces_folder, tmp_path / "run", 60.0, False, fitted_heads, None)
    with (tmp_path / "run" / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 and float(rows[0]["photometric"]) > 0
    assert (tmp_path / "run" / "checkpoint.safetensors").is_file()
    assert "photometric 0." in capsys.readouterr().out
