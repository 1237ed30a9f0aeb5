"""Only what an edit touches is worked on, and nothing else changes."""

import numpy as np
import pytest

from faceeditor.photo import composite, kernels
from faceeditor.photo.align import Square
from faceeditor.photo.composite import LEAST_GAIN, Edit, Finish, edited, tiles, touched
from faceeditor.photo.placement import WIDE, Placement
from faceeditor.photo.warp import STILL
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


def turned() -> Placement:
    """A square that is turned and scaled, so that no pixel lies on one of the grid."""
    return Placement.of(Square(np.array([181.3, 204.6]), np.array([131.0, 17.0])))


def rising(high: float, planes: int) -> np.ndarray:
    """(WIDE, WIDE, planes) a gentle slope from 0 on the left to `high` on the right: its thresholds lie anywhere."""
    slope = np.linspace(0, high, WIDE, dtype=np.float32)
    return np.broadcast_to(slope[None, :, None], (WIDE, WIDE, planes)).copy()


def slopes() -> dict[str, Edit]:
    weight = rising(4 * LEAST_GAIN, 1)[..., 0]
    patch = np.full((WIDE, WIDE, 4), 0.9, np.float32)
    patch[..., 3] = weight
    gain, around = 1 + rising(4 * LEAST_GAIN, 3), 1 - rising(3 * LEAST_GAIN, 3)
    finish = [Finish(weight, lambda values, share: 1 - values, person=person) for person in (None, True, False)]
    return {
        "motion": Edit(displacement=rising(3 * STILL, 2)),
        "light": Edit(gain=gain),
        "light of both": Edit(gain=gain, surroundings=around),
        "motion and light": Edit(displacement=rising(3 * STILL, 2), gain=gain, surroundings=around),
        "patch": Edit(patch=patch, grain=0.1),
        "style": Edit(restyle=rising(4 * LEAST_GAIN, 3), restyle_behind=-rising(4 * LEAST_GAIN, 3)),
        "finishes": Edit(finishes=tuple(finish)),
    }


@pytest.mark.parametrize("kind", slopes())
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_not_touched_is_the_source(kind: str, dtype: type) -> None:
    face, edit = found_person(), slopes()[kind]
    picture = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, person().picture.shape, dtype)
    changed = (edited(picture, turned(), face.matte, edit) != picture).any(-1)
    may = touched(picture, turned(), face.matte, edit)
    assert changed.any() and (~may).any()
    assert not (changed & ~may).any()


def test_a_pixel_is_touched_as_the_fields_say() -> None:
    """Against the two slopes themselves, in double precision; they are linear, so that nothing is interpolated."""
    picture, matte, placement = person().picture, found_person().matte, turned()
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    to_grid = placement.grid_matrix(1)
    column = np.clip(to_grid[0, 0] * x + to_grid[0, 1] * y + to_grid[0, 2], 0, WIDE - 1) / (WIDE - 1)
    inside = np.zeros(picture.shape[:2], bool)
    inside[placement.bounds(*inside.shape[::-1]).slices] = True
    for edit, size, least in (
        (Edit(displacement=rising(3 * STILL, 2)), 3 * STILL * column * np.sqrt(2) * placement.unit, STILL),
        (Edit(gain=1 + rising(4 * LEAST_GAIN, 3)), 4 * LEAST_GAIN * column, LEAST_GAIN),
    ):
        decided = np.abs(size - least) > 1e-6
        assert decided.mean() > 0.99
        may = touched(picture, placement, matte, edit)
        np.testing.assert_array_equal(may[decided], ((size > least) & inside)[decided])


def test_the_code_is_loaded_ahead() -> None:
    composite.warm_up()
    loaded = {name: len(kernel.signatures) for name, kernel in vars(kernels).items() if hasattr(kernel, "signatures")}
    assert loaded["as_values"] and loaded["put_over"]
    away, lit = np.full((WIDE, WIDE, 2), 3.0, np.float32), np.full((WIDE, WIDE, 3), 1.2, np.float32)
    changed_by(Edit(displacement=away))
    changed_by(Edit(displacement=away, gain=lit, surroundings=lit))
    touched(person().picture, found_person().placement, found_person().matte, Edit(displacement=away))
    assert loaded == {name: len(vars(kernels)[name].signatures) for name in loaded}, "an edit has to compile nothing"
