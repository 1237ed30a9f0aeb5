"""Draws are evenly lit, and colours that few photographs have are rare in them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from faceeditor.regions import Region
from faceeditor.training.appearance import Light, appearance, beard_shadow, compared, light_values, region_colours
from faceeditor.training.code_bank import CodeBank
from faceeditor.training.data import load_faces
from faceeditor.training.labels import read_fitted_heads
from faceeditor.training.style_gaussian import BEARD, LIGHT, SPREAD, fit_style_gaussian


def test_colours_that_few_have_at_their_lightness_count_less() -> None:
    random = np.random.default_rng(0)
    lightness = random.uniform(15, 85, 400).astype(np.float32)
    chroma = np.stack([10 + 0.002 * (lightness - 50) ** 2, 0.3 * lightness], 1) + random.normal(size=(400, 2))
    chroma[:20] += (-18, 4)
    rest, weights = compared(chroma.astype(np.float32), lightness)
    assert weights[:20].max() < 0.1 < 0.7 < weights[20:].mean()
    assert weights.min() > 0 and weights.max() <= 1, "rare, not gone"
    dark, fair = weights[20:][lightness[20:] < 30], weights[20:][lightness[20:] > 70]
    assert abs(dark.mean() - fair.mean()) < 0.1, "every tone of skin counts alike"
    assert abs(rest[20:, 0].mean() - rest[:20, 0].mean()) > 3


def test_colours_are_read_off_regions() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[60:200, 60:200] = int(Region.SKIN)
    mask[:8, :8] = int(Region.HAIR)
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[60:200, 60:200] = (220, 160, 130)
    skin, hair = region_colours(picture, mask)
    assert 65 < skin[0] < 75 and skin[1] > 10 and skin[2] > 15
    assert np.isnan(hair).all(), "too little of it"


def test_the_shadow_of_a_beard_is_read_beside_the_cheeks() -> None:
    mask = np.full((256, 256), int(Region.SKIN), np.uint8)
    mask[180:200, 96:160] = int(Region.U_LIP)
    picture = np.full((256, 256, 3), (190, 150, 130), np.uint8)
    np.testing.assert_allclose(beard_shadow(picture, mask), 0, atol=0.5)
    picture[165:180, 90:166] = picture[205:240, 80:176] = (110, 85, 75)
    assert (beard_shadow(picture, mask) > 15).all()
    assert np.isnan(beard_shadow(picture, np.zeros_like(mask))).all()


def test_draws_for_a_mask_keep_the_beards_that_it_tells_of_and_narrow_the_rest() -> None:
    torch.manual_seed(0)
    people, told, left = torch.randn(800, 12), torch.randn(800, 1), torch.randn(800, 1)
    shown, hairs = torch.randn(12, 2720), torch.randn(1, 2720)
    flat, beard = people @ shown + 2 * (told + left) @ hairs, (told + left) / 2**0.5
    gaussian = fit_style_gaussian(flat, told, torch.arange(800), beard=beard)
    both = torch.linalg.pinv(torch.cat([shown, hairs]))
    drawn = gaussian.draw_for(torch.full((2000, 1), 2.0), torch.ones(2000))
    seen = (drawn - flat.mean(0)) @ both[:, 12:] / 2
    assert 1.6 < seen.mean() < 2.4, "a mask of somebody with a beard"
    assert 0.8 * BEARD < seen.std() / SPREAD < 1.2 * BEARD
    rest = (drawn - flat.mean(0)) @ both[:, :12] / SPREAD
    assert 0.85 < rest.std(0).mean() < 1.15


def test_brightness_of_skin_does_not_change_what_light_is_like() -> None:
    gamma = np.random.default_rng(1).normal(size=(5, 9, 3)).astype(np.float32) * 0.1 + 1
    values = light_values(gamma)
    np.testing.assert_allclose(light_values(2 * gamma), values, atol=1e-3)
    tinted = gamma * np.array([1.2, 1.0, 0.8], np.float32)
    assert np.abs(light_values(tinted) - values)[:, 8].min() > 0.1
    assert np.abs(light_values(tinted) - values)[:, :8].max() < 0.1


def test_a_photograph_and_its_mirror_image_are_lit_from_other_sides(faces_folder: Path, fitted_heads: Path) -> None:
    faces = load_faces(faces_folder, "train")
    labels, good = read_fitted_heads(fitted_heads, faces.names)
    weights, lit, beard = appearance(faces, Light(labels["gamma"], good))
    count = len(faces)
    assert weights.shape == (2 * count,) and lit is not None and lit.shape == (2 * count, 17)
    np.testing.assert_allclose(weights[:count], weights[count:], atol=1e-4)
    np.testing.assert_array_equal(beard[:count], beard[count:])
    np.testing.assert_allclose(lit[:count, 2], -lit[count:, 2], atol=1e-3)
    assert appearance(faces, None).light is None
    nothing = Light(labels["gamma"], np.zeros_like(good))
    assert appearance(faces, nothing).light is None


def test_draws_keep_little_of_the_light_and_all_of_the_rest() -> None:
    torch.manual_seed(0)
    people, light = torch.randn(800, 12), torch.randn(800, 2)
    shown, lit = torch.randn(12, 2720), torch.randn(2, 2720)
    flat = people @ shown + 2 * light @ lit
    descriptors = torch.stack([light[:, 0], people[:, 0]], 1)
    gaussian = fit_style_gaussian(flat, descriptors, torch.arange(800), light=light)
    both = torch.linalg.pinv(torch.cat([shown, lit]))
    for drawn in (
        gaussian.draw(2000, torch.ones(2000)),
        gaussian.draw_for(descriptors.repeat(3, 1)[:2000], torch.ones(2000)),
    ):
        told = (drawn - flat.mean(0)) @ both / SPREAD
        assert (told[:, 12:] / 2).std(0).max() < 1.6 * LIGHT
        assert 0.75 < told[:, 1:12].std(0).min() < told[:, 1:12].std(0).max() < 1.25


def test_a_run_without_heads_draws_as_photographs_are_lit(monkeypatch: pytest.MonkeyPatch, faces_folder: Path) -> None:
    from faceeditor.training import code_bank

    faces = load_faces(faces_folder, "train")
    codes = torch.randn(2 * len(faces), 2720)
    monkeypatch.setattr(code_bank, "all_codes", lambda *_: codes)
    bank = CodeBank.of(torch.nn.Identity(), faces, 128, torch.device("cpu"))
    light = Light(
        np.random.default_rng(0).normal(size=(len(faces), 9, 3)).astype(np.float32), np.ones(len(faces), bool)
    )
    even = CodeBank.of(torch.nn.Identity(), faces, 128, torch.device("cpu"), light)
    assert torch.equal(bank.codes.overall, even.codes.overall), "photographs keep their codes"
    assert not torch.allclose(bank.gaussian.directions.square().sum(), even.gaussian.directions.square().sum())
