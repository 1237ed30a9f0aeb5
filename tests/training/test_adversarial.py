"""Critics on projected features, their augmentation, and the figures in features that no loss uses."""

import numpy as np
import torch

from faceeditor.nets.critics import Critics
from faceeditor.nets.lite_features import MAP_CHANNELS, MAP_STRIDES, LiteFeatures
from faceeditor.training.adversarial import Compared, normalised_distance, train_critics, trained
from faceeditor.training.augmentation import Augmentation
from faceeditor.training.kid import kid, precision_recall


def lite_weights(repeats: int = 1) -> dict[str, torch.Tensor]:
    """Random tensors under the names of a published EfficientNet-Lite checkpoint, each stage `repeats` blocks long."""
    random = torch.Generator().manual_seed(0)
    weights: dict[str, torch.Tensor] = {}

    def conv(name: str, norm: str, *shape: int) -> None:
        weights[f"{name}.weight"] = torch.randn(shape, generator=random) * (2 / (shape[1] * shape[2] ** 2)) ** 0.5
        for part in ("weight", "running_var"):
            weights[f"{norm}.{part}"] = torch.ones(shape[0])
        for part in ("bias", "running_mean"):
            weights[f"{norm}.{part}"] = torch.zeros(shape[0])

    conv("_conv_stem", "_bn0", 32, 3, 3, 3)
    inputs, number = 32, 0
    for channels, kernel in zip((16, 24, 40, 80, 112, 192, 320), (3, 3, 5, 3, 5, 5, 3), strict=True):
        for _ in range(repeats):
            name, wide = f"_blocks.{number}", inputs
            if number:
                conv(f"{name}._expand_conv", f"{name}._bn0", wide, inputs, 1, 1)
            conv(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, kernel, kernel)
            conv(f"{name}._project_conv", f"{name}._bn2", channels, wide, 1, 1)
            inputs, number = channels, number + 1
    conv("_conv_head", "_bn1", 1280, 320, 1, 1)
    return weights


def test_features_have_four_scales_whatever_the_number_of_blocks() -> None:
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    for repeats in (1, 2):
        net = LiteFeatures(lite_weights(repeats))
        maps = net(pictures)
        wanted = [(2, c, 64 // s, 64 // s) for c, s in zip(MAP_CHANNELS, MAP_STRIDES, strict=True)]
        assert [tuple(m.shape) for m in maps] == wanted
        assert net.pooled(pictures).shape == (2, 1280) and not any(p.requires_grad for p in net.parameters())


def test_augmentation_off_changes_nothing_and_on_moves_both_alike() -> None:
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    still = Augmentation(4, 0.0, torch.device("cpu"))
    assert torch.allclose(still.pictures(pictures), pictures, atol=1e-5)
    torch.manual_seed(0)
    moving = Augmentation(4, 1.0, torch.device("cpu"))
    assert not torch.allclose(moving.pictures(pictures), pictures, atol=0.05)
    line = torch.zeros(4, 1, 64, 64)
    line[:, :, 32] = 1
    rows = moving.planes(line)[:, 0, :, 32].argmax(1)
    assert (rows != 32).any()


def test_hue_turns_colours_and_leaves_grey() -> None:
    torch.manual_seed(1)
    augment = Augmentation(8, 0.0, torch.device("cpu"))
    turned = Augmentation(8, 1.0, torch.device("cpu"))
    augment.hue = turned.hue
    grey = torch.full((8, 3, 16, 16), 0.3)
    assert torch.allclose(augment.pictures(grey), grey, atol=1e-5)
    red = grey.clone()
    red[:, 0] = 0.9
    assert not torch.allclose(augment.pictures(red), red, atol=0.02)


def test_critics_learn_to_tell_apart_and_keep_the_mixing() -> None:
    torch.manual_seed(0)
    critics = Critics()
    before = {name: value.clone() for name, value in critics.state_dict().items() if "mixing" in name}
    optimizer = torch.optim.Adam(trained(critics), lr=2e-3, betas=(0.0, 0.99))

    def maps(sign: float, count: int) -> list[torch.Tensor]:
        pairs = zip(MAP_CHANNELS, MAP_STRIDES, strict=True)
        return [sign + torch.randn(count, c, 128 // s, 128 // s) for c, s in pairs]

    planes = torch.rand(4, 19, 128, 128)
    for _ in range(12):
        compared = Compared(maps(-0.5, 4), maps(0.5, 2), planes, planes[:2], "window")
        figures = train_critics(critics, optimizer, compared, torch.device("cpu"))
    assert float(figures["real"]) > float(figures["made"]) + 0.5
    after = critics.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_distance_of_maps_ignores_their_size_and_not_their_direction() -> None:
    maps = [torch.randn(3, 8, 4, 4) for _ in range(2)]
    assert normalised_distance([3 * m for m in maps], maps) < 0.01
    assert normalised_distance([-m for m in maps], maps) > 1
    # More made maps than real ones: those of other codes are not compared.
    assert normalised_distance([torch.cat([m, -m]) for m in maps], maps) == 0


def test_kid_is_about_zero_for_one_distribution_and_grows_with_distance() -> None:
    random = np.random.default_rng(0)
    first, second = (random.normal(size=(200, 16)).astype(np.float32) for _ in range(2))
    near, far = kid(first, second), kid(first + 1, second)
    assert abs(near) < 0.1 and far > 10 * abs(near)
    assert kid(first + 2, second) > far
    # Unbiased: over many small sets of one distribution it is positive as often as negative.
    small = [kid(*(random.normal(size=(12, 4)).astype(np.float32) for _ in range(2))) for _ in range(200)]
    assert abs(np.mean(small)) < 0.15 * np.std(small) * 2


def test_precision_falls_for_wild_pictures_and_recall_for_alike_ones() -> None:
    random = np.random.default_rng(0)
    real = random.normal(size=(200, 4)).astype(np.float32)
    same, wild, alike = (random.normal(size=(200, 4)).astype(np.float32) * s for s in (1.0, 4.0, 0.1))
    precision, recall = precision_recall(same, real)
    assert precision > 0.7 and recall > 0.7
    assert precision_recall(wild, real)[0] < 0.5 * precision
    assert precision_recall(alike, real)[0] > 0.95 and precision_recall(alike, real)[1] < 0.3
