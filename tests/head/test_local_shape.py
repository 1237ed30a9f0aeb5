"""Shape and expression that change in regions of the face only: vertices, masks, maps and photographs follow."""

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.head.controls import control
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import motion_field, move_mask
from faceeditor.head.posing import posed
from faceeditor.portrait.adjustments import Adjustment, HeadChange, adjusted_head, pixel_adjustments, relit_head
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import moves_mask
from faceeditor.regions import Region

NOSE = frozenset({Region.NOSE})
LIPS = frozenset({Region.U_LIP, Region.L_LIP})


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def changed(model: HeadModel, **values: float) -> HeadCoefficients:
    head = HeadCoefficients.neutral()
    for name, value in values.items():
        head = control(name, model).set(head, model, value)
    return head


def only(wanted: HeadCoefficients, regions: frozenset[Region], **parts) -> Adjustment:
    settings = HeadChange.between(HeadCoefficients.neutral(), wanted)
    return Adjustment("only", settings, regions, **parts)


def centres(model: HeadModel, region: Region) -> np.ndarray:
    return np.unique(model.triangles[model.triangle_region == region])


def test_a_shape_changes_in_its_region_and_fades_beside_it(model):
    plain, wanted = HeadCoefficients.neutral(), changed(model, weight=2.5)
    head = adjusted_head(plain, (only(wanted, NOSE),))
    moved = np.linalg.norm(model.vertices(head) - model.vertices(plain), axis=1)
    whole = np.linalg.norm(model.vertices(wanted) - model.vertices(plain), axis=1)
    weight = model.vertex_weight((int(Region.NOSE),), 1.5)
    np.testing.assert_allclose(moved, weight * whole, atol=1e-4)
    assert weight.max() > 0.95 and weight[centres(model, Region.L_EAR)].max() < 1e-3
    assert moved[centres(model, Region.L_EAR)].max() < 1e-4 < moved[centres(model, Region.NOSE)].max()
    wide = model.vertex_weight((int(Region.NOSE),), 24.0)
    assert (wide > 0.01).sum() > 1.5 * (weight > 0.01).sum()


def test_posed_vertices_are_the_model_s(model):
    wanted = changed(model, jaw_open=0.6, weight=1.5).changed(gaze=(12.0, 4.0))
    eyes = frozenset({Region.L_EYE, Region.R_EYE, Region.MOUTH, *LIPS})
    base = HeadCoefficients.neutral().changed(pose=(8.0, 3.0, 2.0), gaze=(-6.0, 2.0))
    head = adjusted_head(base, (only(wanted, eyes, strength=0.7), only(wanted, NOSE)))
    assert len(head.local) == 2
    np.testing.assert_allclose(posed(model, head).head_points, model.vertices(head), atol=2e-4)


def test_everywhere_is_the_plain_slider(model):
    plain, wanted = HeadCoefficients.neutral(), changed(model, weight=1.5, jaw_open=0.4)
    head = adjusted_head(plain, (only(wanted, frozenset()),))
    assert head.local == () and head.key == wanted.key
    every = adjusted_head(plain, (only(wanted, frozenset(Region)),))
    np.testing.assert_allclose(model.vertices(every), model.vertices(wanted), atol=1e-4)


def test_nothing_set_or_switched_off_is_nothing(model):
    plain, wanted = HeadCoefficients.neutral(), changed(model, weight=1.5)
    for entry in (only(plain, NOSE), only(wanted, NOSE, enabled=False), only(wanted, NOSE, strength=0.0)):
        assert adjusted_head(plain, (entry,)) is plain
    head = adjusted_head(plain, (only(wanted, NOSE),))
    assert moves_mask(plain, head) and head.key != plain.key and head.geometry_key != plain.geometry_key
    assert not moves_mask(head, adjusted_head(plain, (only(wanted, NOSE),)))


def test_a_mask_moves_in_the_region_alone(model):
    plain, wanted = HeadCoefficients.neutral(), changed(model, jaw_open=1.0)
    mask = render_maps(model, plain, 256).regions.copy()
    head = adjusted_head(plain, (only(wanted, frozenset({Region.L_EYE, Region.R_EYE})),))
    whole = move_mask(model, mask, plain, wanted)
    limited = move_mask(model, mask, plain, head)
    assert (whole == Region.MOUTH).sum() > (mask == Region.MOUTH).sum() + 100
    assert (limited == Region.MOUTH).sum() <= (mask == Region.MOUTH).sum() + 5
    mouth = adjusted_head(plain, (only(wanted, frozenset({Region.MOUTH, *LIPS}), feather=10.0),))
    opened = move_mask(model, mask, plain, mouth)
    assert (opened == Region.MOUTH).sum() > (mask == Region.MOUTH).sum() + 60
    # Hair and all else above the eyes stay where they are, but for single pixels of the outline.
    above = int(np.nonzero((mask == Region.L_EYE).any(1))[0].min())
    field, _ = motion_field(model, plain, mouth, mask)
    centres = np.stack(np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5), -1)
    hair = mask[:above] == Region.HAIR
    assert np.percentile(np.abs(field - centres)[:above][hair], 95) < 0.3
    assert (opened != mask)[:above].mean() < 0.005


def test_a_pose_is_not_taken_and_light_is_a_matter_of_pixels(model):
    plain = HeadCoefficients.neutral()
    turned = plain.changed(pose=(20.0, 0.0, 0.0), gamma=plain.gamma * 1.5)
    entry = only(turned, NOSE)
    assert adjusted_head(plain, (entry,)) is plain
    assert pixel_adjustments((entry,)) == (entry,)
    lit = relit_head(plain, entry.settings)
    np.testing.assert_allclose(lit.gamma, turned.gamma)
    assert np.array_equal(lit.pose, plain.pose)


def test_it_comes_back_from_a_file(model):
    head = adjusted_head(HeadCoefficients.neutral(), (only(changed(model, weight=2.0, jaw_open=0.3), LIPS, feather=7),))
    again = HeadCoefficients.from_json(head.to_json())
    assert again.key == head.key and again.geometry_key == head.geometry_key
    for damage in ({"shape": [1]}, {"regions": 5}, {"feather": float("nan")}):
        data = head.to_json()
        data["local"][0] |= damage
        with pytest.raises(PortraitError):
            HeadCoefficients.from_json(data)


def test_regions_without_a_shape_have_no_weight(model):
    assert not model.vertex_weight((int(Region.GLASSES),), 3.0).any()
    assert not model.vertex_weight((int(Region.BACKGROUND),), 3.0).any()


def test_a_blend_of_heads_blends_what_is_local(model):
    plain, wanted = HeadCoefficients.neutral(), changed(model, weight=2.0)
    head = adjusted_head(plain, (only(wanted, NOSE),))
    middle = plain.blend(head, 0.5)
    expected = (model.vertices(plain) + model.vertices(head)) / 2
    np.testing.assert_allclose(model.vertices(middle), expected, atol=1e-3)
