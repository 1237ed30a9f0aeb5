"""Identity boundaries in a latent space: the hyperplane between people like a reference and all others.

After Boutros, Klemt, Fang, Kuijper, Damer: "ExFaceGAN: Exploring Identity Directions in GAN's Learned Latent Space for
Synthetic Identity Generation" (IJCB 2023), section 3: the pool is split at the median of its similarity to the
reference, a linear support vector machine separates the halves, and its unit normal is the identity direction.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.identity.recogniser import cosine

FloatArray = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

TRAINED_SHARE = 0.7
"""Share of the pool that the support vector machine sees."""
COST = 1.0
"""C of the support vector machine."""
LEAST = 20
"""People that a pool must hold."""
_NEWTON_STEPS = 60


@dataclass(frozen=True, eq=False)
class Boundary:
    """The identity boundary of one reference.

    Attributes:
        normal: (D,) float32 of length 1, towards people unlike the reference.
        offset: the boundary is where ``normal @ latent + offset`` is 0.
        accuracy: share of the kept-out 30 % on the right side, 0.5 is chance.
        trained_accuracy: the same of the 70 % that were seen.
    """

    normal: FloatArray
    offset: float
    accuracy: float
    trained_accuracy: float

    def side(self, latents: FloatArray) -> FloatArray:
        """Signed distance of latents (..., D) from the boundary, negative on the similar side."""
        return np.asarray(latents @ self.normal + self.offset, np.float32)


def boundary_of(
    latents: FloatArray, embeddings: FloatArray, reference: FloatArray, seed: int = 0, published: bool = False
) -> Boundary:
    """The boundary of a reference.

    Args:
        latents: (N, D) float32 of the pool.
        embeddings: (N, 128) float32, the recogniser's vectors of their pictures.
        reference: (128,) float32 of the reference.
        seed: of the split into training and kept-out part.
        published: use the normal of the scaled latents as it is, as the authors' code does; else the scaling to -1..1
            is undone, so that it is the normal of the same hyperplane among the latents themselves.

    Raises:
        FaceEditorError: the pool is too small.
    """
    count = len(latents)
    if count < LEAST:
        raise FaceEditorError(f"An identity boundary needs a pool of at least {LEAST} people, and not {count}.")
    similarity = cosine(embeddings, reference[None])
    # 1 = dissimilar. Sorting splits evenly where several are equal to the median.
    unlike = np.ones(count)
    unlike[np.argsort(-similarity, kind="stable")[: count // 2]] = -1.0
    low, high = latents.min(0).astype(np.float64), latents.max(0).astype(np.float64)
    scale = 2.0 / np.maximum(high - low, 1e-9)
    shift = -1.0 - low * scale
    order = np.random.default_rng([seed, count]).permutation(count)
    trained, kept = np.split(order, [round(TRAINED_SHARE * count)])
    scaled = latents.astype(np.float64) * scale + shift
    weights, bias = squared_hinge_svm(scaled[trained], unlike[trained], COST)
    decided = np.sign(scaled @ weights + bias) == unlike
    direction = weights if published else weights * scale
    offset = bias if published else bias + float(weights @ shift)
    length = max(float(np.linalg.norm(direction)), 1e-12)
    return Boundary(
        (direction / length).astype(np.float32),
        offset / length,
        float(decided[kept].mean()),
        float(decided[trained].mean()),
    )


def squared_hinge_svm(points: Doubles, labels: Doubles, cost: float) -> tuple[Doubles, float]:
    """A linear support vector machine with squared hinge loss, by Newton's method in the primal.

    Minimises |w|^2 / 2 + cost * sum of max(0, 1 - y (w x + b))^2 with b counted as a weight of a constant feature, as
    LIBLINEAR does (Chapelle, "Training a support vector machine in the primal", 2007, section 4.1).

    Args:
        points: (N, D) float64.
        labels: (N,) float64, -1 or 1.
        cost: the C of the loss.

    Returns:
        w (D,) and b.
    """
    features = np.concatenate([points, np.ones((len(points), 1))], 1)
    weights = np.zeros(features.shape[1])

    def loss(candidate: Doubles) -> float:
        short = np.maximum(0.0, 1.0 - labels * (features @ candidate))
        return float(0.5 * candidate @ candidate + cost * (short @ short))

    value = loss(weights)
    for _ in range(_NEWTON_STEPS):
        margin = 1.0 - labels * (features @ weights)
        active = features[margin > 0]
        gradient = weights - 2.0 * cost * (active.T @ (labels * margin)[margin > 0])
        step = _newton_step(active, gradient, cost)
        length = 1.0
        while (lower := loss(weights - length * step)) > value and length > 1e-6:
            length *= 0.5
        gain = value - lower
        if gain <= 0:
            break
        weights, value = weights - length * step, lower
        if gain < 1e-10 * max(1.0, value):
            break
    return weights[:-1], float(weights[-1])


def _newton_step(active: Doubles, gradient: Doubles, cost: float) -> Doubles:
    """(I + 2 C A^T A)^-1 g, through the smaller of both sides of A (Woodbury)."""
    count, size = active.shape
    if size <= count:
        return np.asarray(np.linalg.solve(np.eye(size) + 2.0 * cost * (active.T @ active), gradient))
    inner = np.eye(count) / (2.0 * cost) + active @ active.T
    return np.asarray(gradient - active.T @ np.linalg.solve(inner, active @ gradient))
