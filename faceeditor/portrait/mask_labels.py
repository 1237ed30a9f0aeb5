"""Orders of the 19 labels: which numbers stand for which regions in files of other programs.

The same 19 regions are numbered in two ways. Networks that follow face-parsing.PyTorch (BiSeNet), and this program,
count skin, brows, eyes, glasses and so on; CelebAMask-HQ's own script, and with it MaskGAN and SEAN, counts skin, nose,
glasses, eyes and so on.
"""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.regions import PALETTE, REGION_COUNT, REGION_NAMES, MaskArray, Region

LabelOrder = Literal["bisenet", "celebamask"]
"""Name of an order: "bisenet" is that of face-parsing.PyTorch and of this program."""

LABEL_CHOICES = ("auto", *get_args(LabelOrder), "ours")
"""What a user can ask for; "ours" is another name of "bisenet"."""

CELEBAMASK_PARTS: tuple[tuple[str, Region], ...] = (
    ("skin", Region.SKIN), ("nose", Region.NOSE), ("eye_g", Region.GLASSES), ("l_eye", Region.L_EYE),
    ("r_eye", Region.R_EYE), ("l_brow", Region.L_BROW), ("r_brow", Region.R_BROW), ("l_ear", Region.L_EAR),
    ("r_ear", Region.R_EAR), ("mouth", Region.MOUTH), ("u_lip", Region.U_LIP), ("l_lip", Region.L_LIP),
    ("hair", Region.HAIR), ("hat", Region.HAT), ("ear_r", Region.EARRING), ("neck_l", Region.NECKLACE),
    ("neck", Region.NECK), ("cloth", Region.CLOTH),
)  # fmt: skip
"""Parts of CelebAMask-HQ in the order in which its script numbers them, from 1, and draws them over one another."""

REGION_OF_LABEL: dict[LabelOrder, npt.NDArray[np.uint8]] = {
    "bisenet": np.arange(REGION_COUNT, dtype=np.uint8),
    "celebamask": np.array([0, *(region for _, region in CELEBAMASK_PARTS)], np.uint8),
}
"""(19,) uint8 for each order: the region that a label stands for."""

COLOURS: dict[str, tuple[LabelOrder, npt.NDArray[np.uint8]]] = {
    "Face Editor": ("bisenet", PALETTE),
    "CelebAMask-HQ": (
        "celebamask",
        np.array(
            [
                (0, 0, 0), (204, 0, 0), (76, 153, 0), (204, 204, 0), (51, 51, 255), (204, 0, 204), (0, 255, 255),
                (255, 204, 204), (102, 51, 0), (255, 0, 0), (102, 204, 0), (255, 255, 0), (0, 0, 153), (0, 0, 204),
                (255, 51, 153), (0, 204, 204), (0, 51, 0), (255, 153, 51), (0, 204, 0),
            ],
            np.uint8,
        ),
    ),
    "face-parsing.PyTorch": (
        "bisenet",
        np.array(
            [
                (255, 255, 255), (255, 85, 0), (255, 170, 0), (255, 0, 85), (255, 0, 170), (0, 255, 0), (85, 255, 0),
                (170, 255, 0), (0, 255, 85), (0, 255, 170), (0, 0, 255), (85, 0, 255), (170, 0, 255), (0, 85, 255),
                (0, 170, 255), (255, 255, 0), (255, 255, 85), (255, 255, 170), (255, 0, 255),
            ],
            np.uint8,
        ),
    ),
}  # fmt: skip
"""Colours in which masks are drawn: whose they are -> order of the labels, (19, 3) uint8 sRGB by label."""

# Where regions lie in 1,284 label maps of faces of people who do not exist: share of the maps that have the region;
# medians of log(area / skin area) and of the centre's offset from the skin's centre, x (to the right of the picture)
# and y (down), in units of the root of the skin's area; and the spread of these three.
_LAYOUT: dict[Region, tuple[float, float, float, float, float, float, float]] = {
    Region.L_BROW: (0.97, -3.94, 0.25, -0.28, 0.50, 0.25, 0.25),
    Region.R_BROW: (0.97, -3.96, -0.26, -0.28, 0.50, 0.25, 0.25),
    Region.L_EYE: (0.88, -4.64, 0.24, -0.15, 0.50, 0.25, 0.25),
    Region.R_EYE: (0.88, -4.63, -0.24, -0.15, 0.50, 0.25, 0.25),
    Region.GLASSES: (0.11, -1.16, -0.00, -0.16, 0.50, 0.25, 0.25),
    Region.L_EAR: (0.62, -3.22, 0.57, 0.01, 0.89, 0.25, 0.25),
    Region.R_EAR: (0.57, -3.40, -0.56, 0.02, 0.92, 0.25, 0.25),
    Region.EARRING: (0.07, -5.33, 0.09, 0.25, 1.30, 0.72, 0.25),
    Region.NOSE: (0.98, -2.48, -0.00, 0.05, 0.50, 0.25, 0.25),
    Region.MOUTH: (0.31, -4.30, 0.00, 0.39, 1.21, 0.25, 0.25),
    Region.U_LIP: (0.98, -4.17, -0.00, 0.36, 0.50, 0.25, 0.25),
    Region.L_LIP: (0.98, -3.78, 0.00, 0.42, 0.50, 0.25, 0.25),
    Region.NECK: (0.98, -1.72, 0.01, 0.75, 0.50, 0.25, 0.25),
    Region.NECKLACE: (0.02, -5.02, -0.13, 0.84, 1.78, 0.57, 0.25),
    Region.CLOTH: (0.82, -1.79, 0.04, 0.77, 1.16, 0.36, 0.25),
    Region.HAIR: (0.97, -0.35, -0.00, -0.58, 0.98, 0.25, 0.28),
    Region.HAT: (0.11, -0.16, 0.00, -0.77, 0.64, 0.25, 0.25),
}
_MIN_SHARE = 0.0002  # a region under this share of the mask does not count
_MAX_DEVIATION = 30.0  # of one region, so that a single odd one does not decide
_MIN_DIFFERENCE = 8.0  # of the log likelihoods of both orders, for a decision
_MIN_LIKELIHOOD = -60.0  # a log likelihood below that of nearly all faces, turned, moved or with parts left out


def label_order(name: str) -> LabelOrder | None:
    """The order that a user names, None for "auto".

    Raises:
        ImageError: there is no such order.
    """
    if name == "auto":
        return None
    if name == "ours":
        return "bisenet"
    for order in get_args(LabelOrder):
        if name == order:
            return order
    raise ImageError(f"There is no label order “{name}”; choose one of {', '.join(LABEL_CHOICES)}.")


def recognised(labels: MaskArray) -> tuple[LabelOrder, bool]:
    """The order that puts the regions of a mask where a face has them.

    Args:
        labels: (N, N) uint8, 0 to 18.

    Returns:
        The order, and whether that is certain. Labels that mean the same in both orders are certainly "bisenet".
    """
    if all(REGION_OF_LABEL["celebamask"][label] == label for label in np.unique(labels)):
        return "bisenet", True
    scores = {order: layout_likelihood(labels, order) for order in REGION_OF_LABEL}
    better = "celebamask" if scores["celebamask"] > scores["bisenet"] else "bisenet"
    order = label_order(better)
    assert order is not None
    return order, abs(scores["celebamask"] - scores["bisenet"]) >= _MIN_DIFFERENCE


def is_like_a_face(labels: MaskArray, order: LabelOrder) -> bool:
    """Whether the regions of a mask lie roughly where a face has them."""
    return layout_likelihood(labels, order) >= _MIN_LIKELIHOOD


def layout_likelihood(labels: MaskArray, order: LabelOrder) -> float:
    """Log likelihood, up to a constant, of a mask's layout under an order, in the best of four turns, also mirrored.

    Presence, area and centre of each region are taken for independent and normally distributed around those of faces.
    """
    present, features = _features(REGION_OF_LABEL[order][labels])
    best = -np.inf
    for turn in range(4):
        angle = turn * np.pi / 2
        cos, sin = np.cos(angle), np.sin(angle)
        for mirror in (1.0, -1.0):
            total = 0.0
            for region, (chance, area, x, y, spread, spread_x, spread_y) in _LAYOUT.items():
                if not present[region]:
                    total += np.log(1 - chance)
                    continue
                size, across, down = features[region]
                moved_x, moved_y = mirror * (cos * across + sin * down), cos * down - sin * across
                deviation = np.array([(size - area) / spread, (moved_x - x) / spread_x, (moved_y - y) / spread_y])
                total += np.log(chance) - 0.5 * min(float((deviation**2).sum()), _MAX_DEVIATION)
            best = max(best, total)
    return float(best)


def legend(order: LabelOrder = "bisenet") -> str:
    """Numbers and names of an order, "0 background, 1 skin, ..."."""
    return ", ".join(
        f"{label} {REGION_NAMES[region].lower()}" for label, region in enumerate(REGION_OF_LABEL[order].tolist())
    )


def _features(mask: MaskArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """(19,) which regions are there, (19, 3) log(area / skin area) and offsets of the centres in skin sizes."""
    side = mask.shape[0]
    flat = mask.ravel()
    count = np.bincount(flat, minlength=REGION_COUNT).astype(np.float64)
    y, x = np.divmod(np.arange(flat.size), mask.shape[1])
    some = np.maximum(count, 1)
    centres = np.stack([np.bincount(flat, axis, REGION_COUNT) / some for axis in (x, y)], 1)
    skin = count[Region.SKIN]
    centre, size = (centres[Region.SKIN], np.sqrt(skin)) if skin else (np.full(2, side / 2), side / 2)
    return count > _MIN_SHARE * flat.size, np.column_stack([np.log(some / size**2), (centres - centre) / size])
