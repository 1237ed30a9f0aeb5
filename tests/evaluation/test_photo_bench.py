"""The figures of `bench photo`."""

import numpy as np
import pytest

from faceeditor.evaluation.photo_bench import PhotoFigures, averaged, psnr, ssim, table


def test_psnr_and_ssim_of_known_differences() -> None:
    picture = np.random.default_rng(0).integers(20, 230, (64, 64, 3)).astype(np.uint8)
    whole = np.ones((64, 64), bool)
    assert psnr(picture, picture, whole) == 60.0
    assert psnr(picture + 10, picture, whole) == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)
    assert psnr(picture, picture, np.zeros((64, 64), bool)) is None
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, picture[::-1]) < 0.3


def test_figures_that_nobody_has_are_left_out() -> None:
    rows = [{"ours": {"all": 20.0, "revealed": None}}, {"ours": {"all": 30.0, "revealed": None}}]
    assert averaged(rows) == {"ours": {"all": 25.0}}
    figures = PhotoFigures(pairs={"pose": {"ours": {"all": 25.0, "ssim": 0.9}}}, exact={"png 8 bit": False})
    text = table(figures)
    assert "| pose | ours | 25.0 |" in text and "png 8 bit NO" in text
