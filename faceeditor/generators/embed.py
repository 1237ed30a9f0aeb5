"""Embedding: the style code with which the generator draws a given photograph.

The encoder's code is where an optimisation starts (Abdal et al., "Image2StyleGAN"; with an encoder's start, Zhu et al.,
"In-domain GAN inversion"): Adam on the code's numbers, held to the encoder's code by a quadratic pull, so that the code
stays one that can be edited.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.errors import EngineError
from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.generators.conditions import condition_maps, mask_condition
from faceeditor.generators.mask_guided import generator_weights
from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.loading import load_module
from faceeditor.nets.mask_guided import Codes, MaskGenerator
from faceeditor.nets.mask_guided_pack import PACK
from faceeditor.nets.recogniser import Recogniser, face_chips
from faceeditor.packs import ModelPack
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import REGION_COUNT, MaskArray

Pixels = npt.NDArray[np.uint8]
Step = Callable[[float, str, Pixels | None], None]

RECOGNISER = "recogniser"
SIDE = 128
"""Side of the pictures that are compared."""
SHOWN_EVERY = 10
"""Steps between intermediate pictures."""

_RATE = 0.05
_COARSE = 32
# Weights of the terms: colours fine and coarse, edges, the recogniser's maps, the pull to the encoder's code.
# More weight on fine colours and edges gains half a decibel and loses the texture of hair: where it does not lie
# exactly as in the photograph, the mean of it is nearest.
_FINE_WEIGHT, _COARSE_WEIGHT, _EDGE_WEIGHT, _FEATURE_WEIGHT, _PULL = 0.25, 2.0, 0.25, 0.5, 0.05


def embed(
    photo: Pixels,
    mask: MaskArray,
    style: StyleCode,
    maps: npt.NDArray[np.float32] | None = None,
    steps: int = 60,
    step: Step = lambda share, text, picture: None,
    pack: ModelPack | None = None,
) -> StyleCode:
    """Optimise a style code until the generator draws a photograph.

    Args:
        photo: (256, 256, 3) uint8 sRGB, aligned.
        mask: (256, 256) uint8, its regions.
        style: where to start, as the encoder reads it.
        maps: (10, 128, 128) float32 condition maps of the photograph's head; None: by mask and style alone.
        steps: how many.
        step: called before each step with the share done (0..1), a text and, every ten steps and at the end, the
            picture so far (128, 128, 3) uint8; may raise to stop the work.
        pack: the opened pack; by default the program's own.

    Returns:
        The code, under the label of the given one.

    Raises:
        ModelError: the pack is missing or damaged.
        EngineError: the memory is used up.
    """
    try:
        return _Embedding(photo, mask, style, maps, pack or ModelPack.open(PACK)).run(steps, step)
    except torch.OutOfMemoryError as error:
        raise EngineError(
            "The graphics card has no memory left to embed the picture; close other programs that use it."
        ) from error


class _Embedding:
    """The networks, the photograph and the code under way."""

    def __init__(
        self,
        photo: Pixels,
        mask: MaskArray,
        style: StyleCode,
        maps: npt.NDArray[np.float32] | None,
        pack: ModelPack,
    ) -> None:
        self._place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._style = style
        self._net = self._generator(pack)
        weights = ModelPack.open(RECOGNISER).load("weights.safetensors")
        self._recogniser = load_module(Recogniser(), weights, RECOGNISER).to(self._place)
        self._planes = one_hot_planes(self._tensor(mask), REGION_COUNT)
        frame = face_frame(mask)
        self._to_picture, self._to_face = self._tensor(frame), self._tensor(inverse_frame(frame))
        self._maps = torch.from_numpy(condition_maps(maps, mask_condition(mask).guides)).to(self._place)
        pixels = self._tensor(photo).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        self._wanted = F.avg_pool2d(pixels, photo.shape[0] // SIDE)
        with torch.no_grad():
            self._wanted_features = self._features(self._wanted)
        self._start = [self._tensor(part) for part in (style.regions, style.overall, style.detail)]

    def _tensor(self, array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.array(array))[None].to(self._place)

    def _generator(self, pack: ModelPack) -> MaskGenerator:
        config = pack.config
        sizes: dict[str, Any] = {
            key: tuple(int(n) for n in config[key]) for key in ("channels", "conditions") if key in config
        }
        net = load_module(MaskGenerator(**sizes), generator_weights(pack, fine=False), PACK)
        return net.to(self._place).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _features(self, picture: Tensor) -> list[Tensor]:
        """The recogniser's maps of the face, which tell alike from unlike better than pixels do."""
        maps: list[Tensor] = self._recogniser(face_chips(picture, self._to_picture), last=10)[1]
        return maps

    def _drawn(self, codes: list[Tensor]) -> Tensor:
        picture: Tensor = self._net(self._planes, self._to_face, Codes(*codes), SIDE, maps=self._maps)
        return picture

    def _loss(self, picture: Tensor, codes: list[Tensor]) -> Tensor:
        wanted = self._wanted
        shrink = SIDE // _COARSE
        loss = _FINE_WEIGHT * F.l1_loss(picture, wanted)
        loss = loss + _COARSE_WEIGHT * F.l1_loss(F.avg_pool2d(picture, shrink), F.avg_pool2d(wanted, shrink))
        off = picture - wanted
        loss = loss + _EDGE_WEIGHT * (off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean())
        for seen, right in zip(self._features(picture), self._wanted_features, strict=True):
            off_by = F.l1_loss(seen, right) / (right.abs().mean() + 1e-4)
            loss = loss + _FEATURE_WEIGHT * off_by / len(self._wanted_features)
        for code, start in zip(codes, self._start, strict=True):
            loss = loss + _PULL * (code - start).square().mean()
        return loss

    def run(self, steps: int, step: Step) -> StyleCode:
        """The optimisation: Adam, with a rate that falls along a half cosine."""
        codes = [start.clone().requires_grad_() for start in self._start]
        adam = torch.optim.Adam(codes, _RATE, (0.9, 0.95))
        shown: Pixels | None = None
        for index in range(steps):
            step(index / steps, f"Step {index + 1} of {steps}", shown)
            for group in adam.param_groups:
                group["lr"] = _RATE * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * index / steps)))
            picture = self._drawn(codes)
            shown = _pixels(picture) if index % SHOWN_EVERY == 0 else None
            gradients = torch.autograd.grad(self._loss(picture, codes), codes)
            for code, gradient in zip(codes, gradients, strict=True):
                code.grad = gradient
            adam.step()
        with torch.no_grad():
            step(1.0, "Done", _pixels(self._drawn(codes)))
        regions, overall, detail = (code.detach()[0].float().cpu().numpy() for code in codes)
        return StyleCode(regions, overall, detail, self._style.label)


def _pixels(picture: Tensor) -> Pixels:
    """(1, 3, S, S) in -1..1 -> (S, S, 3) uint8."""
    levels = picture.detach()[0].float().clamp(-1, 1).mul(127.5).add(128.0).to(torch.uint8)
    return np.array(levels.permute(1, 2, 0).cpu().numpy())
