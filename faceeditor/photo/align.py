"""Cut a face out of a picture in the layout of aligned portraits (FFHQ)."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.faceframe import FloatArray
from faceeditor.photo.detect import FaceBox

Pixels = npt.NDArray[np.uint8]
Point = npt.NDArray[np.float64]
"""(2,) float64: x, y in pixels of the picture (pixel centres at .5)."""

SIDE = 256
# Of 60 aligned portraits: the box's side over the portrait's side, and how far its centre lies below the portrait's.
_BOX_SHARE = 0.535
_BOX_BELOW = 0.07
# Centres of the eyes and the mouth in the canonical face frame.
_EYES = np.array([(-0.237, -0.056), (0.237, -0.056)])
_MOUTH = np.array([(0.0, 0.495)])


@dataclass(frozen=True, eq=False)
class Square:
    """An oriented square of the picture.

    Attributes:
        centre: its middle.
        half: vector from the middle to the middle of its right side.
    """

    centre: Point
    half: Point

    @property
    def side(self) -> float:
        """Side in pixels of the picture."""
        return 2.0 * float(np.hypot(*self.half))

    def to_picture(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (N, 2) of the square, -1..1, in pixels of the picture."""
        down = np.array([-self.half[1], self.half[0]])
        return np.asarray(self.centre + points[:, :1] * self.half + points[:, 1:] * down)


def square_of_box(box: FaceBox) -> Square:
    """The portrait square to be expected around a detected face, turned as the face lies."""
    side = box.side / _BOX_SHARE
    across = np.array([(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)][box.turn])
    down = np.array([-across[1], across[0]])
    return Square(np.array(box.centre) - _BOX_BELOW * side * down, across * side / 2)


def square_of_points(left: Point, right: Point, mouth: Point) -> Square:
    """The portrait square by the FFHQ rule.

    Side = 2 max(2 x eye distance, 1.8 x eye-to-mouth distance), turned half by the line of the eyes and half by the
    line from the eyes to the mouth, centred 0.1 x eye-to-mouth below the eyes.

    Args:
        left, right: the eyes on the left and the right side of the picture.
        mouth: the middle of the mouth.
    """
    middle, across = (left + right) / 2, right - left
    down = mouth - middle
    axis = across + np.array([down[1], -down[0]])
    length = float(np.hypot(*axis))
    if length < 1e-6:
        axis, length = across, max(1e-6, float(np.hypot(*across)))
    half = axis / length * max(2.0 * float(np.hypot(*across)), 1.8 * float(np.hypot(*down)))
    return Square(middle + 0.1 * down, half)


def upright_square(square: Square, tilt: float = 14.0) -> Square:
    """The square turned to the nearest quarter of a circle; itself if that is more than `tilt` degrees away."""
    angle = np.degrees(np.arctan2(square.half[1], square.half[0]))
    quarter = round(angle / 90.0) * 90.0
    if abs(angle - quarter) > tilt:
        return square
    length, turn = float(np.hypot(*square.half)), np.radians(quarter)
    return Square(square.centre, np.round(length * np.array([np.cos(turn), np.sin(turn)]), 6))


def refined(square: Square, frame: FloatArray) -> Square:
    """A better square from the face frame of the regions seen in a first one.

    Args:
        square: where the regions were read.
        frame: (2, 3) `faceframe.face_frame` of them.
    """
    points = np.concatenate([_EYES, _MOUTH]) @ frame[:, :2].T.astype(np.float64) + frame[:, 2].astype(np.float64)
    left, right, mouth = square.to_picture(points)
    return square_of_points(left, right, mouth)


def cut(picture: Pixels, square: Square, side: int = SIDE) -> Pixels:
    """The square as (side, side, 3) uint8, area-filtered; beyond the picture its edge fades into a soft backdrop.

    Nothing is mirrored there: a mirrored half of a face is read as a second face.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        square: what to cut out.
        side: side of the result.
    """
    fine = 2 * side
    # Reduce a large picture first, only around the square, so that cost and aliasing do not grow with its size.
    corners = square.to_picture(np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]))
    height, width = picture.shape[:2]
    margin = 0.05 * square.side + 4
    low = np.clip(np.floor(corners.min(0) - margin), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(0) + margin), low + 1, (width, height)).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    factor = min(1.0, fine / square.side)
    size = max(1, round(part.shape[1] * factor)), max(1, round(part.shape[0] * factor))
    if factor < 1.0:
        scale = np.array([size[0] / part.shape[1], size[1] / part.shape[0]])
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    else:
        scale = np.ones(2)
    corners = (corners - low) * scale
    across, down = (corners[1] - corners[0]) / fine, (corners[3] - corners[0]) / fine
    # Pixel (i, j) of the result has its centre at i + 0.5; OpenCV counts centres from 0.
    start = corners[0] + 0.5 * across + 0.5 * down - 0.5
    matrix = np.stack([across, down, start], 1)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(part, matrix, (fine, fine), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    warped = _faded(np.asarray(warped, np.uint8), inside(picture.shape[:2], square, fine))
    return np.ascontiguousarray(cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def inside(shape: tuple[int, ...], square: Square, side: int = SIDE) -> npt.NDArray[np.bool_]:
    """(side, side) which pixels of a cut square lie in the picture.

    Args:
        shape: height and width of the picture.
        square: what is cut out.
        side: side of the result.
    """
    corners = square.to_picture(np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]))
    if bool(((corners >= 0) & (corners <= (shape[1], shape[0]))).all()):
        return np.ones((side, side), np.bool_)
    centres = (np.arange(side) + 0.5) * 2 / side - 1
    x, y = np.meshgrid(centres, centres)
    points = square.to_picture(np.stack([x.ravel(), y.ravel()], 1))
    return np.asarray(((points >= 0) & (points <= (shape[1], shape[0]))).all(1).reshape(side, side))


def _faded(pixels: Pixels, within: npt.NDArray[np.bool_]) -> Pixels:
    """Pixels whose part beyond the picture, a repetition of its edge, loses its streaks with the distance."""
    if within.all() or not within.any():
        return pixels
    side = pixels.shape[0]
    distance = cv2.distanceTransform((~within).astype(np.uint8), cv2.DIST_L2, 3)[..., None]
    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 6), (side, side), interpolation=cv2.INTER_LINEAR)
    share = np.clip(distance / (0.1 * side), 0, 1)
    mixed = pixels * (1 - share) + soft * share
    return np.asarray(np.where(within[..., None], pixels, np.rint(mixed)), np.uint8)
