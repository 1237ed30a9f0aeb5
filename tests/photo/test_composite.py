"""Only what an edit touches is worked on."""

import numpy as np
import pytest

from faceeditor.photo import composite, kernels
from faceeditor.photo.composite import Edit, edited, tiles
from faceeditor.photo.placement import WIDE
from tests.photo.people import found_person, person

SIDE = 40


@pytest.fixture
def worked_on(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pixels whose values were made, tile by tile, with tiles of `SIDE`."""
    made: list[int] = []
    as_values = composite.kernels.as_values

    def counted(picture: object, scale: object, left: int, top: int, values: np.ndarray) -> None:
        made.append(values[..., 0].size)
        as_values(picture, scale, left, top, values)

    monkeypatch.setattr(composite.kernels, "as_values", counted)
    monkeypatch.setattr(composite, "tiles", lambda rect: tiles(rect, SIDE))
    return made


def changed_by(edit: Edit) -> np.ndarray:
    face, picture = found_person(), person().picture
    return (edited(picture, face.placement, face.matte, edit) != picture).any(-1)


def area_of_tiles(changed: np.ndarray) -> int:
    """Pixels of the tiles that hold a changed pixel."""
    face = found_person()
    bounds = face.placement.bounds(*changed.shape[::-1])
    return sum(tile.width * tile.height for tile in tiles(bounds, SIDE) if changed[tile.slices].any())


def test_light_works_on_the_tiles_of_the_person(worked_on: list[int]) -> None:
    gain = np.full((WIDE, WIDE, 3), 1.4, np.float32)
    changed = changed_by(Edit(gain=gain))
    assert 0 < sum(worked_on) <= 1.15 * area_of_tiles(changed)
    assert sum(worked_on) < 0.8 * changed.size


def test_a_motion_of_a_part_works_on_its_tiles(worked_on: list[int]) -> None:
    displacement = np.zeros((WIDE, WIDE, 2), np.float32)
    displacement[200:230, 200:250] = 3.0
    changed = changed_by(Edit(displacement=displacement))
    assert sum(worked_on) == area_of_tiles(changed) < 0.2 * changed.size


def test_a_patch_works_on_its_tiles(worked_on: list[int]) -> None:
    patch = np.full((WIDE, WIDE, 4), 0.5, np.float32)
    patch[..., 3] = 0
    patch[200:230, 200:250, 3] = 1
    changed = changed_by(Edit(patch=patch))
    assert 0 < sum(worked_on) <= 2 * area_of_tiles(changed)


def test_the_code_is_loaded_ahead() -> None:
    composite.warm_up()
    loaded = {name: len(kernel.signatures) for name, kernel in vars(kernels).items() if hasattr(kernel, "signatures")}
    assert loaded["as_values"] and loaded["put_over"]
    away, lit = np.full((WIDE, WIDE, 2), 3.0, np.float32), np.full((WIDE, WIDE, 3), 1.2, np.float32)
    changed_by(Edit(displacement=away))
    changed_by(Edit(displacement=away, gain=lit, surroundings=lit))
    assert loaded == {name: len(vars(kernels)[name].signatures) for name in loaded}, "an edit has to compile nothing"
