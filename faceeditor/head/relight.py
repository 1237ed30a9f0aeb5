"""Relighting by the ratio of two renderings (Riklin-Raviv and Shashua, "The Quotient Image").

What the light and the skin of a head change in a picture is the ratio of its renderings after and before. It is applied
as a factor on sRGB-like values, `ratio ** (1 / 2.2)`, so that a picture is multiplied once.
"""

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MaskArray, Region

FloatArray = npt.NDArray[np.float32]

_SKIN = (
    Region.SKIN, Region.NOSE, Region.L_BROW, Region.R_BROW, Region.L_EAR, Region.R_EAR, Region.U_LIP, Region.L_LIP,
    Region.NECK, Region.GLASSES,
)  # fmt: skip
_IS_SKIN = np.isin(np.arange(256), _SKIN)
_LOW, _HIGH = np.float32(0.38), np.float32(2.1)
_BROAD = 6.0
"""Standard deviation of broad strokes in pixels of 128."""
_FACING = 0.25
"""Least z of a normal whose light is passed on to hair and cloth: at the outline it runs to extremes."""


def with_light_from(head: HeadCoefficients, base: HeadCoefficients) -> HeadCoefficients:
    """The head with the light and the skin of another: what a picture shows before it is relit."""
    if np.array_equal(head.gamma, base.gamma) and np.array_equal(head.albedo, base.albedo):
        return head
    return head.changed(gamma=base.gamma, albedo=base.albedo)


def relighting_gain(before: FloatArray, after: FloatArray, mask: MaskArray) -> FloatArray:
    """What to multiply each pixel of a picture by, per colour.

    On skin the shading's ratio is taken as it is and the skin's own colour in broad strokes: brows, lips and beards are
    where the mask and the style put them, not where the head has them. Hair, hats, cloth and glasses, whose surface is
    not the head's, take the broad run of the light, beyond the head's outline, too. The background stays as it is.

    Args:
        before, after: (10, S, S) condition planes (`head.maps.HeadMaps`) of one geometry under both lights and skins.
        mask: (S, S) uint8 regions.

    Returns:
        (S, S, 3) float32 in about 0.38..2.1, factors for sRGB values.
    """
    # Colour plane c is sRGB: linear = ((c + 1) / 2) ** 2.2; the exponents cancel but for the offset against noise.
    colour = [np.maximum((x[:3] + np.float32(1)) * np.float32(0.5), np.float32(0.07)) for x in (before, after)]
    # Shading plane s is linear: 2 (s + 1).
    shading = [np.maximum(x[3:6] + np.float32(1), np.float32(0.02)) for x in (before, after)]
    light = np.clip((shading[1] / shading[0]) ** np.float32(1 / 2.2), _LOW, _HIGH)
    covered = (before[9] > 0.5) & (after[9] > 0.5)
    on_skin = _IS_SKIN[mask]
    skin = on_skin & covered
    broad = _spread(light, covered & (before[8] > _FACING), _BROAD)
    tint = _spread(np.clip(colour[1] / colour[0] / light, _LOW, _HIGH), skin, _BROAD)
    gain = np.where(skin, light, broad)
    np.multiply(gain, tint, out=gain, where=on_skin)
    np.clip(gain, _LOW, _HIGH, out=gain)
    gain[:, mask == Region.BACKGROUND] = 1.0
    return np.ascontiguousarray(gain.transpose(1, 2, 0), np.float32)


def _spread(values: FloatArray, known: npt.NDArray[np.bool_], sigma: float) -> FloatArray:
    """Values (3, S, S) blurred over where they are known (S, S), running out to 1 beyond.

    They are blurred at half the side, where it takes a tenth of the time: nothing finer is left of them.
    """
    import cv2  # the engine imports this module before it needs it

    weight = known.astype(np.float32)
    planes = np.empty((4, *known.shape), np.float32)
    np.multiply(values, weight, out=planes[:3])
    planes[3] = weight
    side, small = known.shape[0], max(1, known.shape[0] // 2)
    for plane in planes:
        reduced = cv2.resize(plane, (small, small), interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(reduced, (0, 0), sigma * small / side)
        cv2.resize(blurred, (side, side), dst=plane, interpolation=cv2.INTER_LINEAR)
    planes += np.float32(0.02)
    return np.asarray(planes[:3] / planes[3], np.float32)


def relit(picture: npt.NDArray[np.uint8], gain: FloatArray | None) -> npt.NDArray[np.uint8]:
    """Apply a gain to a picture.

    Args:
        picture: (H, H, 3) uint8 sRGB.
        gain: (S, S, 3) float32, enlarged to the picture; None leaves the picture as it is.

    Returns:
        (H, H, 3) uint8, the picture itself without a gain.
    """
    if gain is None:
        return picture
    import cv2

    if gain.shape[0] != picture.shape[0]:
        gain = cv2.resize(gain, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.asarray(cv2.multiply(picture, gain, dtype=cv2.CV_8U), np.uint8)
