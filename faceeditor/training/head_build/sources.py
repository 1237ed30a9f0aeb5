"""What the head is learnt from, as it lies in the source folders."""

import csv
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.portrait.head import EXPRESSIONS

Array = npt.NDArray[Any]

FACE, HEAD, SOCKET, EYE_SOCKET, GUMS, TEETH, EYES, FLUID, LASHES, END = (
    0, 9409, 11248, 13294, 14062, 17039, 21451, 24591, 25351, 26719,
)  # fmt: skip
"""First vertex of each piece of the ICT mesh: face, back of the head and neck, mouth socket, eye sockets, ..."""
_PIECES = (FACE, HEAD, SOCKET, EYE_SOCKET, GUMS, TEETH, EYES, FLUID, LASHES)
_LASH = 114
SCLERA = ((21451, 22221), (23021, 23791))
"""Vertex ranges of the left and the right white of the eye."""


@dataclass(frozen=True, eq=False)
class Scans:
    """The ICT-FaceKit "light" morphable face.

    Attributes:
        mean: (26719, 3) float64 cm. identity: (100, 26719, 3) float32. expression: (55, 26719, 3) float32 in the order
            of `EXPRESSIONS`. triangles: (52220, 3). uv: (52220, 3, 2). landmarks68: (68,) vertices.
    """

    mean: Array
    identity: Array
    expression: Array
    triangles: Array
    uv: Array
    landmarks68: Array

    @cached_property
    def mirror(self) -> Array:
        """(26719,) the vertex at the mirrored place; skin and sockets are exactly symmetric, gums nearly."""
        from scipy.spatial import cKDTree

        index = np.arange(len(self.mean))
        pieces = [(piece, piece) for piece in pairwise(_PIECES)]
        for first in range(LASHES, LASHES + 6 * _LASH, _LASH):
            # Layers of lashes lie within each other: every left one is paired with its own right one.
            left, right = (first, first + _LASH), (first + 6 * _LASH, first + 7 * _LASH)
            pieces += [(left, right), (right, left)]
        for (low, high), (other_low, other_high) in pieces:
            tree = cKDTree(self.mean[other_low:other_high])
            distance, nearest = tree.query(self.mean[low:high] * (-1, 1, 1))
            index[low:high] = nearest + other_low
            if distance.max() > 0.03:
                raise FaceEditorError("The ICT mesh is not symmetric; use the unaltered `ict_basis.npz`.")
        return index

    @cached_property
    def symmetric_identity(self) -> Array:
        """(100, 26719, 3) float32: every identity mode averaged with its mirror image."""
        flipped = self.identity[:, self.mirror] * np.array([-1, 1, 1], np.float32)
        return (self.identity + flipped) / 2

    @cached_property
    def chart(self) -> Array:
        """(9409, 2) texture coordinates of the face's vertices, u right and v up."""
        inside = self.triangles.max(1) < HEAD
        chart = np.full((HEAD, 2), np.nan)
        chart[self.triangles[inside].ravel()] = self.uv[inside].reshape(-1, 2)
        return chart


@dataclass(frozen=True, eq=False)
class Photographs:
    """The photographs with label maps, landmarks and fitted coefficients (ICT modes); row i of all is one picture."""

    folder: Path
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    captions: tuple[str, ...]
    flags: tuple[str, ...]
    landmarks: Array
    fits: dict[str, Array]

    def __len__(self) -> int:
        return len(self.ids)

    def picture(self, row: int) -> Array:
        """(256, 256, 3) uint8 sRGB."""
        return _read(self.folder / "images" / f"{self.ids[row]}.jpg", cv2.IMREAD_COLOR)[..., ::-1]

    def labels(self, row: int) -> Array:
        """(256, 256) uint8 regions."""
        return _read(self.folder / "labels" / f"{self.ids[row]}.png", cv2.IMREAD_GRAYSCALE)


def _read(path: Path, how: int) -> Array:
    picture = cv2.imread(str(path), how)
    if picture is None:
        raise FaceEditorError(f"The picture “{path}” cannot be read; restore the folder of the photographs.")
    return picture


def _arrays(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise FaceEditorError(f"“{path}” is missing; point `--sources` and `--faces` at the folders of the sources.")
    with np.load(path) as data:
        return {name: data[name] for name in data.files}


def load_scans(sources: Path) -> Scans:
    """Read `ict_basis.npz`."""
    data = _arrays(sources / "ict_basis.npz")
    names = [str(name) for name in data["exp_names"]]
    return Scans(
        mean=data["mean"].astype(np.float64),
        identity=data["id_basis"].astype(np.float32),
        expression=data["exp_basis"][[names.index(name) for name in EXPRESSIONS]].astype(np.float32),
        triangles=data["tri"].astype(np.int64),
        uv=data["tri_uv"].astype(np.float64),
        landmarks68=data["lmk68"].astype(np.int64),
    )


def load_drawn(sources: Path) -> dict[str, Array]:
    """Read `makehuman_basis.npz` (lengths in decimetres)."""
    return _arrays(sources / "makehuman_basis.npz")


def load_skin_start(sources: Path) -> dict[str, Array]:
    """Read `fits/albedo_model.npz`: the skin and eye constants that the fits were made with."""
    return _arrays(sources / "fits" / "albedo_model.npz")


def load_correspondence(sources: Path) -> dict[str, Array]:
    """Read `fits/correspondence.npz`: the landmarks of the face mesh on the ICT mesh."""
    return _arrays(sources / "fits" / "correspondence.npz")


def load_photographs(sources: Path, faces: Path) -> Photographs:
    """Read the index of the photographs and their fits."""
    fits = _arrays(sources / "fits" / "fits.npz")
    names = [str(name) for name in fits["exp_names"]]
    fits["expression"] = fits["beta"][:, [names.index(name) for name in EXPRESSIONS]]
    index = faces / "index.csv"
    if not index.is_file():
        raise FaceEditorError(f"“{index}” is missing; point `--faces` at the folder of the photographs.")
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    ids = tuple(row["id"] for row in rows)
    if ids != tuple(str(name) for name in fits["id"]):
        raise FaceEditorError("The fits and the photographs list other pictures; use folders of one delivery.")
    return Photographs(
        folder=faces,
        ids=ids,
        groups=tuple(row["split_group"] for row in rows),
        captions=tuple(f"{row['caption']} {row['all_captions']}".lower() for row in rows),
        flags=tuple(row["flags"] for row in rows),
        landmarks=np.load(faces / "landmarks.npy"),
        fits=fits,
    )
