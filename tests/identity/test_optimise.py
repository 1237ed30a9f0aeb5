"""The optimisation with the real perception and a small random generator; the real generator in the command's test."""

import numpy as np
import pytest
import torch

from faceeditor.errors import FaceEditorError
from faceeditor.head.model import HeadModel
from faceeditor.identity.attributes import ATTRIBUTES, attribute_of_guide
from faceeditor.identity.drawing import tensor_of
from faceeditor.identity.guides import Guide
from faceeditor.identity.objective import Objective, open_perception
from faceeditor.identity.optimise import Plan, Workshop, blended, optimise_pixels, optimise_portrait
from faceeditor.identity.variation import Variation
from faceeditor.nets.perception import total_variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.generators import tiny


@pytest.fixture(scope="module")
def workshop():
    return Workshop(tiny.generator().requires_grad_(False), open_perception(), HeadModel.load())


def _style(seed: int) -> StyleCode:
    random = np.random.default_rng(seed)
    zeros = StyleCode.zeros()
    return StyleCode(*(random.standard_normal(part.shape) for part in (zeros.regions, zeros.overall, zeros.detail)))


def _portrait(seed: int = 0) -> Variation:
    head = HeadCoefficients.neutral()
    return Variation(tiny.face_mask(), _style(seed), head, head)


def _guide(seed: int) -> Guide:
    return Guide(tiny.face_mask(), _style(seed), HeadCoefficients.neutral(), np.zeros(128, np.float32))


def test_steps_lower_the_objective_and_touch_only_the_attribute_s_parts(workshop):
    plan = Plan(_portrait(), attribute_of_guide(("hair",)), (_guide(1), _guide(2)), hold=1.5, steps=6)
    steps = list(optimise_portrait(plan, workshop))
    assert [step.number for step in steps] == list(range(7))
    assert sum(steps[-1].terms.values()) < sum(steps[0].terms.values())
    done = steps[-1].portrait
    assert done is not None
    others = [region for region in range(19) if region not in (Region.HAIR, Region.HAT)]
    assert np.array_equal(done.style.regions[others], plan.portrait.style.regions[others])
    assert np.array_equal(done.style.detail, plan.portrait.style.detail)
    assert not np.array_equal(steps[-1].pixels, steps[0].pixels)


def test_the_result_holds_the_identity(workshop):
    guides = (_guide(1), _guide(2))
    skin = attribute_of_guide(("skin", "eyes", "mouth", "nose"))
    free = list(optimise_portrait(Plan(_portrait(), skin, guides, hold=1.5, steps=2), workshop))[-1]
    hold = max(0.05, free.distance / 2)
    held = list(optimise_portrait(Plan(_portrait(), skin, guides, hold=hold, steps=2), workshop))[-1]
    assert held.distance <= hold < free.distance


def test_a_smile_changes_the_expression_and_nothing_else_of_the_head(workshop):
    plan = Plan(_portrait(), ATTRIBUTES["smile"], (), hold=1.5, steps=3)
    done = list(optimise_portrait(plan, workshop))[-1].portrait
    assert done is not None and done.head is not None and plan.portrait.head is not None
    assert not np.array_equal(done.head.expression, plan.portrait.head.expression)
    for part in ("shape", "albedo", "pose", "gamma"):
        assert np.array_equal(getattr(done.head, part), getattr(plan.portrait.head, part)), part


def test_nothing_to_change_is_told(workshop):
    same = Guide(tiny.face_mask(), _style(0), HeadCoefficients.neutral(), np.zeros(128, np.float32))
    with pytest.raises(FaceEditorError, match="changes nothing"):
        list(optimise_portrait(Plan(_portrait(), attribute_of_guide(("hair",)), (same,)), workshop))


def test_glasses_need_no_guide_without_glasses(workshop):
    worn = np.array(tiny.face_mask())
    rows, columns = np.nonzero(np.isin(worn, (Region.L_EYE, Region.R_EYE)))
    worn[rows.min() - 4 : rows.max() + 5, columns.min() - 4 : columns.max() + 5] = Region.GLASSES
    shows = Guide(worn, _style(1), HeadCoefficients.neutral(), np.zeros(128, np.float32))
    plan = Plan(_portrait(), ATTRIBUTES["glasses"], (shows,), (_guide(2),), hold=1.5, steps=1)
    done = list(optimise_portrait(plan, workshop))[-1].portrait
    assert done is not None and (done.mask == Region.GLASSES).sum() > 100


def test_what_the_face_does_not_show_cannot_be_changed(workshop):
    grey = np.full((256, 256, 3), 120, np.uint8)
    plan = Plan(_portrait(), ATTRIBUTES["glasses"], steps=1)
    with pytest.raises(FaceEditorError, match="does not show"):
        next(optimise_pixels(plan, grey, workshop, [(grey, tiny.face_mask())]))


def test_a_portrait_without_a_head_cannot_smile(workshop):
    bare = Variation(tiny.face_mask(), _style(0))
    with pytest.raises(FaceEditorError, match="head"):
        list(optimise_portrait(Plan(bare, ATTRIBUTES["smile"]), workshop))


def test_numbers_out_of_range_are_refused():
    for wrong in ({"amount": 0.0}, {"amount": 2.0}, {"hold": 0.0}, {"steps": 0}, {"amount": float("nan")}):
        with pytest.raises(FaceEditorError):
            Plan(_portrait(), ATTRIBUTES["smile"], **wrong)


def test_pixels_change_inside_the_area_only(workshop):
    random = np.random.default_rng(0)
    photo = random.integers(0, 255, (256, 256, 3), np.uint8)
    guide = random.integers(0, 255, (256, 256, 3), np.uint8)
    area = np.zeros((256, 256), np.float32)
    area[100:160, 100:160] = 1
    plan = Plan(_portrait(), ATTRIBUTES["beard"], hold=1.5, steps=3, area=area)
    steps = list(optimise_pixels(plan, photo, workshop, [(guide, tiny.face_mask())]))
    changed = (steps[-1].pixels != photo).any(2)
    assert changed[100:160, 100:160].any() and not changed[area == 0].any()
    assert steps[-1].portrait is None and len(steps) == 4
    with pytest.raises(FaceEditorError, match="no guides"):
        next(optimise_pixels(plan, photo, workshop, []))


def test_progress_is_nothing_at_the_reference_and_whole_at_the_target(workshop):
    first, second = (torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    frame = torch.eye(2, 3)[None]
    seen = [workshop.seen(picture, frame) for picture in (first, second)]
    objective = Objective(seen[0], first, seen[1].attribute)
    assert objective.progress(seen[0]) == pytest.approx(0.0, abs=1e-5)
    assert objective.progress(seen[1]) == pytest.approx(1.0, abs=1e-5)
    assert float(objective.terms(second, seen[1])["attribute"]) == pytest.approx(0.0, abs=1e-5)


def test_halfway_between_portraits_is_halfway_between_their_numbers():
    start, end = _portrait(0), _portrait(1)
    middle = blended(start, end, 0.5)
    assert np.allclose(middle.style.overall, (start.style.overall + end.style.overall) / 2, atol=1e-6)
    assert blended(start, end, 1.0) is end


def test_total_variation_of_a_flat_picture_is_nothing():
    assert float(total_variation(torch.full((1, 3, 8, 8), 0.4))) == 0.0
    assert float(total_variation(tensor_of(np.indices((8, 8, 3))[0].astype(np.uint8) * 9))) > 0.0
