"""Training of the mask-guided generator: style encoder, generator, style decoder and discriminator together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm import tqdm

from faceeditor.errors import FaceEditorError
from faceeditor.nets.discriminator import Augmentation, Discriminator
from faceeditor.nets.mask_guided import Codes, MaskGenerator, StyleDecoder, StyleEncoder, Window
from faceeditor.nets.parser import FaceParser
from faceeditor.nets.recogniser import Recogniser, face_chips
from faceeditor.regions import MIRROR, REGION_COUNT, colorize
from faceeditor.training.code_prior import CodePrior, all_codes, fit_prior
from faceeditor.training.data import FaceSet, inverse_frames, load_faces, mirrored_frame
from faceeditor.training.losses import lattice, mode_seeking, perceptual_distance, region_agreement
from faceeditor.training.parser import region_scores, region_weights
from faceeditor.training.run import (
    Average,
    Run,
    epochs,
    is_main,
    load_checkpoint,
    pick_device,
    placed,
    save_checkpoint,
    share_gradients,
    to_float,
    to_uint8,
    write_sheet,
)

Parts = dict[str, nn.Module]


@dataclass(frozen=True)
class Stage:
    """A part of the training: at this picture size until this many pictures were seen in all.

    With a window smaller than the size only that part of each picture is drawn, and the losses that need whole faces
    are left out; `also` then names a smaller size at which every other step is taken with whole pictures.
    """

    size: int
    until: int
    batch: int
    window: int
    also: int = 0

    def companion(self) -> "Stage | None":
        """The stage of the steps in between."""
        return Stage(self.also, self.until, self.batch, self.also) if self.also else None


class StageData:
    """The data set at a stage's size, ready to be batched: pictures, region planes, frames."""

    def __init__(self, faces: FaceSet, stage: Stage, device: torch.device) -> None:
        size = stage.size
        self.faces, self.device = faces, device
        self.encoder_side = min(size, 128)
        self.pictures = _reduced(faces.pictures, size)
        self.seen_by_encoder = _reduced(faces.pictures, self.encoder_side)
        self.planes = np.empty((len(faces), REGION_COUNT, size, size), np.uint8)
        step = 256 // size
        for i, mask in enumerate(faces.masks):
            planes = (mask[None] == np.arange(REGION_COUNT, dtype=np.uint8)[:, None, None]).astype(np.float32)
            shares = planes.reshape(REGION_COUNT, size, step, size, step).mean((2, 4))
            self.planes[i] = np.round(shares * 255).astype(np.uint8)
        self.mirror = torch.from_numpy(MIRROR.astype(np.int64)).to(device)

    def batch(
        self, indices: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_], dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """Pictures (-1..1), the encoder's pictures, planes, and frames both ways, on the device."""
        pictures = to_float(self.pictures[indices], self.device)
        small = pictures if self.encoder_side == self.pictures.shape[1] else None
        if small is None:
            small = to_float(self.seen_by_encoder[indices], self.device)
        planes = torch.from_numpy(self.planes[indices]).to(self.device).to(dtype) / 255
        frames = self.faces.frames[indices].copy()
        frames[flips] = mirrored_frame(frames[flips])
        flip = torch.from_numpy(flips).to(self.device)[:, None, None, None]
        pictures = torch.where(flip, pictures.flip(3), pictures)
        small = torch.where(flip, small.flip(3), small)
        planes = torch.where(flip, planes.flip(3)[:, self.mirror], planes)
        return {
            "pictures": pictures,
            "small": small,
            "planes": planes.contiguous(memory_format=torch.channels_last),
            "to_picture": torch.from_numpy(frames).to(self.device),
            "to_face": torch.from_numpy(inverse_frames(frames)).to(self.device),
        }


def _reduced(pictures: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    if pictures.shape[1] == size:
        return pictures
    return np.stack([cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in pictures])


def build(config: dict[str, Any], device: torch.device) -> Parts:
    """The four networks of a config, on the device."""
    parts: Parts = {
        "generator": MaskGenerator(tuple(config["channels"]), tuple(config["conditions"])),
        "encoder": StyleEncoder(config["encoder_width"]),
        "decoder": StyleDecoder(config["decoder_width"]),
        "discriminator": Discriminator(tuple(config["discriminator_channels"])),
    }
    return {name: placed(net, device) for name, net in parts.items()}


class Trainer:
    """The state of a training run and its one step."""

    def __init__(
        self, config: dict[str, Any], data: Path, run: Run, recogniser: Recogniser | None, parser: FaceParser | None
    ) -> None:
        self.config, self.run = config, run
        self.device = pick_device()
        self.parts = build(config, self.device)
        self.recogniser = recogniser.to(self.device) if recogniser else None
        self.parser = placed(parser, self.device) if parser else None
        makers = [p for name in ("generator", "encoder", "decoder") for p in self.parts[name].parameters()]
        rate = config["learning_rate"]
        self.make = torch.optim.Adam(makers, lr=rate, betas=(0.3, 0.99))
        judged = self.parts["discriminator"].parameters()
        self.judge = torch.optim.Adam(judged, lr=config["judge_learning_rate"], betas=(0.3, 0.99))
        half_life = config["average_half_life"]
        self.averages = {name: Average(self.parts[name], half_life) for name in ("generator", "encoder")}
        self.train, self.rest = load_faces(data, "train"), load_faces(data, "kept-out")
        self.weights = region_weights(self.train.masks).to(self.device)
        self.seen, self.augment_p, self.prior = 0, 0.0, None  # type: int, float, CodePrior | None
        self.stages = [Stage(**stage) for stage in config["stages"]]
        if run.checkpoint.exists():
            self._load(load_checkpoint(run.checkpoint))
        self.random = np.random.default_rng(self.seen + 7)
        self.looked: dict[str, float] = {}  # figures of the last look, repeated in the curves

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _load(self, state: dict[str, Any]) -> None:
        for name, net in self.parts.items():
            net.load_state_dict(state["parts"][name])
        for name, average in self.averages.items():
            average.shadow = {k: v.to(self.device) for k, v in state["averages"][name].items()}
        if state.get("make"):
            self.make.load_state_dict(state["make"])
            self.judge.load_state_dict(state["judge"])
            for optimiser, key in ((self.make, "learning_rate"), (self.judge, "judge_learning_rate")):
                for group in optimiser.param_groups:
                    group["lr"] = self.config[key]
        self.seen, self.augment_p = state["seen"], state["augment_p"]
        if state.get("prior"):
            self.prior = CodePrior.from_state(state["prior"]).to(self.device)

    def save(self) -> None:
        """Write the checkpoint, curves and sheet."""
        if not is_main():
            return
        save_checkpoint(
            self.run.checkpoint,
            {
                "parts": {name: net.state_dict() for name, net in self.parts.items()},
                "averages": {name: average.shadow for name, average in self.averages.items()},
                "make": self.make.state_dict(),
                "judge": self.judge.state_dict(),
                "seen": self.seen,
                "augment_p": self.augment_p,
                "prior": self.prior.state_dict() if self.prior else None,
                "config": self.config,
            },
        )

    def averaged(self) -> Parts:
        """Generator and encoder with the averaged weights, for looking and measuring."""
        nets = build(self.config, self.device)
        for name, average in self.averages.items():
            nets[name].load_state_dict(average.shadow)
            nets[name].eval()
        return nets

    # -- stages ----------------------------------------------------------------------------------------------------
    def stage(self) -> Stage | None:
        """The stage that the run is in; None when all is done."""
        return next((stage for stage in self.stages if self.seen < stage.until), None)

    def fade(self, stage: Stage) -> float:
        """How far the discriminator's newest layers have come in, 0..1."""
        place = self.stages.index(stage) if stage in self.stages else 0
        if place == 0:
            return 1.0
        before = self.stages[place - 1]
        return 1.0 if before.size == stage.size else min(1.0, (self.seen - before.until) / 3000)

    # -- one step --------------------------------------------------------------------------------------------------
    def other_codes(self, codes: Codes, means: Codes, count: int) -> Codes:
        """Codes that are not the photograph's own: another's, a blend of two, or drawn from the prior.

        A draw gets the noise of one of the batch's codes, so that it is less easily told from codes of photographs.
        """
        batch = len(codes.overall)
        order = torch.from_numpy((np.arange(count) + self.random.integers(1, batch)) % batch).to(self.device)
        swapped = codes.pick(order)
        second = codes.pick((order + 1) % batch)
        t = torch.rand(count, device=self.device) * (torch.rand(count, device=self.device) < 0.4).float()
        mixed = swapped.lerp(second, t)
        if self.prior is None or not self.config["draws"]:
            return mixed
        parts = zip(self.prior.draw(count, self.device), codes, means, strict=True)
        drawn = Codes(*(draw + (code - mean)[order] for draw, code, mean in parts))
        use = torch.rand(count, device=self.device) < self.config["draws"]
        return Codes(
            torch.where(use[:, None, None], drawn.regions, mixed.regions),
            torch.where(use[:, None], drawn.overall, mixed.overall),
            torch.where(use[:, None, None, None], drawn.detail, mixed.detail),
        )

    def anchor(self, pictures: Tensor, planes: Tensor, to_picture: Tensor, codes: Codes) -> Tensor:
        """How far the encoder reads other codes from pictures of other codes than those they were made from.

        Nothing else says what such a picture should look like. The encoder is held fixed, or it would give way.
        """
        encoder = self.parts["encoder"]
        fixed = {name: value.detach() for name, value in encoder.state_dict().items()}
        read, _ = torch.func.functional_call(encoder, fixed, (pictures, planes, to_picture))
        return _code_distance(read, codes, planes)

    def step(self, stage: Stage, data: StageData, indices: npt.NDArray[np.int64], log: bool) -> dict[str, float]:
        """One update of everything; returns the figures for the curves."""
        c = self.config
        size, fade = stage.size, self.fade(stage)
        flips = self.random.random(len(indices)) < 0.5
        amp = self.device.type == "cpu" or torch.cuda.is_bf16_supported()
        item = data.batch(indices, flips, torch.bfloat16 if amp else torch.float32)
        real, planes, to_picture = item["pictures"], item["planes"], item["to_picture"]
        count = len(real)
        extra = count // 2
        window: Window | None = None
        if stage.window < size:
            top, left = (int(self.random.integers(0, (size - stage.window) // 32 + 1)) * 32 for _ in range(2))
            window = Window(top, left, stage.window)
        generator, judge = self.parts["generator"], self.parts["discriminator"]
        assert isinstance(generator, MaskGenerator)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=amp):
            codes, kl = self.parts["encoder"](item["small"], planes, to_picture, sample=True)
            keep = (torch.rand(count, device=self.device) > c["detail_dropout"]).float()[:, None, None, None]
            own = codes._replace(detail=codes.detail * keep)
            # The encoder is not to serve other masks' realism: extra codes carry no gradient into it.
            with torch.no_grad():
                means, _ = self.parts["encoder"](item["small"], planes, to_picture)
            other = self.other_codes(Codes(*(x.detach() for x in codes)), means, extra)
            both = Codes(*(torch.cat([a, b]) for a, b in zip(own, other, strict=True)))
            mask_order = torch.cat([torch.arange(count), torch.arange(extra)]).to(self.device)
            drawn = generator.pictures(planes[mask_order], item["to_face"][mask_order], both, size, window)
            made = drawn[-1].float()
        seen_planes = planes
        if window is not None:
            real, seen_planes = window.cut(real), window.cut(planes)
        augment = Augmentation(count, self.augment_p, self.device)
        extra_augment = Augmentation(extra, self.augment_p, self.device)
        made_augmented = torch.cat([augment.pictures(made[:count]), extra_augment.pictures(made[count:])])
        real_augmented = augment.pictures(real)
        planes_augmented = torch.cat([augment.planes(seen_planes), extra_augment.planes(seen_planes[:extra])])

        # Discriminator.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=amp):
            pictures = torch.cat([real_augmented, made_augmented.detach()])
            scores, features = judge(
                pictures.contiguous(memory_format=torch.channels_last),
                torch.cat([planes_augmented[:count], planes_augmented]), size, fade,
            )  # fmt: skip
        real_scores, made_scores = scores[:count], scores[count:]
        judge_loss = F.relu(1 - real_scores).mean() + F.relu(1 + made_scores).mean()
        self.judge.zero_grad(set_to_none=True)
        judge_loss.backward()
        share_gradients(judge.parameters())
        self.judge.step()
        sign = real_scores.detach().sign().mean().item()
        # Adaptive augmentation: about half a data set of pictures from none to full.
        self.augment_p = float(np.clip(self.augment_p + np.sign(sign - c["augment_target"]) * count / 40000, 0, 0.85))
        real_features = [f[:count].detach() for f in features]

        # Generator, encoder and style decoder.
        judge.requires_grad_(False)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=amp):
            scores, features = judge(
                made_augmented.contiguous(memory_format=torch.channels_last), planes_augmented, size, fade
            )
            losses = {"adversarial": -scores.mean() * c["adversarial"]}
            losses["features"] = c["features"] * torch.stack(
                [(f[:count].float() - r.float()).abs().mean() for f, r in zip(features, real_features, strict=True)]
            ).mean()
        own_made = made[:count]
        losses["l1"] = c["l1"] * (own_made - real).abs().mean()
        losses["kl"] = c["kl"] * kl
        # A window shows too little of a face for the other losses: there the last scale adds detail and no more.
        below = F.avg_pool2d(made, 2) - drawn[-2].detach().float()
        losses["detail"] = c["detail"] * below.abs().mean() * (window is not None)
        losses["lattice"] = c["lattice"] * lattice(made, real)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=amp):
            if window is None:
                if self.recogniser is not None:
                    chips = face_chips(torch.cat([own_made, real]), to_picture.repeat(2, 1, 1))
                    losses["perceptual"] = c["perceptual"] * perceptual_distance(self.recogniser, chips)
                small = made if size <= 128 else F.avg_pool2d(made, size // 128)
                small = small if size <= 64 else F.avg_pool2d(small, 2)
                again = self.parts["decoder"](small, planes[mask_order], to_picture[mask_order])
                losses["code"] = c["code"] * _code_distance(again, both, planes[mask_order])
                extra_small = made[count:] if size <= 128 else F.avg_pool2d(made[count:], size // 128)
                losses["anchor"] = c["anchor"] * self.anchor(extra_small, planes[:extra], to_picture[:extra], other)
            if self.parser is not None:
                losses["parser"] = c["parser"] * region_agreement(
                    self.parser, made, real, seen_planes, mask_order, self.weights
                )
        losses["modes"] = c["modes"] * mode_seeking(made[:extra], made[count:], own, other, extra)
        total = torch.stack([value.float() for value in losses.values()]).sum()
        self.make.zero_grad(set_to_none=True)
        if torch.isfinite(total):
            total.backward()
            makers = [p for group in self.make.param_groups for p in group["params"]]
            share_gradients(makers)
            nn.utils.clip_grad_norm_(makers, c["clip"])
            self.make.step()
        judge.requires_grad_(True)
        self.seen += count
        for name, average in self.averages.items():
            average.update(self.parts[name], count, self.seen)
        if not log:
            return {}
        figures = {name: value.item() for name, value in losses.items()}
        return {
            "pictures": self.seen, "size": size, "p": self.augment_p, "sign": sign,
            "real": real_scores.mean().item(), "made": made_scores.mean().item(), "judge": judge_loss.item(), **figures,
        }  # fmt: skip

    # -- looking ---------------------------------------------------------------------------------------------------
    @torch.no_grad()
    def look(self, stage: Stage, data: StageData, rest: StageData) -> dict[str, float]:
        """Write a sheet of kept-out faces and measure on kept-out photographs."""
        nets = self.averaged()
        item = rest.batch(np.arange(len(rest.faces)), np.zeros(len(rest.faces), bool), torch.float32)
        codes, _ = nets["encoder"](item["small"], item["planes"], item["to_picture"])

        def draw(codes: Codes, count: int) -> Tensor:
            parts = []
            for s in range(0, count, 8):
                order = torch.arange(s, min(s + 8, count), device=self.device)
                with torch.autocast(self.device.type, torch.bfloat16):
                    parts.append(
                        nets["generator"](item["planes"][order], item["to_face"][order], codes.pick(order), stage.size)
                    )
            return torch.cat(parts).float()

        count = min(32, len(rest.faces))
        own = draw(codes, count)
        error = (own.clamp(-1, 1) - item["pictures"][:count]).square().mean((1, 2, 3)) / 4
        swapped = draw(codes.pick((torch.arange(len(rest.faces), device=self.device) + 5) % len(rest.faces)), count)
        judge = self.parts["discriminator"]
        ids = self.random.integers(0, len(data.faces), len(rest.faces))
        trained = data.batch(ids, np.zeros(len(ids), bool), torch.float32)
        means = []
        for batch, pictures in ((trained, trained["pictures"]), (item, item["pictures"]), (item, own)):
            n = min(count, len(pictures))
            means.append(judge(pictures[:n], batch["planes"][:n], stage.size)[0].mean().item())
        figures = {
            "psnr": float((-10 * torch.log10(error)).mean()),
            "judge_train": means[0], "judge_kept_out": means[1], "judge_made": means[2],
            "overfit": (means[0] - means[1]) / max(means[0] - means[2], 1e-3),
        }  # fmt: skip
        wide = min(10, count)
        rows = [item["pictures"][:wide], own[:wide], swapped[:wide]]
        if self.prior is not None:
            with torch.random.fork_rng():
                torch.manual_seed(0)
                rows.extend(draw(self.prior.draw(wide, self.device), wide) for _ in range(3))
        if self.parser is not None:
            pictures = F.interpolate(swapped, size=(256, 256), mode="bilinear", align_corners=False)
            masks, frames = self.rest.masks[:count], self.rest.frames[:count]
            read = FaceSet(to_uint8(pictures), masks, frames, self.rest.names[:count])
            figures["accuracy"] = region_scores(self.parser, read, self.device)["pixel_accuracy"]
        if is_main():
            colours = _reduced(colorize(self.rest.masks[:wide]), stage.size)
            grid = [np.hstack(list(colours))] + [np.hstack(list(to_uint8(row))) for row in rows]
            sheet = np.vstack(grid)
            write_sheet(self.run.folder / "sheet.png", sheet)
            write_sheet(self.run.folder / f"sheet-{self.seen:07d}.jpg", sheet)
        return figures

    def refit_prior(self, side: int) -> None:
        """Fit the prior over codes to the averaged encoder's codes of all training photographs, seen at this side."""
        codes = all_codes(self.averaged()["encoder"], self.train, side, self.device)
        self.prior = fit_prior(codes, seconds=self.config["prior_seconds"], device=self.device)


def _code_distance(again: Codes, codes: Codes, planes: Tensor) -> Tensor:
    present = (planes.float().mean((2, 3)) > 0.002).float().unsqueeze(2)
    regions = (again.regions - codes.regions.detach()).abs() * present
    per_entry = regions.sum() / (present.sum() * regions.shape[2] + 1)
    return per_entry + (again.overall - codes.overall.detach()).abs().mean()


def load_helpers(perceptual: Path | None, parser_run: Path | None) -> tuple[Recogniser | None, FaceParser | None]:
    """The frozen networks that the losses ask: the recogniser and the trained parser.

    Raises:
        FaceEditorError: a file is missing or damaged.
    """
    recogniser = parser = None
    try:
        if perceptual is not None:
            recogniser = Recogniser.from_published(load_file(perceptual))
        if parser_run is not None:
            state = load_checkpoint(parser_run / "checkpoint.safetensors")
            parser = FaceParser(state["config"]["width"])
            parser.load_state_dict(state["average"])
            parser.eval().requires_grad_(False)
    except (OSError, KeyError, RuntimeError) as error:
        raise FaceEditorError(f"A network for the losses cannot be loaded ({error}): check the paths given.") from error
    return recogniser, parser


def train_mask_guided(
    config: dict[str, Any], data: Path, out: Path, minutes: float, resume: bool, perceptual: Path | None,
    parser_run: Path | None,
) -> None:  # fmt: skip
    """Train until the time is over; see `faceeditor train --help`."""
    run = Run(out, minutes, resume)
    trainer = Trainer(config, data, run, *load_helpers(perceptual, parser_run))
    bar = tqdm(total=trainer.stages[-1].until, initial=trainer.seen, unit="picture", mininterval=10)
    while (stage := trainer.stage()) is not None and run.time_left() > 0:
        data_now = StageData(trainer.train, stage, trainer.device)
        rest_now = StageData(trainer.rest, stage, trainer.device)
        between = stage.companion()
        data_between = StageData(trainer.train, between, trainer.device) if between else data_now
        batches = epochs(len(trainer.train), stage.batch, trainer.random)
        steps = 0
        next_prior = max(trainer.seen, config["prior_from"]) + (config["prior_every"] if trainer.prior else 0)
        while trainer.seen < stage.until and run.time_left() > 0:
            steps += 1
            log = steps % config["log_steps"] < (2 if between else 1)
            if between and steps % 2:
                figures = trainer.step(between, data_between, next(batches), log)
            else:
                figures = trainer.step(stage, data_now, next(batches), log)
            bar.update(stage.batch)
            if figures:
                run.log(figures | trainer.looked)
            if trainer.seen >= next_prior:
                trainer.refit_prior(data_now.encoder_side)
                next_prior = trainer.seen + config["prior_every"]
            ending = trainer.seen >= stage.until or run.time_left() <= 0
            if steps % config["save_steps"] == 0 or ending:
                trainer.save()
            if steps % config["look_steps"] == 0 or ending:
                trainer.looked = trainer.look(stage, data_now, rest_now)
                tqdm.write(f"{trainer.seen}: " + ", ".join(f"{k} {v:.3f}" for k, v in trainer.looked.items()))
                run.draw_curves()
    # The encoder has moved on since the last fit.
    trainer.refit_prior(min(trainer.stages[-1].size, 128))
    trainer.save()
