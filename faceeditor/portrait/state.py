"""The state of a portrait: one immutable tree, shared by reference.

`PortraitState` holds an optional photograph and one or more faces; each `FaceState` holds its painted mask, comb
strokes, style, heads and adjustments. An edit is a function state -> state that builds new objects only along the path
to what it changes, so that two states are compared by identity (`a.faces[0].mask is b.faces[0].mask`), and a history
of many states takes little memory. Nothing in the tree is ever written again: it may be read on any thread.
"""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.portrait.adjustments import MAX_ADJUSTMENTS, Adjustments, adjusted_head
from faceeditor.portrait.head import MOVING_PARTS, HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, REGION_COUNT, MaskArray

FloatArray = npt.NDArray[np.float32]

MAX_TRUNCATION = 2.0
"""Largest truncation; 1 leaves a style as it is, 0 is the mean person."""
MAX_FACES = 32
"""Faces of one portrait."""
MAX_COMB_STROKES = 2000
"""Comb strokes of one face."""
MAX_COMB_POINTS = 4000
"""Points of one comb stroke."""
MIN_COMB_WIDTH, MAX_COMB_WIDTH = 0.5, 128.0
"""Widths of a comb stroke in mask pixels."""
MAX_PHOTO_BYTES = 512 << 20
"""Size of a photograph's file."""

HeadPair = tuple[HeadCoefficients | None, HeadCoefficients | None]
"""The present head and the base head; both or neither."""


@dataclass(frozen=True, eq=False)
class CombStroke:
    """A stroke of the comb: the direction in which hair runs, along a polyline.

    Attributes:
        points: (N, 2) float32 (x, y) in pixels of the 256 x 256 mask, pixel corners at integers; the hair grows from
            the first point to the last. They may lie outside of the mask.
        width: diameter in mask pixels.

    Raises:
        PortraitError: no or too many points, numbers that are not finite, or a width out of range.
    """

    points: FloatArray
    width: float = 16.0

    def __post_init__(self) -> None:
        points = np.array(self.points, np.float32, order="C", copy=True)
        if points.ndim != 2 or points.shape[1] != 2 or not 1 <= len(points) <= MAX_COMB_POINTS:
            raise PortraitError(f"A comb stroke has 1 to {MAX_COMB_POINTS} points (x, y); this one is {points.shape}.")
        if not np.isfinite(points).all() or np.abs(points).max() > 16 * MASK_SIZE:
            raise PortraitError("A comb stroke holds positions that are out of range; draw it again.")
        if not MIN_COMB_WIDTH <= self.width <= MAX_COMB_WIDTH:  # NaN fails, too
            raise PortraitError(f"A comb is {MIN_COMB_WIDTH:g} to {MAX_COMB_WIDTH:g} pixels wide, not {self.width}.")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "width", float(self.width))

    @cached_property
    def key(self) -> str:
        """Hash of points and width."""
        digest = hashlib.blake2b(self.points.tobytes(), digest_size=16)
        digest.update(np.float64(self.width).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Photo:
    """A source photograph: the bytes of its file, exactly as they were. Who needs pixels decodes them.

    Attributes:
        data: the whole file.
        name: the file's name, as the user sees it.

    Raises:
        PortraitError: the file is empty or too large.
    """

    data: bytes = field(repr=False)
    name: str = "photo"

    def __post_init__(self) -> None:
        if not self.data:
            raise PortraitError(f"“{self.name}” is empty; choose another photograph.")
        if len(self.data) > MAX_PHOTO_BYTES:
            raise PortraitError(
                f"“{self.name}” has {len(self.data) >> 20} MB; photographs of up to {MAX_PHOTO_BYTES >> 20} MB can be "
                "edited."
            )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file in hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def key(self) -> str:
        """The digest."""
        return self.digest


@dataclass(frozen=True, eq=False)
class FaceSource:
    """What a photograph says of one of its faces; edits leave it as it is, and "no edit" means equal to it.

    Attributes:
        box: left, top, right, bottom of the detected face in pixels of the photograph.
        centre, half: the oriented square of the aligned face: its middle, and the vector from there to the middle of
            its right side, in pixels of the photograph (`photo.align.Square`).
        mask: (256, 256) uint8, the regions read from the aligned face.
        style: the style code read from it.
        head: the head read from it.
    """

    box: tuple[float, float, float, float]
    centre: tuple[float, float]
    half: tuple[float, float]
    mask: MaskArray
    style: StyleCode
    head: HeadCoefficients

    def __post_init__(self) -> None:
        numbers = (*self.box, *self.centre, *self.half)
        if not all(np.isfinite(number) and abs(number) < 1e6 for number in numbers) or not any(self.half):
            raise PortraitError("The place of a face in the photograph is damaged; choose the face again.")
        object.__setattr__(self, "mask", frozen_mask(self.mask))


@dataclass(frozen=True, eq=False)
class FaceState:
    """One face.

    Attributes:
        mask: (256, 256) uint8 region indices as painted, read-only; it belongs to `base_head`.
        style: the style code.
        truncation: 0 (the mean person) .. 1 (the style as it is) .. 2 (exaggerated).
        head: the present head, or None as long as no slider was touched.
        base_head: the head at which the mask was painted; None as long as `head` is.
        read_head: the base head was read from the drawn face only to give the sliders their start. Where the head
            equals it, the face is drawn by mask and style alone, exactly as before a slider was touched.
        comb: strokes of the comb, in the order in which they were drawn; positions are those of the painted mask.
        source: what the photograph says of this face; None for a face without a photograph.
        name: what the user calls it; may be empty.
        adjustments: non-destructive changes, in the order in which they are made.

    Raises:
        PortraitError: a part is out of range.
    """

    mask: MaskArray
    style: StyleCode
    truncation: float = 1.0
    head: HeadCoefficients | None = None
    base_head: HeadCoefficients | None = None
    read_head: bool = False
    comb: tuple[CombStroke, ...] = ()
    source: FaceSource | None = None
    name: str = ""
    adjustments: Adjustments = ()

    def __post_init__(self) -> None:
        head, base = self.head or self.base_head, self.base_head or self.head
        object.__setattr__(self, "mask", frozen_mask(self.mask))
        object.__setattr__(self, "truncation", checked_truncation(self.truncation))
        object.__setattr__(self, "head", head)
        object.__setattr__(self, "base_head", base)
        object.__setattr__(self, "comb", tuple(self.comb))
        if len(self.comb) > MAX_COMB_STROKES:
            raise PortraitError(f"A face has at most {MAX_COMB_STROKES} comb strokes; remove some first.")
        object.__setattr__(self, "adjustments", tuple(self.adjustments))
        if len(self.adjustments) > MAX_ADJUSTMENTS:
            raise PortraitError(f"A face has at most {MAX_ADJUSTMENTS} adjustments; remove some first.")

    @property
    def heads(self) -> HeadPair:
        """The present head and the base head."""
        return self.head, self.base_head

    @cached_property
    def shown_head(self) -> HeadCoefficients | None:
        """The present head with the expressions of the adjustments."""
        return None if self.head is None else adjusted_head(self.head, self.adjustments)

    @cached_property
    def drawn_heads(self) -> HeadPair:
        """The heads that the generator draws with: none where the head is the one read from the drawn face."""
        if self.read_head and same_head(self.shown_head, self.base_head):
            return None, None
        return self.shown_head, self.base_head

    @property
    def moved(self) -> bool:
        """Whether what is drawn is not the painted mask itself: head and base head differ in what moves a mask."""
        return moves_mask(self.base_head, self.shown_head)

    def changed(self, **parts: Any) -> "FaceState":
        """A copy with other values for some parts."""
        return replace(self, **parts)


@dataclass(frozen=True, eq=False)
class PortraitState:
    """A portrait at one moment.

    Attributes:
        faces: one or more.
        active: index of the face that the controls edit.
        photo: the photograph that the faces belong to, or None.

    Raises:
        PortraitError: no or too many faces, or no such active face.
    """

    faces: tuple[FaceState, ...]
    active: int = 0
    photo: Photo | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "faces", tuple(self.faces))
        if not 1 <= len(self.faces) <= MAX_FACES:
            raise PortraitError(f"A portrait has 1 to {MAX_FACES} faces, not {len(self.faces)}.")
        if not 0 <= self.active < len(self.faces):
            raise PortraitError(f"The portrait has no face {self.active + 1}; it has {len(self.faces)}.")

    @classmethod
    def of(cls, mask: MaskArray, style: StyleCode, truncation: float = 1.0, **parts: Any) -> "PortraitState":
        """A state of one face; `parts` are further fields of `FaceState`."""
        return cls((FaceState(mask, style, truncation, **parts),))

    @property
    def face(self) -> FaceState:
        """The active face."""
        return self.faces[self.active]

    @property
    def mask(self) -> MaskArray:
        """The painted mask of the active face, (256, 256) uint8, read-only."""
        return self.face.mask

    @property
    def style(self) -> StyleCode:
        """The style code of the active face."""
        return self.face.style

    @property
    def truncation(self) -> float:
        """The truncation of the active face."""
        return self.face.truncation

    @property
    def head(self) -> HeadCoefficients | None:
        """The head of the active face."""
        return self.face.head

    @property
    def base_head(self) -> HeadCoefficients | None:
        """The base head of the active face."""
        return self.face.base_head

    def changed(self, **parts: Any) -> "PortraitState":
        """A copy with other values for some parts."""
        return replace(self, **parts)

    def with_face(self, **parts: Any) -> "PortraitState":
        """A copy in which the active face has other values for some parts."""
        return self.with_faces_part(self.active, replace(self.face, **parts))

    def with_faces_part(self, index: int, face: FaceState) -> "PortraitState":
        """A copy in which one face is another one."""
        return replace(self, faces=(*self.faces[:index], face, *self.faces[index + 1 :]))


def frozen_mask(mask: MaskArray) -> MaskArray:
    """A checked read-only mask: itself if nobody can write to it, else a private copy.

    Raises:
        PortraitError: it is not (256, 256) uint8 with values 0..18.
    """
    if mask.flags.writeable or mask.base is not None or not mask.flags.c_contiguous:
        mask = np.array(checked_mask(mask), order="C", copy=True)
        mask.flags.writeable = False
        return mask
    return checked_mask(mask)


def checked_mask(mask: MaskArray) -> MaskArray:
    """The mask itself if it is (256, 256) uint8 with values 0..18, else a PortraitError."""
    if mask.shape != (MASK_SIZE, MASK_SIZE) or mask.dtype != np.uint8:
        raise PortraitError(
            f"A mask has {MASK_SIZE} x {MASK_SIZE} pixels of 8 bits; this one is {mask.shape} {mask.dtype}."
        )
    if mask.max() >= REGION_COUNT:
        raise PortraitError(f"A mask holds the regions 0 to {REGION_COUNT - 1}; this one holds {int(mask.max())}.")
    return mask


def checked_truncation(truncation: float) -> float:
    """The truncation as a float if it lies in 0..2, else a PortraitError."""
    if not 0.0 <= truncation <= MAX_TRUNCATION:  # NaN fails, too
        raise PortraitError(f"The truncation {truncation} is out of range; choose 0 to {MAX_TRUNCATION:g}.")
    return float(truncation)


def moves_mask(base: HeadCoefficients | None, head: HeadCoefficients | None) -> bool:
    """Whether a mask painted at `base` looks different at `head`; skin colour and light move nothing."""
    if base is None or head is None or base is head:
        return False
    if [each.key for each in base.local] != [each.key for each in head.local]:
        return True
    return not all(np.array_equal(getattr(base, part), getattr(head, part)) for part in MOVING_PARTS)


def same_head(a: HeadCoefficients | None, b: HeadCoefficients | None) -> bool:
    """Whether two heads have the same numbers and the same light rig; None equals None only."""
    if a is None or b is None:
        return a is b
    return a is b or (a.key == b.key and a.rig == b.rig)
