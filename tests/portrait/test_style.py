"""Style codes: immutable, validated, mixed linearly."""

from collections.abc import Callable

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import FACE_REGIONS, Region

Styles = Callable[[int], StyleCode]


def test_arrays_are_private_and_read_only() -> None:
    regions = np.zeros((19, 32), np.float32)
    overall, detail = np.zeros(64, np.float32), np.zeros((8, 16, 16), np.float32)
    code = StyleCode(regions, overall, detail)
    for given in (regions, overall, detail):
        given[:] = 1
    for kept in (code.regions, code.overall, code.detail):
        assert not kept.any()
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 1


def test_wrong_shapes_and_numbers_are_refused() -> None:
    good = StyleCode.zeros()
    with pytest.raises(PortraitError, match="overall"):
        StyleCode(good.regions, np.zeros(63, np.float32), good.detail)
    bad = np.zeros((8, 16, 16), np.float32)
    bad[0, 0, 0] = np.nan
    with pytest.raises(PortraitError, match="detail"):
        StyleCode(good.regions, good.overall, bad)


def test_blend_is_linear_and_clipped(style: Styles) -> None:
    a, b = style(1), style(2)
    assert a.blend(b, -1.0) is a
    assert a.blend(b, 1.0) is b
    quarter = a.blend(b, 0.25)
    assert np.allclose(quarter.regions, 0.75 * a.regions + 0.25 * b.regions, atol=1e-6)
    assert np.allclose(quarter.overall, 0.75 * a.overall + 0.25 * b.overall, atol=1e-6)
    assert np.allclose(quarter.detail, 0.75 * a.detail + 0.25 * b.detail, atol=1e-6)


def test_with_region_takes_one_vector_and_detail_for_the_skin_only(style: Styles) -> None:
    a, b = style(1), style(2)
    hair = a.with_region(Region.HAIR, b)
    assert np.array_equal(hair.regions[Region.HAIR], b.regions[Region.HAIR])
    others = [region for region in Region if region != Region.HAIR]
    assert np.array_equal(hair.regions[others], a.regions[others])
    assert np.array_equal(hair.detail, a.detail)
    assert np.array_equal(hair.overall, a.overall)
    assert np.array_equal(a.with_region(Region.SKIN, b).detail, b.detail)
    for region in set(FACE_REGIONS) - {Region.SKIN}:
        assert np.array_equal(a.with_region(region, b).detail, a.detail), "other lips leave the creases of the skin"


def test_truncation_runs_from_the_mean_to_the_code(style: Styles) -> None:
    mean, code = style(1), style(2)
    assert code.truncated(mean, 1.0) is code
    assert np.allclose(code.truncated(mean, 0.0).regions, mean.regions)
    half = code.truncated(mean, 0.5)
    assert np.allclose(half.overall, (mean.overall + code.overall) / 2, atol=1e-6)
    assert half.label == code.label


def test_key_is_of_the_numbers_alone(style: Styles) -> None:
    assert style(1).key == style(1).with_label("other").key
    changed = style(1).overall.copy()
    changed[5] += 1e-4
    assert StyleCode(style(1).regions, changed, style(1).detail).key != style(1).key


def test_a_code_without_detail_keeps_all_else(style: Styles) -> None:
    code = style(1)
    plain = code.without_detail()
    assert not plain.detail.any() and plain.label == code.label
    assert np.array_equal(plain.regions, code.regions) and np.array_equal(plain.overall, code.overall)
    assert plain.without_detail() is plain


def test_a_mixture_says_what_it_is_made_of(style: Styles) -> None:
    assert style(1).blend(style(2), 0.25).label == "Seed 1 + Seed 2 (25%)"
    assert StyleCode.zeros().blend(StyleCode.zeros(), 0.5).label == "style + style (50%)"
    assert style(1).with_region(Region.SKIN, style(2)).label == "Seed 1"


def test_exaggeration_goes_beyond_the_code(style: Styles) -> None:
    mean, code = style(1), style(2)
    beyond = code.truncated(mean, 1.5)
    assert np.allclose(beyond.regions, mean.regions + 1.5 * (code.regions - mean.regions), atol=1e-5)
    assert np.allclose(beyond.detail, mean.detail + 1.5 * (code.detail - mean.detail), atol=1e-5)


def test_a_code_knows_its_size() -> None:
    assert StyleCode.zeros("a").nbytes == 4 * (19 * 32 + 64 + 8 * 16 * 16) and StyleCode.zeros("a").label == "a"
    assert not any(part.any() for part in (StyleCode.zeros().regions, StyleCode.zeros().overall))
    parts = ("regions", "overall", "detail")
    keys = {StyleCode.zeros().key}
    for name in parts:
        arrays = {each: getattr(StyleCode.zeros(), each) for each in parts}
        keys.add(StyleCode(**{**arrays, name: arrays[name] + 1}).key)
    assert len(keys) == 4, "every part counts"
