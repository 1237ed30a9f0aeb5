"""Imitative and contrastive losses of the 3D-controlled generator (Deng et al., sections 3.2 and 3.3)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.nets.reader import READER_SIDE
from faceeditor.nets.recogniser import face_chips
from faceeditor.training.adversarial import weighted_distance
from faceeditor.training.helpers import Helpers
from faceeditor.training.losses import region_reading
from faceeditor.training.reader import coefficient_losses
from faceeditor.training.stages import ChangedBatch


def head_losses(
    config: dict[str, Any],
    nets: Helpers,
    made: Tensor,
    item: dict[str, Tensor],
    changes: ChangedBatch,
    kept: tuple[Tensor, dict[str, Tensor]],
    contrast: bool,
    weights: Tensor,
) -> dict[str, Tensor]:
    """Losses of photographs drawn again with a changed head.

    Imitative: regions, coefficients and identity, re-estimated from the picture, are the head's. Contrastive: the
    picture is the photograph, moved and relit as the head's change demands.

    Args:
        config: weights of the losses.
        nets: what re-estimates; a loss whose network is missing is left out.
        made: (C, 3, 128, 128) pictures, relit.
        item: the photographs' batch (`StageData.batch`).
        changes: the changed heads.
        kept: (E, 3, S, S) pictures of other codes that must show their photographs' heads, and these coefficients.
        contrast: with the contrastive losses.
        weights: (19,) of the regions.
    """
    losses: dict[str, Tensor] = {}
    if nets.parser is not None:
        losses["head_parser"] = config["parser"] * region_reading(nets.parser, made, changes.planes, weights)
    if nets.reader is not None:
        pictures, labels = made, changes.labels
        if len(kept[0]):
            pictures = torch.cat([made, kept[0]])
            labels = {name: torch.cat([labels[name], kept[1][name]]) for name in labels}
        reading = nets.reader(F.adaptive_avg_pool2d(pictures, READER_SIDE))
        parts = coefficient_losses(reading, labels)
        for name, weight in config["imitative"].items():
            losses[f"head_{name}"] = weight * parts[name]
    # The person stays in all changes but those of the identity itself.
    stays = changes.keeps_identity
    if nets.recogniser is not None and stays.any():
        photographs, to_picture = item["pictures"][changes.places], item["to_picture"][changes.places]
        chips = torch.cat(
            [face_chips(made[stays], changes.to_picture[stays]), face_chips(photographs[stays], to_picture[stays])]
        )
        vectors, _ = nets.recogniser(chips)
        half = len(vectors) // 2
        apart = (vectors[:half] - vectors[half:].detach()).square().sum(1)
        losses["head_identity"] = config["identity"] * apart.mean()
    if contrast:
        off = (made - changes.target) * changes.weight
        losses["contrast"] = config["contrastive"] * off.abs().sum() / (changes.weight.sum() * 3 + 1)
        if nets.features is not None:
            with torch.no_grad():
                wanted = nets.features(changes.target)
            losses["head_features"] = config["head_features"] * weighted_distance(
                nets.features(made), wanted, changes.weight
            )
        losses["contrast_coarse"] = config["contrastive"] * F.avg_pool2d(off, 4).abs().mean()
    return losses
