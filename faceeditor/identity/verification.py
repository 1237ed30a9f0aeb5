"""Verification figures of a data set of people: how well pictures of one person can be told from those of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from faceeditor.errors import FaceEditorError
from faceeditor.identity.dataset import SHARDS, VECTORS, read_listing, read_rows

FloatArray = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MOST_PAIRS = 2_000_000
"""Impostor pairs that are looked at; more are sampled."""


@dataclass(frozen=True, eq=False)
class People:
    """What a data set holds, picture by picture.

    Attributes:
        paths: of the pictures.
        persons: (N,) int64.
        methods: what made each picture.
        tries: (N,) int64, drawings until the identity filter was content.
        embeddings: (N, 128) float32.
        frames: (N, 2, 3) float32, face -> picture coordinates.
    """

    paths: list[Path]
    persons: npt.NDArray[np.int64]
    methods: list[str]
    tries: npt.NDArray[np.int64]
    embeddings: FloatArray
    frames: FloatArray

    def of(self, chosen: npt.NDArray[np.int64]) -> "People":
        """Some of the pictures, by their numbers."""
        return People(
            [self.paths[i] for i in chosen],
            self.persons[chosen],
            [self.methods[i] for i in chosen],
            self.tries[chosen],
            self.embeddings[chosen],
            self.frames[chosen],
        )


def load_people(folder: Path) -> People:
    """Read a data set; shards that are damaged are an error.

    Raises:
        FaceEditorError: no data set of people, none of whose shards is whole, or a damaged one.
    """
    read_listing(folder)
    rows = read_rows(folder)
    if not rows:
        raise FaceEditorError(f"“{folder}” holds no people yet; make some with faceeditor identity dataset.")
    embeddings, frames = [], []
    for place in sorted({Path(row["path"]).parent for row in rows}):
        try:
            arrays = load_tensors((place / VECTORS).read_bytes())
            embeddings.append(np.asarray(arrays["embeddings"], np.float32))
            frames.append(np.asarray(arrays["frames"], np.float32))
        except (OSError, SafetensorError, KeyError, ValueError):
            raise FaceEditorError(
                f"The shard “{place}” is damaged; delete it and run the command that made the data set again."
            ) from None
    people = People(
        [Path(row["path"]) for row in rows],
        np.array([int(row["person"]) for row in rows]),
        [row["method"] for row in rows],
        np.array([int(row["tries"]) for row in rows]),
        np.concatenate(embeddings),
        np.concatenate(frames),
    )
    if len(people.embeddings) != len(rows) or len(people.frames) != len(rows):
        raise FaceEditorError(f"The shards in “{folder / SHARDS}” do not fit to their tables; make them again.")
    return people


def pair_distances(embeddings: FloatArray, persons: npt.NDArray[np.int64], seed: int = 0) -> tuple[Doubles, Doubles]:
    """Distances of all pairs of one person (genuine), and of pairs of two (impostor).

    Args:
        embeddings: (N, D).
        persons: (N,) who each picture shows.
        seed: of the sample where there are more than `MOST_PAIRS` impostor pairs.
    """
    count = len(persons)
    genuine = []
    for person in np.unique(persons):
        mine = embeddings[persons == person]
        first, second = np.triu_indices(len(mine), 1)
        genuine.append(np.linalg.norm(mine[first] - mine[second], axis=1))
    if count * (count - 1) // 2 <= MOST_PAIRS:
        first, second = np.triu_indices(count, 1)
    else:
        random = np.random.default_rng(seed)
        first, second = random.integers(0, count, (2, MOST_PAIRS))
    other = persons[first] != persons[second]
    impostor = np.linalg.norm(embeddings[first[other]] - embeddings[second[other]], axis=1)
    return np.concatenate(genuine).astype(np.float64), impostor.astype(np.float64)


def side_figures(people: People) -> dict[str, float]:
    """How far the two identities of each boundary are apart, in a data set made with both sides.

    Returns:
        "distance between sides": mean over the pairs of a picture of person 2 I and one of person 2 I + 1;
        "sides below 0.6": the share of them that the recogniser takes for one person. Empty without such pairs.
    """
    apart = []
    for first in np.unique(people.persons[people.persons % 2 == 0]):
        near, far = (people.embeddings[people.persons == person] for person in (first, first + 1))
        apart.append(np.linalg.norm(near[:, None] - far[None], axis=2).ravel())
    distances = np.concatenate(apart) if apart else np.zeros(0)
    if not len(distances):
        return {}
    return {"distance between sides": float(distances.mean()), "sides below 0.6": float((distances < 0.6).mean())}


@dataclass(frozen=True, eq=False)
class Curve:
    """Error rates over the threshold on the distance, ascending.

    Attributes:
        thresholds: (T,).
        false_match: (T,) share of impostor pairs below each threshold.
        false_non_match: (T,) share of genuine pairs at or above it.
    """

    thresholds: Doubles
    false_match: Doubles
    false_non_match: Doubles


def curve(genuine: Doubles, impostor: Doubles) -> Curve:
    """Error rates at every distance that occurs."""
    thresholds = np.unique(np.concatenate([genuine, impostor, [np.inf]]))
    false_match = np.searchsorted(np.sort(impostor), thresholds, side="left") / max(1, len(impostor))
    matched = np.searchsorted(np.sort(genuine), thresholds, side="left") / max(1, len(genuine))
    return Curve(thresholds, false_match, 1.0 - matched)


def figures(genuine: Doubles, impostor: Doubles) -> dict[str, float]:
    """Equal error rate, FNMR at FMR 1 % and 0.1 %, Fisher discriminant ratio, d', means and spreads.

    FDR = (mean of genuine - mean of impostor)^2 / (variance of genuine + variance of impostor), as in the papers on
    synthetic face data (Boutros et al., 2023); d' = |difference of the means| / sqrt(half of the summed variances).

    Raises:
        FaceEditorError: there are no pairs of one kind.
    """
    if not len(genuine) or not len(impostor):
        raise FaceEditorError("Verification needs at least two people and two pictures of one; make a larger data set.")
    rates = curve(genuine, impostor)
    equal = int(np.argmin(np.abs(rates.false_match - rates.false_non_match)))
    difference, variances = genuine.mean() - impostor.mean(), genuine.var() + impostor.var()
    variances = max(float(variances), 1e-12)
    return {
        "genuine pairs": float(len(genuine)),
        "impostor pairs": float(len(impostor)),
        "genuine distance": float(genuine.mean()),
        "genuine spread": float(genuine.std()),
        "impostor distance": float(impostor.mean()),
        "impostor spread": float(impostor.std()),
        "genuine below 0.6": float((genuine < 0.6).mean()),
        "impostor below 0.6": float((impostor < 0.6).mean()),
        "EER": float((rates.false_match[equal] + rates.false_non_match[equal]) / 2),
        "EER threshold": float(min(rates.thresholds[equal], 10.0)),
        "FMR100": _non_match_at(rates, 0.01),
        "FMR1000": _non_match_at(rates, 0.001),
        "FDR": float(difference**2 / variances),
        "d'": float(abs(difference) / np.sqrt(variances / 2)),
    }


def _non_match_at(rates: Curve, rate: float) -> float:
    """The smallest false non-match rate whose false match rate is at most `rate`."""
    return float(rates.false_non_match[rates.false_match <= rate].min(initial=1.0))


def evaluation(people: People) -> dict[str, Any]:
    """Figures of a data set: `figures`, with how much the identity filter had to draw anew.

    Raises:
        FaceEditorError: as of `figures`.
    """
    genuine, impostor = pair_distances(people.embeddings, people.persons)
    drawn = people.tries[np.array([method != "reference" for method in people.methods])]
    return {
        "people": len(np.unique(people.persons)),
        "pictures": len(people.persons),
        **figures(genuine, impostor),
        "first try kept": float((drawn == 1).mean()) if len(drawn) else 1.0,
        "tries a picture": float(drawn.mean()) if len(drawn) else 1.0,
    }


def best_accuracy(genuine: Doubles, impostor: Doubles) -> float:
    """Balanced accuracy at the best threshold: 0.5 is chance."""
    rates = curve(genuine, impostor)
    return float((1 - (rates.false_match + rates.false_non_match) / 2).max())


def names_of(folders: Sequence[Path]) -> list[str]:
    """A name for each data set in tables and plots: method and folder."""
    return [f"{read_listing(folder).get('method', '?')} ({folder.name})" for folder in folders]
