"""A photograph's own pixels: untouched, moved, relit, patched."""

from concurrent.futures import Future
from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceeditor.errors import Cancelled
from faceeditor.evaluation.photo_scenes import changes, draw_scene
from faceeditor.head.control_kinds import rig_of, with_rig
from faceeditor.head.controls import control
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.photo.composite import Edit, edited, person_alpha
from faceeditor.photo.consistency import forward_backward_error, weight_of
from faceeditor.photo.face import Options, PhotoFace
from faceeditor.photo.placement import Rect, inner
from faceeditor.photo.warp import stretch
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.regions import Region
from tests.photo.people import found_person, person


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def turned(head: HeadCoefficients, **values: float) -> HeadCoefficients:
    for name, value in values.items():
        head = control(name).set(head, None, value)
    return head


def edit_of(model: HeadModel, face: PhotoFace, head: HeadCoefficients, mask: np.ndarray | None = None) -> Edit:
    plan = face.plan(model, head, face.mask if mask is None else mask)
    drawn = np.full((256, 256, 3), 90, np.uint8)
    return plan.finished(model, drawn)


def deep(picture: np.ndarray) -> np.ndarray:
    """16 bits with a low byte that 8 bits cannot hold."""
    low = np.random.default_rng(5).integers(0, 256, picture.shape)
    return (picture.astype(np.uint16) << 8) + low.astype(np.uint16)


@pytest.mark.parametrize("bits", [8, 16])
def test_no_edit_is_the_same_picture(model: HeadModel, bits: int) -> None:
    face, picture = found_person(), person().picture
    picture = picture if bits == 8 else deep(picture)
    edit = edit_of(model, face, person().head)
    assert edit.empty
    result = edited(picture, face.placement, face.matte, edit)
    assert result.dtype == picture.dtype
    np.testing.assert_array_equal(result, picture)


def test_nothing_waits_for_the_person_without_an_edit(model: HeadModel) -> None:
    face = PhotoFace(found_person().placement, person().mask, person().head, Future())
    assert face.plan(model, person().head, person().mask).finished(model, None).empty
    assert not face.person.done()


def test_a_person_that_is_found_later_is_the_same(model: HeadModel) -> None:
    shown = person()
    later = PhotoFace.find_later(shown.picture, shown.square, shown.mask, shown.head)
    assert later.grain == found_person().grain
    np.testing.assert_array_equal(later.matte.alpha, found_person().matte.alpha)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_turned_head_leaves_the_rest_bit_for_bit(model: HeadModel, bits: int) -> None:
    face, picture = found_person(), person().picture
    picture = picture if bits == 8 else deep(picture)
    edit = edit_of(model, face, turned(person().head, yaw=9.0))
    result = edited(picture, face.placement, face.matte, edit)
    changed = (result != picture).any(-1)
    assert changed[150:280, 130:230].mean() > 0.5
    assert edit.displacement is not None
    offset = face.placement.to_picture(edit.displacement, Rect(0, 0, 360, 400)) * face.placement.unit
    moving = np.hypot(offset[..., 0], offset[..., 1]) > 0.05
    assert not (changed & ~moving).any()
    # The background far from the person is not moved, though the field is smooth there.
    assert not changed[:40].any()
    assert not changed[:, :20].any()


def test_the_nose_goes_where_the_head_turns(model: HeadModel) -> None:
    face = found_person()
    plan = face.plan(model, turned(person().head, yaw=10.0), face.mask)
    assert plan.motion is not None
    noses = [np.argwhere(mask == Region.NOSE).mean(0)[1] for mask in (face.mask, plan.labels)]
    assert noses[1] > noses[0] + 3
    # Shoulders stay, but for what is next to the neck.
    cloth = np.kron(plan.labels == Region.CLOTH, np.ones((2, 2), bool))
    size = np.hypot(*np.moveaxis(inner(plan.motion.displacement), 2, 0))
    assert np.median(size[cloth]) < 1.5
    nose = np.kron(plan.labels == Region.NOSE, np.ones((2, 2), bool))
    assert np.median(size[nose]) > 5


def test_parts_are_the_whole(model: HeadModel) -> None:
    face, picture = found_person(), person().picture
    edit = edit_of(model, face, with_rig(turned(person().head, yaw=6.0, jaw_open=0.4), LightRig(60.0, 30.0)))
    whole = edited(picture, face.placement, face.matte, edit)
    rect = Rect(60, 90, 330, 300)
    part = edited(picture, face.placement, face.matte, edit, rect)
    difference = np.abs(part.astype(int) - whole[rect.slices].astype(int))
    assert difference.max() <= 1


def test_light_changes_the_person_and_not_the_background(model: HeadModel) -> None:
    face, picture = found_person(), person().picture
    edit = edit_of(model, face, with_rig(person().head, LightRig(90.0, 5.0, 1.5, softness=0.2, fill=0.1)))
    result = edited(picture, face.placement, face.matte, edit).astype(float)
    # A light from the right darkens the left side of the picture's face.
    gain = result.mean(-1) / np.maximum(picture.mean(-1), 1)
    assert gain[170:230, 135:160].mean() < gain[170:230, 195:220].mean() - 0.15
    np.testing.assert_array_equal(result[:60], picture[:60])


def test_surroundings_follow_the_light_when_asked(model: HeadModel) -> None:
    face, picture = found_person(), person().picture
    dark = with_rig(person().head, replace(rig_of(person().head), strength=0.2, fill=0.1))
    plan = face.plan(model, dark, face.mask, Options(surroundings=1.0))
    result = edited(picture, face.placement, face.matte, plan.finished(model, None))
    assert result[90:110, 60:90].mean() < 0.95 * picture[90:110, 60:90].mean()


def test_a_painted_region_changes_itself_and_a_narrow_ring(model: HeadModel) -> None:
    face, picture = found_person(), person().picture
    mask = face.mask.copy()
    mask[60:80, 110:140] = Region.HAIR
    edit = edit_of(model, face, person().head, mask)
    assert edit.displacement is None
    changed = (edited(picture, face.placement, face.matte, edit) != picture).any(-1)
    where = np.argwhere(changed) - (80, 50)
    assert changed[145:155, 165:185].mean() > 0.9
    assert where.min(0)[0] >= 60 - 8 and where.max(0)[0] <= 80 + 8
    assert where.min(0)[1] >= 110 - 8 and where.max(0)[1] <= 140 + 8


def test_an_open_mouth_shows_its_inside_without_the_generator(model: HeadModel) -> None:
    face = found_person()
    plan = face.plan(model, turned(person().head, jaw_open=0.5), face.mask)
    assert not plan.needs_generator
    patch = plan.finished(model, None).patch
    assert patch is not None
    share = inner(patch)[..., 3]
    assert (share > 0.9).sum() > 50
    assert share[:256].max() < 0.2  # nothing above the middle of the face


def test_the_inside_of_a_mouth_is_dark_behind_its_teeth_and_in_one_piece(model: HeadModel) -> None:
    face = found_person()
    plan = face.plan(model, turned(person().head, jaw_open=0.6), face.mask)
    patch = plan.finished(model, None).patch
    assert patch is not None
    grey, share = inner(patch)[..., :3].mean(-1), inner(patch)[..., 3] > 0.5
    maps = render_maps(model, plan.head, 512)
    mouth = (maps.regions == Region.MOUTH) & share
    far = 1 / np.maximum(maps.depth, 1e-6)
    near, deep = np.percentile(far[mouth], (10, 90))
    assert grey[mouth & (far < near)].mean() > 1.4 * grey[mouth & (far > deep)].mean()
    count, pieces = cv2.connectedComponents(share.astype(np.uint8))
    sizes = np.bincount(pieces.ravel())[1:]
    assert count <= 3 and sizes.min() > 0.15 * sizes.max()
    holes = cv2.morphologyEx(share.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) - share
    assert holes.sum() < 0.03 * share.sum()


def test_a_moved_shoulder_distance_is_kept(model: HeadModel) -> None:
    """What a slider moves the head by is not taken away by the neck that holds it."""
    face = found_person()
    plan = face.plan(model, turned(person().head, shift_x=1.0), face.mask)
    assert plan.head.position[0] == pytest.approx(turned(person().head, shift_x=1.0).position[0])


def test_an_ear_that_comes_forward_is_stretched_as_a_whole(model: HeadModel) -> None:
    face = found_person()
    plan = face.plan(model, turned(person().head, yaw=12.0), face.mask)
    assert plan.motion is not None
    ears = np.kron(np.isin(plan.labels, (Region.L_EAR, Region.R_EAR)), np.ones((2, 2), bool))
    assert ears.sum() > 100
    assert np.percentile(stretch(inner(plan.motion.displacement), 2)[ears], 95) < 3.5


def test_what_comes_into_view_is_the_person_and_not_the_background(model: HeadModel) -> None:
    """The cheek that turns to the camera was a bite of background between ear and jaw."""
    scene = draw_scene(model, 13, 256)
    face = PhotoFace.find(scene.picture, scene.square, scene.mask, scene.head)
    head = changes(scene.head, 13)["pose"]
    answer = draw_scene(model, 13, 256, head).mask
    edit = face.plan(model, head, face.mask).finished(model, None)
    alpha = person_alpha(scene.picture, face.placement, face.matte, edit, Rect(0, 0, 256, 256))
    inside = cv2.erode((answer != Region.BACKGROUND).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inside &= np.isin(answer, (Region.SKIN, Region.NOSE))
    assert (alpha[inside] < 0.5).sum() < 60


def test_a_place_that_is_seen_twice_is_marked() -> None:
    """A field that shows ten columns of its source a second time, where it was guessed."""
    field = np.zeros((64, 64, 2), np.float32)
    field[20:40, 40:50, 0] = -15
    known = np.ones((64, 64), bool)
    known[20:40, 40:50] = False
    error = forward_backward_error(field, weight_of(known, ~known), 1.0)
    assert error[20:40, 40:50].min() > 14
    error[20:40, 40:50] = 0
    assert error.max() < 1
    # Both seen: nobody can tell which is wrong.
    both = forward_backward_error(field, np.ones((64, 64), np.float32), 1.0)
    np.testing.assert_allclose(both[25, 45], 7.5, atol=0.1)
    np.testing.assert_allclose(both[25, 30], 7.5, atol=0.1)


def test_a_stretched_field_is_one_to_one() -> None:
    across = np.arange(64, dtype=np.float32)
    field = np.zeros((64, 64, 2), np.float32)
    field[..., 0] = np.where(across < 32, -0.4 * across, -0.4 * (64 - across))
    error = forward_backward_error(field, np.ones((64, 64), np.float32), 1.0)
    assert error.max() < 0.6


def test_a_far_turn_draws_what_would_be_seen_twice(model: HeadModel) -> None:
    plan = found_person().plan(model, turned(person().head, yaw=40.0), found_person().mask)
    assert plan.motion is not None
    doubled = inner(plan.motion.error) > 6
    assert doubled.sum() > 50
    head = np.kron(np.isin(plan.labels, (Region.SKIN, Region.HAIR)), np.ones((2, 2), bool))
    assert inner(plan.motion.stretched)[doubled & head].mean() > 0.5


def test_a_stopped_composition_ends(model: HeadModel) -> None:
    face = found_person()
    edit = edit_of(model, face, turned(person().head, yaw=6.0))

    def stop(share: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        edited(person().picture, face.placement, face.matte, edit, step=stop)
