"""Photographs with one factor of their head changed: what the 3D-controlled generator learns control from.

For each change the known motion and shading of the head say what most of the new picture must look like: the photograph
itself, moved along with the surface and multiplied by the ratio of the renderings. That is the contrastive half of Deng
et al. ("pictures that differ in one factor may differ only there") as a picture to compare with.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from faceeditor.faceframe import face_frame
from faceeditor.head.light import rig_to_gamma
from faceeditor.head.maps import CONDITION_PLANES, MapRenderer
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import motion_field, move_mask
from faceeditor.head.relight import relighting_gain, with_light_from
from faceeditor.portrait.edits import moves_mask
from faceeditor.portrait.guides import HAIR_CHANNELS, guide_planes
from faceeditor.portrait.head import EXPRESSION_DIM, HeadCoefficients, LightRig
from faceeditor.regions import MaskArray, Region, mirrored
from faceeditor.training.data import FaceSet, reduced
from faceeditor.training.guides import read_mouth_parts
from faceeditor.training.labels import PARTS, mirrored_labels, read_fitted_heads

Floats = npt.NDArray[np.float32]

FACTORS = ("pose", "expression", "light", "identity", "all")
SIDE = 128
"""Side of maps, targets and weights."""
_CHANCES = (0.30, 0.24, 0.22, 0.14, 0.10)
_STEPS = 127.0


@dataclass(frozen=True, eq=False)
class ChangedFace:
    """A photograph's head after a change.

    Attributes:
        factor: which of `FACTORS` was changed.
        mask: (256, 256) uint8, moved along; frame: (2, 3) float32, its face frame.
        maps: (10, 128, 128) float32 condition planes of the new head under the old light and skin.
        guides: (6, 128, 128) float32, as `portrait.guides.guide_planes`: the hair's direction is left open.
        gain: (128, 128, 3) float32, what the new light and skin multiply the picture by.
        target: (128, 128, 3) uint8 sRGB, the photograph moved and relit; weight: (128, 128) float32, 0 where the
            photograph does not show what is needed, 1 where it does.
        labels: the new coefficients by name (`labels.PARTS`).
    """

    factor: str
    mask: MaskArray
    frame: Floats
    maps: Floats
    guides: Floats
    gain: Floats
    target: npt.NDArray[np.uint8]
    weight: Floats
    labels: dict[str, Floats]


class FittedFaces:
    """The data set's photographs with their fitted heads.

    Args:
        faces: the photographs.
        fitted: `photos.npz` of the head's build.
        model: the head.

    Raises:
        FaceEditorError: the file is missing or does not hold all of the photographs.
    """

    def __init__(self, faces: FaceSet, fitted: Path, model: HeadModel) -> None:
        self.faces, self.model = faces, model
        self.labels, self.good = read_fitted_heads(fitted, faces.names)
        self.usable = np.flatnonzero(self.good)
        self._renderer = MapRenderer(model, SIDE)
        self._small = reduced(faces.pictures, SIDE)
        self._maps = np.zeros((len(faces), 2, CONDITION_PLANES, SIDE, SIDE), np.int8)
        for row in self.usable:
            for flip in (False, True):
                maps = self._renderer.render(self.head(int(row), flip)).condition
                self._maps[row, int(flip)] = np.round(maps * _STEPS)

    def head(self, row: int, flip: bool) -> HeadCoefficients:
        """The fitted head of a photograph or of its mirror image."""
        return _head(self._labels(row, flip))

    def _labels(self, row: int, flip: bool) -> dict[str, Floats]:
        labels = {name: values[row] for name, values in self.labels.items()}
        return mirrored_labels(labels) if flip else labels

    def labels_of(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_]) -> dict[str, torch.Tensor]:
        """The fitted coefficients of photographs as tensors by name."""
        each = [self._labels(int(row), bool(flip)) for row, flip in zip(rows, flips, strict=True)]
        return {name: torch.from_numpy(np.stack([labels[name] for labels in each])) for name in PARTS}

    def own_maps(self, rows: npt.NDArray[np.int64], flips: npt.NDArray[np.bool_]) -> Floats:
        """Condition planes (B, 10, 128, 128) of photographs; zero where the fit cannot be trusted."""
        return self._maps[rows, flips.astype(np.int64)].astype(np.float32) / np.float32(_STEPS)

    def changed(self, row: int, flip: bool, random: np.random.Generator, factor: str = "") -> ChangedFace:
        """Change a factor of a usable photograph's head at random."""
        factor = factor or random_factor(random)
        base = self.head(row, flip)
        other = self.head(int(random.choice(self.usable)), bool(random.integers(2)))
        head = changed_head(base, other, random, factor)
        return self._picture(row, flip, base, head, factor)

    def _picture(
        self, row: int, flip: bool, base: HeadCoefficients, head: HeadCoefficients, factor: str
    ) -> ChangedFace:
        mask, photo = self.faces.masks[row], self._small[row]
        if flip:
            mask, photo = mirrored(mask), np.ascontiguousarray(photo[:, ::-1])
        moved = move_mask(self.model, mask, base, head)
        unlit = with_light_from(head, base)
        maps = self._renderer.render(unlit).condition
        shown = maps if unlit is head else self._renderer.render(head).condition
        before = self.own_maps(np.array([row]), np.array([flip]))[0]
        new = cv2.resize(moved, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        target, weight = target_picture(self.model, photo, mask, new.astype(np.uint8), base, head, before, shown)
        gain = relighting_gain(maps, shown, new.astype(np.uint8))
        guides = guide_planes(moved)
        if factor not in ("expression", "all"):
            guides[HAIR_CHANNELS:] = read_mouth_parts(target, new.astype(np.uint8))
        if factor in ("expression", "all"):
            # What an opened mouth or a turned eye shows was not in the photograph.
            opened = np.isin(new, (Region.MOUTH, Region.L_EYE, Region.R_EYE)).astype(np.uint8)
            weight = weight * (1 - cv2.dilate(opened, np.ones((3, 3), np.uint8)))
        return ChangedFace(
            factor,
            moved,
            face_frame(moved),
            maps,
            guides,
            gain,
            target,
            weight.astype(np.float32),
            labels_of_head(head),
        )


def _head(labels: dict[str, Floats]) -> HeadCoefficients:
    return HeadCoefficients.neutral().changed(**labels)


def labels_of_head(head: HeadCoefficients) -> dict[str, Floats]:
    """A head's coefficients by name (`labels.PARTS`)."""
    return {name: np.array(getattr(head, name)) for name in PARTS}


def random_factor(random: np.random.Generator) -> str:
    """One of `FACTORS`, as often as training wants it."""
    return str(random.choice(FACTORS, p=_CHANCES))


def changed_head(
    base: HeadCoefficients, other: HeadCoefficients, random: np.random.Generator, factor: str
) -> HeadCoefficients:
    """A head with one factor (of `FACTORS`) changed at random, partly towards another head's."""
    head = base
    if factor in ("pose", "all"):
        head = _turned(head, random, other)
    if factor in ("expression", "all"):
        head = _another_expression(head, random, other)
    if factor in ("light", "all"):
        head = _another_light(head, random, other)
    if factor in ("identity", "all"):
        t = float(random.uniform(0.4, 1.0))
        head = head.changed(
            shape=base.shape + t * (other.shape - base.shape) + random.normal(size=base.shape.shape) * 0.15,
            albedo=base.albedo + t * (other.albedo - base.albedo),
        )
    return head


def _turned(head: HeadCoefficients, random: np.random.Generator, other: HeadCoefficients) -> HeadCoefficients:
    if random.random() < 0.3:
        return head.changed(pose=other.pose)
    pose = random.normal(size=3) * (20, 9, 7) + (0, -4, 0)
    return head.changed(pose=np.clip(pose, (-48, -32, -28), (48, 32, 28)))


def _another_expression(
    head: HeadCoefficients, random: np.random.Generator, other: HeadCoefficients
) -> HeadCoefficients:
    weights = head.expression + float(random.uniform(0.5, 1.0)) * (other.expression - head.expression)
    if random.random() < 0.4:
        loud = np.zeros(EXPRESSION_DIM, np.float32)
        loud[random.integers(0, EXPRESSION_DIM, 3)] = random.uniform(0.2, 0.8, 3)
        weights = np.maximum(weights, loud)
    return head.changed(expression=weights, gaze=other.gaze)


def _another_light(head: HeadCoefficients, random: np.random.Generator, other: HeadCoefficients) -> HeadCoefficients:
    if random.random() < 0.65:
        return head.changed(gamma=other.gamma)
    key, fill = ((float(r), float(g), float(b)) for r, g, b in random.uniform((0.7, 0.6, 0.6), 1.0, (2, 3)))
    rig = LightRig(
        azimuth=float(random.uniform(-110, 110)), elevation=float(random.uniform(-30, 70)),
        strength=float(random.uniform(0.4, 1.4)), softness=float(random.uniform(0.1, 0.9)),
        fill=float(random.uniform(0.15, 0.7)), rim=float(random.choice([0.0, 0.4])),
        colour=key, fill_colour=fill,
    )  # fmt: skip
    return head.changed(gamma=rig_to_gamma(rig))


def target_picture(
    model: HeadModel,
    photo: npt.NDArray[np.uint8],
    mask: MaskArray,
    moved_mask: MaskArray,
    base: HeadCoefficients,
    head: HeadCoefficients,
    before: Floats,
    after: Floats,
) -> tuple[npt.NDArray[np.uint8], Floats]:
    """The photograph as the head's motion and the change of its rendering make it.

    Args:
        model: the head; photo: (S, S, 3) uint8 sRGB; mask: (256, 256) uint8, its regions.
        moved_mask: (S, S) uint8, the regions afterwards.
        base, head: the coefficients before and after.
        before, after: (10, S, S) condition planes of both.

    Returns:
        (S, S, 3) uint8 sRGB, and (S, S) float32 how far each pixel can be believed.
    """
    side = photo.shape[0]
    rendered = np.ascontiguousarray(np.concatenate([before[:6], before[9:]]).transpose(1, 2, 0))
    seen = np.ones((side, side), np.float32)
    moved, source = np.asarray(photo), rendered
    if moves_mask(base, head):
        field, seen = motion_field(model, base, head, mask, side)
        x, y = np.ascontiguousarray(field[..., 0] - 0.5), np.ascontiguousarray(field[..., 1] - 0.5)
        moved = cv2.remap(photo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
        source = np.dstack(
            [
                cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for part in (rendered[..., :3], rendered[..., 3:6], rendered[..., 6])
            ]
        ).astype(np.float32)
    before_here = np.ascontiguousarray(source.transpose(2, 0, 1))
    earlier = np.concatenate([before_here[:6], after[6:9], (before_here[6:] > 0.98).astype(np.float32)])
    target = np.clip(moved * relighting_gain(earlier, after, moved_mask), 0, 255)
    # Beyond the head the motion is a guess; at its silhouette both sides mix.
    weight = seen * np.where(after[9] > 0.5, 1.0, 0.6)
    return np.round(target).astype(np.uint8), weight.astype(np.float32)
