"""The objective of attribute-driven, identity-preserving generation, for pixels and for codes alike.

Li, Zuo, Zhang, "Convolutional Network for Attribute-driven and Identity-preserving Human Face Generation" (2016):
minimise |phi_id(x) - phi_id(reference)|^2 + |phi_attr(x) - target|^2 + total variation, where the target is the mean
of the maps of the k guides most similar to the reference, or the reference's own maps plus an amount along an
attribute direction: mean with minus mean without.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.perception import Perception, Seen, checkpoint_of_folded, embedding_distance, total_variation
from faceeditor.nets.recogniser import Recogniser
from faceeditor.packs import ModelPack

FloatArray = npt.NDArray[np.float32]

LITE_PACK, RECOGNISER_PACK = "lite-features", "recogniser"
_IDENTITY_LEVELS = (1.0, 1.0, 1.0, 1.0)
_ATTRIBUTE_LEVELS = (0.5, 1.0, 2.0, 1.0)


@dataclass(frozen=True)
class Weights:
    """Weights of the terms; the embedding, the hold, the pull and the outside term are not the paper's."""

    attribute: float = 1.5
    identity: float = 0.15
    embedding: float = 1.0
    hold: float = 20.0
    variation: float = 0.5
    outside: float = 20.0
    pull: float = 0.02


PIXEL_WEIGHTS = Weights(variation=30.0)
"""For pixels, which nothing but the total variation keeps from noise that only the networks see."""


def open_perception() -> Perception:
    """Recogniser and EfficientNet-Lite0 from their packs.

    Raises:
        ModelError: a pack is missing or damaged.
    """
    from faceeditor.nets.loading import load_module

    recogniser = load_module(Recogniser(), ModelPack.open(RECOGNISER_PACK).load("weights.safetensors"), RECOGNISER_PACK)
    return Perception(recogniser, open_lite_features())


def open_lite_features() -> LiteFeatures:
    """EfficientNet-Lite0 from its pack.

    Raises:
        ModelError: the pack is missing or damaged.
    """
    arrays = ModelPack.open(LITE_PACK).load("weights.safetensors")
    try:
        return LiteFeatures(checkpoint_of_folded({key: torch.from_numpy(value) for key, value in arrays.items()}))
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"The model “{LITE_PACK}” does not fit to this program; reinstall Face Editor.") from error


def mean_maps(seen: Sequence[Seen]) -> list[Tensor]:
    """The mean of the attribute's maps over pictures."""
    return [torch.stack([each.attribute[level] for each in seen]).mean(0) for level in range(len(seen[0].attribute))]


class Objective:
    """The terms for one reference.

    Args:
        reference: what the reference's picture is seen as.
        picture: (1, 3, S, S) the reference's picture.
        target: attribute maps to move to.
        area: (S, S) 0..1 where the attribute lies; None: everywhere.
        hold: largest distance of the embedding to the reference's; above it a hinge pulls back.
        weights: of the terms.
        allowed: (S, S) 0..1 where the picture may change; None: as `area`.

    Raises:
        FaceEditorError: the area is empty.
    """

    def __init__(
        self,
        reference: Seen,
        picture: Tensor,
        target: list[Tensor],
        area: FloatArray | None = None,
        hold: float = 0.6,
        weights: Weights = Weights(),
        allowed: FloatArray | None = None,
    ) -> None:
        self._reference, self._picture, self._target = reference, picture, target
        self._hold, self.weights = hold, weights
        planes = torch.ones(1, 1, *picture.shape[2:]) if area is None else torch.from_numpy(np.array(area))[None, None]
        if float(planes.sum()) < 1.0:
            raise FaceEditorError("The face does not show what is to be changed; choose another attribute or part.")
        self._allowed = planes if allowed is None else torch.from_numpy(np.array(allowed))[None, None]
        self._shares = [F.adaptive_avg_pool2d(planes, (x.shape[-2], x.shape[-1])) for x in target]

    def terms(self, picture: Tensor, seen: Seen) -> dict[str, Tensor]:
        """The terms of a picture (1, 3, S, S), each times its weight."""
        attribute = picture.new_zeros(())
        for x, wanted, share, level in zip(seen.attribute, self._target, self._shares, _ATTRIBUTE_LEVELS, strict=True):
            attribute = attribute + level * ((x - wanted).square().mean(1, keepdim=True) * share).sum() / share.sum()
        identity = picture.new_zeros(())
        for x, kept, level in zip(seen.identity, self._reference.identity, _IDENTITY_LEVELS, strict=True):
            identity = identity + level * (x - kept).square().mean() / kept.square().mean()
        distance = embedding_distance(seen.embedding, self._reference.embedding).mean()
        beyond = ((picture - self._picture).square() * (1 - self._allowed)).mean()
        weights = self.weights
        return {
            "attribute": weights.attribute * attribute,
            "identity": weights.identity * identity,
            "embedding": weights.embedding * distance.square(),
            "hold": weights.hold * (distance - self._hold + _MARGIN).clamp_min(0).square(),
            "variation": weights.variation * total_variation(picture),
            "outside": weights.outside * beyond,
        }

    def distance(self, seen: Seen) -> float:
        """Distance of the embedding to the reference's."""
        return float(embedding_distance(seen.embedding, self._reference.embedding).detach().mean())

    def progress(self, seen: Seen) -> float:
        """Share of the way from the reference's attribute maps to the target, as the objective sees it (1: there)."""
        gone = total = 0.0
        rows = zip(seen.attribute, self._reference.attribute, self._target, self._shares, strict=True)
        for (x, start, wanted, share), level in zip(rows, _ATTRIBUTE_LEVELS, strict=True):
            way = (wanted - start) * share
            gone += level * float(((x.detach() - start) * way).mean())
            total += level * float((way * (wanted - start)).mean())
        return gone / total if total > 1e-9 else 0.0


_MARGIN = 0.03
"""How far below the held distance the hinge begins."""
