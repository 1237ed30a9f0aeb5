"""Training of the scale that draws at 512 (`nets.mask_guided.FineScale`), above a generator that stays as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from faceeditor.errors import FaceEditorError
from faceeditor.nets.critics import Critics
from faceeditor.nets.layers import upsample2
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.loading import load_module
from faceeditor.nets.mask_guided import Codes, MaskGenerator, StyleEncoder, Window
from faceeditor.nets.mask_guided_forward import HEAD_CHANNELS
from faceeditor.nets.mask_guided_pack import FINE_FILE, GENERATOR_FILE
from faceeditor.nets.precision import has_bfloat16
from faceeditor.packs import ModelPack, with_files
from faceeditor.training.adversarial import adversarial_losses, feature_maps, train_critics, trained
from faceeditor.training.fine_data import load_fine_faces, pick_windows, window_weights
from faceeditor.training.guides import FaceGuides
from faceeditor.training.losses import weave
from faceeditor.training.pack import load_encoder
from faceeditor.training.run import (
    EMA,
    Run,
    autocast,
    epochs,
    is_main,
    load_checkpoint,
    pick_device,
    placed,
    save_checkpoint,
    to_float,
    to_uint8,
    write_sheet,
)
from faceeditor.training.stages import Stage, StageData
from faceeditor.training.starting import critic_weights, with_new_planes


class FineTrainer:
    """The state of a run and its one step.

    Args:
        config: of `resources/training/fine-scale.toml`.
        data: folder of the face data set with `images512/`.
        run: folder and clock.
        pack: the mask-guided pack whose generator draws at 256; its weights do not change.
        features: EfficientNet-Lite0.
        critics: weights of `nets.critics.Critics` to begin with; None: fresh ones.
    """

    def __init__(
        self,
        config: dict[str, Any],
        data: Path,
        run: Run,
        pack: ModelPack,
        features: LiteFeatures,
        critics: dict[str, Tensor] | None = None,
    ) -> None:
        self.config, self.run, self.device = config, run, pick_device()
        self.features = placed(features, self.device)
        self.generator, self.encoder = _networks(pack, config["width"], self.device)
        fine = self.generator.fine
        assert fine is not None
        self.fine = fine.requires_grad_(True).train()
        self.critics = placed(Critics(), self.device)
        if critics is not None:
            self.critics.load_state_dict(critics)
        betas, rate = (0.0, 0.99), config["learning_rate"]
        self.generator_optimizer = torch.optim.Adam(self.fine.parameters(), rate, betas=betas)
        judging = trained(self.critics)
        self.critic_optimizer = torch.optim.Adam(judging, config["critic_learning_rate"], betas=betas)
        self.average = EMA(self.fine, config["average_half_life"])
        self.faces, self.pictures = load_fine_faces(data, "train")
        stage = Stage(size=256, until=0, batch=config["batch"], window=256)
        self.data = StageData(self.faces, stage, self.device)
        self.guides = FaceGuides(self.faces)
        self.window_weights = window_weights(self.faces.masks, config["window"])
        self.seen = int(pack.config.get("fine_pictures_seen", 0))
        if run.checkpoint.exists():
            self._load(load_checkpoint(run.checkpoint))
        self.random = np.random.default_rng(self.seen + 11)

    def _load(self, state: dict[str, Any]) -> None:
        self.fine.load_state_dict(state["fine"])
        self.critics.load_state_dict(state["critics"])
        self.average.shadow = state["average"]
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.seen = state["seen"]

    def save(self) -> None:
        """Write the checkpoint."""
        if not is_main():
            return
        save_checkpoint(
            self.run.checkpoint,
            {
                "fine": self.fine.state_dict(),
                "critics": self.critics.state_dict(),
                "average": self.average.shadow,
                "generator_optimizer": self.generator_optimizer.state_dict(),
                "critic_optimizer": self.critic_optimizer.state_dict(),
                "seen": self.seen,
                "config": self.config,
            },
        )

    def step(self, indices: npt.NDArray[np.int64]) -> dict[str, float]:
        """One update of the scale and its critic on a batch of photographs; returns the losses."""
        c, count = self.config, len(indices)
        flips = self.random.random(count) < 0.5
        item = self.data.batch(indices, flips, torch.bfloat16 if has_bfloat16(self.device) else torch.float32)
        real = to_float(self.pictures[indices], self.device)
        flip = torch.from_numpy(flips).to(self.device)[:, None, None, None]
        window = pick_windows(self.window_weights, indices, c["window"], self.random)
        photographs = _cut_fine(torch.where(flip, real.flip(3), real), window)
        with torch.no_grad(), autocast(self.device):
            codes, _ = self.encoder(item["small"], item["planes"], item["to_picture"])
        codes = self._codes(codes)
        double = torch.arange(2 * count, device=self.device) % count
        with autocast(self.device):
            drawn = self.generator.pictures(
                item["planes"][double], item["to_face"][double], codes, 512, window, self._maps(indices, flips)[double]
            )
        made, below = drawn[-1].float(), drawn[-2].float()
        planes = window.cut(item["planes"].float())[double]
        # Features that always lie alike on the pixel grid would not see a pattern that keeps step with it.
        real, shifted = self._shifted(torch.cat([photographs, made])).split([count, 2 * count])
        self.critics.requires_grad_(False)
        with autocast(self.device):
            compared = feature_maps(self.features, None, shifted, real, _doubled(planes), None, c["augment"], "window")
            losses = adversarial_losses(c, self.critics, compared)
        # What 256 pixels show is the lower scales' work.
        losses["below"] = c["below"] * (F.avg_pool2d(made, 2) - below).abs().mean()
        losses["l1"] = c["l1"] * (made[:count] - photographs).abs().mean()
        losses["weave"] = c["weave"] * weave(made, photographs)
        self.generator_optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.fine.parameters(), c["clip"])
        self.generator_optimizer.step()
        for parameter in trained(self.critics):
            parameter.requires_grad_(True)
        judged = train_critics(self.critics, self.critic_optimizer, compared, self.device)
        self.seen += count
        self.average.update(self.fine, count, self.seen)
        figures = {name: float(value) for name, value in judged.items()}
        return {"seen": self.seen} | figures | {name: float(loss.detach()) for name, loss in losses.items()}

    def _maps(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_]) -> Tensor:
        """Condition maps (B, 16, 128, 128) as in use by the mask alone: no head, the usual guides."""
        guides = torch.from_numpy(self.guides.usual(rows, flips)).to(self.device)
        head = guides.new_zeros(len(rows), HEAD_CHANNELS, *guides.shape[2:])
        return torch.cat([head, guides], 1)

    def _shifted(self, pictures: Tensor) -> Tensor:
        """Pictures moved by up to four pixels, all alike."""
        top, left = (int(n) for n in self.random.integers(0, 9, 2))
        side = pictures.shape[-1]
        return F.pad(pictures, (4, 4, 4, 4), mode="reflect")[:, :, top : top + side, left : left + side]

    def _codes(self, codes: Codes) -> Codes:
        """The photographs' own codes, then one of another photograph for each, without its detail."""
        count = len(codes.overall)
        other = codes.pick(torch.from_numpy(np.roll(np.arange(count), int(self.random.integers(1, count)))))
        other = other._replace(detail=torch.zeros_like(other.detail))
        return Codes(*(torch.cat([own, theirs]).float() for own, theirs in zip(codes, other, strict=True)))

    @torch.no_grad()
    def sheet(self, count: int = 6) -> npt.NDArray[np.uint8]:
        """Photographs, the 256 picture enlarged and the 512 picture below one another, (3 * 512, count * 512, 3)."""
        own = {key: value.clone() for key, value in self.fine.state_dict().items()}
        self.fine.load_state_dict(self.average.shadow)
        self.fine.eval()
        indices = np.arange(count) * (len(self.faces) // count)
        item = self.data.batch(indices, np.zeros(count, bool), torch.float32)
        codes, _ = self.encoder(item["small"], item["planes"], item["to_picture"])
        maps = self._maps(indices, np.zeros(count, bool))
        drawn = self.generator.pictures(item["planes"], item["to_face"], codes, 512, maps=maps)
        self.fine.load_state_dict(own)
        self.fine.train()
        rows = [self.pictures[indices], to_uint8(upsample2(drawn[-2])), to_uint8(drawn[-1])]
        return np.vstack([np.hstack(list(row)) for row in rows])


def train_fine_scale(
    config: dict[str, Any], data: Path, run: Run, start: Path, features: LiteFeatures, critics: Path | None
) -> None:
    """Train until the time is over; see `faceeditor train --help`.

    Raises:
        FaceEditorError: the pack `start` or the critics do not fit, or there are no pictures at 512.
    """
    pack = ModelPack.open(start.name, start.parent)
    trainer = FineTrainer(config, data, run, pack, features, critic_weights(pack, critics))
    batches = epochs(np.arange(len(trainer.faces)), config["batch"], trainer.random)
    bar = tqdm(initial=trainer.seen, unit="picture", mininterval=10)
    steps = 0
    while run.time_left() > 0:
        steps += 1
        figures = trainer.step(next(batches))
        bar.update(config["batch"])
        if steps % config["log_steps"] == 0:
            run.log(figures)
        if steps % config["save_steps"] == 0 or run.time_left() <= 0:
            trainer.save()
            write_sheet(run.folder / "sheet.jpg", trainer.sheet())


def pack_fine_scale(run: Path, folder: Path) -> ModelPack:
    """Write the averaged weights of a run into the mask-guided pack `folder`, whose other files stay as they are.

    Raises:
        FaceEditorError: the run has no whole checkpoint, or the pack is missing or damaged.
    """
    state = load_checkpoint(run / "checkpoint.safetensors")
    pack = ModelPack.open(folder.name, folder.parent)
    fine = {key: value.float().cpu().numpy() for key, value in state["average"].items()}
    return with_files(pack, {FINE_FILE: fine}, {"fine_pictures_seen": int(state["seen"])})


def _networks(pack: ModelPack, width: int, device: torch.device) -> tuple[MaskGenerator, StyleEncoder]:
    """The pack's generator, its fine scale (a fresh one where it has none), and its encoder, frozen."""
    sizes = {key: tuple(int(n) for n in pack.config[key]) for key in ("channels", "conditions")}
    generator = MaskGenerator(**sizes, fine_width=width)
    weights = {key: torch.from_numpy(value) for key, value in pack.load(GENERATOR_FILE).items()}
    missing = generator.load_state_dict(with_new_planes(weights), strict=False)
    if missing.unexpected_keys or any(not key.startswith("fine.") for key in missing.missing_keys):
        raise FaceEditorError(f"The generator of {pack.folder} does not fit to this program: train it anew.")
    if FINE_FILE in pack.files and generator.fine is not None:
        load_module(generator.fine, pack.load(FINE_FILE), pack.name)
    generator.eval().requires_grad_(False)
    return placed(generator, device), load_encoder(pack, device)


def _cut_fine(pictures: Tensor, window: Window) -> Tensor:
    """The window of (B, 3, 512, 512) pictures."""
    top, left, side = 2 * window.top, 2 * window.left, 2 * window.side
    return pictures[:, :, top : top + side, left : left + side]


def _doubled(planes: Tensor) -> Tensor:
    """(B, C, S, S) planes at twice the side, as large as the window that the critics see."""
    return F.interpolate(planes, scale_factor=2, mode="nearest")
