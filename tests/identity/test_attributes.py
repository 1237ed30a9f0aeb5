import numpy as np
import pytest

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.faceframe import face_frame
from faceeditor.identity.attributes import ATTRIBUTES, area_of, attribute_named, attribute_of_guide
from faceeditor.identity.guides import Guide, Guides, packed_masks, unpacked_masks
from faceeditor.identity.measures import AttributeMeter, fitted_probe
from faceeditor.identity.transfer import transferred
from faceeditor.identity.variation import Variation
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.generators.tiny import face_mask


def _style(value: float) -> StyleCode:
    zeros = StyleCode.zeros()
    return StyleCode(zeros.regions + value, zeros.overall + value, zeros.detail + value)


def _guide(value: float, mask=None, place: float = 0.0) -> Guide:
    embedding = np.zeros(128, np.float32)
    embedding[0] = place
    return Guide(face_mask() if mask is None else mask, _style(value), HeadCoefficients.neutral(), embedding)


def _portrait() -> Variation:
    head = HeadCoefficients.neutral()
    return Variation(face_mask(), _style(0.0), head, head)


def test_every_attribute_has_something_to_change():
    for attribute in ATTRIBUTES.values():
        assert attribute.styles or attribute.control or attribute.outline or attribute.light, attribute.name
        assert attribute.area, attribute.name


def test_an_unknown_attribute_or_part_is_refused_with_the_list():
    with pytest.raises(FaceEditorError, match="smile"):
        attribute_named("smirk")
    with pytest.raises(FaceEditorError, match="hair"):
        attribute_of_guide(("ears",))
    with pytest.raises(FaceEditorError, match="Nothing"):
        attribute_of_guide(())


def test_the_detail_of_a_beard_is_the_lower_face():
    share = ATTRIBUTES["beard"].detail_share()
    assert share[:6].max() == 0.0 and share[12].min() == 1.0


def test_the_area_of_a_region_is_soft_and_wider_than_the_region():
    mask = face_mask()
    area = area_of(mask, (Region.NOSE,))
    inside = mask == Region.NOSE
    assert area[inside].min() > 0.9 and area[:8].max() == 0.0
    assert (area > 0.5).sum() > inside.sum()
    assert area_of(mask, ()).min() == 1.0


def test_only_the_attribute_s_regions_take_the_guides_mean():
    made = transferred(_portrait(), [_guide(1.0), _guide(3.0)], ATTRIBUTES["blond_hair"], 0.5)
    assert np.allclose(made.style.regions[Region.HAIR], 1.0)
    others = [region for region in range(19) if region != Region.HAIR]
    assert np.array_equal(made.style.regions[others], _portrait().style.regions[others])
    assert np.array_equal(made.style.detail, _portrait().style.detail)
    assert np.array_equal(made.mask, _portrait().mask)


def test_a_relative_attribute_adds_what_those_who_show_it_have_more():
    shows, lacks = [_guide(3.0)], [_guide(1.0)]
    made = transferred(_portrait(), shows, ATTRIBUTES["makeup"], 0.5, lacking=lacks)
    assert np.allclose(made.style.regions[Region.U_LIP], 1.0)
    assert np.allclose(made.style.detail[:, 8], 1.0, atol=1e-5)
    without = transferred(_portrait(), shows, ATTRIBUTES["makeup"], 0.5)
    assert np.allclose(without.style.regions[Region.U_LIP], 1.5)


def test_smile_moves_the_slider_and_light_the_gamma():
    smile = [EXPRESSIONS.index(f"mouthSmile_{side}") for side in "LR"]
    made = transferred(_portrait(), [], ATTRIBUTES["smile"], 1.0)
    assert made.head is not None and made.head.expression[smile].min() > 0.5
    bright = HeadCoefficients.neutral()
    bright = bright.changed(gamma=bright.gamma + 1)
    guide = Guide(face_mask(), _style(0.0), bright, np.zeros(128, np.float32))
    lit = transferred(_portrait(), [guide], ATTRIBUTES["side_light"], 0.5)
    assert lit.head is not None and np.allclose(lit.head.gamma - HeadCoefficients.neutral().gamma, 0.5, atol=1e-5)


def test_glasses_are_laid_where_the_face_is():
    worn = np.array(face_mask())
    rows, columns = np.nonzero(np.isin(worn, (Region.L_EYE, Region.R_EYE)))
    worn[rows.min() - 4 : rows.max() + 5, columns.min() - 4 : columns.max() + 5] = Region.GLASSES
    shifted = np.roll(worn, 12, 1)
    made = transferred(_portrait(), [_guide(1.0, shifted)], ATTRIBUTES["glasses"], 1.0)
    glasses = np.argwhere(made.mask == Region.GLASSES)
    eyes = np.argwhere(np.isin(face_mask(), (Region.L_EYE, Region.R_EYE)))
    assert len(glasses) and abs(glasses[:, 1].mean() - eyes[:, 1].mean()) < 6
    with pytest.raises(FaceEditorError, match="does not show"):
        transferred(_portrait(), [_guide(1.0)], ATTRIBUTES["glasses"], 1.0)
    assert np.isfinite(face_frame(made.mask)).all()


def test_the_nearest_guides_come_first_and_lacking_ones_apart():
    people = [_guide(0.0, place=place) for place in (0.9, 0.1, 0.5, 0.2)]
    guides = Guides(people, {"beard": np.array([1, 1, 1, -1], np.int8)})
    found = guides.nearest("beard", np.zeros(128, np.float32), 2)
    assert [round(float(guide.embedding[0]), 1) for guide in found] == [0.1, 0.5]
    assert guides.nearest("beard", np.zeros(128, np.float32), lacking=True) == [people[3]]
    with pytest.raises(FaceEditorError, match="no guides"):
        guides.nearest("smile", np.zeros(128, np.float32))


def test_guides_come_back_from_their_arrays_and_damage_is_told():
    guides = Guides([_guide(0.5), _guide(-0.25)], {"smile": np.array([1, -1], np.int8)})
    again = Guides.from_arrays(guides.arrays(), ["smile"])
    assert np.array_equal(again.people[1].mask, guides.people[1].mask)
    assert np.array_equal(again.people[1].style.detail, guides.people[1].style.detail)
    assert again.shows["smile"].tolist() == [1, -1]
    for name in ("masks", "shows", "gamma"):
        damaged = guides.arrays()
        damaged[name] = damaged[name][:1]
        with pytest.raises(ModelError, match="damaged"):
            Guides.from_arrays(damaged, ["smile"])


def test_packed_masks_cannot_blow_up():
    import zlib

    huge = np.frombuffer(zlib.compress(bytes(50_000_000)), np.uint8)
    mask = unpacked_masks(huge, np.array([len(huge)]))[0]
    assert mask.shape == (256, 256)
    data, lengths = packed_masks([np.full((256, 256), 19, np.uint8)])
    with pytest.raises(ValueError, match="region"):
        unpacked_masks(data, lengths)


def test_a_probe_puts_people_without_at_zero_and_with_at_one():
    random = np.random.default_rng(0)
    values = random.standard_normal((80, 30)).astype(np.float32)
    marks = np.where(np.arange(80) % 2, 1, -1).astype(np.int8)
    values[:, 3] += 2 * marks
    probe = fitted_probe(values, marks)
    scores = (values @ probe["direction"] - probe["zero"]) / (probe["one"] - probe["zero"])
    assert abs(scores[marks == -1].mean()) < 1e-4 and abs(scores[marks == 1].mean() - 1) < 1e-4
    assert scores[marks == 1].min() > scores[marks == -1].max()


def test_a_meter_without_its_probe_is_damaged():
    with pytest.raises(FaceEditorError, match="cannot be measured"):
        AttributeMeter({}).measure("wings", np.zeros((256, 256, 3), np.uint8), face_mask())
    with pytest.raises(ModelError, match="damaged"):
        AttributeMeter({}).measure("blond_hair", np.zeros((256, 256, 3), np.uint8), face_mask())
