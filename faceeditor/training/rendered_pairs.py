"""Renderings of one person twice, with one factor changed: the only faces whose changed picture is known exactly.

A photograph's changed head can be shown only as far as the photograph goes: what turns into view, an opened mouth, the
far side of a nose are guesses there. A rendering has no such gaps. The generator is told by a flag in the style code
that such a picture is a rendering, so that pictures without the flag keep the look of photographs.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceeditor.faceframe import face_frame
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.relight import relighting_gain, with_light_from
from faceeditor.head.render import render_scene
from faceeditor.head.samples import sample_head, sample_look
from faceeditor.nets.mask_guided import Codes
from faceeditor.portrait.guides import GUIDE_CHANNELS, HAIR_CHANNELS
from faceeditor.portrait.style import OVERALL_DIM, REGION_DIM
from faceeditor.regions import REGION_COUNT, MaskArray
from faceeditor.training.guides import read_mouth_parts
from faceeditor.training.head_changes import SIDE, ChangedFace, Floats, changed_head, labels_of_head, random_factor
from faceeditor.training.run import to_float
from faceeditor.training.stages import ChangedBatch, region_shares

_DRAWN = 256


@dataclass(frozen=True, eq=False)
class RenderedPair:
    """A rendering and the same person with one factor changed.

    Attributes:
        picture: (128, 128, 3) uint8 sRGB, the rendering that the style is taken from.
        mask: (256, 256) uint8, what it shows; frame: (2, 3) float32, its face frame.
        changed: the same scene with another head. Its target is its rendering, to be believed everywhere.
    """

    picture: npt.NDArray[np.uint8]
    mask: MaskArray
    frame: Floats
    changed: ChangedFace


def rendered_pair(model: HeadModel, random: np.random.Generator, factor: str = "") -> RenderedPair:
    """Render a random person in two states that differ in a factor (of `head_changes.FACTORS`)."""
    factor = factor or random_factor(random)
    base, look = sample_head(random), sample_look(random, model)
    head = changed_head(base, sample_head(random), random, factor)
    before = render_scene(model, base, look, _DRAWN, 1, SIDE)
    after = render_scene(model, head, look, _DRAWN, 1, SIDE)
    unlit = with_light_from(head, base)
    # The network draws under the style's light and skin, as in use.
    maps = after.maps if unlit is head else render_maps(model, unlit, SIDE)
    small = after.regions[:: _DRAWN // SIDE, :: _DRAWN // SIDE]
    guides = np.zeros((GUIDE_CHANNELS, SIDE, SIDE), np.float32)
    guides[HAIR_CHANNELS:] = read_mouth_parts(after.picture, after.regions)
    changed = ChangedFace(
        factor, after.regions, face_frame(after.regions), maps.condition, guides,
        relighting_gain(maps.condition, after.maps.condition, np.ascontiguousarray(small)),
        _halved(after.picture), np.ones((SIDE, SIDE), np.float32), labels_of_head(head),
    )  # fmt: skip
    return RenderedPair(_halved(before.picture), before.regions, face_frame(before.regions), changed)


def _halved(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)


class PairedBatch:
    """Rendered pairs as tensors on the device: what the style is taken from, and what is to be drawn.

    Attributes:
        pictures: (P, 3, E, E) in -1..1, E the encoder's side for pictures of side S; planes: (P, 19, S, S); to_picture:
            (P, 2, 3).
        changes: the changed renderings.
    """

    def __init__(self, pairs: list[RenderedPair], side: int, device: torch.device, dtype: torch.dtype) -> None:
        pictures = to_float(np.stack([pair.picture for pair in pairs]), device)
        self.pictures = F.adaptive_avg_pool2d(pictures, min(side, SIDE))
        shares = np.stack([region_shares(pair.mask, side) for pair in pairs])
        planes = torch.from_numpy(shares).to(device).to(dtype) / 255
        self.planes = planes.contiguous(memory_format=torch.channels_last)
        self.to_picture = torch.from_numpy(np.stack([pair.frame for pair in pairs])).to(device)
        places = torch.arange(len(pairs), device=device)
        self.changes = ChangedBatch([pair.changed for pair in pairs], places, side, device, dtype)

    def __len__(self) -> int:
        return len(self.pictures)

    def loss(self, made: Tensor) -> Tensor:
        """How far drawn pictures (P, 3, 128, 128), relit, are from the renderings: near and blurred."""
        off = made - self.changes.target
        return off.abs().mean() + F.avg_pool2d(off, 4).abs().mean()


class Domain(nn.Module):
    """The flag of a rendering: what it adds to a style code. Photographs' codes stay as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.regions = nn.Parameter(torch.zeros(REGION_COUNT, REGION_DIM))
        self.overall = nn.Parameter(torch.zeros(OVERALL_DIM))

    def forward(self, codes: Codes) -> Codes:
        """The codes of renderings with their flag."""
        return codes._replace(regions=codes.regions + self.regions, overall=codes.overall + self.overall)
