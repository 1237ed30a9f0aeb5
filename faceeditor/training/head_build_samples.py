"""`python -m faceeditor.training.head_build_samples --photographs photos.npz`: what heads photographs show.

Mixtures of Gaussians over expressions, poses and lights, each photograph and its mirror image counted once
(`faceeditor.head.samples` draws from them).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.head.light import LUMINANCE, SH_CONSTANTS
from faceeditor.head.samples import FILE, PACK, pose_terms
from faceeditor.packs import ModelPack, write_pack
from faceeditor.paths import resources_dir
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.training.commands import run_command

Array = npt.NDArray[np.float64]

VERSION = "2026.11"
_EXPRESSION_COMPONENTS, _EXPRESSION_PARTS = 18, 5
_LIGHT_COMPONENTS, _LIGHT_PARTS = 7, 4
_POSE_PARTS = 3
_TURNED = (3, 4, 7)  # harmonics that change sign in a mirror


def fit_samples(photographs: dict[str, npt.NDArray[Any]], seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """The table that `faceeditor.head.samples` draws from.

    Args:
        photographs: `expression` (N, 55), `gaze` (N, 2), `pose` (N, 3), `position` (N, 3), `gamma` (N, 9, 3), and
            `ok`, `ok_light` (N,) saying which rows can be trusted.
        seed: for the starts of the mixtures.
    """
    random = np.random.default_rng(seed)
    ok, lit = photographs["ok"].astype(bool), photographs["ok"].astype(bool) & photographs["ok_light"].astype(bool)
    table: dict[str, Array] = {}

    expression = photographs["expression"][ok].astype(np.float64)
    expression = np.concatenate([expression, expression[:, _mirror_order()]])
    latent = _principal(table, "expression", expression, _EXPRESSION_COMPONENTS)
    _store(table, "expression", *mixture(latent, _EXPRESSION_PARTS, random))

    pose, place = photographs["pose"][ok].astype(np.float64), photographs["position"][ok].astype(np.float64)
    pose = np.concatenate([pose, pose * (-1, 1, -1)])
    place = np.concatenate([place, place * (-1, 1, 1)])
    _store(table, "pose", *mixture(pose, _POSE_PARTS, random))
    place[:, 2] = np.log(-place[:, 2])
    table["place_of_pose"] = np.linalg.lstsq(pose_terms(pose), place, rcond=None)[0]
    table["place_spread"] = (place - pose_terms(pose) @ table["place_of_pose"]).std(0)
    table["gaze_spread"] = photographs["gaze"][ok].astype(np.float64).std(0)

    gamma = photographs["gamma"][lit].astype(np.float64)
    turned = gamma.copy()
    turned[:, _TURNED] *= -1
    gamma = np.concatenate([gamma, turned])
    # The light's level apart from its form.
    level = gamma[:, 0] @ LUMINANCE * SH_CONSTANTS[0]
    light = np.concatenate(
        [np.log(level)[:, None], (gamma * SH_CONSTANTS[0] / level[:, None, None]).reshape(-1, 27)], 1
    )
    latent = _principal(table, "light", light, _LIGHT_COMPONENTS)
    _store(table, "light", *mixture(latent, _LIGHT_PARTS, random))
    return {name: np.ascontiguousarray(values, np.float32) for name, values in table.items()}


def mixture(data: Array, parts: int, random: np.random.Generator, rounds: int = 60) -> tuple[Array, Array, Array]:
    """Mixture of Gaussians by expectation maximisation (Dempster et al. 1977).

    A part of each covariance is the data's own, so that no component shrinks onto a few photographs.

    Args:
        data: (N, D).
        parts: number of components K.
        random: chooses the starts.

    Returns:
        Weights (K,), means (K, D), covariances (K, D, D).
    """
    count, size = data.shape
    overall = np.cov(data.T).reshape(size, size) + 1e-9 * np.eye(size)
    means = data[random.choice(count, parts, replace=False)]
    covariances = np.repeat(overall[None], parts, 0)
    weights = np.full(parts, 1 / parts)
    for _ in range(rounds):
        log = np.empty((count, parts))
        for k in range(parts):
            factor = np.linalg.cholesky(covariances[k])
            off = np.linalg.solve(factor, (data - means[k]).T)
            log[:, k] = np.log(weights[k]) - 0.5 * (off**2).sum(0) - np.log(np.diag(factor)).sum()
        share = np.exp(log - log.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        total = share.sum(0) + 1e-9
        weights = total / total.sum()
        means = share.T @ data / total[:, None]
        for k in range(parts):
            off = data - means[k]
            covariances[k] = (share[:, k, None] * off).T @ off / total[k] + 0.05 * overall
    return weights, means, covariances


def _principal(table: dict[str, Array], name: str, data: Array, components: int) -> Array:
    """Store centre and leading directions of data (N, D) and return its components (N, components)."""
    centre = data.mean(0)
    _, _, directions = np.linalg.svd(data - centre, full_matrices=False)
    table[f"{name}_centre"], table[f"{name}_basis"] = centre, np.asarray(directions[:components], np.float64)
    return np.asarray((data - centre) @ directions[:components].T)


def _store(table: dict[str, Array], name: str, weights: Array, means: Array, covariances: Array) -> None:
    table[f"{name}_weight"], table[f"{name}_mean"] = weights, means
    table[f"{name}_factor"] = np.asarray(np.linalg.cholesky(covariances), np.float64)


def _mirror_order() -> list[int]:
    """For each expression weight the one that takes its place in a mirror."""
    swapped = str.maketrans("LR", "RL")
    order = []
    for name in EXPRESSIONS:
        other = name[:-1] + name[-1].translate(swapped) if name[-2:] in ("_L", "_R") else name
        pairs = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
        order.append(EXPRESSIONS.index(pairs.get(other, other)))
    return order


def main(arguments: list[str] | None = None) -> int:
    """Fit the table and write its pack.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="head_build_samples", description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True, help="photos.npz of the head's build")
    parser.add_argument("--out", type=Path, default=None, help="resources folder (default: the program's own)")

    def act(given: argparse.Namespace) -> str:
        try:
            with np.load(given.photographs) as file:
                photographs = {name: file[name] for name in file.files}
        except (OSError, ValueError) as error:
            raise FaceEditorError(f"{given.photographs} cannot be read ({error}); build the head first.") from error
        pack = write_table(given.out or resources_dir(), photographs)
        return f"{pack.folder}: {sum(file.bytes for file in pack.files.values()):,} bytes"

    return run_command(parser, act, arguments)


def write_table(folder: Path, photographs: dict[str, npt.NDArray[Any]]) -> ModelPack:
    """Fit the table and write it into a resources folder."""
    config = {"learnt_from": "fitted coefficients of aligned photographs and their mirror images"}
    return write_pack(folder, PACK, "samples", VERSION, {FILE: fit_samples(photographs)}, config)


if __name__ == "__main__":
    sys.exit(main())
