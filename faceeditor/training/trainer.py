"""One step of the mask-guided generator's training: style encoder, generator, style decoder and critics."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.head.model import HeadModel
from faceeditor.nets.critics import Critics
from faceeditor.nets.mask_guided import Codes, MaskGenerator, Scale, StyleDecoder, StyleEncoder, Window
from faceeditor.nets.mask_guided_forward import HEAD_CHANNELS, HEAD_SIDE
from faceeditor.nets.precision import has_bfloat16
from faceeditor.portrait.guides import GUIDE_CHANNELS, HAIR_CHANNELS
from faceeditor.regions import Region
from faceeditor.training.adversarial import adversarial_losses, feature_maps, train_critics, trained
from faceeditor.training.appearance import Light
from faceeditor.training.code_bank import CodeBank, Shares
from faceeditor.training.data import load_faces
from faceeditor.training.drawn import Drawn, code_distance
from faceeditor.training.guides import FaceGuides
from faceeditor.training.head_changes import ChangedFace, FittedFaces
from faceeditor.training.head_losses import head_losses
from faceeditor.training.head_prior import fit_head_prior
from faceeditor.training.helpers import Helpers
from faceeditor.training.losses import hair_misalignment, lattice, mode_seeking, region_agreement
from faceeditor.training.parser import region_weights
from faceeditor.training.plan import Part, Plan, pick_part
from faceeditor.training.rendered_pairs import Domain, PairedBatch, RenderedPair, rendered_pair
from faceeditor.training.run import (
    EMA,
    Run,
    autocast,
    is_main,
    load_checkpoint,
    pick_device,
    placed,
    save_checkpoint,
    share_gradients,
)
from faceeditor.training.stages import ChangedBatch, Stage, StageData
from faceeditor.training.starting import carried_files, load_start, widen_moments, with_new_planes

Parts = dict[str, nn.Module]

CODE_WEIGHTS = {"pose": 1.0, "expression": 1.0, "light": 0.25, "identity": 0.0, "all": 0.0}
"""How much the code of a photograph with a changed head must be the photograph's, by what was changed."""


def build(config: dict[str, Any], device: torch.device) -> Parts:
    """The networks of a config and the flag of renderings, on the device."""
    parts: Parts = {
        "generator": MaskGenerator(tuple(config["channels"]), tuple(config["conditions"])),
        "encoder": StyleEncoder(config["encoder_width"]),
        "decoder": StyleDecoder(config["decoder_width"]),
        "critics": Critics(),
        "domain": Domain(),
    }
    return {name: placed(net, device) for name, net in parts.items()}


@dataclass(frozen=True)
class Sources:
    """What a run learns from and starts with.

    data: folder of the photographs; fitted: their head coefficients (`photos.npz`), or None: no heads; start: a model
    pack whose weights the first step starts with; critics: safetensors of the critics (and the flag of renderings).
    """

    data: Path
    fitted: Path | None = None
    start: Path | None = None
    critics: Path | None = None


class Trainer:
    """The state of a training run and its one step."""

    def __init__(self, config: dict[str, Any], sources: Sources, run: Run, helpers: Helpers) -> None:
        self.config, self.run = config, run
        self.device = pick_device()
        self.parts = build(config, self.device)
        self.nets = helpers.on(self.device)
        self.half = has_bfloat16(self.device)
        makers = [p for name in ("generator", "encoder", "decoder", "domain") for p in self.parts[name].parameters()]
        betas = (0.0, 0.99)
        self.generator_optimizer = torch.optim.Adam(makers, lr=config["learning_rate"], betas=betas)
        judged = trained(self.critics)
        self.discriminator_optimizer = torch.optim.Adam(judged, lr=config["critic_learning_rate"], betas=betas)
        data, fitted = sources.data, sources.fitted
        self.train, self.rest = load_faces(data, "train"), load_faces(data, "kept-out")
        self.fitted = FittedFaces(self.train, fitted, HeadModel.load()) if fitted else None
        self.fitted_rest = FittedFaces(self.rest, fitted, HeadModel.load()) if fitted else None
        self.guides, self.rest_guides = FaceGuides(self.train), FaceGuides(self.rest)
        self._preparation = ThreadPoolExecutor(1, "changed-heads")
        fits = self.fitted
        self.light = Light(fits.labels["gamma"], fits.good) if fits else None
        self.weights = region_weights(self.train.masks).to(self.device)
        self.seen, self.head_prior = 0, None  # type: int, dict[str, Tensor] | None
        self.bank: CodeBank | None = None
        self.carried: dict[str, Any] = {}  # files of the start's pack that training leaves as they are
        self.shares = Shares(config["composed"], config["draws"])
        self.stages = [Stage(**stage) for stage in config["stages"]]
        if not run.checkpoint.exists() and sources.start is not None:
            self.seen = load_start(self.parts, sources.start, sources.critics)
        half_life = config["average_half_life"]
        self.averages = {name: EMA(self.parts[name], half_life) for name in ("generator", "encoder")}
        if run.checkpoint.exists():
            self._load(load_checkpoint(run.checkpoint))
        if self.head_prior is None and fitted is not None:
            self.head_prior = _tensors(fit_head_prior(data, fitted))
        if sources.start is not None:
            self.carried = carried_files(sources.start)
        self.random = np.random.default_rng(self.seen + 7)
        torch.manual_seed(self.seen + 7)
        self.evaluated: dict[str, float] = {}  # figures of the last evaluation, repeated in the curves

    @property
    def critics(self) -> Critics:
        """The discriminators."""
        critics = self.parts["critics"]
        assert isinstance(critics, Critics)
        return critics

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _load(self, state: dict[str, Any]) -> None:
        for name, net in self.parts.items():
            if name in state["parts"]:
                net.load_state_dict(with_new_planes(state["parts"][name]))
        for name, average in self.averages.items():
            average.shadow = {k: v.to(self.device) for k, v in with_new_planes(state["averages"][name]).items()}
        for name, optimizer in (
            ("generator_optimizer", self.generator_optimizer),
            ("discriminator_optimizer", self.discriminator_optimizer),
        ):
            optimizer.load_state_dict(state[name])
            widen_moments(optimizer)
        self.seen, self.head_prior = state["seen"], state["head_prior"]
        self.carried = state.get("carried", {})

    def save(self) -> None:
        """Write the checkpoint."""
        if not is_main():
            return
        save_checkpoint(
            self.run.checkpoint,
            {
                "parts": {name: net.state_dict() for name, net in self.parts.items()},
                "averages": {name: average.shadow for name, average in self.averages.items()},
                "generator_optimizer": self.generator_optimizer.state_dict(),
                "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
                "seen": self.seen,
                "gaussian": self.bank.gaussian.tensors() if self.bank else None,
                "exemplars": _tensors(self.bank.exemplars.arrays()) if self.bank else None,
                "head_prior": self.head_prior,
                "carried": self.carried,
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

    # -- one step --------------------------------------------------------------------------------------------------
    def part(self, stage: Stage) -> Part:
        """The part of the pictures that the next step draws."""
        return pick_part(stage.size, stage.window, self.config["close_ups"], self.random)

    def plan(self, stage: Stage, part: Part, indices: npt.NDArray[np.int64]) -> Plan:
        """Decide what the next step sees; changed heads are made ready beside the step under way."""
        flips = self.random.random(len(indices)) < 0.5
        if self.fitted is None or not stage.heads or stage.window < stage.size:
            return Plan(part, indices, flips, np.empty(0, np.int64))
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
            part, indices, flips, places, self._preparation.submit(make) if len(places) else None,
            self._preparation.submit(render) if rendered else None,
        )  # fmt: skip

    def other_codes(self, means: Codes, plan: Plan, count: int) -> Codes:
        """Codes for the plan's first masks that are not their own: another's or a blend of two, composed, or drawn."""
        batch = len(means.overall)
        order = torch.from_numpy((np.arange(count) + self.random.integers(1, batch)) % batch).to(self.device)
        swapped = means.pick(order)
        second = means.pick((order + 1) % batch)
        t = torch.rand(count, device=self.device) * (torch.rand(count, device=self.device) < 0.4).float()
        mixed = swapped.lerp(second, t)
        # Another's detail lies where that person's features are.
        keep = (torch.rand(count, device=self.device) < self.config["other_detail"]).float()
        mixed = mixed._replace(detail=mixed.detail * keep[:, None, None, None])
        if self.bank is None:
            return mixed
        rows = plan.indices[:count] + len(self.train) * plan.flips[:count]
        return self.bank.mix(mixed, torch.from_numpy(rows).to(self.device), self.shares)

    def anchor(self, pictures: Tensor, planes: Tensor, to_picture: Tensor, codes: Codes) -> Tensor:
        """How far the encoder reads other codes from pictures of other codes than those they were made from.

        Nothing else says what such a picture should look like. The encoder is held fixed, or it would give way.
        """
        encoder = self.parts["encoder"]
        fixed = {name: value.detach() for name, value in encoder.state_dict().items()}
        read, _ = torch.func.functional_call(encoder, fixed, (pictures, planes, to_picture))
        return code_distance(read, codes, planes)

    def _own_maps(self, plan: Plan, extra: int) -> tuple[Tensor, Tensor, Tensor]:
        """Condition planes of photographs drawn again and of extra codes, and whether the head's are among them.

        Returns:
            (B, 16, 128, 128) planes of the photographs, the head left out of some; (extra, 16, 128, 128) those of extra
            codes on the first masks: the same heads, mouths as in use; (B,) whether a head is there.
        """
        guides = self.guides.of(plan.indices, plan.flips, self.random)
        rows, flips = plan.indices[:extra], plan.flips[:extra]
        usual = self.guides.in_use(rows, flips, self.random)
        heads, kept = self._own_heads(plan)
        own = np.concatenate([heads, guides], 1)
        other = np.concatenate([heads[:extra], usual], 1)
        return torch.from_numpy(own), torch.from_numpy(other), torch.from_numpy(kept)

    def _own_heads(self, plan: Plan) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Planes (B, 10, 128, 128) of the photographs' heads, some left out, and (B,) whether they are there."""
        count = len(plan.indices)
        if self.fitted is None:
            return np.zeros((count, HEAD_CHANNELS, HEAD_SIDE, HEAD_SIDE), np.float32), np.zeros(count, bool)
        kept = (self.random.random(count) >= self.config["head_dropout"]) & self.fitted.good[plan.indices]
        maps = self.fitted.own_maps(plan.indices, plan.flips) * kept[:, None, None, None]
        return maps.astype(np.float32), kept

    def _set_rates(self) -> None:
        """Learning rates for the pictures seen: constant, then halving every `rate_half_life` pictures."""
        late = max(0, self.seen - self.config["rate_from"]) / self.config["rate_half_life"]
        for optimizer, rate in (
            (self.generator_optimizer, "learning_rate"),
            (self.discriminator_optimizer, "critic_learning_rate"),
        ):
            for group in optimizer.param_groups:
                group["lr"] = self.config[rate] * 0.5**late

    def step(self, stage: Stage, data: StageData, plan: Plan, log: bool) -> dict[str, float]:
        """One update of everything; returns the figures for the curves."""
        c, size = self.config, stage.size
        self._set_rates()
        dtype = torch.bfloat16 if self.half else torch.float32
        item = data.batch(plan.indices, plan.flips, dtype)
        changes = plan.changes(size, self.device, dtype)
        pairs = plan.pairs_at(size, self.device, dtype)
        part, window = plan.part, plan.part.window
        drawn = self._draw(item, plan, changes, pairs, size, window)
        made, count = drawn.made, drawn.count
        real, seen = item["pictures"], drawn.planes
        if window is not None:
            real, seen = window.cut(real), window.cut(seen)
        losses: dict[str, Tensor] = {}
        figures: dict[str, float | Tensor] = {}
        with autocast(self.device):
            compared = None
            if self.nets.features is not None:
                frames = drawn.to_picture if window is None else None
                judged_made, judged_real, judged_planes = (part.enlarged(x) for x in (made, real, seen))
                compared = feature_maps(
                    self.nets.features, self.nets.recogniser, judged_made, judged_real, judged_planes, frames,
                    c["augment"], part.view,
                )  # fmt: skip
        if compared is not None:
            figures = train_critics(self.critics, self.discriminator_optimizer, compared, self.device)
            self.critics.requires_grad_(False)
            with autocast(self.device):
                losses |= adversarial_losses(c, self.critics, compared)
        losses["l1"] = c["l1"] * (made[:count] - real).abs().mean()
        losses["kl"] = c["kl"] * drawn.kl
        # A window shows too little of a face for the other losses: there the last scale adds detail and no more.
        below = F.avg_pool2d(made, 2) - drawn.half.float()
        losses["detail"] = c["detail"] * below.abs().mean() * (window is not None)
        losses["lattice"] = c["lattice"] * lattice(made, real)
        hair = drawn.hair if window is None else window.cut(drawn.hair)
        losses["hair"] = c["hair"] * hair_misalignment(made[: len(hair)], hair)
        with autocast(self.device):
            if window is None:
                losses |= self._whole_face_losses(item, drawn)
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
                losses["same_code"] = c["same_code"] * self._code_change(drawn, changes)
        if pairs is not None and drawn.rendered is not None:
            losses["rendered"] = c["rendered"] * pairs.loss(drawn.rendered)
        same = made[: drawn.extra], made[count : count + drawn.extra]
        losses["modes"] = c["modes"] * mode_seeking(*same, drawn.own, drawn.other, drawn.extra)
        total = torch.stack([value.float() for value in losses.values()]).sum()
        self.generator_optimizer.zero_grad(set_to_none=True)
        if torch.isfinite(total):
            total.backward()
            makers = [p for group in self.generator_optimizer.param_groups for p in group["params"]]
            share_gradients(makers)
            nn.utils.clip_grad_norm_(makers, c["clip"])
            before = [column.detach().clone() for column in self._guide_columns()]
            self.generator_optimizer.step()
            with torch.no_grad():
                for column, old in zip(self._guide_columns(), before, strict=True):
                    column.copy_(old + c["guide_rate"] * (column - old))
        self.critics.requires_grad_(True)
        self.critics.mixing.requires_grad_(False)
        self.critics.face.mixing.requires_grad_(False)
        self.seen += count
        for name, average in self.averages.items():
            average.update(self.parts[name], count, self.seen)
        if not log:
            return {}
        row = {"pictures": self.seen, "size": size} | figures | losses
        return {name: float(v.detach() if isinstance(v, Tensor) else v) for name, v in row.items()}

    def _guide_columns(self) -> list[Tensor]:
        """The generator's weights on the guides: these planes are few and weak, so their weights learn faster."""
        generator = self.parts["generator"]
        assert isinstance(generator, MaskGenerator)
        return [scale.embed.weight[:, -GUIDE_CHANNELS:] for scale in generator.scales if isinstance(scale, Scale)]

    def _draw(
        self, item: dict[str, Tensor], plan: Plan, changes: ChangedBatch | None, pairs: PairedBatch | None, size: int,
        window: Window | None,
    ) -> Drawn:  # fmt: skip
        """Draw the photographs again, some of their masks with other codes, changed heads and rendered pairs."""
        planes, to_picture, to_face = item["planes"], item["to_picture"], item["to_face"]
        count = len(planes)
        extra = count // 2
        generator, encoder = self.parts["generator"], self.parts["encoder"]
        assert isinstance(generator, MaskGenerator)
        own_maps, other_maps, with_head = (x.to(self.device) for x in self._own_maps(plan, extra))
        with autocast(self.device):
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
            other = self.other_codes(means, plan, extra)
            parts = [(own, planes, to_face, to_picture, own_maps)]
            parts.append((other, planes[:extra], to_face[:extra], to_picture[:extra], other_maps))
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
            made[:end], half[:end], rendered, count, extra, own, other, codes, every.pick(torch.arange(end)),
            all_planes[:end], all_to_picture[:end], with_head, kl,
            torch.cat([m[:, HEAD_CHANNELS : HEAD_CHANNELS + HAIR_CHANNELS] for m in (own_maps, other_maps)]),
        )  # fmt: skip

    def _whole_face_losses(self, item: dict[str, Tensor], drawn: Drawn) -> dict[str, Tensor]:
        """Codes that must be read back from the pictures."""
        c, losses = self.config, {}
        planes, to_picture = item["planes"], item["to_picture"]
        made, count, extra = drawn.made, drawn.count, drawn.extra
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

    def _code_change(self, drawn: Drawn, changes: ChangedBatch) -> Tensor:
        """How far the codes of changed heads' pictures are from their photographs': expression and pose are no style.

        Light counts less: without a head nothing but the code says how a photograph is lit.
        """
        weight = torch.tensor([CODE_WEIGHTS[face.factor] for face in changes.faces], device=self.device)
        moved, _ = self.parts["encoder"](changes.small, changes.planes, changes.to_picture)
        codes = drawn.encoded.pick(changes.places)
        seen = (changes.planes.float().mean((2, 3)) > 0.002) & (
            drawn.planes[changes.places].float().mean((2, 3)) > 0.002
        )
        seen[:, int(Region.MOUTH)] = False
        regions = (moved.regions.float() - codes.regions.float()).square().mean(2)
        regions = (regions * seen).sum(1) / seen.sum(1).clamp_min(1)
        overall = (moved.overall.float() - codes.overall.float()).square().mean(1)
        return (weight * (regions + overall)).mean()

    def _kept_heads(self, drawn: Drawn, plan: Plan) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures of other codes that keep the photograph's head, and that head's coefficients."""
        assert self.fitted is not None
        extra = drawn.extra
        chosen = drawn.with_head[:extra]
        rows, flips = plan.indices[:extra][chosen.cpu().numpy()], plan.flips[:extra][chosen.cpu().numpy()]
        labels = self.fitted.labels_of(rows, flips) if len(rows) else {}
        pictures = drawn.made[drawn.count : drawn.count + extra][chosen]
        return pictures, {name: value.to(self.device) for name, value in labels.items()}

    # -- codes -----------------------------------------------------------------------------------------------------
    def refit_codes(self, side: int) -> None:
        """Encode all training photographs anew, seen at this side, with the averaged encoder."""
        self.bank = CodeBank.of(self.averaged()["encoder"], self.train, side, self.device, self.light)


def _tensors(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in arrays.items()}
