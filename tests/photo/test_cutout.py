"""People cut out of photographs: whole bodies, and colours without the background."""

import numpy as np
import pytest

from faceeditor.head.controls import control
from faceeditor.head.model import HeadModel
from faceeditor.photo.composite import Edit, edited, person_alpha, pixel_origin
from faceeditor.photo.cutout import foreground, whole_alpha, without_objects
from faceeditor.photo.face import Options
from faceeditor.photo.placement import Rect
from faceeditor.regions import Region
from tests.photo.people import found_person, person

NOTHING = Edit()


def disc(side: int = 200, radius: float = 60.0, soft: float = 6.0) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2
    return np.clip((radius - np.hypot(x, y)) / soft + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("bits", [8, 16])
def test_no_background_is_left_in_the_colours(bits: int) -> None:
    """A red disc before a bright green wall: over black and over white its rim stays red."""
    top = 255 if bits == 8 else 65535
    alpha = disc()
    red, green = np.array([0.8, 0.1, 0.1]), np.array([0.3, 1.0, 0.3])
    mixed = alpha[..., None] * red + (1 - alpha[..., None]) * green
    picture = np.rint(mixed * top).astype(np.uint8 if bits == 8 else np.uint16)
    colours = foreground(picture, alpha)
    assert colours.dtype == picture.dtype
    rim = (alpha > 0.05) & (alpha < 0.95)
    assert np.abs(colours[rim] / top - red).max() < 0.04
    np.testing.assert_array_equal(colours[alpha == 1], picture[alpha == 1])
    assert (colours[:20, :20] == 0).all()  # nothing of the background is hidden in the file


def test_a_person_keeps_its_place_and_alpha_when_nothing_is_edited() -> None:
    photo = found_person()
    rect = photo.placement.bounds(360, 400)
    alpha = person_alpha(person().picture, photo.placement, photo.matte, NOTHING, rect)
    square = alpha[80 - rect.top : 336 - rect.top, 50 - rect.left : 306 - rect.left]
    inside = person().mask != Region.BACKGROUND
    assert (square[inside] > 0.9).mean() > 0.97
    assert (square[~inside] < 0.1).mean() > 0.85
    assert pixel_origin(person().picture, photo.placement, photo.matte, NOTHING, rect).max() == 0


def turned() -> Edit:
    head = control("yaw").set(person().head, None, 12.0)
    photo = found_person()
    plan = photo.plan(HeadModel.load(), head, photo.mask, Options())
    return plan.finished(HeadModel.load(), np.full((256, 256, 3), 90, np.uint8) if plan.needs_generator else None)


def test_the_cut_follows_the_head() -> None:
    photo = found_person()
    rect = photo.placement.bounds(360, 400)
    still = person_alpha(person().picture, photo.placement, photo.matte, NOTHING, rect)
    moved = person_alpha(person().picture, photo.placement, photo.matte, turned(), rect)
    middle = 80 - rect.top + 40

    def centre(alpha: np.ndarray) -> float:
        row = alpha[middle]
        return float((row * np.arange(len(row))).sum() / row.sum())

    assert abs(centre(moved) - centre(still)) > 1.0


def test_what_is_told_of_pixels_agrees_with_what_is_changed() -> None:
    photo, picture, edit = found_person(), person().picture, turned()
    rect = Rect(0, 0, 360, 400)
    origin = pixel_origin(picture, photo.placement, photo.matte, edit, rect)
    assert origin.min() >= 0 and origin.sum(-1).max() <= 1.0001
    changed = (edited(picture, photo.placement, photo.matte, edit) != picture).any(-1)
    # Nothing changes where all is said to be the photograph's own (this edit leaves the light alone).
    assert not changed[origin.sum(-1) == 0].any()
    assert changed[origin[..., 0] > 0.99].mean() > 0.8
    part = pixel_origin(picture, photo.placement, photo.matte, edit, Rect(60, 90, 260, 300))
    # The filter that shrinks looks at neighbours, of which a border has fewer.
    assert (np.abs(part - origin[90:300, 60:260]) > 1e-3).mean() < 0.001


def test_a_painted_region_is_made_and_opaque() -> None:
    photo, picture = found_person(), person().picture
    mask = photo.mask.copy()
    mask[20:50, 20:60] = Region.HAIR
    plan = photo.plan(HeadModel.load(), None, mask, Options())
    edit = plan.finished(HeadModel.load(), np.full((256, 256, 3), 40, np.uint8))
    rect = Rect(0, 0, 360, 400)
    origin = pixel_origin(picture, photo.placement, photo.matte, edit, rect)
    alpha = person_alpha(picture, photo.placement, photo.matte, edit, rect)
    painted = np.s_[80 + 28 : 80 + 42, 50 + 28 : 50 + 52]
    assert origin[painted][..., 1].min() > 0.95 and alpha[painted].min() > 0.95


def test_objects_beside_a_person_stay_behind() -> None:
    """A chair that the outline took along goes, single pixels of hair and the shoulders stay."""
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[60:200, 80:176] = Region.SKIN
    mask[200:, :] = Region.CLOTH
    person = np.zeros((448, 448), np.uint8)
    person[96:352, 96:352] = mask != Region.BACKGROUND
    person[296:, :] = 1  # shoulders and body go on
    alone = person.copy()
    person[96 + 60 : 96 + 200, 96 + 174 : 96 + 179] = 1  # hair beyond the regions
    hair = person.copy()
    person[96 + 120 : 96 + 200, 96 + 176 : 448] = 1  # a chair, beyond the square too
    mask[100:130, 90:120] = Region.BACKGROUND  # the parser takes a part of a scarf for background
    mask[70:90, 190:220] = Region.CLOTH  # and a part of the chair for cloth
    person[96 + 70 : 96 + 90, 96 + 190 : 96 + 220] = 1
    cut = without_objects(person, mask)
    assert cut[96 + 100 : 96 + 130, 96 + 90 : 96 + 120].all()
    assert not cut[96 + 70 : 96 + 90, 96 + 190 : 96 + 220].any()
    assert (cut[96 + 120 : 96 + 195, 96 + 186 :] == 0).all()
    np.testing.assert_array_equal(cut[296:], alone[296:])
    np.testing.assert_array_equal(without_objects(hair, mask), hair)
    np.testing.assert_array_equal(without_objects(alone, mask), alone)


def test_a_body_is_followed_beyond_the_known_part() -> None:
    """Only the head is known; the body below it, of another colour than the wall, is found."""
    picture = np.full((500, 300, 3), (200, 205, 210), np.uint8)
    picture[60:180, 110:190] = (150, 100, 80)
    picture[180:, 70:230] = (40, 60, 120)
    noise = np.random.default_rng(2).normal(0, 3, picture.shape)
    picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    truth = np.zeros((500, 300), np.float32)
    truth[60:180, 110:190] = truth[180:, 70:230] = 1
    rect = Rect(20, 20, 280, 260)
    alpha = whole_alpha(picture, [(rect, truth[rect.slices])])
    assert np.abs(alpha - truth).mean() < 0.02
    whole = Rect(0, 0, 300, 500)
    np.testing.assert_array_equal(whole_alpha(picture, [(whole, truth)]), truth)
