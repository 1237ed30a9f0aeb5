"""Faces as curves: the parts of a portrait, drawn region by region into a mask.

Points are in pixels of the 256 x 256 mask, x mostly measured from the middle of the face. Everything is drawn at four
times the size and reduced by majority.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.portrait.resampling import resample
from faceeditor.regions import MASK_SIZE, MaskArray, Region

Points = npt.NDArray[np.float64]
"""(n, 2): x, y in mask pixels."""

R = Region
SCALE = 4
MIDDLE = 127.8
CENTRE: Points = np.array([MIDDLE, 0.0])
# The shoulder's slope from the neckline's end (0) to the side of the picture (1): first down the neck, then flat, then
# over the round of the shoulder.
_SHOULDER = ((0.1, 0.12), (0.3, 0.3), (0.6, 0.55), (0.85, 0.8), (1.0, 1.0))
RIGHT, LEFT = -1, 1  # side of the picture: the person's left is the picture's right, at larger x


def pts(*pairs: tuple[float, float]) -> Points:
    """Points from pairs."""
    return np.array(pairs, np.float64)


def curve(points: Points, closed: bool = True, steps: int = 14) -> Points:
    """Centripetal Catmull-Rom curve through the points (no loops, no overshoot)."""
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        t0 = 0.0
        t1 = t0 + max(np.hypot(*(b - a)), 1e-6) ** 0.5
        t2 = t1 + max(np.hypot(*(c - b)), 1e-6) ** 0.5
        t3 = t2 + max(np.hypot(*(d - c)), 1e-6) ** 0.5
        t = np.linspace(t1, t2, steps, endpoint=False)[:, None]
        ab = a + (b - a) * (t - t0) / (t1 - t0)
        bc = b + (c - b) * (t - t1) / (t2 - t1)
        cd = c + (d - c) * (t - t2) / (t3 - t2)
        abc = ab + (bc - ab) * (t - t0) / (t2 - t0)
        bcd = bc + (cd - bc) * (t - t1) / (t3 - t1)
        parts.append(abc + (bcd - abc) * (t - t1) / (t2 - t1))
    if not closed:
        parts.append(points[-1:])
    return np.concatenate(parts)


def joined(*arcs: Points) -> Points:
    """A closed outline of open arcs that meet in sharp corners."""
    return np.concatenate([curve(arc, closed=False) for arc in arcs])


def wavy(outline: Points, amplitude: float, wavelength: float, rng: np.random.Generator) -> Points:
    """Push a closed outline in and out along its normals by smooth noise, as hair and cloth have it (pixels)."""
    length = np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T)
    along = np.cumsum(length)
    waves = max(2, round(along[-1] / wavelength))
    phase = 2 * np.pi * along / along[-1]
    offset = np.zeros(len(outline))
    for multiple in (0.21, 0.34, 0.55, 0.8, 1.0, 1.3, 1.8):  # more of the long waves, as locks fall
        height = rng.uniform(0.5, 1.5) * multiple**-0.6
        offset += height * np.sin(max(1, round(waves * multiple)) * phase + rng.uniform(0, 2 * np.pi))
    offset *= amplitude / max(float(np.sqrt(np.mean(offset**2))), 1e-6)
    tangent = np.roll(outline, -1, 0) - np.roll(outline, 1, 0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    normal /= np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
    return outline + normal * offset[:, None]


@dataclass(frozen=True)
class Face:
    """Measures of a face in mask pixels; x from the middle of the face.

    Attributes:
        turn: sine of the head's turn; positive when the face looks to the picture's right.
        cheek, jaw: factors on the outline's width above and below.
        chin, hairline: y of the chin and of the forehead's upper edge.
        eye_x, eye_y, eye_w, eye_h, eye_tilt: half distance, height and size of the eyes; tilt lifts the outer corner.
        brow_y, brow_w, brow_h, brow_arch: centre, length, thickness and arch of the brows.
        nose_w, nose_tip: width at the nostrils and y of the tip.
        mouth_y, mouth_w, upper, lower: mouth line, width, thickness of the lips.
        opening, smile: height of the inner mouth and how far the corners are lifted.
        neck_w: half width of the neck.
    """

    turn: float = 0.0
    cheek: float = 1.0
    jaw: float = 1.0
    chin: float = 234.0
    hairline: float = 50.0
    eye_x: float = 31.4
    eye_y: float = 121.0
    eye_w: float = 26.0
    eye_h: float = 9.6
    eye_tilt: float = 1.0
    brow_y: float = 104.5
    brow_w: float = 38.0
    brow_h: float = 6.6
    brow_arch: float = 4.5
    nose_w: float = 39.0
    nose_tip: float = 169.0
    mouth_y: float = 191.0
    mouth_w: float = 49.0
    upper: float = 7.6
    lower: float = 10.6
    opening: float = 0.0
    smile: float = 0.5
    neck_w: float = 44.0


class Drawing:
    """One mask in the making."""

    def __init__(self, face: Face, seed: int) -> None:
        self.face = face
        self.rng = np.random.default_rng(seed)
        self.canvas: MaskArray = np.zeros((MASK_SIZE * SCALE, MASK_SIZE * SCALE), np.uint8)

    def finished(self) -> MaskArray:
        """The mask, (256, 256) uint8."""
        return resample(self.canvas, MASK_SIZE)

    def place(self, points: Points, depth: float | Points = 0.0) -> Points:
        """Points of the face, x from its middle, as they lie in the picture: turned about the vertical axis.

        Depth is measured in pixels towards the viewer, from the plane of the eyes.
        """
        turn = self.face.turn
        x = points[:, 0] * np.sqrt(1 - turn * turn) + np.asarray(depth) * turn
        return np.stack([MIDDLE + x, points[:, 1]], 1)

    def fill(self, region: Region, outline: Points, only: Sequence[Region] | None = None) -> None:
        """Fill a closed outline in picture coordinates, if asked only over some regions."""
        corners = np.rint((outline * SCALE - 0.5) * 16).astype(np.int32)
        if only is None:
            cv2.fillPoly(self.canvas, [corners], int(region), cv2.LINE_8, 4)
            return
        stencil = np.zeros_like(self.canvas)
        cv2.fillPoly(stencil, [corners], 1, cv2.LINE_8, 4)
        self.canvas[(stencil > 0) & np.isin(self.canvas, [int(value) for value in only])] = region

    def shape(
        self,
        region: Region,
        points: Points,
        noise: float = 0.0,
        wave: float = 24.0,
        only: Sequence[Region] | None = None,
    ) -> None:
        """Fill a smooth closed shape given in picture coordinates relative to the middle of the face."""
        outline = curve(points + CENTRE)
        self.fill(region, wavy(outline, noise, wave, self.rng) if noise else outline, only)

    def jitter(self, amount: float) -> float:
        """A small asymmetry in pixels."""
        return float(self.rng.uniform(-amount, amount))

    # The parts.

    def outline(self) -> Points:
        """The face's outline in picture coordinates."""
        face = self.face
        rows = pts(
            (0, 0.0), (24, 0.02), (42, 0.075), (54, 0.17), (61, 0.29), (64.5, 0.395), (65.5, 0.47), (64.5, 0.555),
            (61.5, 0.645), (57.5, 0.725), (51.5, 0.8), (42, 0.875), (30, 0.94), (16, 0.985), (0, 1.0),
        )  # fmt: skip
        width = np.interp(rows[:, 1], [0, 0.45, 0.75, 1], [face.cheek, face.cheek, face.jaw, face.jaw])
        # Fixed forehead-to-chin shares belong to a hairline at 46; another hairline only moves the rows above the eyes.
        y = 46 + rows[:, 1] * (face.chin - 46)
        y = np.where(y < 118, 118 - (118 - y) * (118 - face.hairline) / (118 - 46), y)
        sides = []
        for side in (LEFT, RIGHT):
            x = rows[:, 0] * width * (1 + self.jitter(0.012))
            half = np.stack([side * x, y + self.jitter(0.6)], 1)
            half[[0, -1], 1] = y[[0, -1]]
            # The near cheek shows back to the ear; the far one is a silhouette that slides round the head.
            depth = -38.0 if side * face.turn < 0 else -6.0
            share = np.sin(np.clip((y - face.hairline) / (face.chin - face.hairline), 0, 1) * np.pi)
            chin = 14.0 * np.clip((y - 190) / (face.chin - 190), 0, 1)
            sides.append(self.place(half, depth * share + chin))
        return curve(np.concatenate([sides[0], sides[1][-2:0:-1]]))

    def skin(self) -> None:
        """The face's outline filled."""
        self.fill(R.SKIN, wavy(self.outline(), 0.45, 40, self.rng))

    def ear(self, side: int, drop: float = 0.0, size: float = 1.0, tuck: float = 0.0) -> None:
        """An ear; ``tuck`` pulls it in under the hair, in pixels."""
        shape = pts(
            (52, 121), (63, 118), (70, 115.5), (77, 117), (81.5, 123.5), (81.5, 133), (78.5, 144), (74.5, 154),
            (69.5, 162), (63.5, 163), (52, 150),
        )  # fmt: skip
        shape[:, 0] = 60 + (shape[:, 0] - 60) * size * self.face.cheek - tuck + (self.face.cheek - 1) * 60
        shape[:, 1] = 139 + (shape[:, 1] - 139) * size + drop + self.jitter(1)
        shape[:, 0] *= side
        near = side * self.face.turn < 0
        outline = self.place(shape, -40.0 if near else -8.0)
        if near:  # seen more from the side, an ear is broader
            outline[:, 0] = outline[:, 0].mean() + (outline[:, 0] - outline[:, 0].mean()) * (
                1 + 0.9 * abs(self.face.turn)
            )
        self.fill(R.L_EAR if side == LEFT else R.R_EAR, curve(outline))

    def neck(self, flare: float = 6.0) -> None:
        """The neck, from behind the jaw to the bottom of the picture."""
        w, jaw = self.face.neck_w, self.face.jaw
        drift = -26.0 * self.face.turn
        points = pts(
            (-53 * jaw, 170), (-w - 1, 205), (-w, 228), (-w - flare, 250), (-w - 2.4 * flare, 272),
            (w + 2.4 * flare, 272), (w + flare, 250), (w, 228), (w + 1, 205), (53 * jaw, 170),
        )  # fmt: skip
        points[:, 0] += MIDDLE + drift + self.jitter(1.5)
        self.fill(R.NECK, wavy(curve(points), 0.5, 50, self.rng))

    def eyes(self) -> None:
        """Both eyes as almonds with their own slight differences."""
        face = self.face
        for side, region in ((LEFT, R.L_EYE), (RIGHT, R.R_EYE)):
            w, h = face.eye_w / 2 + self.jitter(0.5), face.eye_h + self.jitter(0.4)
            inner, outer = (-w, 0.13 * h), (w, -0.1 * h - face.eye_tilt * 0.6)
            upper = pts(
                inner, (-0.7 * w, -0.24 * h), (-0.22 * w, -0.5 * h), (0.3 * w, -0.5 * h), (0.73 * w, -0.3 * h), outer
            )
            lower = pts(
                outer, (0.68 * w, 0.22 * h), (0.18 * w, 0.47 * h), (-0.32 * w, 0.46 * h), (-0.72 * w, 0.3 * h), inner
            )
            arcs = [
                (arc + pts((face.eye_x, 0))) * (side, 1) + pts((0, face.eye_y + self.jitter(0.3)))
                for arc in (upper, lower)
            ]
            arcs[1][[0, -1]] = arcs[0][[-1, 0]]
            self.fill(region, joined(*(self.place(arc, -4.0) for arc in arcs)))

    def brows(self) -> None:
        """Both brows: thick near the nose, tapering over the arch to the temple."""
        face = self.face
        for side, region in ((LEFT, R.L_BROW), (RIGHT, R.R_BROW)):
            w, h, a = face.brow_w / 2, face.brow_h + self.jitter(0.4), face.brow_arch + self.jitter(0.6)
            upper = pts(
                (-w, 0.5 * a - 0.4 * h), (-0.8 * w, 0.2 * a - 0.62 * h), (-0.3 * w, -0.42 * a - 0.55 * h),
                (0.25 * w, -a - 0.3 * h), (0.6 * w, -0.6 * a - 0.22 * h), (w, 0.55 * a),
            )  # fmt: skip
            lower = pts(
                (w, 0.55 * a + 0.8), (0.6 * w, -0.55 * a + 0.33 * h), (0.22 * w, -0.85 * a + 0.55 * h),
                (-0.3 * w, -0.25 * a + 0.52 * h), (-0.8 * w, 0.4 * a + 0.5 * h), (-w - 0.6, 0.6 * a + 0.38 * h),
            )  # fmt: skip
            centre = (face.eye_x + 0.6, 0)
            shift = (0, face.brow_y + self.jitter(0.9))
            arcs = [(arc + centre) * (side, 1) + shift for arc in (upper, lower)]
            self.fill(region, curve(np.concatenate([self.place(arc, 4.0) for arc in arcs])))

    def nose(self) -> None:
        """The whole nose, from between the eyes over the wings to the tip."""
        face = self.face
        k, top, tip = face.nose_w / 39, 114.0 + self.jitter(1.5), face.nose_tip
        side = pts(
            (0.0, 0.0), (5.5, 0.02), (7.2, 0.09), (8.4, 0.22), (9.8, 0.38), (11.8, 0.53), (15.2, 0.66), (18.6, 0.755),
            (19.6, 0.84), (17.6, 0.91), (13.2, 0.935), (8.4, 0.965), (4.2, 0.99), (0.0, 1.0),
        )  # fmt: skip
        halves = []
        for direction in (LEFT, RIGHT):
            x = direction * side[:, 0] * np.where(side[:, 1] > 0.45, k, 1.0) * (1 + self.jitter(0.03))
            y = top + side[:, 1] * (tip - top)
            # The bridge stands out little, the tip most, the wings less than the tip.
            depth = 4 + 22 * side[:, 1] ** 1.3 - 0.35 * side[:, 0]
            halves.append(self.place(np.stack([x, y], 1), depth))
        self.fill(R.NOSE, curve(np.concatenate([halves[0], halves[1][-2:0:-1]])))

    def mouth(self) -> None:
        """Lips with a cupid's bow and, if the mouth is open, the inner mouth."""
        face = self.face
        w, y, gap, lift = face.mouth_w / 2, face.mouth_y + self.jitter(0.5), face.opening, face.smile * 3
        left, right = (-w, y - lift + self.jitter(0.5)), (w, y - lift + self.jitter(0.5))
        up, low = face.upper, face.lower
        inside, drop = gap + 0.6 + lift, gap + low + lift  # from the corners to the deepest points
        flat = 1 - 0.35 * min(face.smile / 2, 1.0)  # a smile stretches the bow
        ridge = pts(
            left, (-0.62 * w, y - 0.5 * up - 0.45 * lift), (-0.21 * w, y - up), (0, y - up + 1.7 * flat),
            (0.21 * w, y - up), (0.62 * w, y - 0.5 * up - 0.45 * lift), right,
        )  # fmt: skip
        seam = pts(
            right, (0.55 * w, y - 0.45 * lift + 0.06 * gap), (0.2 * w, y + 0.1 * gap - 0.2), (0, y + 0.1 * gap + 0.5),
            (-0.2 * w, y + 0.1 * gap - 0.2), (-0.55 * w, y - 0.45 * lift + 0.06 * gap), left,
        )  # fmt: skip
        inner = seam[::-1] if gap == 0 else pts(
            left, (-0.72 * w, y - lift + 0.5 * inside), (-0.38 * w, y - lift + 0.87 * inside), (0, y + gap + 0.6),
            (0.38 * w, y - lift + 0.87 * inside), (0.72 * w, y - lift + 0.5 * inside), right,
        )  # fmt: skip
        bottom = pts(
            right, (0.74 * w, y - lift + 0.5 * drop), (0.4 * w, y - lift + 0.885 * drop), (0, y - lift + drop),
            (-0.4 * w, y - lift + 0.885 * drop), (-0.74 * w, y - lift + 0.5 * drop), left,
        )  # fmt: skip

        def placed(arc: Points) -> Points:
            return self.place(arc, 13.0 - 9.0 * (arc[:, 0] / w) ** 2)

        self.fill(R.L_LIP, joined(placed(inner), placed(bottom)))
        if gap > 0:
            self.fill(R.MOUTH, joined(placed(seam), placed(inner)))
        self.fill(R.U_LIP, joined(placed(ridge), placed(seam)))

    def features(self) -> None:
        """Everything inside the face's outline."""
        self.brows()
        self.eyes()
        self.nose()
        self.mouth()

    def cloth(self, shoulders: float, neckline: Sequence[tuple[float, float]], width: float = 140.0) -> None:
        """Clothes: shoulders falling from the neckline's ends to the picture's sides.

        Args:
            shoulders: y where the shoulders leave the picture.
            neckline: points from the person's right to left (picture left to right), x from the middle.
            width: how far the shoulders reach, from the middle.
        """
        first, last = neckline[0], neckline[-1]
        line = curve(pts(*neckline), closed=False)
        slopes = []
        for side, end in ((RIGHT, first), (LEFT, last)):
            drop = shoulders + self.jitter(3) - end[1]
            slope = [
                (end[0] + side * reach * (width - abs(end[0])), end[1] + share * drop) for reach, share in _SHOULDER
            ]
            slopes.append(pts(end, *slope))
        corners = pts((width + 20, 290), (-width - 20, 290))
        outline = np.concatenate([curve(slopes[0], closed=False)[::-1], line, curve(slopes[1], closed=False), corners])
        self.fill(R.CLOTH, outline + pts((MIDDLE - 12 * self.face.turn, 0)))
