"""Small pictures of the steps of a history."""

import io

import numpy as np
import pytest
from PIL import Image

from faceeditor.portrait.step_pictures import MAX_BYTES, SIDE, decode_step, encode_step


@pytest.mark.parametrize("side", [96, 256, 500])
def test_a_face_comes_back_small(side: int) -> None:
    y, x = np.mgrid[:side, :side] * 255 // (side - 1)
    face = np.stack([x, y, 255 - x], 2).astype(np.uint8)
    data = encode_step(face)
    found = decode_step(data)
    assert found is not None and found.shape == (SIDE, SIDE, 3) and len(data) < 4096
    wanted = np.asarray(Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BOX))
    assert np.abs(found.astype(int) - wanted).mean() < 4


def test_the_busiest_face_is_not_too_large() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    assert decode_step(encode_step(noise)) is not None and len(encode_step(noise)) < MAX_BYTES


def encoded(size: tuple[int, int], kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"rubbish", encoded((96, 95)), encoded((95, 96)), encoded((96, 96), "PNG"), encoded((96, 96))[:200],
        encoded((96, 96)) + bytes(MAX_BYTES),
    ],
)  # fmt: skip
def test_what_is_no_such_picture_is_none(data: bytes) -> None:
    assert decode_step(data) is None
