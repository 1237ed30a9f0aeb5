"""What a step of the generator's training sees, decided a step ahead: changed heads are made beside the step before."""

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.training.head_changes import ChangedFace
from faceeditor.training.rendered_pairs import PairedBatch, RenderedPair
from faceeditor.training.stages import ChangedBatch


@dataclass(frozen=True, eq=False)
class Plan:
    """What a step sees: rows of the photographs, which are mirrored, and the changed heads of some of them.

    places: (C,) which of the batch have a changed head; changed: these, being made; pairs: rendered pairs, likewise.
    """

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
