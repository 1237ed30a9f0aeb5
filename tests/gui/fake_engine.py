"""A stand-in generator that can be held in the middle of a drawing, behind the real engine."""

import threading
import time

import numpy as np

from faceeditor.engine import Engine
from faceeditor.engine.head_stage import MAPS_SIDE, HeadStage
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region, colorize
from tests.patience import WAIT

READ_HEAD = HeadCoefficients.neutral().changed(pose=(4.0, -5.0, 1.0), gaze=(2.0, 0.0))
"""What every face of the stand-in is read as."""


def face_of(mask: np.ndarray, style: StyleCode, size: int = 256, maps: np.ndarray | None = None) -> np.ndarray:
    """What the stand-in draws: the mask in its colours, a little brighter or darker with the style and the head."""
    shade = float(np.tanh(style.overall.mean())) * 40
    if maps is not None:
        shade += float(maps[0, 0, 0]) * 20
    step, grow = max(1, 256 // size), max(1, size // 256)
    sized = mask[::step, ::step].repeat(grow, 0).repeat(grow, 1)
    return np.clip(colorize(sized).astype(np.float32) + shade, 0, 255).astype(np.uint8)


class FakeGenerator:
    """Draws at once, or after ``delay`` seconds; counts the faces that it draws for the hand, up to 256 pixels.

    Between ``hold`` and ``let_go`` such a face stays under way, as if the device were slow without end; ``drawing``
    tells that one is. Work in the background is not held.
    """

    device = "torch-cpu"

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.renders = 0
        self.drawing = threading.Event()
        self._go_on = threading.Event()
        self._go_on.set()

    def hold(self) -> None:
        self.drawing.clear()
        self._go_on.clear()

    def let_go(self) -> None:
        self._go_on.set()

    def render(self, mask, style, size=256, maps=None, hair=None):
        time.sleep(self.delay)
        if threading.current_thread().name == "engine-frames":
            self.drawing.set()
            assert self._go_on.wait(WAIT)
            self.renders += size <= 256  # the finer face of a window at rest comes on top
        return face_of(mask, style, size, maps)

    def encode(self, photo, mask, label=""):
        time.sleep(self.delay)
        return random_style(9, label)

    def measure(self, runs=3):
        return 1.0

    def close(self):
        pass


class FakeHeads:
    """Moves masks sideways by a pixel a degree of yaw; maps and picture tell heads apart."""

    def move(self, mask, base, head):
        return np.roll(mask, round(float(head.pose[0] - base.pose[0])), axis=1)

    def maps(self, head):
        local = sum(float(each.expression.sum() + each.shape.sum()) for each in head.local)
        value = np.tanh(float(head.expression.sum() + head.shape.sum() + head.albedo.sum() + head.gamma.mean()) + local)
        return np.full((10, MAPS_SIDE, MAPS_SIDE), value, np.float32)

    def picture(self, head):
        return np.full((256, 256, 3), int(128 + head.pose[0]), np.uint8)


class FakeHeadPrior:
    """Random heads without a model."""

    def draw(self, group, random, head):
        other = HeadCoefficients.neutral().changed(
            shape=random.standard_normal(24),
            albedo=random.standard_normal(32),
            expression=random.random(55) * 0.5,
            pose=random.uniform(-20, 20, 3),
            gamma=random.standard_normal((9, 3)),
        )
        return head.with_group(group, other)


class FakePrior:
    """Random people without a model."""

    def __init__(self) -> None:
        self.mean = StyleCode.zeros("Average")

    def draw(self, seed: int, mask: np.ndarray | None = None) -> StyleCode:
        return random_style(seed, f"Seed {seed}")


def random_style(seed: int, label: str) -> StyleCode:
    random = np.random.default_rng(seed)
    draw = lambda *shape: random.standard_normal(shape).astype(np.float32)  # noqa: E731
    return StyleCode(draw(19, 32), draw(64) + draw(1), draw(8, 16, 16), label)


def fake_engine(generator: FakeGenerator) -> Engine:
    """The real engine around the stand-in."""
    return Engine(
        "torch-cpu",
        opener=lambda device: generator,
        average=lambda: StyleCode.zeros("Average"),
        heads=HeadStage(FakeHeads),
    )


def face_mask() -> np.ndarray:
    """A drawn face, upright and symmetric about column 128: (256, 256) uint8."""
    y, x = np.mgrid[0:256, 0:256] + 0.5
    mask = np.zeros((256, 256), np.uint8)

    def oval(region: Region, cx: float, cy: float, rx: float, ry: float) -> None:
        mask[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1] = region

    oval(Region.HAIR, 128, 112, 92, 104)
    oval(Region.SKIN, 128, 140, 68, 90)
    for side, eye, brow in ((-1, Region.R_EYE, Region.R_BROW), (1, Region.L_EYE, Region.L_BROW)):
        oval(eye, 128 + side * 30, 121, 12, 6)
        oval(brow, 128 + side * 31, 104, 16, 4)
    oval(Region.NOSE, 128, 146, 11, 18)
    oval(Region.U_LIP, 128, 188, 24, 7)
    oval(Region.L_LIP, 128, 195, 22, 7)
    return mask
