"""FaceFeat-GAN's training on made-up features and a made-up generator."""

import numpy as np
import pytest
import torch

from faceeditor.identity.objective import open_perception
from faceeditor.nets.feature_gan import (
    IDENTITY_DIM,
    FeatureDiscriminator,
    FeatureGenerator,
    IdentityNetwork,
    OneStageNetwork,
    PictureDiscriminator,
)
from faceeditor.training.feature_gan import (
    Drawing,
    FeatureSet,
    Layout,
    PictureStage,
    foretold,
    train_features,
    train_identity,
    train_one_stage,
)


def test_a_linear_relation_is_foretold():
    random = np.random.default_rng(0)
    identity = random.standard_normal((400, IDENTITY_DIM)).astype(np.float32)
    truth = random.standard_normal((3, IDENTITY_DIM)) * 0.2
    targets = (identity @ truth.T + [1.0, 2.0, 3.0] + 0.05 * random.standard_normal((400, 3))).astype(np.float32)
    weight, bias = foretold(identity, targets, 1.0)
    error = identity @ weight.T + bias - targets
    assert error.std() < 0.1 and np.allclose(bias, [1, 2, 3], atol=0.1)


def test_drawn_features_come_to_have_the_real_moments():
    torch.manual_seed(0)
    identity = torch.randn(300, IDENTITY_DIM)
    mixing = torch.tensor([[1.0, 0.9, 0.0, 0.0], [0.0, 0.44, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    features = torch.randn(300, 4) @ mixing
    start = FeatureGenerator(4)(torch.randn(2000, 128), identity[torch.arange(2000) % 300]).detach()
    net = train_features(features, identity, 300, seed=1)
    drawn = net(torch.randn(2000, net.noise), identity[torch.arange(2000) % 300])
    wanted = torch.cov(features.T)
    assert (torch.cov(drawn.T) - wanted).abs().max() < 0.6 * (torch.cov(start.T) - wanted).abs().max()
    other = net(torch.randn(2000, net.noise), identity[:1].expand(2000, -1))
    assert other.std(0).min() > 0.3  # noise matters, not the identity alone


def test_many_features_are_not_left_on_a_plane():
    torch.manual_seed(0)
    net = FeatureGenerator(150)
    drawn = net(torch.randn(2000, net.noise), torch.zeros(2000, IDENTITY_DIM)).detach()
    assert torch.linalg.eigvalsh(torch.cov(drawn.T)).min() > 0.2


def test_the_feature_discriminator_sees_identity_and_spread():
    judge = FeatureDiscriminator(5).eval()
    features, identity = torch.randn(8, 5), torch.randn(8, IDENTITY_DIM)
    score = judge(features, identity)
    assert score.shape == (8,)
    assert not torch.allclose(score, judge(features, identity.flip(0)))


def test_identity_network_starts_as_its_linear_part():
    net = IdentityNetwork(6, 4)
    identity, general = torch.randn(3, IDENTITY_DIM), torch.randn(3, 6)
    style, shape = net(identity, general)
    told = net.foretell(identity)
    assert torch.equal(style, general + told[:, :6]) and torch.equal(shape, told[:, 6:])


@pytest.fixture(scope="module")
def perception():
    return open_perception()


def _stage(perception, people: int = 6) -> PictureStage:
    """Pictures are 16 x 16 colours of the style latent; identity is what the recogniser makes of them."""
    torch.manual_seed(0)
    general = 3 * 8 * 8

    def draw(style, layouts, maps):
        small = torch.tanh(style.view(-1, 3, 8, 8) + 0 * maps.mean())
        return torch.nn.functional.interpolate(small, (128, 128), mode="bilinear", align_corners=False)

    def maps(rows, shape):
        return shape.mean() + torch.zeros(len(rows), 10, 128, 128)

    data = FeatureSet(torch.randn(people, IDENTITY_DIM), torch.randn(people, general), torch.randn(people, 4))
    frame = torch.eye(2, 3)
    layouts = [Layout(i, i, torch.zeros(0), frame, frame, torch.zeros(0)) for i in range(people)]
    with torch.no_grad():
        pictures = draw(torch.randn(people, general), layouts, torch.zeros(1))
        embeddings = perception(pictures, frame.expand(people, 2, 3)).embedding
    photographs = ((pictures + 1) * 127.5).to(torch.uint8)
    return PictureStage(data, layouts, Drawing(maps, draw), perception, embeddings, photographs)


def test_stage_two_brings_pictures_nearer_to_the_identity(perception):
    stage = _stage(perception)
    net, general = IdentityNetwork(192, 24), FeatureGenerator(192)
    told: list[str] = []
    train_identity(net, stage, general, 48, 4, told.append)
    losses = [float(text.split("identity ")[1].split(",")[0]) for text in told]
    # A single step sees other people than the next one.
    assert sum(losses[-4:]) < sum(losses[:4])
    assert float(net.correct.weight.detach().abs().max()) > 0


def test_the_control_learns_from_as_many_pictures(perception):
    stage = _stage(perception)
    net = OneStageNetwork(192)
    told: list[str] = []

    def maps(layouts, shape):
        return stage.drawing.maps([0] * len(layouts), shape)

    train_one_stage(net, stage, maps, 10, 4, told.append)
    assert len(told) == 10
    assert all("nan" not in text for text in told)


def test_the_picture_discriminator_takes_lite_maps(perception):
    seen = perception(torch.rand(2, 3, 128, 128), torch.eye(2, 3).expand(2, 2, 3))
    assert PictureDiscriminator()(seen.attribute).shape == (2, 64 + 16)
