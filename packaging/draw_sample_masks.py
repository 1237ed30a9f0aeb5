"""Draw the built-in sample masks into resources/masks.

    python packaging/draw_sample_masks.py [folder]

Twelve faces in the layout of aligned portraits (FFHQ): every part is a smooth curve through points in pixels of the
256 x 256 mask, measured from the middle of the face,
drawn at four times that size and reduced by majority. Nothing is
traced; widths and heights follow the usual proportions of aligned portraits.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from face_drawing import CENTRE, LEFT, MIDDLE, RIGHT, Drawing, Face, R, curve, joined, pts

from faceeditor.portrait.masks import write_mask


def long_hair() -> Drawing:
    """Long straight hair, parted in the middle."""
    d = Drawing(Face(hairline=44, cheek=0.97, jaw=0.93, chin=233, neck_w=38), 1)
    d.shape(
        R.HAIR,
        pts(
            (-2, 9), (-34, 13), (-58, 31), (-73, 62), (-80, 100), (-86, 140), (-93, 180), (-99, 220), (-101, 272),
            (-50, 280), (0, 270), (52, 280), (97, 272), (98, 225), (93, 182), (87, 140), (81, 100), (74, 62), (60, 31),
            (33, 13),
        ),
        1.4, 60,
    )  # fmt: skip
    d.neck(8)
    d.cloth(262, [(-43, 232), (-36, 240), (-22, 252), (0, 260), (22, 252), (36, 240), (43, 232)])
    d.skin()
    # Curtains from the parting over the temples and down in front of the shoulders.
    d.shape(
        R.HAIR,
        pts(
            (-3, 30), (-3, 44), (-20, 52), (-37, 68), (-50, 92), (-57, 120), (-60, 150), (-58, 180), (-58, 215),
            (-62, 250), (-60, 275), (-102, 275), (-98, 220), (-92, 180), (-84, 140), (-76, 100), (-68, 60), (-40, 32),
        ),
        0.7, 50,
    )  # fmt: skip
    d.shape(
        R.HAIR,
        pts(
            (-3, 30), (-2, 45), (16, 51), (35, 66), (49, 90), (56, 116), (60, 146), (60, 178), (57, 212), (58, 246),
            (64, 275), (102, 275), (97, 220), (92, 180), (85, 140), (78, 100), (69, 60), (40, 32),
        ),
        0.7, 50,
    )  # fmt: skip
    d.features()
    return d


def short_hair() -> Drawing:
    """Short hair over a broad jaw."""
    face = Face(
        cheek=1.02, jaw=1.12, chin=238, hairline=51, brow_y=106, brow_h=8.4, brow_arch=2.6, brow_w=39, eye_h=8.8,
        nose_w=42, nose_tip=170, mouth_y=193, mouth_w=51, upper=5.8, lower=8.6, smile=0.1, neck_w=53,
    )  # fmt: skip
    d = Drawing(face, 2)
    d.shape(
        R.HAIR,
        pts(
            (-4, 4), (-34, 7), (-56, 21), (-69, 45), (-73, 75), (-72, 104), (-68, 126), (-50, 100), (50, 100),
            (68, 126), (72, 102), (74, 74), (70, 44), (56, 19), (30, 6),
        ),
        1.2, 48,
    )  # fmt: skip
    d.neck(9)
    d.cloth(252, [(-55, 220), (-50, 230), (-32, 244), (0, 251), (33, 244), (51, 230), (56, 219)])
    d.ear(LEFT)
    d.ear(RIGHT)
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (-66, 112), (-71, 85), (-66, 50), (-40, 30), (0, 26), (42, 30), (67, 50), (72, 84), (67, 110), (62, 114),
            (61, 100), (57, 86), (53, 70), (44, 57), (24, 51), (0, 53), (-22, 50), (-42, 56), (-53, 70), (-57, 86),
            (-60, 102), (-62, 116),
        ),
        0.9, 30,
    )  # fmt: skip
    d.features()
    return d


def bob_with_fringe() -> Drawing:
    """A chin-length bob with a full fringe."""
    d = Drawing(replace(Face(), jaw=0.95, cheek=0.98, brow_y=105, brow_h=5.6, lower=11.6, upper=8.2, neck_w=38), 3)
    d.shape(
        R.HAIR,
        pts(
            (0, 12), (-38, 17), (-66, 39), (-81, 74), (-87, 112), (-90, 150), (-92, 186), (-86, 209), (-66, 214),
            (-50, 206), (0, 190), (50, 206), (70, 216), (88, 208), (93, 184), (91, 148), (88, 110), (82, 72), (66, 37),
            (38, 16),
        ),
        1.2, 55,
    )  # fmt: skip
    d.neck(8)
    d.cloth(260, [(-42, 224), (-38, 232), (-24, 241), (0, 245), (25, 241), (38, 232), (42, 224)])
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (0, 30), (-50, 40), (-72, 80), (-84, 140), (-88, 190), (-76, 211), (-61, 208), (-55, 190), (-57, 165),
            (-59, 140), (-58, 118), (-54, 98), (-40, 95), (-22, 92), (-6, 93), (12, 91), (30, 94), (46, 96), (55, 100),
            (59, 120), (60, 142), (57, 168), (56, 192), (62, 209), (78, 212), (89, 190), (85, 140), (72, 80), (50, 40),
        ),
        0.9, 26,
    )  # fmt: skip
    d.features()
    return d


def bun() -> Drawing:
    """Hair tied up in a bun, ears free."""
    d = Drawing(
        Face(hairline=47, cheek=0.98, jaw=0.92, chin=232, brow_arch=5.6, brow_h=5.6, lower=12, upper=8.4, neck_w=37), 4
    )
    d.shape(
        R.HAIR,
        pts((5, -20), (-17, -15), (-28, -1), (-27, 14), (-16, 26), (4, 31), (25, 26), (36, 13), (37, -2), (25, -16)),
        0.8,
        24,
    )
    d.shape(
        R.HAIR,
        pts(
            (0, 17), (-32, 20), (-54, 36), (-66, 62), (-70, 92), (-68, 122), (-60, 140), (-40, 110), (40, 110),
            (60, 140), (68, 122), (70, 92), (66, 60), (55, 35), (32, 20),
        ),
        0.8, 50,
    )  # fmt: skip
    d.neck(7)
    d.cloth(266, [(-46, 234), (-38, 243), (-24, 256), (0, 270), (25, 256), (39, 242), (47, 233)])
    d.ear(LEFT, size=0.92)
    d.ear(RIGHT, size=0.92)
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (0, 28), (-40, 36), (-64, 70), (-68, 104), (-64, 128), (-61, 132), (-60, 112), (-56, 88), (-47, 68),
            (-31, 54), (-8, 47), (14, 47), (34, 54), (49, 68), (57, 88), (60, 110), (62, 134), (65, 126), (68, 102),
            (63, 68), (40, 36),
        ),
        0.6, 34,
    )  # fmt: skip
    d.features()
    return d


def curly_hair() -> Drawing:
    """Wide curly hair that leaves the picture."""
    face = Face(
        hairline=55, chin=232, jaw=0.97, cheek=1.0, nose_w=44, nose_tip=168, mouth_w=54, upper=9.4, lower=13.2,
        eye_w=27, eye_h=10.6, brow_h=6.2, brow_arch=5.2, neck_w=40, smile=0.3,
    )  # fmt: skip
    d = Drawing(face, 5)
    d.shape(
        R.HAIR,
        pts(
            (0, -12), (-46, -6), (-86, 14), (-112, 52), (-122, 96), (-121, 140), (-112, 178), (-94, 206), (-68, 214),
            (0, 190), (70, 216), (96, 206), (114, 176), (122, 138), (123, 94), (112, 50), (86, 12), (46, -7),
        ),
        3.4, 30,
    )  # fmt: skip
    d.neck(9)
    d.cloth(262, [(-47, 230), (-40, 240), (-24, 254), (0, 264), (25, 254), (41, 240), (48, 230)])
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (0, 34), (-50, 44), (-80, 90), (-90, 150), (-80, 196), (-60, 196), (-57, 176), (-61, 152), (-57, 128),
            (-58, 104), (-50, 84), (-44, 68), (-28, 62), (-12, 56), (6, 59), (22, 56), (38, 66), (48, 78), (54, 98),
            (60, 118), (57, 142), (61, 164), (56, 186), (64, 200), (84, 194), (92, 150), (82, 92), (52, 44),
        ),
        2.2, 22,
    )  # fmt: skip
    d.features()
    return d


def glasses() -> Drawing:
    """Glasses; a side parting."""
    face = Face(
        cheek=1.0, jaw=1.05, chin=236, hairline=52, brow_y=102, brow_h=6.8, brow_arch=3.2, nose_w=41, mouth_w=50,
        upper=6.2,
        lower=9.0, neck_w=49, smile=0.4,
    )  # fmt: skip
    d = Drawing(face, 6)
    d.shape(
        R.HAIR,
        pts(
            (6, 2), (-28, 8), (-54, 24), (-69, 50), (-74, 82), (-72, 110), (-66, 128), (-50, 100), (50, 100),
            (66, 130), (73, 108), (76, 78), (73, 46), (62, 18), (36, 3),
        ),
        1.6, 44,
    )  # fmt: skip
    d.neck(8)
    d.cloth(254, [(-51, 214), (-45, 226), (-26, 247), (-6, 268), (6, 268), (27, 246), (46, 226), (52, 213)])
    d.ear(LEFT)
    d.ear(RIGHT, drop=1)
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (-66, 118), (-71, 88), (-64, 50), (-30, 26), (20, 20), (58, 34), (72, 66), (72, 96), (66, 120), (62, 116),
            (61, 98), (57, 82), (51, 68), (42, 58), (34, 50), (18, 56), (-4, 63), (-26, 69), (-44, 76), (-54, 86),
            (-59, 100), (-62, 117),
        ),
        1.0, 30,
    )  # fmt: skip
    d.features()
    for side in (LEFT, RIGHT):
        lens = pts(
            (7, 116), (13, 111.5), (28, 109.5), (45, 110), (56, 113), (58.5, 120), (56, 131), (48, 139.5), (35, 142.5),
            (21, 140.5), (11.5, 133), (8, 124),
        )  # fmt: skip
        d.fill(R.GLASSES, curve(lens * (side, 1) + (MIDDLE + d.jitter(0.5), d.jitter(0.5))))
        temple = pts((55, 113), (65, 114.5), (73, 117), (73, 120), (64, 119), (56, 119.5))
        d.fill(R.GLASSES, curve(temple * (side, 1) + CENTRE))
    bridge = joined(pts((-10, 114.5), (0, 112), (10, 114.5)), pts((10, 119), (0, 115.5), (-10, 119)))
    d.fill(R.GLASSES, bridge + CENTRE)
    return d


def hat() -> Drawing:
    """A knitted hat over chin-length hair."""
    d = Drawing(Face(hairline=40, cheek=0.99, jaw=0.98, chin=233, brow_y=105, brow_h=6.2, lower=11, neck_w=40), 7)
    d.shape(
        R.HAIR,
        pts(
            (0, 50), (-60, 60), (-74, 96), (-80, 134), (-86, 170), (-88, 200), (-76, 222), (-54, 214), (0, 180),
            (54, 212), (74, 224), (88, 204), (87, 168), (80, 132), (75, 96), (60, 60),
        ),
        1.8, 46,
    )  # fmt: skip
    d.neck(7)
    d.cloth(256, [(-46, 218), (-43, 227), (-28, 238), (0, 243), (29, 238), (43, 227), (47, 218)])
    d.skin()
    d.shape(
        R.HAIR,
        pts((-60, 70), (-76, 110), (-82, 160), (-84, 200), (-70, 214), (-58, 200), (-58, 176), (-62, 150),
        (-60, 124), (-54, 98), (-44, 78)),
        1.1, 40,
    )  # fmt: skip
    d.shape(
        R.HAIR,
        pts((60, 70), (76, 110), (82, 160), (84, 202), (70, 216), (58, 202), (57, 178), (62, 150), (60, 122),
        (54, 98), (44, 78)),
        1.1, 40,
    )  # fmt: skip
    d.features()
    crown = pts(
        (4, 1), (-26, 5), (-52, 19), (-69, 42), (-77, 68), (-79, 88), (-74, 96), (-58, 90), (-32, 81), (0, 77),
        (34, 80), (60, 88), (76, 95), (81, 87), (80, 66), (73, 40), (57, 17), (33, 4),
    )  # fmt: skip
    d.shape(R.HAT, crown, 0.8, 30)
    return d


def turned_left() -> Drawing:
    """The face turned to the person's left, the picture's right; hair tucked behind the near ear."""
    face = Face(
        turn=0.36, hairline=49, cheek=0.98, jaw=0.95, chin=233, neck_w=38, brow_arch=5.2, brow_h=5.8, upper=8,
        lower=11.4,
    )  # fmt: skip
    d = Drawing(face, 8)
    d.shape(
        R.HAIR,
        pts(
            (-6, 7), (-44, 12), (-76, 32), (-96, 66), (-103, 106), (-104, 146), (-106, 186), (-108, 228), (-106, 272),
            (-60, 276), (10, 268), (44, 270), (63, 240), (67, 200), (66, 160), (65, 116), (66, 78), (57, 42), (32, 15),
        ),
        1.5, 55,
    )  # fmt: skip
    d.neck(8)
    d.cloth(264, [(-50, 234), (-44, 243), (-30, 254), (-6, 262), (14, 254), (28, 243), (36, 234)])
    d.ear(RIGHT, size=0.96)
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (8, 26), (-40, 28), (-78, 56), (-92, 100), (-90, 118), (-78, 112), (-68, 116), (-64, 102), (-56, 84),
            (-43, 68), (-24, 56), (-2, 49), (14, 49), (30, 57), (43, 72), (51, 92), (54, 116), (53, 146), (54, 180),
            (50, 214), (48, 250), (66, 262), (72, 200), (70, 140), (69, 84), (54, 44),
        ),
        0.8, 40,
    )  # fmt: skip
    d.shape(
        R.HAIR,
        pts((-106, 110), (-96, 114), (-88, 146), (-80, 172), (-76, 204), (-74, 240), (-72, 276), (-112, 276),
        (-110, 200)),
        1.0, 40,
    )  # fmt: skip
    d.features()
    return d


def turned_right() -> Drawing:
    """The face turned to the person's right, the picture's left; short hair."""
    face = Face(
        turn=-0.4, hairline=50, cheek=1.02, jaw=1.07, chin=237, neck_w=50, brow_y=105, brow_h=8, brow_arch=2.8,
        eye_h=8.8,
        nose_w=41, nose_tip=170, mouth_y=192, mouth_w=49, upper=6.2, lower=9, smile=0.2,
    )  # fmt: skip
    d = Drawing(face, 9)
    d.shape(
        R.HAIR,
        pts(
            (2, 2), (-34, 8), (-55, 28), (-62, 60), (-60, 92), (-30, 110), (50, 120), (74, 150), (84, 172), (94, 160),
            (101, 112), (100, 72), (88, 36), (66, 13), (34, 2),
        ),
        1.5, 44,
    )  # fmt: skip
    d.neck(9)
    d.cloth(252, [(-41, 232), (-34, 242), (-14, 254), (10, 257), (36, 247), (54, 232), (63, 216)])
    d.skin()
    d.ear(LEFT, size=1.02)
    d.shape(
        R.HAIR,
        pts(
            (-54, 96), (-58, 70), (-48, 40), (-10, 22), (40, 22), (78, 46), (95, 86), (97, 116), (90, 118), (79, 116),
            (68, 119), (60, 128), (57, 138), (54, 136), (54, 120), (53, 102), (50, 86), (44, 73), (34, 62), (18, 54),
            (2, 57), (-16, 52), (-34, 58), (-45, 72), (-50, 88),
        ),
        1.0, 28,
    )  # fmt: skip
    d.features()
    return d


def smiling() -> Drawing:
    """A broad smile with an open mouth; wavy shoulder-length hair parted at the side."""
    face = Face(
        hairline=47, cheek=1.02, jaw=0.98, chin=236, mouth_y=187.5, mouth_w=63, upper=6.4, lower=8.8, opening=12.5,
        smile=1.9,
        eye_h=8.0, nose_w=43, nose_tip=167.5, brow_arch=5.0, brow_h=6.0, neck_w=39,
    )  # fmt: skip
    d = Drawing(face, 10)
    d.shape(
        R.HAIR,
        pts(
            (8, 6), (-32, 10), (-62, 30), (-80, 66), (-88, 108), (-95, 148), (-104, 188), (-104, 226), (-88, 250),
            (-62, 246), (0, 210), (62, 246), (90, 252), (106, 226), (103, 186), (96, 146), (90, 106), (83, 64),
            (66, 27), (40, 9),
        ),
        2.6, 42,
    )  # fmt: skip
    d.neck(8)
    d.cloth(260, [(-44, 230), (-38, 240), (-24, 254), (0, 266), (25, 254), (39, 240), (45, 230)])
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (24, 24), (24, 44), (8, 56), (-14, 66), (-36, 78), (-50, 94), (-58, 116), (-62, 144), (-60, 176),
            (-64, 206), (-62, 240), (-96, 244), (-100, 200), (-88, 150), (-80, 100), (-62, 52), (-24, 26),
        ),
        1.5, 38,
    )  # fmt: skip
    d.shape(
        R.HAIR,
        pts(
            (20, 26), (26, 45), (40, 56), (51, 76), (57, 98), (62, 124), (62, 152), (59, 180), (64, 208), (60, 240),
            (94, 246), (101, 206), (90, 152), (82, 100), (70, 56), (48, 30),
        ),
        1.5, 38,
    )  # fmt: skip
    d.features()
    return d


def receding_hair() -> Drawing:
    """An older, narrow face with receding hair."""
    face = Face(
        hairline=31, cheek=0.94, jaw=0.97, chin=238, eye_h=7.8, eye_w=25, eye_tilt=-0.6, brow_y=105, brow_h=7.2,
        brow_arch=2.4,
        nose_w=43, nose_tip=173, mouth_y=195, mouth_w=51, upper=4.6, lower=7.0, smile=-0.1, neck_w=47,
    )  # fmt: skip
    d = Drawing(face, 11)
    d.shape(
        R.HAIR,
        pts(
            (0, 15), (-28, 17), (-48, 30), (-61, 52), (-69, 82), (-71, 112), (-66, 134), (-50, 110), (50, 110),
            (66, 134), (71, 112), (69, 80), (61, 50), (48, 29), (28, 16),
        ),
        1.0, 40,
    )  # fmt: skip
    d.neck(9)
    d.cloth(250, [(-50, 212), (-44, 222), (-22, 246), (-2, 268), (4, 268), (24, 246), (45, 222), (51, 211)])
    d.ear(LEFT, drop=3, size=1.1)
    d.ear(RIGHT, drop=2, size=1.1)
    d.skin()
    d.shape(
        R.HAIR,
        pts(
            (-62, 122), (-66, 96), (-62, 66), (-50, 42), (-46, 46), (-50, 62), (-49, 78), (-53, 92), (-56, 106),
            (-58, 122), (-60, 130),
        ),
        0.7, 30,
    )  # fmt: skip
    d.shape(
        R.HAIR,
        pts((62, 122), (66, 96), (62, 66), (50, 42), (45, 45), (49, 62), (48, 80), (53, 94), (56, 108), (58, 122),
        (60, 130)),
        0.7, 30,
    )  # fmt: skip
    d.shape(R.HAIR, pts((0, 18), (-24, 20), (-30, 30), (-20, 41), (-4, 45), (13, 43), (25, 33), (22, 21)), 0.8, 14)
    d.features()
    return d


def earrings_and_necklace() -> Drawing:
    """Short hair combed aside, earrings and a necklace."""
    face = Face(
        hairline=49,
        cheek=0.99,
        jaw=0.95,
        chin=230,
        brow_arch=5.8,
        brow_h=5.4,
        upper=8.6,
        lower=12,
        mouth_w=51,
        neck_w=36,
        smile=0.8,
    )
    d = Drawing(face, 12)
    d.shape(
        R.HAIR,
        pts(
            (-4, 4), (-38, 10), (-64, 30), (-78, 62), (-81, 96), (-75, 124), (-64, 136), (-40, 110), (40, 110),
            (64, 136), (74, 124), (80, 96), (77, 58), (62, 26), (34, 7),
        ),
        2.0, 38,
    )  # fmt: skip
    d.neck(13)
    d.cloth(268, [(-72, 247), (-60, 252), (-40, 262), (0, 274), (42, 262), (62, 252), (74, 246)])
    outer = curve(
        pts((-48, 229), (-34, 242), (-14, 250.5), (0, 252.5), (15, 250.5), (35, 242), (49, 229)), closed=False
    )
    inner = curve(pts((47, 227), (34, 239), (14, 247), (0, 248.6), (-13, 247), (-33, 239), (-46, 227)), closed=False)
    d.fill(R.NECKLACE, np.concatenate([outer, inner]) + CENTRE, only=[R.NECK])
    d.ear(LEFT, size=0.9, drop=2)
    d.ear(RIGHT, size=0.9, drop=1)
    d.skin()
    for side in (LEFT, RIGHT):
        drop = pts((69, 158), (66.5, 163), (65, 171), (67, 178), (70, 180), (73, 177.5), (74.5, 171), (72, 163))
        d.fill(R.EARRING, curve(drop * (side, 1) + (MIDDLE + d.jitter(0.8), d.jitter(1.2))))
    d.shape(
        R.HAIR,
        pts(
            (-62, 128), (-72, 104), (-70, 64), (-40, 30), (10, 20), (52, 32), (72, 66), (74, 102), (66, 124),
            (62, 128), (61, 112), (57, 94), (50, 78), (40, 66), (33, 57), (24, 66), (8, 77), (-12, 86), (-32, 92),
            (-48, 98), (-57, 108), (-60, 120),
        ),
        1.1, 28,
    )  # fmt: skip
    d.features()
    return d


SAMPLES = (
    ("long-hair", long_hair), ("short-hair", short_hair), ("bob-with-fringe", bob_with_fringe), ("bun", bun),
    ("curly-hair", curly_hair), ("glasses", glasses), ("hat", hat), ("turned-left", turned_left),
    ("turned-right", turned_right), ("smiling", smiling), ("receding-hair", receding_hair),
    ("earrings-and-necklace", earrings_and_necklace),
)  # fmt: skip


def main() -> None:
    """Draw all twelve."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "resources" / "masks"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, draw) in enumerate(SAMPLES, 1):
        write_mask(folder / f"{number:02d}-{name}.png", draw().finished())


if __name__ == "__main__":
    main()
