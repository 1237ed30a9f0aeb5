"""How far made pictures are from photographs, in features that no loss uses (EfficientNet-Lite1).

KID: Binkowski et al., "Demystifying MMD GANs" (2018), with the cubic kernel and the unbiased estimate, which holds for
small sets. Precision and recall: Kynkaanniemi et al., "Improved precision and recall metric for assessing generative
models" (2019).
"""

import numpy as np
import numpy.typing as npt
import torch

from faceeditor.nets.lite_features import LiteFeatures
from faceeditor.training.lite_weights import load_lite

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 5
"""Neighbours that reach as far as a feature's ball, for precision and recall."""
_BATCH = 8


class Lite1Features:
    """EfficientNet-Lite1's pooled features of pictures: for measuring, never for a loss or the choice of a checkpoint.

    Args:
        device: where it runs.

    Raises:
        FaceEditorError: the package of the weights is not installed.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.net: LiteFeatures = load_lite(1).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """(N, S, S, 3) uint8 sRGB, S a multiple of 32 -> (N, 1280) float32."""
        rows = []
        for start in range(0, len(pictures), _BATCH):
            pixels = torch.from_numpy(np.array(pictures[start : start + _BATCH])).to(self.device)
            rows.append(self.net.pooled(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1).cpu().numpy())
        return np.concatenate(rows)

    @torch.inference_mode()
    def texture(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        """(N, 80) float32: mean and standard deviation over the picture of each map at stride 8; arguments as above."""
        rows = []
        for start in range(0, len(pictures), _BATCH):
            pixels = torch.from_numpy(np.array(pictures[start : start + _BATCH])).to(self.device)
            maps = self.net(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1)[1].float()
            rows.append(torch.cat([maps.mean((2, 3)), maps.std((2, 3))], 1).cpu().numpy())
        return np.concatenate(rows)


def kid(made: Floats, real: Floats) -> float:
    """Kernel inception distance: the squared maximum mean discrepancy under (x . y / D + 1)^3, unbiased.

    Args:
        made, real: (N, D) and (M, D) features, N and M at least 2.

    Returns:
        The distance, about 0 for equal distributions, where it may be slightly negative; commonly quoted x 1000.
    """
    x, y = made.astype(np.float64), real.astype(np.float64)
    dim = x.shape[1]

    def kernel(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        result: npt.NDArray[np.float64] = (a @ b.T / dim + 1) ** 3
        return result

    def within(a: npt.NDArray[np.float64]) -> float:
        values = kernel(a, a)
        return float((values.sum() - np.trace(values)) / (len(a) * (len(a) - 1)))

    return within(x) + within(y) - 2 * float(kernel(x, y).mean())


def precision_recall(made: Floats, real: Floats, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of made pictures that lie among the real ones, and of real ones that lie among the made ones.

    A feature lies among a set if it is no further from one of its members than that member's k-th neighbour in the set.

    Args:
        made, real: (N, D) and (M, D) features, both longer than `neighbours`.
    """

    def share(inner: Floats, manifold: Floats) -> float:
        radii = np.sort(_distances(manifold, manifold), 1)[:, neighbours]
        return float((_distances(inner, manifold) <= radii[None]).any(1).mean())

    return share(made, real), share(real, made)


def _distances(a: Floats, b: Floats) -> npt.NDArray[np.float64]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))
