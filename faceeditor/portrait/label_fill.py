"""Filling gaps of a mask from what lies beside them."""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.regions import MaskArray


def fill_from_nearest(
    labels: MaskArray, missing: npt.NDArray[np.bool_], sources: npt.NDArray[np.bool_] | None = None
) -> MaskArray:
    """Labels in which every missing pixel has the label of the nearest source.

    Args:
        labels: (H, W) uint8.
        missing: (H, W) which pixels are replaced.
        sources: (H, W) which pixels give their labels; by default all that are not missing.

    Returns:
        (H, W) uint8; the labels themselves where nothing is missing or there are no sources.
    """
    known = ~missing if sources is None else sources
    if not missing.any() or not known.any():
        return labels
    # Every source (zero) has its own number here, and every other pixel gets that of the nearest source.
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    label_of[nearest[known]] = labels[known]
    return np.where(missing, label_of[nearest], labels)
