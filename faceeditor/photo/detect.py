"""Find the faces in a picture: a window detector over an image pyramid."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.networks import open_detector

Pixels = npt.NDArray[np.uint8]

WINDOW, STRIDE, FIRST_CENTRE = 80, 8, 14
"""Geometry of the detector: side of the window it looks at, step and first centre, in pixels of a pyramid level."""

_STEP = 5 / 6
_MEAN = (123, 117, 104)
_BORDER = 40
"""Half a window of plain colour around the picture, so that faces at its edge are found."""
_OVERLAP = 0.4
_LOOKS = (560, 1280)
"""Longer side at which the picture is searched; the second look, for small faces, only if the first finds none."""


class FaceBox(NamedTuple):
    """A square around a face in pixels of the picture, from brow to chin, with the detector's score."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def side(self) -> float:
        """Side in pixels."""
        return self.right - self.left

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def find_faces(picture: Pixels) -> tuple[FaceBox, ...]:
    """Faces of a picture, the largest first.

    Args:
        picture: (H, W, 3) uint8 sRGB.

    Raises:
        ModelError: the detector's model pack is missing or damaged.
    """
    net = open_detector()
    longest = max(picture.shape[:2])
    for look in _LOOKS:
        scale = min(look / longest, 2.0)
        boxes = _without_overlap(_search(net, picture, scale))
        if boxes or look >= longest * 2:
            break
    return tuple(sorted(boxes, key=lambda box: -box.side))


def _search(net: Any, picture: Pixels, scale: float) -> list[FaceBox]:
    """Every window above 0 on the pyramid that begins at this scale."""
    height, width = picture.shape[:2]
    boxes: list[FaceBox] = []
    # The largest face that can be found is a little larger than the picture.
    while max(height, width) * scale >= WINDOW * 0.8:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        level = cv2.resize(picture, size, interpolation=interpolation)
        padded = cv2.copyMakeBorder(level, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_CONSTANT, value=_MEAN)
        scores = _scores(net, np.asarray(padded, np.uint8))
        # Each axis was rounded to whole pixels by itself.
        step_x, step_y = width / size[0], height / size[1]
        for row, column in zip(*np.nonzero(scores > 0), strict=True):
            x = (column * STRIDE + FIRST_CENTRE + 0.5 - _BORDER) * step_x
            y = (row * STRIDE + FIRST_CENTRE + 0.5 - _BORDER) * step_y
            half = WINDOW / 2 * step_x
            boxes.append(FaceBox(x - half, y - half, x + half, y + half, float(scores[row, column])))
        scale *= _STEP
    return boxes


def _scores(net: Any, level: Pixels) -> npt.NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        pixels = torch.from_numpy(level).permute(2, 0, 1)[None].float()
        return np.asarray(net(pixels)[0].numpy(), np.float32)


def _without_overlap(boxes: list[FaceBox]) -> list[FaceBox]:
    """Non-maximum suppression; a box inside of a better one goes as well.

    The windows lie on a coarse grid, so the kept box becomes the mean of the group it stands for, weighted by score.
    """
    left = sorted(boxes, key=lambda box: -box.score)
    kept: list[FaceBox] = []
    while left:
        best = left[0]
        group = [box for box in left if _overlap(best, box) > _OVERLAP]
        left = [box for box in left if _overlap(best, box) <= _OVERLAP]
        weights = np.array([box.score for box in group])
        mean = np.average(np.array([box[:4] for box in group]), axis=0, weights=weights)
        x0, y0, x1, y1 = (float(v) for v in mean)
        kept.append(FaceBox(x0, y0, x1, y1, best.score))
    return kept


def _overlap(a: FaceBox, b: FaceBox) -> float:
    """Shared area over the area of the smaller box."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(0.0, width) * max(0.0, height) / max(1e-6, min(a.side, b.side) ** 2)
