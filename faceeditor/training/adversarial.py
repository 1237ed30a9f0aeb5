"""The adversarial losses: critics on projected features, and the distances of the same features.

The feature networks are fixed, so that one pass over made and real pictures serves three ends: the critics' update, the
generator's adversarial loss, and the perceptual distances.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.nets.critics import CRITIC_SIDE, Critics, View
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.recogniser import Recogniser, face_chips
from faceeditor.training.augmentation import Augmentation
from faceeditor.training.run import autocast, share_gradients

_RECOGNISER_BLOCKS = 10
_CHIP_JITTER = 0.25
"""How far the brightness of face chips is changed at most."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Maps of made pictures (with gradients) and of photographs, and their region planes.

    The first made pictures belong to the photographs one by one and were augmented as these were.
    """

    made: list[Tensor]
    real: list[Tensor]
    made_planes: Tensor
    real_planes: Tensor
    view: View
    made_faces: list[Tensor] | None = None
    real_faces: list[Tensor] | None = None


def feature_maps(
    features: LiteFeatures,
    recogniser: Recogniser | None,
    made: Tensor,
    real: Tensor,
    planes: Tensor,
    to_picture: Tensor | None,
    p: float,
    view: View,
) -> Compared:
    """Augment pictures and take their features.

    Args:
        features, recogniser: the fixed networks; without the latter faces are not judged.
        made: (N, 3, S, S); real: (B, 3, S, S) with B <= N, which the first made pictures show again.
        planes: (N, 19, S, S) region planes of the made pictures, the first of which are those of the photographs.
        to_picture: (N, 2, 3) face frames of the made pictures; None: faces are not judged.
        p: probability of each kind of augmentation.
        view: what the pictures show.
    """
    count = len(real)
    own, rest = Augmentation(count, p, made.device), Augmentation(len(made) - count, p, made.device)
    made_view, real_view = _view(made), _view(real)
    seen = F.adaptive_avg_pool2d(planes, CRITIC_SIDE) if planes.shape[-1] > CRITIC_SIDE else planes
    augmented = torch.cat([own.pictures(made_view[:count]), rest.pictures(made_view[count:])])
    made_planes = torch.cat([own.planes(seen[:count]), rest.planes(seen[count:])])
    with torch.no_grad():
        real_maps = features(_fast(own.pictures(real_view)))
    made_maps = features(_fast(augmented))
    made_faces = real_faces = None
    if recogniser is not None and to_picture is not None:
        gain = 1 + _CHIP_JITTER * (2 * torch.rand(len(made), 1, 1, 1, device=made.device) - 1)
        made_chips = (face_chips(made, to_picture) + 1) * gain - 1
        with torch.no_grad():
            real_chips = (face_chips(real, to_picture[:count]) + 1) * gain[:count] - 1
            real_faces = recogniser(_fast(real_chips), last=_RECOGNISER_BLOCKS)[1]
        made_faces = recogniser(_fast(made_chips), last=_RECOGNISER_BLOCKS)[1]
    return Compared(made_maps, real_maps, made_planes, made_planes[:count], view, made_faces, real_faces)


def _view(pictures: Tensor) -> Tensor:
    if pictures.shape[-1] == CRITIC_SIDE:
        return pictures
    if pictures.shape[-1] > CRITIC_SIDE:
        return F.adaptive_avg_pool2d(pictures, CRITIC_SIDE)
    return F.interpolate(pictures, size=(CRITIC_SIDE, CRITIC_SIDE), mode="bilinear", align_corners=False)


def plain_scores(features: LiteFeatures, critics: Critics, pictures: Tensor, planes: Tensor) -> Tensor:
    """The critics' scores (B, N) of whole pictures (B, 3, S, S) with planes (B, 19, S, S), nothing augmented."""
    seen = F.adaptive_avg_pool2d(planes, CRITIC_SIDE)
    return critics.patch_scores(features(_fast(_view(pictures))), seen, "whole")


def _fast(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def train_critics(
    critics: Critics, optimizer: torch.optim.Optimizer, compared: Compared, device: torch.device
) -> dict[str, float | Tensor]:
    """One update of the critics by the hinge loss; returns their mean scores and the loss for the curves."""
    with autocast(device):
        real = critics.patch_scores(compared.real, compared.real_planes, compared.view)
        made = critics.patch_scores([m.detach() for m in compared.made], compared.made_planes, compared.view)
        loss = F.relu(1 - real).mean() + F.relu(1 + made).mean()
        figures: dict[str, float | Tensor] = {"real": real.detach().mean(), "made": made.detach().mean()}
        if compared.made_faces is not None and compared.real_faces is not None:
            real_face = critics.face_scores(compared.real_faces)
            made_face = critics.face_scores([m.detach() for m in compared.made_faces])
            loss = loss + F.relu(1 - real_face).mean() + F.relu(1 + made_face).mean()
            figures |= {"real_face": real_face.detach().mean(), "made_face": made_face.detach().mean()}
    optimizer.zero_grad(set_to_none=True)
    if torch.isfinite(loss):
        loss.backward()
        share_gradients(trained(critics))
        optimizer.step()
    return figures | {"critics": loss.detach()}


def trained(critics: Critics) -> Iterable[torch.nn.Parameter]:
    """The critics' parameters without the fixed mixing."""
    return [p for name, p in critics.named_parameters() if "mixing." not in name]


def adversarial_losses(config: dict[str, Any], critics: Critics, compared: Compared) -> dict[str, Tensor]:
    """The generator's losses from the maps: to be taken for real, and to show the photographs again.

    Args:
        config: weights `adversarial` (of which the critic of faces gets half), `features`, `perceptual`.
    """
    scores = critics.patch_scores(compared.made, compared.made_planes, compared.view)
    losses = {
        "adversarial": -config["adversarial"] * scores.mean(),
        "features": config["features"] * normalised_distance(compared.made, compared.real),
    }
    if compared.made_faces is not None and compared.real_faces is not None:
        losses["adversarial_face"] = -0.5 * config["adversarial"] * critics.face_scores(compared.made_faces).mean()
        losses["perceptual"] = config["perceptual"] * relative_distance(compared.made_faces, compared.real_faces)
    return losses


def normalised_distance(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean absolute difference of maps that were divided by their root mean square over channels; each map alike.

    As in Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", without learnt
    weights. More made maps than real ones: the first count.
    """
    terms = []
    for x, y in zip(made, real, strict=True):
        terms.append((_unit(x[: len(y)]) - _unit(y)).abs().mean())
    return torch.stack(terms).mean()


def weighted_distance(made: list[Tensor], real: list[Tensor], weight: Tensor) -> Tensor:
    """As `normalised_distance`, counting each place by how far the real picture is to be believed: (B, 1, S, S)."""
    terms = []
    for x, y in zip(made, real, strict=True):
        # A coarse map sees beyond its place: only where all of it can be believed.
        here = F.adaptive_avg_pool2d(weight, x.shape[-1]).square()
        off = (_unit(x) - _unit(y)).abs().mean(1, keepdim=True)
        terms.append((off * here).sum() / (here.sum() + 1))
    return torch.stack(terms).mean()


def _unit(x: Tensor) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-3)


def relative_distance(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean difference of maps relative to their mean size, each map alike; the first made maps count."""
    terms = []
    for x, y in zip(made, real, strict=True):
        real_map = y.float()
        terms.append((x[: len(y)].float() - real_map).abs().mean() / (real_map.abs().mean() + 1e-4))
    return torch.stack(terms).mean()
