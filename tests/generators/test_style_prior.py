"""Seeds become people, the same ones everywhere."""

import subprocess
import sys

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.packs import ModelPack
from tests.generators import tiny


def flat(style: object) -> np.ndarray:
    return np.concatenate([getattr(style, part).ravel() for part in ("regions", "overall", "detail")])


def test_draw_follows_the_formula() -> None:
    arrays = tiny.prior_arrays()
    random = np.random.Generator(np.random.PCG64(7))
    z, noise = random.standard_normal(6), random.standard_normal(10)
    h = arrays["w0"] @ z + arrays["b0"]
    h = arrays["w1"] @ np.maximum(h, 0.2 * h) + arrays["b1"]
    h = arrays["w2"] @ np.maximum(h, 0.2 * h) + arrays["b2"] + arrays["residual_std"] * noise
    style = StylePrior(arrays).draw(7)
    np.testing.assert_allclose(flat(style), h @ arrays["basis"] + arrays["offset"], atol=1e-4)
    assert style.label == "Seed 7"


def test_seeds_repeat_and_differ() -> None:
    prior = StylePrior(tiny.prior_arrays())
    assert prior.draw(3).key == prior.draw(3).key
    assert np.abs(flat(prior.draw(3)) - flat(prior.draw(4))).max() > 0.1
    np.testing.assert_allclose(flat(prior.mean), tiny.prior_arrays()["offset"], atol=1e-6)


def test_load_reads_the_pack_without_torch(tiny_pack: ModelPack) -> None:
    code = (
        "import sys; from faceeditor.generators.style_prior import StylePrior; print(StylePrior.load().draw(1).key);"
        "assert not {'torch', 'openvino', 'PySide6'} & set(sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == StylePrior.load().draw(1).key


def test_readable_errors() -> None:
    arrays = tiny.prior_arrays()
    with pytest.raises(FaceEditorError, match="negative"):
        StylePrior(arrays).draw(-1)
    with pytest.raises(ModelError, match="does not fit"):
        StylePrior({**arrays, "basis": arrays["basis"][:, :-1]})
    with pytest.raises(ModelError, match="does not fit"):
        StylePrior({**arrays, "w1": arrays["w1"][:, :-1]})
    del arrays["w2"]
    with pytest.raises(ModelError, match="w2"):
        StylePrior(arrays)
