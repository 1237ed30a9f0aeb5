"""The recogniser's pack and its two backends."""

import numpy as np
import pytest

from faceeditor.errors import EngineError, ImageError, ModelError
from faceeditor.generators.cpu_network import BACKENDS
from faceeditor.identity import recogniser
from faceeditor.identity.chips import face_chip
from faceeditor.packs import ModelPack, write_pack

FRAME = np.array([[0.95, 0.06, 0.02], [-0.05, 1.02, -0.04]], np.float32)


def pictures(count, side=256):
    """Smooth random pictures."""
    import cv2

    random = np.random.default_rng(5)
    small = random.integers(0, 256, (count, 12, 12, 3), np.uint8)
    return [cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC) for picture in small]


def test_chips_are_those_of_the_network():
    import torch

    from faceeditor.nets.recogniser import face_chips

    picture = pictures(1)[0]
    batch = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    wanted = (face_chips(batch, torch.from_numpy(FRAME)[None])[0].numpy() + 1) * 127.5
    assert np.abs(face_chip(picture, FRAME) - wanted).max() < 0.05


def test_a_chip_beyond_the_picture_repeats_its_border():
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[:, -1] = 200
    frame = np.array([[1, 0, 3.0], [0, 1, 0]], np.float32)
    assert (face_chip(picture, frame) == 200).all()


def test_backends_agree():
    shown = pictures(3)
    by_openvino = recogniser.FaceRecogniser(backend="openvino").embed(shown, [FRAME] * 3)
    by_torch = recogniser.FaceRecogniser(backend="torch").embed(shown, [FRAME] * 3)
    assert by_openvino.shape == (3, recogniser.DIMENSIONS) and by_openvino.dtype == np.float32
    assert recogniser.cosine(by_openvino, by_torch).min() > 0.99999
    assert recogniser.distance(by_openvino[0], by_openvino[1]) > 0.05


def test_a_picture_of_another_size_shows_the_same_person():
    net = recogniser.load()
    small, large = (net.embed(pictures(1, side), [FRAME])[0] for side in (256, 1024))
    assert recogniser.distance(small, large) < 0.05


def test_the_pack_is_opened_once():
    assert recogniser.load() is recogniser.load()
    assert recogniser.load().embed([], []).shape == (0, 128)


def test_what_cannot_be_used_is_said():
    with pytest.raises(EngineError, match="backend “tpu”"):
        recogniser.FaceRecogniser(backend="tpu")
    with pytest.raises(ImageError, match="square RGB"):
        recogniser.load().embed([np.zeros((20, 30, 3), np.uint8)], [FRAME])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pack_with_other_weights_is_refused(tmp_path, backend):
    files = {"weights.safetensors": {"stem.weight": np.zeros((2, 3, 7, 7), np.float32)}}
    write_pack(tmp_path, "recogniser", "recogniser", "1", files, {})
    with pytest.raises(ModelError, match="does not fit"):
        recogniser.FaceRecogniser(ModelPack.open("recogniser", tmp_path), backend)
