"""Relighting by the ratio of two renderings."""

import numpy as np

from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.relight import relighting_gain, relit, with_light_from
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import Region


def planes(level: float) -> np.ndarray:
    maps = np.zeros((10, 128, 128), np.float32)
    maps[:6, 40:90, 40:90] = level
    maps[8:, 40:90, 40:90] = 1
    return maps


def test_light_reaches_hair_and_not_the_background() -> None:
    mask = np.full((128, 128), Region.BACKGROUND, np.uint8)
    mask[30:100, 30:100] = Region.HAIR
    mask[50:80, 50:80] = Region.SKIN
    gain = relighting_gain(planes(0.0), planes(0.4), mask)
    assert (gain[:20] == 1).all()
    assert gain[36, 60, 0] > 1.05, "hair beyond the skull follows"
    assert gain[65, 65, 0] > gain[45, 45, 0] > 1.05, "skin follows its colour, too, hair the light alone"


def test_the_same_light_changes_nothing() -> None:
    head = HeadCoefficients.neutral()
    assert with_light_from(head, head) is head
    maps = render_maps(HeadModel.load(), head, 128).condition
    assert np.allclose(relighting_gain(maps, maps, np.full((128, 128), Region.SKIN, np.uint8)), 1.0)
    picture = np.random.default_rng(0).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    assert relit(picture, None) is picture
    assert np.array_equal(relit(picture, np.ones((128, 128, 3), np.float32)), picture)


def test_a_relit_rendering_is_the_rendering_under_the_other_light() -> None:
    model, head = HeadModel.load(), HeadCoefficients.neutral()
    gamma = head.gamma.copy()
    gamma[3] = 0.8
    gamma[0] *= 0.8
    lit = head.changed(gamma=gamma)
    before, after = (render_maps(model, h, 128) for h in (head, lit))
    gain = relighting_gain(before.condition, after.condition, before.regions)
    pictures = [np.round((m.condition[:3].transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8) for m in (before, after)]
    skin = (before.regions == Region.SKIN) & (pictures[0].min(2) > 30) & (pictures[1].min(2) > 30)
    error = np.abs(relit(pictures[0], gain).astype(int) - pictures[1])[skin]
    assert skin.mean() > 0.1 and np.percentile(error, 95) <= 3
    assert np.abs(pictures[0].astype(int) - pictures[1])[skin].mean() > 5, "the light did not change"
