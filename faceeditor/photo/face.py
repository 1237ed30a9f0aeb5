"""One face of a photograph: what is found once, and what an edit of it is.

`PhotoFace.find` takes a second or two, of which `find_later` lets nobody wait; `plan` and `Plan.finished` run for each
move of a slider, and their `Edit` is drawn by `composite.edited` at any scale.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.head.maps import HeadMaps, render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import move_mask
from faceeditor.photo.align import Square
from faceeditor.photo.composite import Edit
from faceeditor.photo.fields import smoothstep
from faceeditor.photo.light import light_gain, surroundings_gain
from faceeditor.photo.matte import MATTE_DENSITY, Matte, make_matte, person_mask
from faceeditor.photo.patch import as_patch, grain_of, matched, repainted
from faceeditor.photo.placement import MARGIN, WIDE, Placement, inner, widened
from faceeditor.photo.warp import PhotoMotion, held_by_the_body, photo_motion
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_LEAST_SHARE = 0.02
"""Coverage of a patch that is worth asking the generator for."""
_LEAST_CLEARED = 1e-3
"""Share of background in a patch that is seen."""
_BEYOND = 64.0
"""Mask pixels beyond the square over which another style runs out."""
_LIT, _FADING, _LEAST_LIGHT = 0.6, 1.5, 0.1
"""Centimetres behind the lips that are in full light, over which it falls to a third, and what is left of it."""
_EDGE = 2.5
"""Mask pixels over which lips shade what is behind them."""
_SMOOTH = (Region.SKIN, Region.NOSE, Region.NECK)


@dataclass(frozen=True)
class Options:
    """How an edit is done.

    Attributes:
        shadows: darkness of the shadows that the key light casts, 0..1.
        surroundings: how far the background follows the light, 0..1.
        density: grid pixels per mask pixel of motion and patches: 2, or 1 while a hand moves.
        lamp_samples: places of the lamp for soft shadows.
        light_side: grid pixels along the square on which the light is worked out.
        fast: the generator may draw in its fast tier.
    """

    shadows: float = 1.0
    surroundings: float = 0.0
    density: int = 2
    lamp_samples: int = 16
    light_side: int = MASK_SIZE
    fast: bool = False


Step = Callable[[float, str], None]
"""Called before each step of the work with the share done and a text; may raise to stop it."""


@dataclass(frozen=True, eq=False)
class Person:
    """The person around a face.

    Attributes:
        wide: (WIDE, WIDE, 3) uint8 the photograph on the wide grid, one grid pixel per mask pixel.
        matte: apart from the background.
        grain: standard deviation of the photograph's grain, 0..1.
    """

    wide: Pixels
    matte: Matte
    grain: float


@dataclass(frozen=True, eq=False)
class PhotoFace:
    """A face of a photograph.

    Attributes:
        placement: where it lies in the picture.
        mask: (256, 256) uint8 its regions, as read.
        head: its head coefficients, as read.
        person: the person, perhaps still being found.
    """

    placement: Placement
    mask: MaskArray
    head: HeadCoefficients
    person: "Future[Person]"

    @property
    def wide(self) -> Pixels:
        """As of `Person`; waits for it."""
        return self.person.result().wide

    @property
    def matte(self) -> Matte:
        """As of `Person`; waits for it."""
        return self.person.result().matte

    @property
    def grain(self) -> float:
        """As of `Person`; waits for it."""
        return self.person.result().grain

    @classmethod
    def find(
        cls,
        picture: Pixels,
        square: Square,
        mask: MaskArray,
        head: HeadCoefficients,
        step: Step = lambda share, text: None,
    ) -> "PhotoFace":
        """Find the person around an aligned face.

        Args:
            picture: (H, W, 3) uint8 in the file's own colours.
            square: where the face lies, mask: its (256, 256) regions, head: its coefficients (`photo.read`).
            step: of the work.
        """
        face = cls(Placement.of(square), mask, head, Future())
        face.person.set_result(_find_person(picture, face, _coverage(face), step))
        return face

    @classmethod
    def find_later(cls, picture: Pixels, square: Square, mask: MaskArray, head: HeadCoefficients) -> "PhotoFace":
        """As `find`, but the person is found on a thread of its own; who needs it waits for it.

        Without an edit nobody does: a photograph is shown, and can be edited, while its person is being found.
        """
        face = cls(Placement.of(square), mask, head, Future())
        coverage = _coverage(face)  # here: no two threads draw maps at once

        def work() -> None:
            try:
                face.person.set_result(_find_person(picture, face, coverage))
            except Exception as error:
                face.person.set_exception(error)

        threading.Thread(target=work, name="photo-person", daemon=True).start()
        return face

    def held(self, head: HeadCoefficients | None) -> HeadCoefficients:
        """A head that is wanted, held by the photograph's shoulders; None: the one that was read."""
        return self.head if head is None else held_by_the_body(self.head, head)

    def plan(
        self, model: HeadModel, head: HeadCoefficients | None, mask: MaskArray, options: Options = Options()
    ) -> "Plan":
        """What an edit does to the photograph, up to the generator's part.

        Args:
            model: the head model.
            head: the head that is wanted; None: the one that was read.
            mask: (256, 256) uint8 the painted regions, as at the head that was read.
            options: how it is done.
        """
        wanted = self.held(head)
        motion = photo_motion(model, self.head, wanted, self.mask, options.density)
        original = self.mask if motion is None else motion.labels
        labels = original
        share = np.zeros(mask.shape, np.float32)
        opened = None
        if not np.array_equal(mask, self.mask):
            labels = move_mask(model, mask, self.head, wanted)
            before = move_mask(model, self.mask, self.head, wanted)
            share = repainted(labels, before)
        if motion is not None:
            stretched = cv2.resize(inner(motion.stretched), mask.shape[::-1], interpolation=cv2.INTER_AREA)
            share = np.maximum(share, stretched)
            opened = inner(motion.opened)
        return Plan(self, wanted, labels, motion, share, opened, options)


def _coverage(face: PhotoFace) -> FloatArray:
    """(256, 256) 0..1 where the head that was read covers the square."""
    return render_maps(HeadModel.load(), face.head, face.mask.shape[0]).coverage


def _find_person(
    picture: Pixels, face: PhotoFace, coverage: FloatArray, step: Step = lambda share, text: None
) -> Person:
    placement, mask = face.placement, face.mask
    step(0.0, "Separating the person from the background")
    wide = np.asarray(placement.to_grid(picture, 1.0), np.uint8)
    person = person_mask(wide, mask, coverage)
    step(0.4, "Reading the outline of the hair")
    fine = np.asarray(placement.to_grid(picture, float(MATTE_DENSITY)), np.uint8)
    matte = make_matte(fine, person, mask)
    step(0.9, "Measuring the grain")
    rect = placement.bounds(*picture.shape[1::-1])
    smooth = np.pad(np.isin(mask, _SMOOTH).astype(np.uint8), MARGIN)
    grain = grain_of(picture[rect.slices], placement.to_picture(smooth, rect, cv2.INTER_NEAREST) > 0)
    return Person(wide, matte, grain)


@dataclass(frozen=True, eq=False)
class Restyle:
    """What another style than the photograph's own adds to it: the difference of two pictures of the generator.

    Under it the photograph keeps its own detail, light and grain.

    Attributes:
        difference: (256, 256, 3) float32 in shares of the full scale, 0 where nothing changes.
        background: whether the background changes as well; otherwise the person's outline ends the change.
    """

    difference: FloatArray
    background: bool

    def on_grid(self) -> tuple[FloatArray, FloatArray | None]:
        """(WIDE, WIDE, 3) on the wide grid for the person, and for the background.

        The square's border goes on beyond it, ever softer and weaker: long hair is not cut off, and cloth and neck show
        no streaks.
        """
        person = np.asarray(widened(self.difference), np.float32)
        line = np.arange(WIDE, dtype=np.float32) + np.float32(0.5)
        beyond = np.maximum(0, np.maximum(MARGIN - line, line - (WIDE - MARGIN)))
        distance = np.hypot(beyond[:, None], beyond[None, :])[..., None]
        soft = cv2.GaussianBlur(person, (0, 0), _BEYOND / 4)
        person = person + smoothstep(distance, 0.0, _BEYOND / 4) * (soft - person)
        person = np.asarray(person * (1 - smoothstep(distance, 0.0, _BEYOND)), np.float32)
        behind = np.asarray(widened(self.difference, cv2.BORDER_CONSTANT), np.float32) if self.background else None
        return person, behind


@dataclass(frozen=True, eq=False)
class Plan:
    """An edit before the generator has drawn its part.

    Attributes:
        face: the face that is edited.
        head: the head that is drawn, held by the photograph's shoulders.
        labels: (256, 256) uint8 regions of the new view.
        motion: how the photograph moves, None if it stays.
        share: (256, 256) 0..1 where the generator's picture is needed.
        opened: (S, S) 0..1 where the inside of an open mouth or eye is needed; None: nowhere.
        options: how it is done.
    """

    face: PhotoFace
    head: HeadCoefficients
    labels: MaskArray
    motion: PhotoMotion | None
    share: FloatArray
    opened: FloatArray | None
    options: Options

    @property
    def needs_generator(self) -> bool:
        """Whether anything is to be seen that the photograph does not show."""
        return bool((self.share > _LEAST_SHARE).any())

    def finished(self, model: HeadModel, drawn: Pixels | None, restyle: "Restyle | None" = None) -> Edit:
        """The edit.

        Args:
            model: the head model.
            drawn: (256, 256, 3) uint8 the generator's picture of `labels` and `head` under the light that was read;
                None where it is not needed.
            restyle: what another style than the photograph's own adds.
        """
        face, options = self.face, self.options
        displacement = None if self.motion is None else self.motion.displacement
        patch = self._patch(model, drawn if self.needs_generator else None, restyle)
        gain = light_gain(
            model, face.head, self.head, self.labels, options.shadows, options.lamp_samples, options.light_side
        )
        surroundings = None if gain is None else surroundings_gain(gain, options.surroundings)
        person, behind = (None, None) if restyle is None else restyle.on_grid()
        grain = 0.0 if patch is None else face.grain
        return Edit(displacement, patch, person, behind, gain, surroundings, grain, labels=self.labels)

    def _patch(self, model: HeadModel, drawn: Pixels | None, restyle: "Restyle | None") -> FloatArray | None:
        """What the photograph does not show: the generator's picture in the photograph's colours, and on top of it the
        inside of mouth and eyes, which the head model knows better."""
        inside = self.opened if self.opened is not None and bool((self.opened > _LEAST_SHARE).any()) else None
        if drawn is None and inside is None:
            return None
        side = self.options.density * self.labels.shape[0]
        if drawn is not None:
            colour = cv2.resize(self._matched(drawn, restyle), (side, side), interpolation=cv2.INTER_CUBIC)
            share = cv2.resize(self.share, (side, side), interpolation=cv2.INTER_LINEAR)
        else:
            colour, share = np.zeros((side, side, 3), np.float32), np.zeros((side, side), np.float32)
        if inside is not None:
            over = cv2.resize(inside, (side, side), interpolation=cv2.INTER_LINEAR)
            rendered = self._rendered(model, side)
            total = np.maximum(share, over)
            part = (over / np.maximum(total, 1e-4))[..., None]
            colour = colour + part * (rendered - colour)
            share = total
        return as_patch(np.asarray(colour, np.float32), np.asarray(share, np.float32))

    def _rendered(self, model: HeadModel, side: int) -> FloatArray:
        """(side, side, 3) 0..1 the head model under the light that was read."""
        read = self.face.head
        maps = render_maps(model, self.head.changed(gamma=read.gamma, albedo=read.albedo), side)
        return _in_the_mouth(np.ascontiguousarray((maps.condition[:3].transpose(1, 2, 0) + 1) / 2, np.float32), maps)

    def _matched(self, drawn: Pixels, restyle: "Restyle | None") -> FloatArray:
        """(S, S, 3) 0..1 the generator's picture in the photograph's colours; S is 256, or 128 in the fast tier."""
        face, labels, share = self.face, self.labels, self.share
        shown = np.asarray(inner(self.shown()), np.uint8)
        if restyle is not None:
            shown = np.clip(np.rint(shown + 255 * restyle.difference), 0, 255).astype(np.uint8)
        if self.options.fast:
            half, labels = (MASK_SIZE // 2, MASK_SIZE // 2), np.ascontiguousarray(labels[::2, ::2])
            drawn, shown = (
                np.asarray(cv2.resize(each, half, interpolation=cv2.INTER_AREA), np.uint8) for each in (drawn, shown)
            )
            share = np.asarray(cv2.resize(share, half, interpolation=cv2.INTER_AREA), np.float32)
        scale = labels.shape[0] / MASK_SIZE
        colour = matched(drawn, shown, labels, share, scale)
        # Where the person was painted away, the background is seen.
        cleared = (labels == Region.BACKGROUND).astype(np.float32)
        soft = cv2.GaussianBlur(cleared, (0, 0), 0.8 * scale)
        if float((soft * share).max()) > _LEAST_CLEARED:
            side = round(WIDE * scale)
            behind = inner(cv2.resize(face.matte.behind, (side, side), interpolation=cv2.INTER_AREA))
            colour = colour + soft[..., None] * (behind - colour)
        return np.asarray(colour, np.float32)

    def shown(self) -> Pixels:
        """(WIDE, WIDE, 3) uint8 the photograph on the wide grid, moved."""
        wide = self.face.wide
        if self.motion is None:
            return wide
        side = wide.shape[0]
        offset = cv2.resize(self.motion.displacement, (side, side), interpolation=cv2.INTER_AREA)
        down, across = np.mgrid[0:side, 0:side].astype(np.float32)
        return np.asarray(cv2.remap(wide, across + offset[..., 0], down + offset[..., 1], cv2.INTER_LINEAR), np.uint8)


def _in_the_mouth(colour: FloatArray, maps: HeadMaps) -> FloatArray:
    """Rendered colours (S, S, 3) 0..1 with less light the farther they lie behind the lips and beneath their edges.

    The shading knows of no surface that stands in the light's way, and inside of a mouth all do. The edges between
    teeth, tongue and gums are softened by a part of a pixel.
    """
    mouth = maps.regions == Region.MOUTH
    lips = np.isin(maps.regions, (Region.U_LIP, Region.L_LIP))
    if not mouth.any() or not lips.any():
        return colour
    scale = colour.shape[0] / MASK_SIZE
    behind = np.zeros(mouth.shape, np.float32)
    behind[mouth] = 1 / maps.depth[mouth] - 1 / np.median(maps.depth[lips])
    deep = np.exp(-np.maximum(behind - _LIT, 0) / _FADING)
    open_around = cv2.GaussianBlur(mouth.astype(np.float32), (0, 0), _EDGE * scale)
    light = (_LEAST_LIGHT + (1 - _LEAST_LIGHT) * deep) * (0.45 + 0.55 * smoothstep(open_around, 0.45, 0.95))
    # Light is linear, colours are encoded.
    dark = colour * np.where(mouth, light ** np.float32(1 / 2.2), np.float32(1))[..., None]
    soft = cv2.GaussianBlur(dark, (0, 0), 0.45 * scale)
    rim = cv2.dilate(mouth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(np.where(rim[..., None], soft, dark), np.float32)


def quick(options: Options) -> Options:
    """The same while a hand moves: coarser motion and light, fewer places of the lamp, the generator's fast tier."""
    samples = min(6, options.lamp_samples)
    return replace(options, density=1, lamp_samples=samples, light_side=MASK_SIZE // 2, fast=True)
