"""What a moving hand sees is what stays at rest, but for fine detail."""

from dataclasses import replace

import numpy as np
import pytest

from faceeditor.head.control_kinds import rig_of, with_rig
from faceeditor.head.controls import control
from faceeditor.head.model import HeadModel
from faceeditor.photo.composite import Edit, Finish, edited
from faceeditor.photo.face import Options, PhotoFace, quick
from faceeditor.photo.placement import WIDE, Rect
from faceeditor.photo.preview import Preview
from faceeditor.portrait.head import HeadCoefficients, LightRig
from tests.photo.people import found_person, person

RECT = Rect(60, 60, 320, 340)


def edit_of(head: HeadCoefficients, options: Options | None = None) -> Edit:
    face = found_person()
    drawn = np.full((256, 256, 3), 90, np.uint8)
    return face.plan(HeadModel.load(), head, face.mask, options or Options()).finished(HeadModel.load(), drawn)


def previewed(face: PhotoFace, edit: Edit, rect: Rect = RECT) -> np.ndarray:
    picture = person().picture
    out = picture[rect.slices].copy()
    Preview.of(picture, face.placement, face.matte, rect).draw(edit, out, rect)
    return out


def head_with(**values: float) -> HeadCoefficients:
    head = person().head
    for name, value in values.items():
        head = control(name).set(head, None, value)
    return head


HEADS = {
    "pose": head_with(yaw=9.0),
    "expression": head_with(smile=0.6, jaw_open=0.4),
    "light": with_rig(head_with(yaw=4.0), LightRig(70.0, 20.0, 1.2, softness=0.5)),
}


@pytest.mark.parametrize("kind", HEADS)
def test_the_preview_is_the_picture(kind: str) -> None:
    face, edit = found_person(), replace(edit_of(HEADS[kind]), grain=0.0)
    exact = edited(person().picture, face.placement, face.matte, edit, RECT).astype(int)
    shown = previewed(face, edit).astype(int)
    difference = np.abs(shown - exact)
    assert difference.mean() < 1.0
    assert np.percentile(difference, 99) <= 12  # bilinear samples beside cubic ones, at the sharpest edges
    assert np.abs(exact - person().picture[RECT.slices]).mean() > 3 * difference.mean()


@pytest.mark.parametrize("kind", HEADS)
def test_coarser_fields_show_nearly_the_same(kind: str) -> None:
    fine, coarse = (previewed(found_person(), edit_of(HEADS[kind], o)) for o in (Options(), quick(Options())))
    assert np.abs(fine.astype(int) - coarse).mean() < 2.0


def test_what_no_edit_touches_stays() -> None:
    edit, picture = edit_of(HEADS["pose"]), person().picture
    whole = Rect(0, 0, 360, 400)
    shown = previewed(found_person(), edit, whole)
    np.testing.assert_array_equal(shown[:40], picture[:40])
    np.testing.assert_array_equal(shown[:, :20], picture[:, :20])


def test_a_change_of_colour_lies_under_the_light() -> None:
    """As at rest: adjustments after the motion, before the light."""
    weight = np.zeros((WIDE, WIDE), np.float32)
    weight[200:260, 190:260] = 1
    finish = Finish(weight, lambda values, share: values * np.float32(0.5))
    face = found_person()
    edit = replace(edit_of(HEADS["light"]), finishes=(finish,), grain=0.0)
    exact = edited(person().picture, face.placement, face.matte, edit, RECT).astype(int)
    assert np.abs(previewed(face, edit).astype(int) - exact).mean() < 1.0


def test_what_a_style_adds_is_added() -> None:
    added = np.full((WIDE, WIDE, 3), 0.1, np.float32)
    face = found_person()
    edit = replace(edit_of(HEADS["pose"]), restyle=added, restyle_behind=-added, grain=0.0)
    exact = edited(person().picture, face.placement, face.matte, edit, RECT).astype(int)
    shown = previewed(face, edit).astype(int)
    assert np.abs(shown - exact).mean() < 1.2
    assert np.abs(shown - previewed(face, edit_of(HEADS["pose"]))).mean() > 15


def test_surroundings_follow_the_light() -> None:
    dark = with_rig(person().head, replace(rig_of(person().head), strength=0.2, fill=0.1))
    edit = edit_of(dark, Options(surroundings=1.0))
    face = found_person()
    exact = edited(person().picture, face.placement, face.matte, edit, RECT).astype(int)
    assert np.abs(previewed(face, edit).astype(int) - exact).mean() < 1.0


def test_layers_are_kept_while_they_cover_the_view() -> None:
    face, picture = found_person(), person().picture
    preview = Preview.of(picture, face.placement, face.matte, RECT)
    assert preview.covers(face.placement, RECT, 360, 400)
    assert preview.covers(face.placement, RECT.moved(10, -10), 360, 400)
    assert not preview.covers(face.placement, RECT.moved(-200, 0), 360, 400)
    assert not preview.covers(face.placement.scaled(0.5), RECT, 360, 400)
