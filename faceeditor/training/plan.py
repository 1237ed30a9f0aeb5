"""What a step of the generator's training sees, decided a step ahead: changed heads are made beside the step before."""

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.nets.critics import View
from faceeditor.nets.mask_guided import Window
from faceeditor.training.head_changes import ChangedFace
from faceeditor.training.rendered_pairs import PairedBatch, RenderedPair
from faceeditor.training.stages import ChangedBatch


@dataclass(frozen=True)
class Part:
    """The part of its pictures that a step draws, and the part of that which the critics see enlarged.

    window: None: whole pictures; close: None: all of the window; mouth: whether it is a close-up of mouths.
    """

    window: Window | None = None
    close: Window | None = None
    mouth: bool = False

    @property
    def view(self) -> View:
        """Which critics judge it."""
        return "whole" if self.window is None else "window" if self.close is None else "close"

    def enlarged(self, x: Tensor) -> Tensor:
        """(B, C, S, S) of the window -> what the critics see, (B, C, S, S) or the close-up in its own size."""
        if self.window is None or self.close is None:
            return x
        top, left = self.close.top - self.window.top, self.close.left - self.window.left
        return x[:, :, top : top + self.close.side, left : left + self.close.side]


_WINDOWS = ((0.22, (128, 64)), (0.18, (64, 64)), (0.06, (0, 64)), (0.06, (0, 32)), (0.06, (0, 96)))
"""Shares of windows and their top left corners in aligned pictures: mouth, eyes, hairline and both its sides."""
_CLOSE_UPS = ((0.6, (128, 64), (160, 96)), (0.2, (64, 64), (88, 64)), (0.2, (64, 64), (88, 128)))
"""Shares of close-ups, the corners of their windows and their own: mouth, right eye, left eye."""
_CLOSE_SIDE = 64


def pick_part(size: int, window: int, close_ups: float, random: np.random.Generator) -> Part:
    """The part that a step draws of pictures of this size: often mouth, eyes or hairline.

    Args:
        size, window: of the stage, in pixels; equal ones: whole pictures.
        close_ups: share of steps in which the critics see a close-up of a window of 128.
        random: where it is drawn from.
    """
    if window >= size:
        return Part()
    step, last = 32, (size - window) // 32
    if window == 128 and size == 256 and random.random() < close_ups:
        _, corner, close = _CLOSE_UPS[random.choice(len(_CLOSE_UPS), p=[share for share, *_ in _CLOSE_UPS])]
        return Part(Window(*corner, window), Window(*close, _CLOSE_SIDE), close == _CLOSE_UPS[0][2])
    place = random.random()
    for share, (top, left) in _WINDOWS:
        if place < share and max(top, left) <= last * step:
            return Part(Window(top, left, window))
        place -= share
    top, left = (int(random.integers(0, last + 1)) * step for _ in range(2))
    return Part(Window(top, left, window))


@dataclass(frozen=True, eq=False)
class Plan:
    """What a step sees: rows of the photographs, which are mirrored, and the changed heads of some of them.

    part: of the pictures; places: (C,) which of the batch have a changed head; changed: these, being made; pairs:
    rendered pairs, likewise.
    """

    part: Part
    indices: npt.NDArray[np.int64]
    flips: npt.NDArray[np.bool_]
    places: npt.NDArray[np.int64]
    changed: Future[list[ChangedFace]] | None = None
    pairs: Future[list[RenderedPair]] | None = None

    def changes(self, size: int, device: torch.device, dtype: torch.dtype) -> ChangedBatch | None:
        """The changed heads as tensors, waiting until they are made; None if there are none."""
        if self.changed is None:
            return None
        return ChangedBatch(self.changed.result(), torch.from_numpy(self.places).to(device), size, device, dtype)

    def pairs_at(self, size: int, device: torch.device, dtype: torch.dtype) -> PairedBatch | None:
        """The rendered pairs likewise."""
        return PairedBatch(self.pairs.result(), size, device, dtype) if self.pairs is not None else None
