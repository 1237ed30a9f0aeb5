"""Rendered people whose every change is known: the photographs of `bench photo`."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.head.control_kinds import with_rig
from faceeditor.head.controls import control
from faceeditor.head.model import HeadModel
from faceeditor.head.render import render_scene
from faceeditor.head.samples import sample_head, sample_look
from faceeditor.photo.align import Square
from faceeditor.photo.warp import held_by_the_body
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.regions import MaskArray


@dataclass(frozen=True, eq=False)
class Scene:
    """A rendered person.

    Attributes:
        picture: (S, S, 3) uint8 sRGB.
        mask: (256, 256) uint8 its regions, exactly as drawn.
        head: its head.
        square: where the face lies: all of the picture.
    """

    picture: npt.NDArray[np.uint8]
    mask: MaskArray
    head: HeadCoefficients
    square: Square


def draw_scene(model: HeadModel, seed: int, side: int, head: HeadCoefficients | None = None) -> Scene:
    """A random person with hair and background, or the same one with another head."""
    random = np.random.default_rng(seed)
    drawn = sample_head(random)
    # Nearly frontal, with the mouth as it comes: what portraits of people are.
    drawn = drawn.changed(pose=drawn.pose * np.float32(0.4))
    look = sample_look(random, model)
    # On a photograph the shoulders stand still.
    head = drawn if head is None else held_by_the_body(drawn, head)
    picture = render_scene(model, head, look, side, 1).picture
    mask = render_scene(model, head, look, 256, 1).regions
    square = Square(np.array([side / 2, side / 2]), np.array([side / 2, 0.0]))
    return Scene(np.ascontiguousarray(picture), np.ascontiguousarray(mask), head, square)


def changes(head: HeadCoefficients, seed: int) -> dict[str, HeadCoefficients]:
    """By kind: the head after a change of this kind, as a slider would set it."""
    random = np.random.default_rng(1000 + seed)

    def turned(**values: float) -> HeadCoefficients:
        new = head
        for name, value in values.items():
            knob = control(name)
            new = knob.set(new, None, knob.clip(knob.get(new) + value))
        return new

    sign = 1.0 if random.random() < 0.5 else -1.0
    rig = LightRig(sign * random.uniform(30, 80), random.uniform(0, 40), random.uniform(0.8, 1.3), softness=0.6)
    changed = {
        "pose": turned(yaw=sign * random.uniform(6, 12), pitch=random.uniform(-5, 5)),
        "expression": turned(smile=0.5, brow_raise=random.uniform(0, 0.5)),
        "light": with_rig(head, rig),
    }
    changed["far pose"] = turned(yaw=sign * random.uniform(20, 30))
    return changed
