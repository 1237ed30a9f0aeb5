import numpy as np
import pytest
import torch

from faceeditor.errors import ModelError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.facefeat import FACTORS, FaceFeat, FaceFeatMethod, basis_of
from faceeditor.identity.variation import FacePicture, Variation
from faceeditor.nets.feature_gan import FeatureGenerator, IdentityNetwork
from faceeditor.portrait.head import HeadCoefficients
from tests.generators.tiny import face_mask


def _arrays() -> dict[str, np.ndarray]:
    """Untrained networks of the right sizes."""
    torch.manual_seed(0)
    general = StylePrior.load().latent_size
    head = sum(HeadPrior.load().latents(factor) for factor in FACTORS)
    net = IdentityNetwork(general)
    torch.nn.init.normal_(net.correct.weight, std=0.01)
    arrays = {}
    for name, part in (("general", FeatureGenerator(general)), ("head", FeatureGenerator(head)), ("identity", net)):
        arrays |= {f"{name}.{key}": value.detach().numpy() for key, value in part.state_dict().items()}
    ones = {"identity_mean": 0 * np.ones(128), "identity": 0.1 * np.ones(128), "general": np.ones(general),
            "head_mean": np.zeros(head), "head": np.ones(head)}  # fmt: skip
    return arrays | {f"scale.{name}": value.astype(np.float32) for name, value in ones.items()}


@pytest.fixture(scope="module")
def facefeat():
    return FaceFeat(_arrays())


def _portrait() -> Variation:
    head = HeadCoefficients.neutral()
    return Variation(face_mask(), StylePrior.load().draw(7), head, head)


def _embedding(seed: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(128)).astype(np.float32)


def test_the_same_chance_draws_the_same_features(facefeat):
    first, again, other = (facefeat.draw(_embedding(0), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.general, again.general) and np.array_equal(first.head, again.head)
    assert not np.array_equal(first.general, other.general)


def test_variety_zero_is_the_portrait_and_more_is_not(facefeat):
    portrait = _portrait()
    same = facefeat.varied(portrait, _embedding(0), np.random.default_rng(0), 0.0)
    assert np.allclose(same.style.regions, portrait.style.regions, atol=1e-4)
    assert np.allclose(same.head.expression, portrait.head.expression, atol=1e-5)
    varied = facefeat.varied(portrait, _embedding(0), np.random.default_rng(0), 1.0)
    assert np.abs(varied.style.regions - portrait.style.regions).max() > 0.01
    assert not np.array_equal(varied.head.pose, portrait.head.pose)
    for part in ("shape", "albedo"):
        assert np.array_equal(getattr(varied.head, part), getattr(portrait.head, part))


def test_another_identity_feature_changes_the_person_and_not_expression_pose_and_light(facefeat):
    features = facefeat.draw(_embedding(0), np.random.default_rng(3))
    one, two = (facefeat.rendered(_portrait(), _embedding(seed), features) for seed in (0, 1))
    assert not np.array_equal(one.head.shape, two.head.shape)
    assert np.abs(one.style.regions - two.style.regions).max() > 1e-3
    for part in ("expression", "pose", "gamma"):
        assert np.array_equal(getattr(one.head, part), getattr(two.head, part))


def test_features_of_a_rendering_are_those_it_was_rendered_from(facefeat):
    features = facefeat.draw(_embedding(0), np.random.default_rng(3))
    style = facefeat.styles.of_latent(facefeat._identity.foretell(facefeat._scaled(_embedding(0)))[0, :-24].numpy())
    portrait = Variation(face_mask(), style, HeadCoefficients.neutral(), HeadCoefficients.neutral())
    assert np.abs(facefeat.features_of(portrait, _embedding(0)).general).max() < 1e-3
    assert np.isfinite(features.head).all()


def test_the_method_asks_the_recogniser_once_a_person(facefeat):
    asked = []

    class Recogniser:
        def embed(self, pictures, frames):
            asked.append(len(pictures))
            return _embedding(0)[None]

    class Renderer:
        def draw(self, variation):
            return FacePicture.of_mask(np.zeros((256, 256, 3), np.uint8), variation.mask)

    method = FaceFeatMethod(facefeat, Recogniser(), Renderer())
    portrait = _portrait()
    made = [method.variation(portrait, np.random.default_rng(seed), 0.5) for seed in (0, 0, 1)]
    assert asked == [1]
    assert made[0].style.key == made[1].style.key != made[2].style.key


def test_the_shipped_networks_draw_and_bring_their_own_basis():
    facefeat = FaceFeat.load()
    features = facefeat.draw(_embedding(0), np.random.default_rng(0))
    made = facefeat.rendered(_portrait(), _embedding(0), features)
    assert made.head is not None and np.isfinite(made.style.regions).all()
    with pytest.raises(ModelError, match="facefeat"):
        basis_of({"mean": np.zeros(3, np.float32)})


def test_damage_is_told():
    arrays = _arrays()
    for name, wrong in (("scale.head", np.ones(3, np.float32)), ("general.enter.weight", np.ones((2, 2), np.float32))):
        with pytest.raises(ModelError, match="facefeat"):
            FaceFeat({**arrays, name: wrong})
    with pytest.raises(ModelError, match="facefeat"):
        FaceFeat({key: value for key, value in arrays.items() if key != "scale.head"})
