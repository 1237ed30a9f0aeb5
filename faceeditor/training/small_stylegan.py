"""Train a small StyleGAN2 on face pictures, in minutes of a processor: the example of the imported generators.

`python -m faceeditor.training.small_stylegan --faces FOLDER [--faces FOLDER] --out RUN --minutes 60`. It begins as a
decoder of principal components (`eigenfaces`), learns to rebuild the photographs from their codes (L1 and
EfficientNet-Lite0's maps), then draws random people against projected discriminators (Sauer et al., 2021) beside it.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.errors import FaceEditorError
from faceeditor.images import open_picture, write_atomic
from faceeditor.nets.critics import PatchHead, RandomMixing
from faceeditor.nets.lite_features import MAP_STRIDES, LiteFeatures
from faceeditor.nets.stylegan2 import SynthesisConfig, SynthesisNetwork
from faceeditor.nets.stylegan_mapping import MappingConfig, MappingNetwork
from faceeditor.training.data import kept_out
from faceeditor.training.eigenfaces import Coded, coded, start_linear
from faceeditor.training.lite_weights import load_lite
from faceeditor.training.run import autocast

SIDE = 64
LATENTS = 64
MAPPING = MappingConfig(LATENTS, 0, 128, layers=2, embedding=0, hidden=128, learning_rate=1.0)
SYNTHESIS = SynthesisConfig(w_dim=128, resolution=SIDE, colours=3, channels=(128, 128, 128, 96, 48))
_SKIPPED = {"hat", "sunglasses", "large_yaw", "dark", "stylised", "hand"}
_LARGEST_YAW = 25.0
_BATCH, _REBUILT, _DRAWN = 16, 4, 8
_CODE_NOISE = 0.2
_REBUILDING_STEPS = 400
_MIXED_CHANNELS = (64, 64, 128, 256)
_AUGMENTATION = 0.8
_ADVERSARIAL_WEIGHT = 0.3
_SAVE_EVERY = 100


class Generator(nn.Module):
    """Mapping and synthesis network, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping, self.synthesis = MappingNetwork(MAPPING), SynthesisNetwork(SYNTHESIS)

    def forward(self, z: Tensor) -> Tensor:
        """z (B, 64) -> pictures (B, 3, 64, 64) in -1..1."""
        ws = self.mapping(z).unsqueeze(1).expand(-1, self.synthesis.num_ws, -1)
        picture: Tensor = self.synthesis(ws, "random")
        return picture.float()


class Discriminator(nn.Module):
    """Patch heads on mixed maps of EfficientNet-Lite0."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = RandomMixing()
        pairs = zip(_MIXED_CHANNELS, MAP_STRIDES, strict=True)
        self.heads = nn.ModuleList(PatchHead(channels, SIDE // stride, 0) for channels, stride in pairs)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps of `LiteFeatures` -> scores (B, N)."""
        return torch.cat([head(x) for head, x in zip(self.heads, self.mixing(maps), strict=True)], 1)


def load_pictures(folders: Sequence[Path]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Pictures (N, 64, 64, 3) and landmarks (N, L, 2) in 0..1 of plain, nearly frontal training faces.

    Raises:
        FaceEditorError: a data set is missing or has none.
    """
    pictures, landmarks = [], []
    for folder in folders:
        try:
            marks = np.load(folder / "landmarks.npy")
            rows = list(csv.DictReader((folder / "index.csv").read_text(encoding="utf-8").splitlines()))
        except OSError as error:
            raise FaceEditorError(f"“{folder}” is no face data set ({error}); name its folder.") from error
        for index, row in enumerate(rows):
            plain = not _SKIPPED & set(row["flags"].split(";")) and abs(float(row["yaw"])) <= _LARGEST_YAW
            if plain and not kept_out(row["split_group"]):
                picture = open_picture(folder / "images" / f"{row['id']}.jpg")
                pictures.append(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
                landmarks.append(marks[index, :, :2] / picture.shape[0])
    if not pictures:
        raise FaceEditorError("The data sets have no faces to train on; name other folders.")
    return np.array(pictures, np.uint8), np.array(landmarks, np.float32)


def augmented(pictures: Tensor, strength: float = _AUGMENTATION) -> Tensor:
    """Random brightness, saturation, contrast, turn, scale, shift and mirroring; differentiable."""
    count = len(pictures)

    def spread(width: float, *shape: int) -> Tensor:
        return (torch.rand(count, *shape) - 0.5) * (width * strength)

    x = pictures + spread(0.4, 1, 1, 1)
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (1 + spread(1.0, 1, 1, 1)) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * (1 + spread(0.6, 1, 1, 1)) + mean
    scale, angle = 1 + spread(0.2), spread(0.3)
    mirror = (torch.rand(count) < 0.5).float() * -2 + 1
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([cosine * mirror, -sine, sine * mirror, cosine], 1).view(-1, 2, 2)
    frames = torch.cat([rows, spread(0.25, 2, 1)], 2)
    grid = F.affine_grid(frames, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


@dataclass
class Trainer:
    """The state of a run.

    Args:
        data: the pictures with their codes.
        features: EfficientNet-Lite0.
    """

    data: Coded
    features: LiteFeatures

    def __post_init__(self) -> None:
        self.generator, self.average, self.discriminator = Generator(), Generator(), Discriminator()
        missed = start_linear(self.generator.mapping, self.generator.synthesis, self.data)
        print(f"begins as principal components; {missed:.1%} of their energy is missed", flush=True)
        self.average.load_state_dict(self.generator.state_dict())
        self.average.requires_grad_(False)
        for network in (self.generator, self.average):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._draw = torch.optim.Adam(self.generator.parameters(), lr=2e-3, betas=(0.9, 0.99))
        judged = [weight for weight in self.discriminator.parameters() if weight.requires_grad]
        self._judge = torch.optim.Adam(judged, lr=1e-3, betas=(0.0, 0.99))
        self.steps = 0

    def step(self) -> dict[str, float]:
        """One step; losses by name."""
        adversarial = self.steps >= _REBUILDING_STEPS
        for group in self._draw.param_groups:
            group["lr"] = 1e-3 if adversarial else 2e-3 * min(1.0, (self.steps + 1) / 100)
            group["betas"] = (0.0, 0.99) if adversarial else (0.9, 0.99)
        chosen = torch.randint(len(self.data.codes), (_BATCH,))
        real = self.data.pictures[chosen]
        rebuilt = _REBUILT if adversarial else _BATCH
        codes = self.data.codes[chosen[:rebuilt]] + torch.randn(rebuilt, LATENTS) * _CODE_NOISE
        z = torch.cat([codes, torch.randn(_DRAWN, LATENTS)]) if adversarial else codes
        with autocast(torch.device("cpu")):
            pictures = self.generator(z)
        losses = self._rebuilding(pictures[:rebuilt], real[:rebuilt])
        loss = 2 * losses["l1"] + 0.25 * losses["perceptual"]
        if adversarial:
            self.discriminator.requires_grad_(False)
            with autocast(torch.device("cpu")):
                losses["drawn"] = -self.discriminator(self.features(augmented(pictures[rebuilt:]))).mean()
            loss = loss + _ADVERSARIAL_WEIGHT * losses["drawn"]
        self._draw.zero_grad(set_to_none=True)
        loss.backward()
        self._draw.step()
        if adversarial:
            losses["judged"] = self._judging(pictures[rebuilt:].detach(), real[:_DRAWN])
        self._follow()
        self.steps += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def _rebuilding(self, pictures: Tensor, real: Tensor) -> dict[str, Tensor]:
        with autocast(torch.device("cpu")):
            found = self.features(pictures)
            with torch.no_grad():
                wanted = self.features(real)
        apart = [(a.float() - b.float()).abs().mean() / b.float().abs().mean() for a, b in zip(found[:3], wanted[:3])]  # noqa: B905
        return {"l1": (pictures - real).abs().mean(), "perceptual": torch.stack(apart).sum()}

    def _judging(self, drawn: Tensor, real: Tensor) -> Tensor:
        """One step of the discriminator: hinge loss."""
        self.discriminator.heads.requires_grad_(True)
        with autocast(torch.device("cpu")):
            with torch.no_grad():
                maps = self.features(augmented(drawn)), self.features(augmented(real))
            low, high = self.discriminator(maps[0]), self.discriminator(maps[1])
        loss = F.relu(1 + low).mean() + F.relu(1 - high).mean()
        self._judge.zero_grad(set_to_none=True)
        loss.backward()
        self._judge.step()
        return loss

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the averages of the weights and of w follow."""
        share = 1 - min(0.99, (1 + self.steps) / (10 + self.steps))
        for slow, fast in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            slow.lerp_(fast, share)
        mapping = self.average.mapping
        mapping.w_avg.lerp_(mapping(torch.randn(256, LATENTS)).mean(0), 0.05)


def main(argv: Sequence[str] | None = None) -> int:
    """Train until the time is over; writes `generator.safetensors` with the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, action="append", required=True, help="face data set, several times")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--minutes", type=float, default=60.0)
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    trainer = Trainer(coded(*load_pictures(args.faces), LATENTS), load_lite(0))
    args.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * args.minutes
    while time.monotonic() < end:
        losses = trainer.step()
        if trainer.steps % _SAVE_EVERY == 0:
            print(trainer.steps, " ".join(f"{name} {value:.3f}" for name, value in losses.items()), flush=True)
            save(trainer.average, args.out / "generator.safetensors")
    save(trainer.average, args.out / "generator.safetensors")
    return 0


def save(generator: Generator, path: Path) -> None:
    """Write the weights, as `network.load` of the imported generators takes them."""
    from safetensors.torch import save as serialised

    write_atomic(path, serialised({name: value.contiguous() for name, value in generator.state_dict().items()}))


if __name__ == "__main__":
    raise SystemExit(main())
