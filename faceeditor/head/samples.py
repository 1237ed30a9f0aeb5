"""Random heads and what is around them, plausible and wide enough to learn from.

Identities are N(0, 1) by construction of their modes; expressions, gazes, poses, places and lights come from small
mixtures of Gaussians that were fitted to photographs (`resources/head-samples`), with rarer things mixed in that
photographs hardly show: winks, wide turns, lamps of a photographer.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ModelError
from faceeditor.head.light import SH_CONSTANTS, brightness, rig_to_gamma, with_brightness
from faceeditor.head.model import HeadModel, lids_follow
from faceeditor.head.render import CROPPED, Backdrop, Colour, Look
from faceeditor.packs import ModelPack
from faceeditor.paths import resources_dir
from faceeditor.portrait.head import EXPRESSION_DIM, EXPRESSIONS, EYE_LOOK, HeadCoefficients, LightRig

FloatArray = npt.NDArray[np.float32]
Table = Mapping[str, npt.NDArray[Any]]

PACK = "head-samples"
FILE = "samples.safetensors"

_ALBEDO_SPREAD = 0.8
# The first modes of hair colour among people, sRGB: black, browns, blond, red, grey, dyed.
_HAIR_COLOURS: tuple[tuple[float, Colour], ...] = (
    (0.26, (0.07, 0.055, 0.05)), (0.24, (0.20, 0.13, 0.09)), (0.18, (0.36, 0.24, 0.15)), (0.14, (0.66, 0.51, 0.33)),
    (0.07, (0.48, 0.21, 0.10)), (0.08, (0.58, 0.57, 0.56)), (0.03, (0.70, 0.35, 0.50)),
)  # fmt: skip
_SPARSE = tuple(i for i in range(EXPRESSION_DIM) if i not in EYE_LOOK)


def sample_head(random: np.random.Generator) -> HeadCoefficients:
    """A random person with a random expression, pose and light.

    Args:
        random: the source of chance; equal states give equal heads.

    Returns:
        The coefficients, all in range; the lids follow the gaze. `rig` is set where the light came from lamps.

    Raises:
        ModelError: the program's table of samples is missing or damaged.
    """
    table = _table()
    pose, position = sample_pose(random, table)
    gamma, rig = sample_light(random, table)
    gaze = random.normal(0, 1, 2) * table["gaze_spread"]
    head = HeadCoefficients.neutral().changed(
        shape=_truncated(random, 24), albedo=_ALBEDO_SPREAD * _truncated(random, 32, 2.5),
        expression=sample_expression(random, table), gaze=np.clip(gaze, (-28, -18), (28, 18)), pose=pose,
        position=position, gamma=gamma, rig=rig,
    )  # fmt: skip
    return lids_follow(head)


def sample_expression(random: np.random.Generator, table: Table | None = None) -> FloatArray:
    """(55,) float32 weights 0..1: mostly as photographed, else near rest or a few muscles at random."""
    table = table or _table()
    kind = random.random()
    if kind < 0.62:
        weights = _expanded(_from_mixture(random, table, "expression"), table, "expression")
    elif kind < 0.75:
        weights = 0.3 * _expanded(_from_mixture(random, table, "expression"), table, "expression")
    else:
        weights = np.zeros(EXPRESSION_DIM)
        for index in random.choice(_SPARSE, random.integers(1, 5), replace=False):
            weights[index] = random.uniform(0.1, 1.0)
            twin = _TWIN[index]
            if twin != index and random.random() < 0.75:
                weights[twin] = weights[index] * random.uniform(0.85, 1.0)
    if random.random() < 0.08:
        sides = (("L", "R"), ("L",), ("R",))[random.choice(3, p=(0.7, 0.15, 0.15))]
        for side in sides:
            weights[EXPRESSIONS.index(f"eyeBlink_{side}")] = random.uniform(0.5, 1.0)
    if random.random() < 0.12:
        weights[EXPRESSIONS.index("jawOpen")] = random.uniform(0.1, 0.9)
    return np.clip(weights, 0, 1).astype(np.float32)


def sample_pose(random: np.random.Generator, table: Table | None = None) -> tuple[FloatArray, FloatArray]:
    """Pose (3,) in degrees and position (3,) in cm: as in aligned photographs, one in three turned farther."""
    table = table or _table()
    pose = _from_mixture(random, table, "pose")
    if random.random() < 0.35:
        pose = np.array([random.uniform(-58, 58), random.normal(-4, 13), random.normal(0, 9)])
    pose = np.clip(pose, (-65, -40, -30), (65, 40, 30))
    place = pose_terms(pose) @ table["place_of_pose"] + random.normal(0, 1, 3) * table["place_spread"]
    place[2] = -np.exp(place[2])
    return pose.astype(np.float32), np.clip(place, (-8, -9, -150), (8, 5, -75)).astype(np.float32)


def sample_light(random: np.random.Generator, table: Table | None = None) -> tuple[FloatArray, LightRig | None]:
    """Gamma (9, 3), and its rig if it has one: half as photographed, half by lamps."""
    table = table or _table()
    if random.random() < 0.5:
        drawn = _expanded(_from_mixture(random, table, "light"), table, "light")
        gamma = drawn[1:].reshape(9, 3) * np.exp(np.clip(drawn[0], -1.2, 0.8)) / SH_CONSTANTS[0]
        level = float(np.clip(brightness(gamma), 0.25, 1.2))
        return np.clip(with_brightness(gamma, level), -30, 30).astype(np.float32), None
    warm = random.uniform(-0.3, 0.3)
    tint = np.clip([1 + min(0, warm) + 0.0, 1 - 0.35 * abs(warm), 1 - max(0, warm)], 0.3, 1)
    other = np.clip(1 - random.uniform(0, 0.25, 3), 0.3, 1)
    rig = LightRig(
        azimuth=float(np.clip(random.normal(0, 50), -150, 150)),
        elevation=float(np.clip(random.normal(25, 25), -45, 85)),
        strength=float(random.uniform(0.5, 1.5)),
        colour=(float(tint[0]), float(tint[1]), float(tint[2])),
        softness=float(random.uniform(0.05, 1.0)),
        fill=float(random.uniform(0.15, 0.8)),
        fill_colour=(float(other[0]), float(other[1]), float(other[2])),
        rim=float(random.uniform(0, 1.2)) if random.random() < 0.3 else 0.0,
    )
    return rig_to_gamma(rig), rig


def sample_look(random: np.random.Generator, model: HeadModel) -> Look:
    """Random hair, cloth, backdrop, eyes and shine."""
    styles: list[str | None] = [*sorted(model.hair), CROPPED, None]
    chances = np.array([1.0] * len(model.hair) + [0.9, 0.25])
    hair = styles[random.choice(len(styles), p=chances / chances.sum())]
    kind = random.choice(
        len(_HAIR_COLOURS), p=np.array([c for c, _ in _HAIR_COLOURS]) / sum(c for c, _ in _HAIR_COLOURS)
    )
    hair_colour = np.array(_HAIR_COLOURS[kind][1]) * random.uniform(0.75, 1.3) + random.normal(0, 0.015, 3)
    iris = None
    if random.random() < 0.3:
        place = random.uniform(0, len(model.iris_palette) - 1.001)
        low = int(place)
        iris = _colour(
            model.iris_palette[low] + (place - low) * (model.iris_palette[low + 1] - model.iris_palette[low])
        )
    grey = random.uniform(0.05, 0.9)
    top = np.clip(grey + random.normal(0, 0.07, 3), 0, 1)
    bottom = np.clip(top * random.uniform(0.5, 1.3) + random.normal(0, 0.04, 3), 0, 1)
    backdrop = Backdrop(
        _colour(top), _colour(bottom), int(random.integers(0, 14)), float(random.uniform(0.03, 0.22)),
        int(random.integers(1 << 30)),
    )  # fmt: skip
    cloth = np.clip(random.uniform(0.04, 0.9) + random.normal(0, 0.12, 3), 0.02, 0.95)
    return Look(
        hair=hair, hair_colour=_colour(np.clip(hair_colour, 0.02, 0.95)), fine=float(random.uniform(120, 320)),
        cloth_colour=_colour(cloth), background=backdrop, iris=iris, oil=float(random.beta(1.5, 2.5)),
        seed=int(random.integers(1 << 30)),
    )  # fmt: skip


def pose_terms(pose: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(..., 7) terms by which pose (..., 3) in degrees determines the place of a head in an aligned picture."""
    yaw, pitch, roll = np.moveaxis(np.radians(np.asarray(pose, np.float64)), -1, 0)
    one = np.ones_like(yaw)
    return np.stack(
        [one, np.sin(yaw), np.sin(yaw) ** 2, np.sin(pitch), np.sin(pitch) ** 2, np.sin(roll), yaw * pitch], -1
    )


def _truncated(random: np.random.Generator, count: int, most: float = 2.0) -> npt.NDArray[np.float64]:
    """(count,) of N(0, 1), drawn again where beyond `most`."""
    values = random.normal(0, 1, count)
    while (wild := np.abs(values) > most).any():
        values[wild] = random.normal(0, 1, int(wild.sum()))
    return values


def _from_mixture(random: np.random.Generator, table: Table, name: str) -> npt.NDArray[np.float64]:
    """One draw of a mixture of Gaussians; the table holds the covariances' Cholesky factors."""
    weight = table[f"{name}_weight"].astype(np.float64)
    part = random.choice(len(weight), p=weight / weight.sum())
    factor = table[f"{name}_factor"][part]
    return np.asarray(table[f"{name}_mean"][part] + factor @ random.normal(0, 1, factor.shape[1]), np.float64)


def _expanded(latent: npt.NDArray[np.float64], table: Table, name: str) -> npt.NDArray[np.float64]:
    """From principal components to the full vector."""
    return np.asarray(table[f"{name}_centre"] + latent @ table[f"{name}_basis"], np.float64)


def _colour(values: npt.ArrayLike) -> Colour:
    red, green, blue = (float(v) for v in np.asarray(values))
    return red, green, blue


def _twin(name: str) -> int:
    swapped = {"_L": "_R", "_R": "_L"}
    return EXPRESSIONS.index(name[:-2] + swapped[name[-2:]]) if name[-2:] in swapped else EXPRESSIONS.index(name)


_TWIN = tuple(_twin(name) for name in EXPRESSIONS)


@functools.cache
def _table() -> Table:
    return load_table(resources_dir())


def load_table(folder: Path) -> Table:
    """The table of samples in a resources folder.

    Raises:
        ModelError: it is missing or damaged.
    """
    table = ModelPack.open(PACK, folder).load(FILE)
    wanted = {f"{name}_{part}" for name in ("expression", "pose", "light") for part in ("weight", "mean", "factor")}
    wanted |= {f"{name}_{part}" for name in ("expression", "light") for part in ("centre", "basis")}
    wanted |= {"place_of_pose", "place_spread", "gaze_spread"}
    if missing := sorted(wanted - table.keys()):
        raise ModelError(f"The table of random heads lacks {missing[0]}; reinstall Face Editor.")
    return table
