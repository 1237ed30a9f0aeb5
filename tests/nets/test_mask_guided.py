import tomllib

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.mask_guided import Codes, MaskGenerator, StyleDecoder, StyleEncoder, Window
from faceeditor.nets.parser import FaceParser, parse
from faceeditor.paths import resources_dir

SMALL = ((16, 16, 16, 16, 16), (16, 16, 16, 16, 16))
IDENTITY = torch.eye(2, 3)[None]


def random_codes(count: int) -> Codes:
    torch.manual_seed(1)
    return Codes(torch.randn(count, 19, 32), torch.randn(count, 64), torch.randn(count, 8, 16, 16))


def random_planes(count: int, seed: int = 0) -> torch.Tensor:
    blocks = torch.from_numpy(np.random.default_rng(seed).integers(0, 19, (count, 16, 16)))
    return one_hot_planes(blocks.repeat_interleave(16, 1).repeat_interleave(16, 2), 19)


@pytest.fixture(scope="module")
def generator() -> MaskGenerator:
    torch.manual_seed(0)
    net = MaskGenerator(*SMALL, fine_width=16).eval()
    assert net.fine is not None
    for scale in (*net.scales, net.fine):
        torch.nn.init.normal_(scale.to_rgb.weight, std=0.1)
    return net


def test_the_shipped_widths_keep_the_budget() -> None:
    config = tomllib.loads((resources_dir() / "training" / "mask-guided.toml").read_text())
    net = MaskGenerator(tuple(config["channels"]), tuple(config["conditions"]))
    with FlopCounterMode(display=False) as counter:
        net(random_planes(1), IDENTITY, random_codes(1))
    assert counter.get_total_flops() / 2 <= 3.5e9


@torch.no_grad()
def test_sizes(generator: MaskGenerator) -> None:
    for size in (64, 128, 256, 512):
        assert generator(random_planes(2), IDENTITY.repeat(2, 1, 1), random_codes(2), size).shape == (2, 3, size, size)


def test_a_generator_without_the_fine_scale_refuses_512() -> None:
    with pytest.raises(ValueError, match="512"):
        MaskGenerator(*SMALL)(random_planes(1), IDENTITY, random_codes(1), 512)


@torch.no_grad()
def test_a_window_of_the_fine_scale_is_the_same_part_of_the_whole(generator: MaskGenerator) -> None:
    window = Window(64, 96, 128)
    whole = generator(random_planes(1), IDENTITY, random_codes(1), 512)
    part = generator(random_planes(1), IDENTITY, random_codes(1), 512, window=window)
    whole = whole[:, :, 128:384, 192:448]
    inner = slice(96, -96)
    assert torch.allclose(whole[:, :, inner, inner], part[:, :, inner, inner], atol=2e-4)


@torch.no_grad()
def test_a_window_is_the_same_part_of_the_whole(generator: MaskGenerator) -> None:
    window = Window(64, 96, 128)
    whole = generator(random_planes(1), IDENTITY, random_codes(1))
    part = generator(random_planes(1), IDENTITY, random_codes(1), window=window)
    inner = slice(48, -48)  # the borders of a crop see zeros instead of their neighbours
    assert torch.allclose(window.cut(whole)[:, :, inner, inner], part[:, :, inner, inner], atol=2e-4)


@torch.no_grad()
def test_an_edit_stays_where_it_is(generator: MaskGenerator) -> None:
    planes = random_planes(1)
    changed = planes.clone()
    changed[:, :, 240:, 240:] = 0
    changed[:, 17, 240:, 240:] = 1
    before, after = (generator(p, IDENTITY, random_codes(1)) for p in (planes, changed))
    difference = (before - after).abs().mean(1)[0]
    assert difference[240:, 240:].mean() > 20 * difference[:64, :64].mean()


@torch.no_grad()
def test_a_region_vector_acts_in_its_region(generator: MaskGenerator) -> None:
    planes = torch.zeros(1, 19, 256, 256)
    planes[:, 17, :, :128] = 1
    planes[:, 0, :, 128:] = 1
    codes = random_codes(1)
    regions = codes.regions.clone()
    regions[:, 17] += 1
    before = generator(planes, IDENTITY, codes)
    after = generator(planes, IDENTITY, codes._replace(regions=regions))
    change = (before - after).abs().mean((0, 1))
    assert change[:, :64].mean() > 4 * change[:, 224:].mean()


def test_encoder_and_style_decoder() -> None:
    encoder, decoder = StyleEncoder(16), StyleDecoder(16)
    planes = random_planes(2)
    pictures = torch.rand(2, 3, 128, 128) * 2 - 1
    codes, divergence = encoder(pictures, planes, IDENTITY.repeat(2, 1, 1), sample=True)
    assert [tuple(c.shape[1:]) for c in codes] == [(19, 32), (64,), (8, 16, 16)]
    assert divergence.item() > 0
    again = decoder(pictures, planes, IDENTITY.repeat(2, 1, 1))
    assert again.regions.shape == codes.regions.shape and again.overall.shape == codes.overall.shape
    assert not again.detail.any()


@torch.no_grad()
def test_an_absent_region_is_predicted_from_the_overall_vector() -> None:
    encoder = StyleEncoder(16).eval()
    planes = torch.zeros(1, 19, 256, 256)
    planes[:, 1] = 1
    codes, _ = encoder(torch.rand(1, 3, 128, 128), planes, IDENTITY)
    predicted = encoder.absent(codes.overall).view(1, 19, 32)
    assert torch.allclose(codes.regions[:, 17], predicted[:, 17], atol=1e-6)
    assert not torch.allclose(codes.regions[:, 1], predicted[:, 1], atol=1e-3)


@torch.no_grad()
def test_parser_shapes() -> None:
    parser = FaceParser(8).eval()
    pictures = torch.zeros(1, 3, 256, 256)
    assert parser(pictures).shape == (1, 19, 128, 128)
    assert parse(parser, pictures).shape == (1, 256, 256)
