"""The weave of the generator's last scale does not reach an enlarged face."""

import numpy as np
import pytest

from faceeditor.export.lattice import without_lattice


def face_without_weave() -> np.ndarray:
    """Smooth tones, grain, a hard edge and slanted strands of hair."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    tone = 120 + 40 * np.sin(x / 90) + 20 * np.cos(y / 70)
    tone[:, 200:] = 40 + 20 * np.sin((x[:, 200:] + 0.37 * y[:, 200:]) / 0.83)
    tone += np.random.default_rng(0).normal(0, 1.0, tone.shape)
    return np.repeat(np.clip(np.rint(tone), 0, 255).astype(np.uint8)[:, :, None], 3, 2)


def weave() -> np.ndarray:
    cell = np.random.default_rng(1).normal(0, 3.0, (4, 4, 1))
    return np.tile(cell - cell.mean(), (64, 64, 3))


def test_the_weave_goes_and_the_face_stays() -> None:
    plain = face_without_weave()
    woven = np.clip(plain + np.rint(weave()), 0, 255).astype(np.uint8)
    skin = (slice(24, 232), slice(24, 160))
    before = np.abs(woven[skin].astype(float) - plain[skin]).mean()
    after = np.abs(without_lattice(woven)[skin].astype(float) - plain[skin]).mean()
    assert before > 1 and after < before / 3


@pytest.mark.parametrize("across", ["rows", "columns", "both"])
@pytest.mark.parametrize("tone", [0, 60])
def test_nothing_of_a_weave_is_left_on_even_skin(across: str, tone: int) -> None:
    cell = np.array([6.0, -2, -6, 2])
    pattern = {"rows": cell[:, None], "columns": cell[None], "both": (cell[:, None] + cell[None]) / 2}[across]
    plain = 100 + tone * np.linspace(0, 1, 128)[:, None] * np.ones((1, 128))  # even, or getting brighter downwards
    woven = plain + np.tile(np.broadcast_to(pattern, (4, 4)), (32, 32))
    found = without_lattice(np.repeat(np.rint(woven)[..., None], 3, 2).astype(np.uint8))
    inner = (slice(16, -16), slice(16, -16), 0)
    assert np.abs(woven - plain)[inner[:2]].mean() > 2
    left = np.abs(found[inner] - plain[inner[:2]])
    assert left.mean() < (0.05 if tone == 0 else 0.4) and left.max() < 1.6, "rounding alone"


def test_a_face_without_weave_is_nearly_left_alone() -> None:
    plain = face_without_weave()
    change = np.abs(without_lattice(plain).astype(float) - plain)
    assert change.mean() < 0.3 and change.max() <= 3


def test_black_and_white_stay() -> None:
    for level in (0, 255):
        flat = np.full((64, 64, 3), level, np.uint8)
        assert np.array_equal(without_lattice(flat), flat)


def test_pictures_of_other_shapes_stay() -> None:
    odd = np.random.default_rng(2).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    assert without_lattice(odd) is odd
    for shape in ((30, 30, 3), (32, 36, 3), (32, 32, 4), (32, 32)):  # no multiple of 4, not square, not of 3 channels
        picture = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
        assert without_lattice(picture) is picture
