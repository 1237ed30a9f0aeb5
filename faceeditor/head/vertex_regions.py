"""Regions on the head's mesh: how far each vertex belongs to some of them, with a soft border."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faceeditor.regions import Region

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

LEAST_FEATHER = 5.0
"""Mask pixels: a surface that changed within a narrower border would crease."""
_CM_PER_PIXEL = 0.11
"""Centimetres of a face in a mask pixel, where the head is as far from the camera as it is read from pictures."""
_EYES = (Region.L_EYE, Region.R_EYE)
_LID_RINGS = 2
"""Rings of vertices around an eye's opening that go with it: the lids are painted as skin."""


def vertex_weight(
    mean: FloatArray,
    triangles: IntArray,
    triangle_region: npt.NDArray[np.uint8],
    regions: Sequence[int],
    feather: float,
) -> FloatArray:
    """How far each vertex belongs to regions.

    Args:
        mean: (V, 3) float32 cm, where the vertices are.
        triangles: (T, 3) int32; triangle_region: (T,) uint8 their regions.
        regions: numbers of regions; lids go with the eyes.
        feather: width of the soft border in mask pixels; at least `LEAST_FEATHER` is taken.

    Returns:
        (V,) float32 0..1; all zero where the head has none of the regions.
    """
    count = len(mean)
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.sort(ends, 1), axis=0)
    a, b = edges[:, 0], edges[:, 1]
    degree = np.maximum(np.bincount(np.concatenate([a, b]), minlength=count), 1)

    def spread(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Half of each value, and half of the mean of its neighbours."""
        summed = np.bincount(a, values[b], count) + np.bincount(b, values[a], count)
        return 0.5 * values + 0.5 * summed / degree

    def marked(chosen: Sequence[int]) -> npt.NDArray[np.bool_]:
        found = np.zeros(count, bool)
        found[triangles[np.isin(triangle_region, list(chosen))]] = True
        return found

    inside = marked(regions)
    eyes = [region for region in regions if region in _EYES]
    if eyes:
        lids = marked(eyes)
        for _ in range(_LID_RINGS):
            lids = spread(lids.astype(np.float64)) > 0
        inside |= lids
    if not inside.any() or inside.all():
        return inside.astype(np.float32)
    used = np.unique(edges)
    length = float(np.median(np.linalg.norm(mean[a] - mean[b], axis=1)))
    sigma = 0.5 * max(feather, LEAST_FEATHER) * _CM_PER_PIXEL
    # A step of `spread` is a random walk of variance length² / 4 along each axis of the surface.
    weight = inside.astype(np.float64)
    for _ in range(max(1, round(4 * (sigma / length) ** 2))):
        weight = spread(weight)
    out = np.zeros(count, np.float32)
    out[used] = weight[used]
    return out
