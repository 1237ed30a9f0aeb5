"""Seeds become people, the same ones everywhere."""

import subprocess
import sys

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.packs import ModelPack
from faceeditor.portrait.mask_descriptors import mask_descriptors
from tests.generators import tiny


def flat(style: object) -> np.ndarray:
    return np.concatenate([getattr(style, part).ravel() for part in ("regions", "overall", "detail")])


def test_draw_follows_the_formula() -> None:
    arrays = tiny.prior_arrays()
    z = np.random.Generator(np.random.PCG64(7)).standard_normal(6)
    style = StylePrior(arrays).draw(7)
    np.testing.assert_allclose(flat(style), arrays["mean"] + z @ arrays["directions"], atol=1e-4)
    assert style.label == "Seed 7"


def test_a_draw_for_a_mask_moves_with_the_mask() -> None:
    arrays, mask = tiny.prior_arrays(), tiny.face_mask()
    prior = StylePrior(arrays)
    z = np.random.Generator(np.random.PCG64(7)).standard_normal(5)
    usual = arrays["mean"] + (mask_descriptors(mask) - arrays["mask_mean"]) @ arrays["slopes"]
    np.testing.assert_allclose(flat(prior.draw(7, mask)), usual + z @ arrays["fitting"], atol=1e-4)
    bald = mask.copy()
    bald[bald == 17] = 0
    assert np.abs(flat(prior.draw(7, mask)) - flat(prior.draw(7, bald))).max() > 0.01


def test_latents_lead_to_codes_and_back() -> None:
    arrays = tiny.prior_arrays()
    arrays["directions"][1:] += arrays["directions"][0]  # far from orthogonal
    prior = StylePrior(arrays)
    z = np.random.default_rng(1).standard_normal(6).astype(np.float32)
    np.testing.assert_allclose(prior.latent_of(prior.of_latent(z)), z, atol=1e-4)


def test_seeds_repeat_and_differ() -> None:
    prior = StylePrior(tiny.prior_arrays())
    assert prior.draw(3).key == prior.draw(3).key
    assert np.abs(flat(prior.draw(3)) - flat(prior.draw(4))).max() > 0.1
    np.testing.assert_allclose(flat(prior.mean), tiny.prior_arrays()["plain"], atol=1e-6)


def test_variety_spreads_draws_from_one_plain_person_outwards() -> None:
    prior, mask = StylePrior(tiny.prior_arrays()), tiny.face_mask()
    spreads = []
    for variety in (0.0, 0.5, 1.0, 1.3):
        drawn = np.stack([flat(prior.draw(seed, mask).truncated(prior.mean, variety)) for seed in range(8)])
        spreads.append(float(drawn.std(0).mean()))
    assert spreads[0] < 1e-6 and spreads == sorted(spreads) and spreads[3] > 1.2 * spreads[2]


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
        StylePrior({**arrays, "directions": arrays["directions"][:, :-1]})
    with pytest.raises(ModelError, match="does not fit"):
        StylePrior({**arrays, "slopes": arrays["slopes"][:-1]})
    del arrays["fitting"]
    with pytest.raises(ModelError, match="fitting"):
        StylePrior(arrays)
