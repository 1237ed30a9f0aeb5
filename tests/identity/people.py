"""People for the tests of identities, drawn without a network: colours instead of faces."""

import numpy as np

from faceeditor.identity.variation import FacePicture, Variation
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode

FRAME = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


class Painter:
    """Draws a variation as a smooth pattern of its style and head; counts what it draws."""

    def __init__(self):
        self.drawn = 0

    def draw(self, variation):
        self.drawn += 1
        x = np.linspace(0, 6, 64)
        style = variation.style.regions[1, :8]
        head = variation.head.shape[:8] + variation.head.pose[0] / 20 if variation.head is not None else np.zeros(8)
        waves = np.stack([np.sin(x * (1 + k / 3) + style[k] + head[k]) for k in range(8)])
        plane = (waves[:4].T @ waves[4:]) * 30 + 128
        picture = np.stack([plane, plane.T, plane[::-1]], -1)
        return FacePicture(np.clip(picture, 0, 255).astype(np.uint8), FRAME)


class Mean:
    """A recogniser whose vector is the picture's means over a grid."""

    def embed(self, pictures, frames):
        assert len(pictures) == len(frames)
        cells = [p.astype(np.float32).reshape(8, p.shape[0] // 8, 8, -1).mean((1, 3)).ravel() for p in pictures]
        return np.stack([np.concatenate([c, c]) / 1024.0 - 0.125 for c in cells]).astype(np.float32)


class Ring:
    """A latent space of four numbers; its pictures show the first two."""

    name, dimension, key = "ring", 4, "ring-1"

    def __init__(self):
        self.drawn = 0

    def sample(self, random):
        return random.standard_normal(4).astype(np.float32)

    def pictures(self, latents):
        for latent in latents:
            self.drawn += 1
            yield FacePicture(np.full((64, 64, 3), 100, np.uint8) + np.uint8(20 * np.tanh(latent[0]) + 20), FRAME)


def portrait(seed=0, head=True):
    """A random portrait."""
    random = np.random.default_rng(seed)
    parts = (random.standard_normal(shape).astype(np.float32) for shape in (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE))
    mask = np.zeros((256, 256), np.uint8)
    mask[60:200, 70:190] = 1
    neutral = HeadCoefficients.neutral()
    shape = random.standard_normal(24).astype(np.float32)
    drawn = neutral.changed(shape=shape, pose=(8.0 + seed % 7, -3.0, 1.0)) if head else None
    return Variation(mask, StyleCode(*parts), drawn, drawn)


class FirstCode:
    """Style and head priors of a few numbers."""

    def draw(self, seed, mask=None):
        style = portrait(0).style
        regions = style.regions.copy()
        regions[1, :6] += np.random.default_rng(seed).standard_normal(6).astype(np.float32)
        return StyleCode(regions, style.overall, style.detail)


class ShapePrior:
    """A head prior that draws shapes, poses and nothing else."""

    def draw(self, group, random, head, variety=1.0):
        if group == "identity":
            return head.changed(shape=random.standard_normal(24).astype(np.float32))
        return head.changed(pose=random.uniform(-5, 5, 3)) if group == "pose" else head


class SlowPainter(Painter):
    """Takes its time, so that a test can end it in the middle."""

    def draw(self, variation):
        import time

        time.sleep(0.01)
        return super().draw(variation)


def open_studio(plan, folder):
    """A studio without networks, for workers in other processes."""
    from faceeditor.identity.people import HeadChanges
    from faceeditor.identity.shards import PortraitStudio

    heads = ShapePrior()
    methods = {"head": HeadChanges(heads)}
    return PortraitStudio(SlowPainter(), Mean(), methods, [portrait(1), portrait(2)], FirstCode(), heads)


def open_studio_once_killed(plan, folder):
    """As `open_studio`, but the first worker that opens one is killed in the middle of its first shard."""
    import os
    import signal

    studio = open_studio(plan, folder)
    flag = folder / "killed"

    class Deadly(SlowPainter):
        def draw(self, variation):
            if self.drawn == 7:
                try:
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
            return super().draw(variation)

    return type(studio)(Deadly(), *[getattr(studio, n) for n in ("recogniser", "methods", "bases", "styles", "heads")])
