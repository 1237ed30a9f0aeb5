"""The small StyleGAN2: it begins as principal components, and each stage of its training runs."""

import numpy as np
import torch
from torch import nn

from faceeditor.nets.lite_features import MAP_CHANNELS, MAP_STRIDES
from faceeditor.nets.stylegan2 import SynthesisConfig, SynthesisNetwork
from faceeditor.nets.stylegan_mapping import MappingConfig, MappingNetwork
from faceeditor.training import small_stylegan
from faceeditor.training.eigenfaces import Coded, coded, start_linear


def blobs(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of a coloured disc whose place, size and colour differ, with two landmarks."""
    random = np.random.RandomState(0)
    y, x = np.mgrid[0:32, 0:32] / 32
    pictures, marks = [], []
    for _ in range(count):
        across, down, size = 0.5 + random.uniform(-0.1, 0.1), 0.5 + random.uniform(-0.1, 0.1), random.uniform(0.1, 0.2)
        disc = np.exp(-(((x - across) ** 2 + (y - down) ** 2) / size**2))[..., None]
        pictures.append((1 - disc) * random.uniform(20, 230, 3) + disc * random.uniform(20, 230, 3))
        marks.append([(across - size, down), (across + size, down)])
    return np.array(pictures).astype(np.uint8), np.array(marks, np.float32)


def test_codes_are_whitened_and_mirrored_pictures_have_theirs() -> None:
    pictures, marks = blobs()
    data = coded(pictures, marks, 6)
    assert data.pictures.shape == (120, 3, 32, 32) and data.codes.shape == (120, 6)
    assert torch.equal(data.pictures[60:], data.pictures[:60].flip(3))
    assert torch.allclose(data.codes.t() @ data.codes / 120, torch.eye(6), atol=1e-4)
    assert torch.allclose(data.codes.mean(0), torch.zeros(6), atol=1e-4)


def test_a_fresh_network_draws_the_components() -> None:
    torch.manual_seed(0)
    data = coded(*blobs(), 8)
    mapping = MappingNetwork(MappingConfig(8, 0, 18, layers=2, embedding=0, hidden=18, learning_rate=1.0))
    synthesis = SynthesisNetwork(SynthesisConfig(w_dim=18, resolution=32, colours=3, channels=(16, 16, 16, 20)))
    missed = start_linear(mapping, synthesis, data, steps=200)
    with torch.no_grad():
        ws = mapping(data.codes).unsqueeze(1).expand(-1, synthesis.num_ws, -1)
        drawn = synthesis(ws, "none")
    mean = data.pictures.mean(0, keepdim=True)
    assert missed < 0.1
    assert (drawn - data.pictures).abs().mean() < 0.6 * (mean - data.pictures).abs().mean()


def test_augmentation_of_no_strength_only_mirrors() -> None:
    torch.manual_seed(1)
    pictures = torch.rand(8, 3, 64, 64)
    same = small_stylegan.augmented(pictures, 0.0)
    for before, after in zip(pictures, same, strict=True):
        assert torch.allclose(after, before, atol=1e-4) or torch.allclose(after, before.flip(2), atol=1e-4)
    assert (small_stylegan.augmented(pictures) - pictures).abs().mean() > 0.05


class Pooled(nn.Module):
    """Stands in for EfficientNet-Lite0: averages of the picture, as many channels as its maps have."""

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        pairs = zip(MAP_CHANNELS, MAP_STRIDES, strict=True)
        pools = [(nn.functional.avg_pool2d(pictures, stride), channels) for channels, stride in pairs]
        return [pool.repeat(1, channels // 3 + 1, 1, 1)[:, :channels] for pool, channels in pools]


def test_both_stages_run(monkeypatch, tmp_path) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(small_stylegan, "start_linear", lambda *_: 0.0)
    monkeypatch.setattr(small_stylegan, "_REBUILDING_STEPS", 1)
    data = Coded(torch.rand(20, 3, 64, 64) * 2 - 1, torch.randn(20, small_stylegan.LATENTS))
    trainer = small_stylegan.Trainer(data, Pooled())
    before = trainer.average.synthesis.b64.conv1.weight.clone()
    assert set(trainer.step()) == {"l1", "perceptual"}
    assert set(trainer.step()) == {"l1", "perceptual", "drawn", "judged"}
    assert not torch.equal(trainer.average.synthesis.b64.conv1.weight, before)
    small_stylegan.save(trainer.average, tmp_path / "generator.safetensors")
    assert (tmp_path / "generator.safetensors").stat().st_size > 1_000_000
