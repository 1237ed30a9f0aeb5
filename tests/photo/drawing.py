"""A drawn face that the detector takes for a photograph's."""

import cv2
import numpy as np


def drawn_face(side: int = 256) -> np.ndarray:
    """(side, side, 3) uint8: a shaded face in the layout of aligned portraits."""
    fine = 512
    picture = np.full((fine, fine, 3), (150, 160, 170), np.float32)

    def blob(centre: tuple[float, float], axes: tuple[float, float], colour: tuple[int, int, int], soft: float) -> None:
        nonlocal picture
        shape = np.zeros((fine, fine), np.float32)
        points = tuple(round(v) for v in centre), tuple(round(v) for v in axes)
        cv2.ellipse(shape, points[0], points[1], 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        shape = cv2.GaussianBlur(shape, (0, 0), soft)[..., None]
        picture = picture * (1 - shape) + np.array(colour, np.float32) * shape

    blob((256, 210), (175, 200), (45, 32, 26), 6)
    blob((256, 520), (220, 90), (60, 70, 90), 6)
    blob((256, 430), (70, 110), (170, 120, 95), 6)
    blob((256, 275), (138, 182), (215, 165, 140), 5)
    blob((256, 240), (110, 130), (230, 182, 158), 30)
    for x in (195, 317):
        blob((x, 238), (38, 24), (175, 125, 105), 8)
        blob((x, 204), (38, 7), (60, 42, 34), 3)
        blob((x, 241), (26, 11), (235, 230, 225), 2)
        blob((x, 241), (11, 11), (60, 45, 40), 2)
        blob((x, 231), (28, 4), (50, 35, 30), 2)
    blob((256, 290), (16, 45), (240, 195, 172), 8)
    blob((256, 322), (30, 10), (180, 125, 105), 6)
    for x in (243, 269):
        blob((x, 326), (7, 4), (90, 50, 45), 2)
    blob((256, 384), (48, 15), (185, 90, 90), 4)
    blob((256, 383), (46, 3), (90, 35, 35), 2)
    return cv2.resize(picture.clip(0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA)
