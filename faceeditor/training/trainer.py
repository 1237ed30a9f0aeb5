"""One step of the mask-guided generator's training: style encoder, generator, style decoder and discriminator."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
from faceeditor.nets.recogniser import face_chips
from faceeditor.portrait.exemplars import Exemplars
from faceeditor.training.code_prior import CodePrior, all_codes, fit_prior, with_lent_regions
from faceeditor.training.data import load_faces
from faceeditor.training.drawn import Drawn, Judged, code_distance
from faceeditor.training.head_changes import ChangedFace, FittedFaces
from faceeditor.training.head_losses import head_losses
from faceeditor.training.head_prior import fit_head_prior
from faceeditor.training.helpers import Helpers
from faceeditor.training.losses import lattice, mode_seeking, perceptual_distance, region_agreement
from faceeditor.training.parser import region_weights
from faceeditor.training.rendered_pairs import Domain, PairedBatch, RenderedPair, rendered_pair
from faceeditor.training.run import (
    Average,
    Run,
    is_main,
    load_checkpoint,
    pick_device,
    placed,
    save_checkpoint,
    share_gradients,
)
from faceeditor.training.stages import ChangedBatch, Plan, Stage, StageData

Parts = dict[str, nn.Module]


def build(config: dict[str, Any], device: torch.device) -> Parts:
    """The four networks of a config and the flag of renderings, on the device."""
    parts: Parts = {
        "generator": MaskGenerator(tuple(config["channels"]), tuple(config["conditions"])),
        "encoder": StyleEncoder(config["encoder_width"]),
        "decoder": StyleDecoder(config["decoder_width"]),
        "discriminator": Discriminator(tuple(config["discriminator_channels"])),
        "domain": Domain(),
    }
    return {name: placed(net, device) for name, net in parts.items()}


class Trainer:
    """The state of a training run and its one step."""

    def __init__(self, config: dict[str, Any], data: Path, run: Run, helpers: Helpers, fitted: Path | None) -> None:
        self.config, self.run = config, run
        self.device = pick_device()
        self.parts = build(config, self.device)
        self.nets = helpers.on(self.device)
        self.amp = self.device.type == "cpu" or torch.cuda.is_bf16_supported()
        makers = [p for name in ("generator", "encoder", "decoder", "domain") for p in self.parts[name].parameters()]
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
            self.head_prior = _tensors(fit_head_prior(data, fitted))
        self.weights = region_weights(self.train.masks).to(self.device)
        self.seen, self.augment_p, self.prior = 0, 0.0, None  # type: int, float, CodePrior | None
        self.exemplars: Exemplars | None = None
        self.stages = [Stage(**stage) for stage in config["stages"]]
        if run.checkpoint.exists():
            self._load(load_checkpoint(run.checkpoint))
        self.random = np.random.default_rng(self.seen + 7)
        self.looked: dict[str, float] = {}  # figures of the last look, repeated in the curves

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _load(self, state: dict[str, Any]) -> None:
        for name, net in self.parts.items():
            if name in state["parts"]:
                net.load_state_dict(with_head_planes(state["parts"][name]))
        for name, average in self.averages.items():
            average.shadow = {k: v.to(self.device) for k, v in with_head_planes(state["averages"][name]).items()}
        # An optimiser that knew other parts does not fit: then it begins anew.
        if state["parts"].keys() == self.parts.keys():
            self.make.load_state_dict(state["make"])
            self.judge.load_state_dict(state["judge"])
            for optimiser, key in ((self.make, "learning_rate"), (self.judge, "judge_learning_rate")):
                for group in optimiser.param_groups:
                    group["lr"] = self.config[key]
        self.seen, self.augment_p = state["seen"], state["augment_p"]
        if state.get("prior"):
            self.prior = CodePrior.from_state(state["prior"]).to(self.device)
        if state.get("exemplars"):
            arrays = {name: value.numpy() for name, value in state["exemplars"].items()}
            self.exemplars = Exemplars.from_arrays(arrays)

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
                "exemplars": _tensors(self.exemplars.arrays()) if self.exemplars else None,
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
        if self.fitted is None or not stage.heads or stage.window < stage.size:
            return Plan(indices, flips, np.empty(0, np.int64))
        places = np.flatnonzero(self.fitted.good[indices])[: stage.heads]
        seeds = self.random.integers(0, 1 << 31, len(places))
        fitted = self.fitted

        def make() -> list[ChangedFace]:
            return [
                fitted.changed(int(indices[place]), bool(flips[place]), np.random.default_rng(seed))
                for place, seed in zip(places, seeds, strict=True)
            ]

        rendered = [np.random.default_rng(seed) for seed in self.random.integers(0, 1 << 31, stage.pairs)]

        def render() -> list[RenderedPair]:
            return [rendered_pair(fitted.model, random) for random in rendered]

        return Plan(
            indices, flips, places, self._maker.submit(make) if len(places) else None,
            self._maker.submit(render) if rendered else None,
        )  # fmt: skip

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
        return code_distance(read, codes, planes)

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
        dtype = torch.bfloat16 if self.amp else torch.float32
        item = data.batch(plan.indices, plan.flips, dtype)
        changes = ChangedBatch.of(plan, size, self.device, dtype)
        pairs = PairedBatch(plan.pairs.result(), size, self.device, dtype) if plan.pairs is not None else None
        window: Window | None = None
        if stage.window < size:
            top, left = (int(self.random.integers(0, (size - stage.window) // 32 + 1)) * 32 for _ in range(2))
            window = Window(top, left, stage.window)
        drawn = self._draw(item, plan, changes, pairs, size, window)
        made, count = drawn.made, drawn.count
        real, seen = item["pictures"], drawn.planes
        if window is not None:
            real, seen = window.cut(real), window.cut(seen)
        augment = Augmentation(count, self.augment_p, self.device)
        extra_augment = Augmentation(len(made) - count, self.augment_p, self.device)
        made_augmented = torch.cat([augment.pictures(made[:count]), extra_augment.pictures(made[count:])])
        planes_augmented = torch.cat([augment.planes(seen[:count]), extra_augment.planes(seen[count:])])
        judged = self._judge(augment.pictures(real), made_augmented.detach(), planes_augmented, size, fade)

        # Generator, encoder and style decoder.
        judge = self.parts["discriminator"]
        judge.requires_grad_(False)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            scores, features = judge(
                made_augmented.contiguous(memory_format=torch.channels_last), planes_augmented, size, fade
            )
            losses = {"adversarial": -scores.mean() * c["adversarial"]}
            apart = [(f[:count].float() - r).abs().mean() for f, r in zip(features, judged.features, strict=True)]
            losses["features"] = c["features"] * torch.stack(apart).mean()
        own_made = made[:count]
        losses["l1"] = c["l1"] * (own_made - real).abs().mean()
        losses["kl"] = c["kl"] * drawn.kl
        # A window shows too little of a face for the other losses: there the last scale adds detail and no more.
        below = F.avg_pool2d(made, 2) - drawn.half.float()
        losses["detail"] = c["detail"] * below.abs().mean() * (window is not None)
        losses["lattice"] = c["lattice"] * lattice(made, real)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            if window is None:
                losses |= self._whole_face_losses(item, drawn, changes is not None)
            if self.nets.parser is not None:
                order = torch.cat([torch.arange(count), torch.arange(drawn.extra)]).to(self.device)
                losses["parser"] = c["parser"] * region_agreement(
                    self.nets.parser, made[: count + drawn.extra], real, seen[:count], order, self.weights
                )
            if changes is not None:
                contrast = self.seen >= c["contrastive_from"]
                kept = self._kept_heads(drawn, plan)
                changed = made[count + drawn.extra :]
                losses |= head_losses(c, self.nets, changed, item, changes, kept, contrast, self.weights)
        if pairs is not None and drawn.rendered is not None:
            losses["rendered"] = c["rendered"] * pairs.loss(drawn.rendered)
        same = made[: drawn.extra], made[count : count + drawn.extra]
        losses["modes"] = c["modes"] * mode_seeking(*same, drawn.own, drawn.other, drawn.extra)
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
            "pictures": self.seen, "size": size, "p": self.augment_p, "sign": judged.sign,
            "real": judged.real, "made": judged.made, "judge": judged.loss, **figures,
        }  # fmt: skip

    def _draw(
        self, item: dict[str, Tensor], plan: Plan, changes: ChangedBatch | None, pairs: PairedBatch | None, size: int,
        window: Window | None,
    ) -> Drawn:  # fmt: skip
        """Draw the photographs again, some of their masks with other codes, changed heads and rendered pairs."""
        planes, to_picture, to_face = item["planes"], item["to_picture"], item["to_face"]
        count = len(planes)
        extra = count // 2 if changes is None else count // 4
        generator, encoder = self.parts["generator"], self.parts["encoder"]
        assert isinstance(generator, MaskGenerator)
        own_maps, with_head = (x.to(self.device) for x in self._own_maps(plan))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            shown = [item["small"], planes, to_picture]
            if pairs is not None:
                for k, more in enumerate((pairs.pictures, pairs.planes, pairs.to_picture)):
                    shown[k] = torch.cat([shown[k], more])
            codes, kl = encoder(*shown, sample=True)
            codes, rendered_codes = Codes(*(x[:count] for x in codes)), Codes(*(x[count:] for x in codes))
            keep = (torch.rand(count, device=self.device) > self.config["detail_dropout"]).float()
            own = codes._replace(detail=codes.detail * keep[:, None, None, None])
            # The encoder is not to serve other masks' realism: extra codes carry no gradient into it.
            with torch.no_grad():
                means, _ = encoder(item["small"], planes, to_picture)
            other = self.other_codes(Codes(*(x.detach() for x in codes)), means, extra)
            parts = [(own, planes, to_face, to_picture, own_maps)]
            parts.append((other, planes[:extra], to_face[:extra], to_picture[:extra], own_maps[:extra]))
            if changes is not None:
                given = means.pick(changes.places)
                parts.append((given, changes.planes, changes.to_face, changes.to_picture, changes.maps))
            if pairs is not None:
                new = pairs.changes
                flagged = self.parts["domain"](rendered_codes)
                parts.append((flagged, new.planes, new.to_face, new.to_picture, new.maps))
            every = Codes(*(torch.cat(list(x)) for x in zip(*(part[0] for part in parts), strict=True)))
            all_planes, all_to_face, all_to_picture, maps = (
                torch.cat(list(x)) for x in zip(*(part[1:] for part in parts), strict=True)
            )
            drawn = generator.pictures(all_planes, all_to_face, every, size, window, maps)
        made, half = drawn[-1].float(), drawn[-2].detach()
        rendered: Tensor | None = None
        end = len(made) - (len(pairs) if pairs is not None else 0)
        if pairs is not None:
            rendered = pairs.changes.relit(made[end:])
        if changes is not None:
            # The network draws under the style's own light; what the head's light and skin change is known.
            made = torch.cat([made[: count + extra], changes.relit(made[count + extra : end])])
        return Drawn(
            made[:end], half[:end], rendered, count, extra, own, other, every.pick(torch.arange(end)),
            all_planes[:end], all_to_picture[:end], with_head, kl,
        )  # fmt: skip

    def _judge(self, real: Tensor, made: Tensor, planes: Tensor, size: int, fade: float) -> Judged:
        """Train the discriminator on photographs and as many or more pictures made, augmented, with their planes."""
        judge, count = self.parts["discriminator"], len(real)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            scores, features = judge(
                torch.cat([real, made]).contiguous(memory_format=torch.channels_last),
                torch.cat([planes[:count], planes]), size, fade,
            )  # fmt: skip
        real_scores, made_scores = scores[:count], scores[count:]
        loss = F.relu(1 - real_scores).mean() + F.relu(1 + made_scores).mean()
        self.judge.zero_grad(set_to_none=True)
        loss.backward()
        share_gradients(judge.parameters())
        self.judge.step()
        sign = real_scores.detach().sign().mean().item()
        # Adaptive augmentation: about half a data set of pictures from none to full.
        towards = np.sign(sign - self.config["augment_target"]) * count / 40000
        self.augment_p = float(np.clip(self.augment_p + towards, 0, 0.85))
        real_features = [f[:count].detach().float() for f in features]
        return Judged(real_features, sign, real_scores.mean().item(), made_scores.mean().item(), loss.item())

    def _whole_face_losses(self, item: dict[str, Tensor], drawn: Drawn, changed: bool) -> dict[str, Tensor]:
        """Perceptual distance, and codes that must be read back from the pictures."""
        c, losses = self.config, {}
        real, planes, to_picture = item["pictures"], item["planes"], item["to_picture"]
        made, count, extra = drawn.made, drawn.count, drawn.extra
        if self.nets.recogniser is not None:
            # The dearest loss: with changed heads in the batch half of the photographs have to do.
            some = count // 2 if changed else count
            chips = face_chips(torch.cat([made[:some], real[:some]]), to_picture[:some].repeat(2, 1, 1))
            losses["perceptual"] = c["perceptual"] * perceptual_distance(self.nets.recogniser, chips)
        # With a head its planes, not the code, say how the face is lit and coloured.
        free = torch.ones(len(made), dtype=torch.bool, device=self.device)
        free[count : count + extra] = ~drawn.with_head[:extra]
        small = made if made.shape[-1] <= 128 else F.avg_pool2d(made, made.shape[-1] // 128)
        smaller = small if small.shape[-1] <= 64 else F.avg_pool2d(small, 2)
        again = self.parts["decoder"](smaller[free], drawn.planes[free], drawn.to_picture[free])
        losses["code"] = c["code"] * code_distance(again, drawn.every.pick(free), drawn.planes[free])
        alone = free[count : count + extra]
        if alone.any():
            losses["anchor"] = c["anchor"] * self.anchor(
                small[count : count + extra][alone], planes[:extra][alone], to_picture[:extra][alone],
                drawn.other.pick(alone),
            )  # fmt: skip
        return losses

    def _kept_heads(self, drawn: Drawn, plan: Plan) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures of other codes that keep the photograph's head, and that head's coefficients."""
        assert self.fitted is not None
        extra = drawn.extra
        chosen = drawn.with_head[:extra]
        rows, flips = plan.indices[:extra][chosen.cpu().numpy()], plan.flips[:extra][chosen.cpu().numpy()]
        labels = self.fitted.labels_of(rows, flips) if len(rows) else {}
        pictures = drawn.made[drawn.count : drawn.count + extra][chosen]
        return pictures, {name: value.to(self.device) for name, value in labels.items()}

    # -- the prior over codes --------------------------------------------------------------------------------------
    def refit_prior(self, side: int) -> None:
        """Fit the prior over codes to the averaged encoder's codes of all training photographs, seen at this side.

        The same codes give the exemplars.
        """
        codes = all_codes(self.averaged()["encoder"], self.train, side, self.device)
        codes, self.exemplars = with_lent_regions(codes, self.train)
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


def _tensors(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in arrays.items()}
