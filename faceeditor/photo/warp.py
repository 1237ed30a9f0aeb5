"""How the pixels of a photograph move with its head: displacements on the wide grid, and one resampling.

The head's motion field says for each pixel of the new view where it was. It breaks where one part slides over another
(jaw over neck, ear over hair) and says nothing of what was hidden. What was hidden, and the lines of the breaks, are
filled by a membrane from what is around them; beyond the person it runs out to zero. What stretches too far, and
what opens up, and what would be seen twice, is marked for a patch.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.head.camera import NECK_JOINT, PIVOT, rotation
from faceeditor.head.maps import landmarks68
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import surface_motion
from faceeditor.photo.consistency import forward_backward_error, weight_of
from faceeditor.photo.fields import fill, smoothstep, spread
from faceeditor.photo.placement import MARGIN, WIDE, inner, widened
from faceeditor.portrait.edits import moves_mask
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import FACE_REGIONS, MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

STILL = 0.05
"""Displacement in pixels of the result up to which a pixel stays as it is."""

_TEAR = 0.8
"""Change of the displacement from one mask pixel to the next that counts as a break."""
_EAR = 24
"""Mask pixels from a break within which an ear is taken for a part of it."""
_BESIDE = 4
"""Mask pixels beside the person within which the motion of the outline is known."""
_DEAD = (0.02, 0.10)
"""Displacements in mask pixels that are faded out: distant parts of the picture are not resampled for nothing."""
_GRAZED = 1.25
"""Stretch from which on a surface was seen at too flat an angle to say how what is beside it moves."""
_STRETCHED = (3.0, 5.0)
"""Stretch at which a patch begins to be better than the photograph, and where it takes over."""
_DOUBLED = (2.0, 5.0)
"""Forward-backward error in mask pixels at which a place begins to be seen twice, and where a patch takes over."""
_INNER_LIPS = (62, 66)
"""Landmarks of the 68 in the middle of the upper and the lower inner lip."""
_OPEN, _WIDER = 2.0, 2.2
"""Gap in mask pixels of a mouth that is open, and how many times wider it may become by stretching."""
_FACE = np.isin(np.arange(256), [*FACE_REGIONS, Region.L_EAR, Region.R_EAR])
_HEAD = _FACE | np.isin(np.arange(256), (Region.HAIR, Region.HAT))
_EARS = np.isin(np.arange(256), (Region.L_EAR, Region.R_EAR))
_INSIDE = np.isin(np.arange(256), (Region.MOUTH, Region.L_EYE, Region.R_EYE))
_FEATURES = np.isin(
    np.arange(256),
    (
        Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW, Region.NOSE,
    ),
)  # fmt: skip
_AROUND = 6
"""Mask pixels around eyes, brows, nose and mouth in which a stretch is that of an expression."""


@dataclass(frozen=True, eq=False)
class PhotoMotion:
    """How the person in a photograph moves, on the wide grid.

    Attributes:
        displacement: (N, N, 2) float32 source place minus place (x, y) in mask pixels.
        opened: (N, N) float32 0..1, where mouth or eyes show what the photograph does not.
        stretched: (N, N) float32 0..1, where the photograph is stretched too far or would be seen twice.
        error: (N, N) float32 forward-backward error in mask pixels (`consistency`), 0 on the background.
        labels: (256, 256) uint8 `Region` of the new view.
    """

    displacement: FloatArray
    opened: FloatArray
    stretched: FloatArray
    error: FloatArray
    labels: MaskArray


def held_by_the_body(base: HeadCoefficients, head: HeadCoefficients) -> HeadCoefficients:
    """The head shifted so that its neck stays where it is on the shoulders of a photograph.

    A head in a portrait turns about a point between the eyes, which keeps it in the middle of the picture and swings
    the shoulders; on a photograph the shoulders stand still. What the position itself was changed by is kept.
    """
    lever = NECK_JOINT - PIVOT
    shift = (rotation(base.pose) - rotation(head.pose)) @ lever
    if not shift.any():
        return head
    return head.changed(position=np.asarray(head.position + shift, np.float32))


def photo_motion(
    model: HeadModel, base: HeadCoefficients, head: HeadCoefficients, mask: MaskArray, density: int = 2
) -> PhotoMotion | None:
    """Work out how a photograph moves.

    Args:
        model: the head model.
        base: the head read from the photograph.
        head: the head that is wanted.
        mask: (256, 256) uint8 regions of the photograph.
        density: grid pixels per mask pixel.

    Returns:
        The motion; None if nothing that moves has changed.
    """
    if not moves_mask(base, head):
        return None
    side = MASK_SIZE * density
    motion = surface_motion(model, base, head, mask, side)
    raw = motion.field - _centres(density)
    face = _FACE[motion.labels]
    inside = _INSIDE[motion.labels]
    seen = motion.seen > 0.5
    # Right beside the person the field is that of the new outline, which lies on the old one; beyond, nothing moves.
    near = spread(motion.labels != Region.BACKGROUND, _BESIDE * density)
    tears = _tears(raw, density)
    known = near & seen & ~spread(tears, max(1, density // 2))
    # An ear that comes forward is stretched as a whole, and not along the line where it was hidden.
    known &= ~(_EARS[motion.labels] & spread(tears | ~seen, _EAR * density))
    # Skin that turns to the camera from the outline was seen too flat: were it kept, all that comes into view beside it
    # would be a smear of the outline itself. Left out, it shares the stretch.
    steady = np.asarray(cv2.GaussianBlur(raw, (0, 0), 0.5 * density), np.float32)
    grazed = stretch(steady, density) > _GRAZED
    grazed &= ~spread(_FEATURES[motion.labels], _AROUND * density)
    known &= ~grazed
    stretched_mouth = _stretches_mouth(model, base, head)
    if stretched_mouth:
        known &= motion.labels != Region.MOUTH
    weight = widened(known.astype(np.float32), cv2.BORDER_CONSTANT)
    _pin_border(weight)
    smooth = fill(widened(raw, cv2.BORDER_CONSTANT), weight, finest=0)
    smooth = _smoothed(smooth, widened(face & seen & ~grazed, cv2.BORDER_CONSTANT), density)
    size = np.hypot(smooth[..., 0], smooth[..., 1])
    smooth *= smoothstep(size, *_DEAD)[..., None]
    gone = inside & ~seen
    mouth = motion.labels == Region.MOUTH
    if stretched_mouth:
        gone &= ~mouth
    else:
        new = mouth & (~seen | (_looked_up(mask, motion.field) != Region.MOUTH))
        gone = (gone & ~mouth) | _one_opening(new, density)
    opened, wide = np.zeros(weight.shape, np.float32), np.zeros(weight.shape, np.float32)
    inner(opened)[:] = np.minimum(1, 1.6 * cv2.GaussianBlur(gone.astype(np.float32), (0, 0), 0.8 * density))
    # What was hidden elsewhere is closed by stretching what is beside it, as long as that does not smear.
    # Lips beside an open mouth are stretched only as far as its inside covers them.
    beside = spread(gone, 5 * density)
    smeared = smoothstep(stretch(inner(smooth), density), *_STRETCHED) * (face & ~inside & ~beside)
    person = motion.labels != Region.BACKGROUND
    shown = widened(weight_of(person & seen & ~inside, person & ~inside), cv2.BORDER_CONSTANT)
    error = forward_backward_error(smooth, shown, density)
    smeared = np.maximum(smeared, smoothstep(inner(error), *_DOUBLED) * (_HEAD[motion.labels] & ~beside))
    inner(wide)[:] = cv2.GaussianBlur(smeared, (0, 0), 1.5 * density)
    labels = np.ascontiguousarray(motion.labels[density // 2 :: density, density // 2 :: density])
    return PhotoMotion(smooth, opened, wide, error, labels)


def _one_opening(gone: BoolArray, density: int) -> BoolArray:
    """What a mouth shows anew, in one piece: no slivers of the photograph in it, and no specks of it on the lips."""
    if not gone.any():
        return gone
    whole = cv2.morphologyEx(gone.astype(np.uint8), cv2.MORPH_CLOSE, _disc(2 * density))
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, _disc(density))
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(whole, connectivity=4)
    sizes = facts[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    if count < 2:
        return gone
    kept = (sizes >= sizes.max() / 5) & (sizes > 0)
    # A tongue that comes into view was behind the lips, which would be seen on it: what lies between is drawn as well.
    solid = kept[pieces]
    below, above = (np.maximum.accumulate(part, 0) for part in (solid, solid[::-1]))
    return np.asarray(below & above[::-1], np.bool_)


@cache
def _centres(density: int) -> FloatArray:
    """(S, S, 2) centres (x, y) of the square's grid pixels, in mask pixels."""
    centres = (np.arange(MASK_SIZE * density, dtype=np.float32) + np.float32(0.5)) / np.float32(density)
    return np.stack(np.meshgrid(centres, centres), -1)


def _stretches_mouth(model: HeadModel, base: HeadCoefficients, head: HeadCoefficients) -> bool:
    """Whether the photograph shows enough of an open mouth to be stretched between the lips: real teeth look best."""
    gaps = []
    for each in (base, head):
        points = landmarks68(model, each)
        gaps.append(float(np.linalg.norm(points[_INNER_LIPS[0]] - points[_INNER_LIPS[1]])))
    return gaps[0] > _OPEN and gaps[1] < _WIDER * gaps[0]


def _looked_up(mask: MaskArray, field: FloatArray) -> MaskArray:
    """(S, S) regions of the photograph at places (S, S, 2) in mask pixels."""
    across, down = (np.clip(field[..., axis], 0, MASK_SIZE - 1).astype(np.intp) for axis in (0, 1))
    return np.asarray(mask[down, across], np.uint8)


def _tears(raw: FloatArray, density: int) -> BoolArray:
    """Where neighbours come from places far apart."""
    tears = np.zeros(raw.shape[:2], bool)
    for axis in (0, 1):
        step = np.diff(raw, axis=axis)
        torn = np.hypot(step[..., 0], step[..., 1]) > _TEAR / density
        before = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        tears[before] |= torn
        tears[after] |= torn
    return tears


def _smoothed(field: FloatArray, face: npt.NDArray[Any], density: int) -> FloatArray:
    """The field without steps: a little on the face, whose lids and lips are fine, more beside it."""
    fine = cv2.GaussianBlur(field, (0, 0), 0.6 * density)
    half = (field.shape[1] // 2, field.shape[0] // 2)
    broad = cv2.GaussianBlur(cv2.resize(field, half, interpolation=cv2.INTER_AREA), (0, 0), 1.5 * density)
    broad = cv2.resize(broad, field.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share = cv2.GaussianBlur(cv2.erode(face.astype(np.float32), _disc(2 * density)), (0, 0), 1.5 * density)[..., None]
    return np.asarray(broad + share * (fine - broad), np.float32)


def stretch(field: FloatArray, density: float) -> FloatArray:
    """(H, W) how many times a place of the photograph is enlarged along its most stretched direction.

    The largest singular value of the forward map, from the derivatives of the displacement (mask pixels).
    """
    across = np.gradient(field, axis=1) * density
    down = np.gradient(field, axis=0) * density
    a, b, c, d = 1 + across[..., 0], down[..., 0], across[..., 1], 1 + down[..., 1]
    # Smallest singular value of the inverse map.
    square, determinant = a * a + b * b + c * c + d * d, np.abs(a * d - b * c)
    small = (square - np.sqrt(np.maximum(square * square - 4 * determinant * determinant, 0))) / 2
    return np.asarray(1 / np.sqrt(np.maximum(small, 1e-3)), np.float32)


def _pin_border(weight: FloatArray) -> None:
    """The border of the grid does not move."""
    rim = max(1, weight.shape[0] * 4 // WIDE)
    weight[:rim] = weight[-rim:] = 1
    weight[:, :rim] = weight[:, -rim:] = 1


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def resample(picture: FloatArray, x: FloatArray, y: FloatArray, shrunk: float) -> FloatArray:
    """Sample a picture at places, once: cubic, pre-filtered where the picture shrinks.

    Args:
        picture: (H, W) or (H, W, C) float32, C at most 4.
        x, y: (h, w) float32 places in pixel indices (the centre of the first pixel is 0).
        shrunk: picture pixels per pixel of the result at most, along the direction in which it shrinks most.

    Returns:
        (h, w) or (h, w, C) float32; the border is repeated.
    """
    sharp = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if shrunk <= 1.35:
        return np.asarray(sharp, np.float32)
    # One octave of a mip map is enough: heads do not shrink further.
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.8)
    soft = cv2.remap(blurred, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    share = smoothstep(_shrink(x, y), 1.2, 2.0)
    return np.asarray(sharp + (soft - sharp) * (share if picture.ndim == 2 else share[..., None]), np.float32)


def _shrink(x: FloatArray, y: FloatArray) -> FloatArray:
    """(h, w) picture pixels per pixel of the result, along the direction in which it shrinks most."""
    if min(x.shape) < 2:
        return np.ones(x.shape, np.float32)
    along = np.hypot(np.gradient(x, axis=1), np.gradient(y, axis=1))
    down = np.hypot(np.gradient(x, axis=0), np.gradient(y, axis=0))
    return np.asarray(np.maximum(along, down), np.float32)


__all__ = ["MARGIN", "STILL", "PhotoMotion", "held_by_the_body", "photo_motion", "resample", "stretch"]
