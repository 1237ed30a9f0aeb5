"""How near edited photographs come to an answer: perceptual distance, and the energy of seams."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

_STRIDE = 32


class PerceptualDistance:
    """Distance of two pictures in the maps of EfficientNet-Lite0, as LPIPS (Zhang et al. 2018, equation 1), unweighted.

    At each place the channels of a map are normalised to unit length; the squared difference is averaged over places
    and summed over the four maps.

    Raises:
        ModelError: the model pack is missing or damaged.
    """

    def __init__(self) -> None:
        from faceeditor.identity.objective import open_lite_features

        self._net = open_lite_features()

    def __call__(self, picture: Pixels, answer: Pixels) -> float:
        """0 for equal pictures (H, W, 3) .. 8 where every feature points the other way."""
        import torch

        height, width = (side - side % _STRIDE for side in picture.shape[:2])
        both = np.stack([picture[:height, :width], answer[:height, :width]])
        pixels = torch.from_numpy(both).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.inference_mode():
            maps = [torch.nn.functional.normalize(found, dim=1) for found in self._net(pixels)]
        return float(sum((found[0] - found[1]).square().sum(0).mean() for found in maps))


def seam_energy(picture: npt.NDArray[Any], source: npt.NDArray[Any]) -> float | None:
    """Gradient along the border of what was changed, over the gradient of the source on the same line.

    1 is no seam; much more is a line that was not there, much less is detail that ends at the border.

    Args:
        picture: (H, W, 3) uint8 the edited photograph.
        source: (H, W, 3) uint8 the photograph.

    Returns:
        None where nothing was changed.
    """
    changed = (picture != source).any(-1).astype(np.uint8)
    # Single pixels that happen to be equal make no border.
    solid = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8), borderValue=0)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    padded = cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    line = (cv2.dilate(padded, np.ones((3, 3), np.uint8)) - cv2.erode(padded, np.ones((3, 3), np.uint8)))[
        1:-1, 1:-1
    ] > 0
    if not line.any():
        return None
    made, was = (float(_gradient(each)[line].mean()) for each in (picture, source))
    return made / max(was, 1e-3)


def _gradient(picture: npt.NDArray[Any]) -> FloatArray:
    """(H, W) size of the gradient of the grey picture (Scharr), in grey values per pixel."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down) / np.float32(32), np.float32)
