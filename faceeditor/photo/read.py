"""Read the 3D head of an aligned photograph: coefficients and landmarks by the reader network, then refined."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError, ModelError, PortraitError
from faceeditor.photo.landmarks import as_68
from faceeditor.photo.reader import SIDE, run_reader
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]
Step = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class HeadReading:
    """What is read from a face.

    Attributes:
        head: its head coefficients.
        landmarks: (478, 2) float32 x, y in pixels of the 256 x 256 picture (centre of the first pixel 0.5, 0.5), in the
            order of the MediaPipe face mesh with irises.
        landmarks68: (68, 2) float32, the same in the order of iBUG.
    """

    head: HeadCoefficients
    landmarks: FloatArray
    landmarks68: FloatArray


def read_head(
    picture: npt.NDArray[np.uint8],
    refine: int = 0,
    step: Step = lambda share, text: None,
    mask: MaskArray | None = None,
) -> HeadReading:
    """Read the head of an aligned face.

    Args:
        picture: (256, 256, 3) uint8 sRGB in the FFHQ layout.
        refine: Gauss-Newton steps that fit pose, position, shape, expression and gaze to the landmarks; light and skin
            are then fitted to the picture. 0 for the network's own word.
        step: called with the share done (0..1) and a text; may raise to stop the work.
        mask: (256, 256) uint8 regions of the picture where they are known: light and skin are read from its skin only,
            and not from what covers it.

    Raises:
        ImageError: the picture has another size.
        ModelError: the pack `reader` or, to refine, the head model is missing or damaged.
    """
    if picture.shape != (SIDE, SIDE, 3):
        raise ImageError(f"A head is read from a face of {SIDE} x {SIDE} pixels; align the picture first.")
    step(0.0, "Reading the head")
    landmarks, parts = run_reader(picture)
    try:
        head = HeadCoefficients.neutral().changed(**parts)
    except PortraitError as error:
        raise ModelError("The model “reader” gives numbers that are no head; reinstall Face Editor.") from error
    if refine > 0:
        # Imported here: plain reading needs neither the head model nor numba.
        from faceeditor.head.model import HeadModel, lids_follow
        from faceeditor.photo.refine import fit_landmarks, fit_light

        model = HeadModel.load()
        for turn, fitted in enumerate(fit_landmarks(model, head, landmarks, refine)):
            step(0.2 + 0.5 * turn / refine, "Fitting the head")
            head = fitted
        head = lids_follow(head)
        step(0.7, "Fitting the light")
        head = fit_light(model, head, picture, mask)
    step(1.0, "Done")
    return HeadReading(head, landmarks, as_68(landmarks))
