"""Training of the mask-guided generator: style encoder, generator, style decoder and discriminator together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from faceeditor.head.model import HeadModel
from faceeditor.nets.discriminator import Augmentation, Discriminator
from faceeditor.nets.mask_guided import (
    EMBED_INPUTS,
    HEAD_CHANNELS,
    HEAD_SIDE,
    Codes,
    MaskGenerator,
    StyleDecoder,
    StyleEncoder,
    Window,
)
from faceeditor.nets.reader import READER_SIDE
from faceeditor.nets.recogniser import face_chips
from faceeditor.regions import colorize
from faceeditor.training.code_prior import CodePrior, all_codes, fit_prior
from faceeditor.training.data import FaceSet, load_faces
from faceeditor.training.head_changes import ChangedFace, FittedFaces
from faceeditor.training.head_prior import fit_head_prior
from faceeditor.training.helpers import Helpers
from faceeditor.training.losses import lattice, mode_seeking, perceptual_distance, region_agreement, region_reading
from faceeditor.training.parser import region_scores, region_weights
from faceeditor.training.reader import coefficient_losses
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
    to_uint8,
    write_sheet,
)
from faceeditor.training.stages import ChangedBatch, Plan, Stage, StageData, reduced

Parts = dict[str, nn.Module]


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

    def __init__(self, config: dict[str, Any], data: Path, run: Run, helpers: Helpers, fitted: Path | None) -> None:
        self.config, self.run = config, run
        self.device = pick_device()
        self.parts = build(config, self.device)
        self.recogniser = helpers.recogniser.to(self.device) if helpers.recogniser else None
        self.parser = placed(helpers.parser, self.device) if helpers.parser else None
        self.reader = placed(helpers.reader, self.device) if helpers.reader else None
        makers = [p for name in ("generator", "encoder", "decoder") for p in self.parts[name].parameters()]
        rate = config["learning_rate"]
        self.make = torch.optim.Adam(makers, lr=rate, betas=(0.3, 0.99))
        judged = self.parts["discriminator"].parameters()
        self.judge = torch.optim.Adam(judged, lr=config["judge_learning_rate"], betas=(0.3, 0.99))
        half_life = config["average_half_life"]
        self.averages = {name: Average(self.parts[name], half_life) for name in ("generator", "encoder")}
        self.train, self.rest = load_faces(data, "train"), load_faces(data, "kept-out")
        self.fitted = FittedFaces(self.train, fitted, HeadModel.load()) if fitted else None
        self.fitted_rest = FittedFaces(self.rest, fitted, HeadModel.load()) if fitted else None
        self._maker = ThreadPoolExecutor(1, "changed-heads")
        self.head_prior: dict[str, Tensor] | None = None
        if fitted is not None:
            arrays = fit_head_prior(data, fitted)
            self.head_prior = {name: torch.from_numpy(value) for name, value in arrays.items()}
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
            net.load_state_dict(with_head_planes(state["parts"][name]))
        for name, average in self.averages.items():
            average.shadow = {k: v.to(self.device) for k, v in with_head_planes(state["averages"][name]).items()}
        if state.get("make") and state["config"].get("head_dropout") is not None:
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
                "head_prior": self.head_prior,
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
    def plan(self, stage: Stage, indices: npt.NDArray[np.int64]) -> Plan:
        """Decide what the next step sees; changed heads are made ready beside the step under way."""
        flips = self.random.random(len(indices)) < 0.5
        plan = Plan(indices, flips, np.empty(0, np.int64))
        if self.fitted is None or not stage.heads:
            return plan
        places = np.flatnonzero(self.fitted.good[indices])[: stage.heads]
        seeds = self.random.integers(0, 1 << 31, len(places))
        fitted = self.fitted

        def make() -> list[ChangedFace]:
            return [
                fitted.changed(int(indices[place]), bool(flips[place]), np.random.default_rng(seed))
                for place, seed in zip(places, seeds, strict=True)
            ]

        return Plan(indices, flips, places, self._maker.submit(make) if len(places) else None)

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

    def _own_maps(self, plan: Plan) -> tuple[Tensor, Tensor]:
        """Condition planes (B, 10, 128, 128) of the photographs' heads, some left out, and (B,) whether they are there.

        The pictures of extra codes on the same masks, the first of the batch, share their photographs' planes.
        """
        count = len(plan.indices)
        if self.fitted is None:
            return torch.zeros(count, HEAD_CHANNELS, HEAD_SIDE, HEAD_SIDE), torch.zeros(count, dtype=torch.bool)
        kept = (self.random.random(count) >= self.config["head_dropout"]) & self.fitted.good[plan.indices]
        maps = self.fitted.own_maps(plan.indices, plan.flips) * kept[:, None, None, None]
        return torch.from_numpy(maps.astype(np.float32)), torch.from_numpy(kept)

    def step(self, stage: Stage, data: StageData, plan: Plan, log: bool) -> dict[str, float]:
        """One update of everything; returns the figures for the curves."""
        c = self.config
        size, fade = stage.size, self.fade(stage)
        amp = self.device.type == "cpu" or torch.cuda.is_bf16_supported()
        dtype = torch.bfloat16 if amp else torch.float32
        item = data.batch(plan.indices, plan.flips, dtype)
        real, planes, to_picture = item["pictures"], item["planes"], item["to_picture"]
        count = len(real)
        changes = ChangedBatch.of(plan, size, self.device, dtype)
        extra = count // 2 if changes is None else count // 4
        total_extra = extra + (len(changes.faces) if changes else 0)
        window: Window | None = None
        if stage.window < size:
            top, left = (int(self.random.integers(0, (size - stage.window) // 32 + 1)) * 32 for _ in range(2))
            window = Window(top, left, stage.window)
        generator, judge = self.parts["generator"], self.parts["discriminator"]
        assert isinstance(generator, MaskGenerator)
        own_maps, with_head = (x.to(self.device) for x in self._own_maps(plan))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=amp):
            codes, kl = self.parts["encoder"](item["small"], planes, to_picture, sample=True)
            keep = (torch.rand(count, device=self.device) > c["detail_dropout"]).float()[:, None, None, None]
            own = codes._replace(detail=codes.detail * keep)
            # The encoder is not to serve other masks' realism: extra codes carry no gradient into it.
            with torch.no_grad():
                means, _ = self.parts["encoder"](item["small"], planes, to_picture)
            other = self.other_codes(Codes(*(x.detach() for x in codes)), means, extra)
            parts = [own, other]
            all_planes, to_face, all_to_picture = [planes, planes[:extra]], [item["to_face"]], [to_picture]
            to_face.append(item["to_face"][:extra])
            all_to_picture.append(to_picture[:extra])
            maps = [own_maps, own_maps[:extra]]
            if changes is not None:
                parts.append(means.pick(changes.places))
                all_planes.append(changes.planes)
                to_face.append(changes.to_face)
                all_to_picture.append(changes.to_picture)
                maps.append(changes.maps)
            every = Codes(*(torch.cat(list(x)) for x in zip(*parts, strict=True)))
            every_planes, every_to_picture = torch.cat(all_planes), torch.cat(all_to_picture)
            drawn = generator.pictures(every_planes, torch.cat(to_face), every, size, window, torch.cat(maps))
            made = drawn[-1].float()
            if changes is not None:
                # The network draws under the style's own light; what the head's light and skin change is known.
                made = torch.cat([made[: count + extra], changes.relit(made[count + extra :])])
        if window is not None:
            real = window.cut(real)
        seen_planes = planes if window is None else window.cut(planes)
        every_seen = every_planes if window is None else window.cut(every_planes)
        augment = Augmentation(count, self.augment_p, self.device)
        extra_augment = Augmentation(total_extra, self.augment_p, self.device)
        made_augmented = torch.cat([augment.pictures(made[:count]), extra_augment.pictures(made[count:])])
        real_augmented = augment.pictures(real)
        planes_augmented = torch.cat([augment.planes(seen_planes), extra_augment.planes(every_seen[count:])])

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
            losses["features"] = (
                c["features"]
                * torch.stack(
                    [(f[:count].float() - r.float()).abs().mean() for f, r in zip(features, real_features, strict=True)]
                ).mean()
            )
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
                    # The dearest loss: with changed heads in the batch half of the photographs have to do.
                    some = count if changes is None else count // 2
                    chips = face_chips(torch.cat([own_made[:some], real[:some]]), to_picture[:some].repeat(2, 1, 1))
                    losses["perceptual"] = c["perceptual"] * perceptual_distance(self.recogniser, chips)
                # With a head its planes, not the code, say how the face is lit and coloured.
                free = torch.ones(len(made), dtype=torch.bool, device=self.device)
                free[count : count + extra] = ~with_head[:extra]
                small = made if size <= 128 else F.avg_pool2d(made, size // 128)
                small = small if size <= 64 else F.avg_pool2d(small, 2)
                again = self.parts["decoder"](small[free], every_planes[free], every_to_picture[free])
                losses["code"] = c["code"] * _code_distance(again, every.pick(free), every_planes[free])
                alone = free[count : count + extra]
                if alone.any():
                    extra_made = made[count : count + extra][alone]
                    extra_small = extra_made if size <= 128 else F.avg_pool2d(extra_made, size // 128)
                    losses["anchor"] = c["anchor"] * self.anchor(
                        extra_small, planes[:extra][alone], to_picture[:extra][alone], other.pick(alone)
                    )
            if self.parser is not None:
                order = torch.cat([torch.arange(count), torch.arange(extra)]).to(self.device)
                losses["parser"] = c["parser"] * region_agreement(
                    self.parser, made[: count + extra], real, seen_planes, order, self.weights
                )
            if changes is not None:
                head_made = made[count + extra :]
                losses |= self.head_losses(head_made, real, to_picture, with_head[:extra], made, changes, count, plan)
        losses["modes"] = c["modes"] * mode_seeking(made[:extra], made[count : count + extra], own, other, extra)
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

    def head_losses(
        self,
        head_made: Tensor,
        real: Tensor,
        to_picture: Tensor,
        extra_with_head: Tensor,
        made: Tensor,
        changes: ChangedBatch,
        count: int,
        plan: Plan,
    ) -> dict[str, Tensor]:
        """Imitative and contrastive losses of pictures whose head was changed (Deng et al., sections 3.2 and 3.3).

        Imitative: regions, coefficients and identity, re-estimated from the picture, are the head's. Contrastive: the
        picture is the photograph, moved and relit as the head's change demands.
        """
        c = self.config
        losses: dict[str, Tensor] = {}
        if self.parser is not None:
            losses["head_parser"] = c["parser"] * region_reading(self.parser, head_made, changes.planes, self.weights)
        if self.reader is not None:
            # Pictures of other codes that keep the photograph's head must show that head's coefficients, too.
            same = made[count : count + len(extra_with_head)][extra_with_head]
            pictures = torch.cat([head_made, same])
            reading = self.reader(F.adaptive_avg_pool2d(pictures, READER_SIDE))
            labels = changes.labels
            if len(same) and self.fitted is not None:
                rows, flips = plan.indices[: len(extra_with_head)], plan.flips[: len(extra_with_head)]
                chosen = extra_with_head.cpu().numpy()
                kept = self.fitted.labels_of(rows[chosen], flips[chosen])
                labels = {name: torch.cat([labels[name], kept[name].to(self.device)]) for name in labels}
            parts = coefficient_losses(reading, labels)
            for name, weight in c["imitative"].items():
                losses[f"head_{name}"] = weight * parts[name]
        if self.recogniser is not None:
            # The person stays in all changes but those of the identity itself.
            stays = changes.keeps_identity
            if stays.any():
                own_to_picture = to_picture[changes.places][stays]
                chips = torch.cat(
                    [
                        face_chips(head_made[stays], changes.to_picture[stays]),
                        face_chips(real[changes.places][stays], own_to_picture),
                    ]
                )
                vectors, _ = self.recogniser(chips)
                half = len(vectors) // 2
                apart = (vectors[:half] - vectors[half:].detach()).square().sum(1)
                losses["head_identity"] = c["identity"] * apart.mean()
        if self.seen >= c["contrastive_from"]:
            off = (head_made - changes.target).abs() * changes.weight
            losses["contrast"] = c["contrastive"] * off.sum() / (changes.weight.sum() * 3 + 1)
            coarse = F.avg_pool2d((head_made - changes.target) * changes.weight, 4).abs()
            losses["contrast_coarse"] = c["contrastive"] * coarse.mean()
        return losses

    # -- looking ---------------------------------------------------------------------------------------------------
    @torch.no_grad()
    def look(self, stage: Stage, data: StageData, rest: StageData) -> dict[str, float]:
        """Write a sheet of kept-out faces and measure on kept-out photographs."""
        nets = self.averaged()
        item = rest.batch(np.arange(len(rest.faces)), np.zeros(len(rest.faces), bool), torch.float32)
        codes, _ = nets["encoder"](item["small"], item["planes"], item["to_picture"])

        def draw(codes: Codes, count: int, maps: Tensor | None = None, moved: ChangedBatch | None = None) -> Tensor:
            planes, to_face = (item["planes"], item["to_face"]) if moved is None else (moved.planes, moved.to_face)
            parts = []
            for s in range(0, count, 8):
                order = torch.arange(s, min(s + 8, count), device=self.device)
                given = None if maps is None else maps[order]
                with torch.autocast(self.device.type, torch.bfloat16):
                    drawn = nets["generator"](planes[order], to_face[order], codes.pick(order), stage.size, maps=given)
                parts.append(drawn)
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
        if self.fitted_rest is not None:
            fitted = self.fitted_rest
            order = np.arange(wide)
            maps = torch.from_numpy(fitted.own_maps(order, np.zeros(wide, bool))).to(self.device)
            rows.append(draw(codes, wide, maps))
            error = (rows[-1].clamp(-1, 1) - item["pictures"][:wide]).square().mean((1, 2, 3)) / 4
            figures["psnr_head"] = float((-10 * torch.log10(error)).mean())
            for factor in ("pose", "expression", "light", "identity"):
                random = np.random.default_rng(5)
                faces = [fitted.changed(int(row), False, random, factor) for row in order]
                moved = ChangedBatch(faces, torch.from_numpy(order), stage.size, self.device, torch.float32)
                rows.append(moved.relit(draw(codes, wide, moved.maps, moved)))
                off = F.adaptive_avg_pool2d(rows[-1], HEAD_SIDE) - moved.target
                figures[f"off_{factor}"] = float((off.abs() * moved.weight).sum() / (moved.weight.sum() * 3))
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
            colours = reduced(colorize(self.rest.masks[:wide]), stage.size)
            grid = [np.hstack(list(colours))] + [np.hstack(list(to_uint8(row))) for row in rows]
            sheet = np.vstack(grid)
            write_sheet(self.run.folder / "sheet.png", sheet)
            write_sheet(self.run.folder / f"sheet-{self.seen:07d}.jpg", sheet)
        return figures

    def refit_prior(self, side: int) -> None:
        """Fit the prior over codes to the averaged encoder's codes of all training photographs, seen at this side."""
        codes = all_codes(self.averaged()["encoder"], self.train, side, self.device)
        self.prior = fit_prior(codes, seconds=self.config["prior_seconds"], device=self.device)


def with_head_planes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a generator that knew no head, with layers that do not look at the head's planes yet."""
    wide = dict(state)
    for name, value in state.items():
        if (
            name.startswith("scales.")
            and name.endswith("embed.weight")
            and value.shape[1] == EMBED_INPUTS - HEAD_CHANNELS
        ):
            wide[name] = torch.cat([value, value.new_zeros(len(value), HEAD_CHANNELS, 1, 1)], 1)
    return wide


def _code_distance(again: Codes, codes: Codes, planes: Tensor) -> Tensor:
    present = (planes.float().mean((2, 3)) > 0.002).float().unsqueeze(2)
    regions = (again.regions - codes.regions.detach()).abs() * present
    per_entry = regions.sum() / (present.sum() * regions.shape[2] + 1)
    return per_entry + (again.overall - codes.overall.detach()).abs().mean()


def train_mask_guided(
    config: dict[str, Any], data: Path, out: Path, minutes: float, resume: bool, helpers: Helpers, fitted: Path | None
) -> None:
    """Train until the time is over; see `faceeditor train --help`."""
    run = Run(out, minutes, resume)
    trainer = Trainer(config, data, run, helpers, fitted)
    bar = tqdm(total=trainer.stages[-1].until, initial=trainer.seen, unit="picture", mininterval=10)
    while (stage := trainer.stage()) is not None and run.time_left() > 0:
        data_now = StageData(trainer.train, stage, trainer.device)
        rest_now = StageData(trainer.rest, stage, trainer.device)
        between = stage.companion()
        data_between = StageData(trainer.train, between, trainer.device) if between else data_now
        batches = epochs(len(trainer.train), stage.batch, trainer.random)
        steps = 0
        next_prior = max(trainer.seen, config["prior_from"]) + (config["prior_every"] if trainer.prior else 0)

        def pick(step: int, stage: Stage = stage, between: Stage | None = between) -> Stage:
            return between if between and step % config["window_every"] else stage

        plan = trainer.plan(pick(1), next(batches))
        while trainer.seen < stage.until and run.time_left() > 0:
            steps += 1
            now = pick(steps)
            following = trainer.plan(pick(steps + 1), next(batches))
            # A row of the curves needs all columns: only steps with whole pictures have them.
            log = now.window == now.size and steps % config["log_steps"] < 2
            figures = trainer.step(now, data_between if now is between else data_now, plan, log)
            plan = following
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
