"""The face frame: where the face sits in a mask, as an affine map from face coordinates to picture coordinates.

Both systems run from -1 to 1, x to the right and y down, with pixel corners at the ends (``align_corners=False``).
In the canonical frame the picture of an aligned face (FFHQ layout) is mapped to itself.
"""

import numpy as np
import numpy.typing as npt

from faceeditor.regions import REGION_COUNT, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

# Mean centres of the parts over aligned faces, in picture coordinates (-1..1).
_ANCHORS: dict[str, tuple[tuple[Region, ...], tuple[float, float], float]] = {
    "left eye": ((Region.L_EYE,), (0.237, -0.056), 1.0),
    "right eye": ((Region.R_EYE,), (-0.237, -0.056), 1.0),
    "left brow": ((Region.L_BROW,), (0.245, -0.188), 0.5),
    "right brow": ((Region.R_BROW,), (-0.245, -0.188), 0.5),
    "glasses": ((Region.GLASSES,), (0.0, -0.025), 0.7),
    "nose": ((Region.NOSE,), (0.0, 0.148), 1.0),
    "mouth": ((Region.U_LIP, Region.MOUTH, Region.L_LIP), (0.0, 0.495), 1.0),
}
_MIN_PIXELS = 6
_PRIOR_WEIGHT = 0.08
_PRIOR_POINTS = np.array([(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.6), (0.5, 0.6)])


def face_frame(mask: MaskArray) -> FloatArray:
    """Estimate the face frame of a mask.

    Weighted least squares over the centres of eyes, brows, nose, mouth and glasses, with a weak pull towards a plain
    shift, so that a mask without any of them still gives a frame.

    Args:
        mask: (H, W) uint8 region indices.

    Returns:
        (2, 3) float32: ``picture = A[:, :2] @ face + A[:, 2]``.
    """
    height, width = mask.shape
    columns = (np.arange(width) + 0.5) * (2.0 / width) - 1.0
    rows = (np.arange(height) + 0.5) * (2.0 / height) - 1.0
    in_column, in_row = _counts(mask[:, ::2]), _counts(mask[::2].T)
    source, target, weight = [], [], []
    for regions, canonical, importance in _ANCHORS.values():
        picked = list(regions)
        by_x, by_y = in_column[picked].sum(0), in_row[picked].sum(0)
        if by_x.sum() * 2 < _MIN_PIXELS or by_y.sum() * 2 < _MIN_PIXELS:
            continue
        source.append(canonical)
        target.append((float(by_x @ columns[::2] / by_x.sum()), float(by_y @ rows[::2] / by_y.sum())))
        weight.append(importance)
    if not source:
        skin = np.argwhere(mask == Region.SKIN)
        shift = np.zeros(2)
        if len(skin) >= _MIN_PIXELS:
            centre = skin.mean(0)
            shift = np.array([(centre[1] + 0.5) * 2 / width - 1, (centre[0] + 0.5) * 2 / height - 1 - 0.12])
        return np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    source_points, target_points, weights = np.array(source), np.array(target), np.array(weight)
    shift = np.average(target_points - source_points, axis=0, weights=weights)
    source_points = np.concatenate([source_points, _PRIOR_POINTS])
    target_points = np.concatenate([target_points, _PRIOR_POINTS + shift])
    weights = np.sqrt(np.concatenate([weights, np.full(len(_PRIOR_POINTS), _PRIOR_WEIGHT)]))[:, None]
    design = np.concatenate([source_points, np.ones((len(source_points), 1))], 1)
    solution, *_ = np.linalg.lstsq(design * weights, target_points * weights, rcond=None)
    return np.ascontiguousarray(solution.T, np.float32)


def _counts(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How often each region occurs in each column: (H, W) -> (19, W)."""
    width = mask.shape[1]
    cells = mask.astype(np.int64) + REGION_COUNT * np.arange(width)
    return np.bincount(cells.ravel(), minlength=REGION_COUNT * width).reshape(width, REGION_COUNT).T


def inverse_frame(frame: FloatArray) -> FloatArray:
    """Invert a (2, 3) float32 frame: the map from picture to face coordinates, of the same form."""
    linear = np.linalg.inv(frame[:, :2].astype(np.float64))
    return np.concatenate([linear, -(linear @ frame[:, 2:])], 1).astype(np.float32)
