"""What attribute optimisation compares pictures by: a recogniser's maps for identity, EfficientNet's for attributes.

Li, Zuo, Zhang, "Convolutional Network for Attribute-driven and Identity-preserving Human Face Generation" (2016)
compare VGG-Face's maps for both. Its weights may not be passed on, so two networks stand in.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.nets.recogniser import Recogniser, face_chips

PICTURE_SIDE = 128
"""Side at which EfficientNet sees pictures."""


class Seen(NamedTuple):
    """Features of a batch.

    embedding: (B, 128), the recogniser's. identity: its maps, (B, C, H, W) each. attribute: EfficientNet's maps,
    (B, 24, 32, 32) to (B, 320, 4, 4), divided by their root mean square over channels.
    """

    embedding: Tensor
    identity: list[Tensor]
    attribute: list[Tensor]


class Perception(nn.Module):
    """Recogniser and EfficientNet-Lite0, fixed.

    Args:
        recogniser, lite: the networks with their weights.
    """

    def __init__(self, recogniser: Recogniser, lite: LiteFeatures) -> None:
        super().__init__()
        self.recogniser, self.lite = recogniser, lite
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor, to_picture: Tensor) -> Seen:
        """Look at pictures.

        Args:
            pictures: (B, 3, S, S) float RGB in -1..1, S at least 128.
            to_picture: (B, 2, 3) face -> picture coordinates (`faceframe.face_frame`).
        """
        embedding, identity = self.recogniser(face_chips(pictures, to_picture))
        small = pictures
        if pictures.shape[-1] != PICTURE_SIDE:
            small = F.interpolate(pictures, size=(PICTURE_SIDE, PICTURE_SIDE), mode="area")
        return Seen(embedding.float(), identity, [_normalised(x) for x in self.lite(small)])


def _normalised(x: Tensor) -> Tensor:
    """Maps divided by their root mean square over channels, so that each place and map counts alike."""
    x = x.float()
    return x / (x.square().mean(1, keepdim=True) + 1e-4).sqrt()


def total_variation(pictures: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels of (B, 3, S, S), the regulariser of the paper."""
    return pictures.diff(dim=2).square().mean() + pictures.diff(dim=3).square().mean()


def embedding_distance(embedding: Tensor, reference: Tensor) -> Tensor:
    """Euclidean distances (B,) of embeddings; smooth at 0, so that it can be started from."""
    return ((embedding - reference).square().sum(-1) + 1e-8).sqrt()


def checkpoint_of_folded(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as `LiteFeatures` takes them, from convolutions whose batch norms are folded in already.

    Args:
        arrays: weight and bias of each convolution, as the model pack `lite-features` holds them.
    """
    norms = {"_conv_stem": "_bn0", "_conv_head": "_bn1", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1",
             "_project_conv": "_bn2"}  # fmt: skip
    tensors: dict[str, Tensor] = {}
    for name, value in arrays.items():
        conv, _, kind = name.rpartition(".")
        value = value.float()
        if kind == "weight":
            tensors[name] = value
            continue
        prefix, _, last = conv.rpartition(".")
        norm = f"{prefix}.{norms[last]}" if prefix else norms[last]
        one = torch.ones_like(value)
        tensors[f"{norm}.weight"], tensors[f"{norm}.bias"] = one, value
        # With the epsilon of batch norms a variance of 1 - epsilon is a factor of exactly 1.
        tensors[f"{norm}.running_mean"], tensors[f"{norm}.running_var"] = torch.zeros_like(value), one * (1 - 1e-3)
    return tensors
