from pathlib import Path

import numpy as np
import pytest

from faceeditor.generators.style_prior import StylePrior
from faceeditor.packs import ModelPack
from faceeditor.portrait.exemplars import Exemplars
from faceeditor.regions import Region
from faceeditor.training.refit_styles import main
from tests.generators import tiny


def test_random_styles_are_fitted_to_a_packs_encoder(faces_folder: Path, fitted_heads: Path, tmp_path: Path) -> None:
    before = tiny.write_mask_guided(tmp_path)
    arrays = {name: before.load(name) for name in before.files}
    options = ["--data", str(faces_folder), "--coefficients", str(fitted_heads), "--pack", str(before.folder)]
    assert main(options) == 0
    after = ModelPack.open(before.name, tmp_path)
    assert set(after.files) == {*before.files, "exemplars.safetensors"}
    for name in before.files.keys() - {"style_gaussian.safetensors"}:
        for key, values in arrays[name].items():
            np.testing.assert_allclose(after.load(name)[key], values, rtol=1e-3, atol=1e-3)
    assert after.config == before.config
    style = StylePrior(after.load("style_gaussian.safetensors")).draw(3, tiny.face_mask())
    assert np.isfinite(style.regions).all() and style.detail.any()
    assert Exemplars.from_arrays(after.load("exemplars.safetensors")).shown[:, Region.SKIN].all()


def test_what_is_missing_is_said(faces_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(faces_folder), "--pack", str(tmp_path / "nothing")]) == 1
    assert "missing" in capsys.readouterr().err
