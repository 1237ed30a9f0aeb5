"""The reader network on one picture, before anything is refined."""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.networks import open_reader

FloatArray = npt.NDArray[np.float32]

SIDE = 256
READER_SIDE = 128
"""As `nets.reader.READER_SIDE`; repeated here because that module needs torch."""
_PARTS = ("shape", "albedo", "expression", "gaze", "pose", "position", "gamma")


def run_reader(picture: npt.NDArray[np.uint8]) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Run the reader network: landmarks (478, 2) in pixels of 256, and the head coefficients by name, not clamped.

    Args:
        picture: (256, 256, 3) uint8 sRGB, roughly aligned.

    Raises:
        ModelError: the pack `reader` is missing or damaged.
    """
    import torch

    net = open_reader()
    small = cv2.resize(picture, (READER_SIDE, READER_SIDE), interpolation=cv2.INTER_AREA)
    with torch.inference_mode():
        pixels = torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].float() / 127.5 - 1.0
        reading = net(pixels.contiguous(memory_format=torch.channels_last))
        parts = {name: np.array(getattr(reading, name)[0].float().numpy()) for name in _PARTS}
        points = (reading.landmarks[0].float().numpy() + 1.0) * (SIDE / 2)
    return np.asarray(points, np.float32), parts
