"""Find the faces in a picture: a window detector over an image pyramid, in tiles, in four turns where it helps."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.networks import open_detector

Pixels = npt.NDArray[np.uint8]
Progress = Callable[[float, str], None]

WINDOW, STRIDE, FIRST_CENTRE = 80, 8, 14
"""Geometry of the detector: side of the window it looks at, step and first centre, in pixels of a pyramid level."""

MIN_FACE, MIN_SIDE = 0.032, 60
"""Smallest face (brow to chin) that is looked for: share of the picture's longer side, and pixels."""
SURE_SCORE = 0.6
"""Score from which a box is a face beyond doubt; clear faces seen from the front score around 1.06."""

_STEP, _FINE_STEP = 5 / 6, 3 / 4  # from a level of the pyramid to the next
_MEAN = (123, 117, 104)
_BORDER = 40
"""Half a window of plain colour around the picture, so that faces at its edge are found."""
_OVERLAP = 0.4
_COARSE, _FINE = 640, round(WINDOW / MIN_FACE)
"""Longer sides at which the picture is searched: for faces of any size in all turns, and for small ones."""
_LARGE = 1.5
"""How many times larger than the smallest face of the small copy a face is that is not searched for again."""
_TILE = 1024
_FLAT = 3.0  # standard deviation of a tile's grey values below which there is nothing in it
_MIN_SMALL_SCORE = 0.35  # small faces are found by many more windows, of which some are wrong
_MIN_TURNED_SCORE = 0.5
_CLEAR_SCORE = 1.0  # an upright face with this score proves that the picture does not lie on its side


class FaceBox(NamedTuple):
    """A square around a face in pixels of the picture, from brow to chin, with the detector's score.

    ``turn`` counts the quarter turns clockwise that would set the face upright, 0 to 3.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    turn: int = 0

    @property
    def side(self) -> float:
        """Side in pixels."""
        return self.right - self.left

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def large_faces(picture: Pixels, step: Progress = lambda share, text: None) -> tuple[FaceBox, ...]:
    """The upright faces that are seen in a small copy of a picture, the largest first; empty if that one is not clear.

    Takes a tenth of the time of `detect_faces`, whose largest face is the same. Arguments and errors as of that.
    """
    net = open_detector()
    base, pixel = _reduced(picture, _FINE)
    boxes = _by_size(_without_overlap(_coarse(net, base, pixel, partial(step, 0.0, "Looking for faces"))))
    return boxes if boxes and _is_settled(boxes[0], max(picture.shape[:2])) else ()


def _by_size(boxes: list[FaceBox]) -> tuple[FaceBox, ...]:
    return tuple(sorted(boxes, key=lambda box: -box.side))


def _is_settled(box: FaceBox, longest: int) -> bool:
    """Whether a face of the small copy is clear, and so large that a finer search finds no better box."""
    return box.score >= _CLEAR_SCORE and box.side > _LARGE * WINDOW / _COARSE * longest


def _coarse(net: Any, base: Pixels, pixel: float, check: Callable[[], None]) -> list[FaceBox]:
    """Windows of upright faces of a good size in a picture with `pixel` pixels of the photograph per pixel."""
    return _search(net, base, _Levels(pixel, min(_COARSE / max(base.shape[:2]), 2.0)), check)


def detect_faces(picture: Pixels, step: Progress = lambda share, text: None) -> tuple[FaceBox, ...]:
    """All faces of a picture, the largest first.

    Faces down to `MIN_FACE` of the longer side are found. If no clear upright face is seen, the picture is searched
    lying on each side and upside down, too.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        step: called between parts of the search with the share done and a text; may raise to stop it.

    Raises:
        ModelError: the detector's model pack is missing or damaged.
    """
    net = open_detector()
    height, width = picture.shape[:2]
    base, pixel = _reduced(picture, _FINE)
    longest = max(base.shape[:2])
    coarse = min(_COARSE / longest, 2.0)
    found = _coarse(net, base, pixel, partial(step, 0.0, "Looking for faces"))
    turn = 0
    if max((box.score for box in found), default=0.0) < _CLEAR_SCORE:
        small, factor = _reduced(base, _COARSE)
        for quarter in (1, 2, 3):
            check = partial(step, 0.2 * quarter, "Looking for faces that lie on their side")
            turned = np.ascontiguousarray(np.rot90(small, -quarter))
            boxes = _search(net, turned, _Levels(pixel * factor, 1.0, least=_MIN_TURNED_SCORE), check)
            found += [_turned_back(box, quarter, width, height) for box in boxes]
        turn = max(found, key=lambda box: box.score).turn if found else 0
    # A window of 80 pixels at the finest level is the smallest face.
    finest = min(_FINE / longest, WINDOW / MIN_SIDE * pixel, 2.0)
    if finest > coarse:
        check = partial(step, 0.8, "Looking for small faces")
        upright = np.ascontiguousarray(np.rot90(base, -turn))
        boxes = _search(net, upright, _Levels(pixel, finest, coarse, _FINE_STEP, _MIN_SMALL_SCORE), check)
        fine = [_turned_back(box, turn, width, height) for box in boxes]
        settled = [box for box in _without_overlap(found) if _is_settled(box, max(height, width))]
        found += [box for box in fine if all(_overlap(box, other) <= _OVERLAP for other in settled)]
    return _by_size(_without_overlap(found))


def _reduced(picture: Pixels, longest: int) -> tuple[Pixels, float]:
    """The picture with a longer side of at most so many pixels, and its pixels per pixel of the result."""
    factor = min(1.0, longest / max(picture.shape[:2]))
    if factor == 1.0:
        return picture, 1.0
    size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), 1 / factor


class _Levels(NamedTuple):
    """The levels of a pyramid.

    pixel: pixels of the picture per pixel of what is searched; finest, coarsest: scales relative to what is searched
    (coarsest 0: until a window covers all of it); factor: from one scale to the next; least: score to be exceeded.
    """

    pixel: float
    finest: float
    coarsest: float = 0.0
    factor: float = _STEP
    least: float = 0.0


def _search(net: Any, base: Pixels, levels: _Levels, check: Callable[[], None]) -> list[FaceBox]:
    """Windows above a score on the levels of a picture (h, w, 3)."""
    height, width = base.shape[:2]
    boxes: list[FaceBox] = []
    scale = levels.finest
    # The largest face that can be found is a little larger than the picture.
    while max(height, width) * scale >= WINDOW * 0.8 and scale > levels.coarsest:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        level = base if size == (width, height) else cv2.resize(base, size, interpolation=interpolation)
        padded = cv2.copyMakeBorder(level, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_CONSTANT, value=_MEAN)
        # Each axis was rounded to whole pixels by itself.
        step_x, step_y = levels.pixel * width / size[0], levels.pixel * height / size[1]
        half = WINDOW / 2 * step_x
        for place_x, place_y, score in _windows(net, np.asarray(padded, np.uint8), levels.least, check):
            x, y = (place_x + 0.5 - _BORDER) * step_x, (place_y + 0.5 - _BORDER) * step_y
            boxes.append(FaceBox(x - half, y - half, x + half, y + half, score))
        scale *= levels.factor
    return boxes


def _windows(net: Any, level: Pixels, least: float, check: Callable[[], None]) -> list[tuple[int, int, float]]:
    """(x, y, score) of the centres of windows above a score; large levels are searched in tiles, flat ones skipped."""
    found: list[tuple[int, int, float]] = []
    reach = WINDOW + STRIDE - WINDOW % STRIDE  # tiles overlap by a window
    height, width = level.shape[:2]
    for top in range(0, max(1, height - reach), _TILE):
        for left in range(0, max(1, width - reach), _TILE):
            tile = level[top : top + _TILE + reach, left : left + _TILE + reach]
            if float(tile[::4, ::4].std()) < _FLAT:
                continue
            check()
            scores = _scores(net, tile)
            for row, column in zip(*np.nonzero(scores > least), strict=True):
                x, y = left + int(column) * STRIDE + FIRST_CENTRE, top + int(row) * STRIDE + FIRST_CENTRE
                found.append((x, y, float(scores[row, column])))
    return found


def _scores(net: Any, tile: Pixels) -> npt.NDArray[np.float32]:
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(tile)).permute(2, 0, 1)[None].float()
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
        return np.asarray(net(pixels)[0].float().numpy(), np.float32)


@cache
def _has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16, which halves the time and moves scores by less than 0.02."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as stream:
            return any(line.startswith("flags") and "avx512_bf16" in line.split() for line in stream)
    except OSError:
        return False


def _turned_back(box: FaceBox, quarter: int, width: int, height: int) -> FaceBox:
    """A box found in a picture that was turned clockwise by quarters, in the picture (width, height) as it was."""
    left, top, right, bottom = box[:4]
    if quarter == 1:
        left, top, right, bottom = top, height - right, bottom, height - left
    elif quarter == 2:
        left, top, right, bottom = width - right, height - bottom, width - left, height - top
    elif quarter == 3:
        left, top, right, bottom = width - bottom, left, width - top, right
    return FaceBox(left, top, right, bottom, box.score, quarter)


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
        same = [box for box in group if box.turn == best.turn and 0.6 < box.side / best.side < 1.7]
        weights = np.array([max(box.score, 1e-3) for box in same])
        mean = np.average(np.array([box[:4] for box in same]), axis=0, weights=weights)
        x0, y0, x1, y1 = (float(v) for v in mean)
        kept.append(FaceBox(x0, y0, x1, y1, best.score, best.turn))
    return kept


def _overlap(a: FaceBox, b: FaceBox) -> float:
    """Shared area over the area of the smaller box."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(0.0, width) * max(0.0, height) / max(1e-6, min(a.side, b.side) ** 2)
