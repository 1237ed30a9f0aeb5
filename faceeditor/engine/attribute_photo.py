"""Steps of an attribute optimisation as they look in the photograph that the face belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faceeditor.engine.photo_edit import edit_of_face, plan_edit
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.portrait.state import FaceState
from faceeditor.regions import MASK_SIZE

if TYPE_CHECKING:
    from faceeditor.identity.variation import Variation
    from faceeditor.photo.face import PhotoFace

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FaceInPhoto:
    """A face of a photograph, to be shown with other styles and heads.

    Attributes:
        photo: the face as it was found.
        face: the face's state; its adjustments stay.
    """

    photo: "PhotoFace"
    face: FaceState

    @property
    def aligned(self) -> Pixels:
        """(256, 256, 3) uint8 the photograph in the face's square, without any edit."""
        from faceeditor.photo.placement import inner

        return np.ascontiguousarray(inner(self.photo.wide), np.uint8)

    def with_variation(self, variation: "Variation") -> FaceState:
        """The face with everything that a variation is drawn from."""
        return self.face.changed(
            mask=variation.mask, style=variation.style, truncation=variation.truncation, head=variation.head,
            base_head=variation.base_head,
        )  # fmt: skip

    def picture(self, frame: Callable[[RenderRequest], Frame], variation: "Variation") -> Pixels:
        """(256, 256, 3) uint8 the face's square of the photograph, edited to show a variation.

        Args:
            frame: draws what the photograph does not show (`JobContext.frame`).
            variation: what is shown.

        Raises:
            ModelError, EngineError: as of `plan_edit`.
        """
        from faceeditor.photo.composite import edited
        from faceeditor.photo.face import Options, quick
        from faceeditor.photo.placement import MARGIN, Placement, Rect

        wanted = edit_of_face(self.with_variation(variation), self.photo, quick(Options()))
        placement = Placement(np.array([[1.0, 0.0, MARGIN], [0.0, 1.0, MARGIN]]))
        square = Rect(MARGIN, MARGIN, MARGIN + MASK_SIZE, MARGIN + MASK_SIZE)
        made = edited(self.photo.wide, placement, self.photo.matte, plan_edit(frame, wanted), square)
        return np.asarray(made, np.uint8)
