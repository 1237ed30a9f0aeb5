"""Attribute-driven, identity-preserving optimisation: of pixels as published, or of a portrait's style code and head.

The published method moves pixels by gradient descent. Here the style code and the head's shape and expression are
moved under the same objective, so that the result is a face that the generator can draw, and an edit of the portrait.
It starts from the plain way (`identity.transfer`: slider and guides' style), and what is left to find is what holds the
identity: the attribute is then reached at a smaller distance than by the slider alone.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.errors import FaceEditorError
from faceeditor.faceframe import face_frame
from faceeditor.head.model import HeadModel
from faceeditor.identity.attributes import Attribute, area_of
from faceeditor.identity.drawing import (
    PortraitDrawing,
    Scene,
    codes_of,
    open_generator,
    pixels_of,
    style_of,
    tensor_of,
    with_geometry,
)
from faceeditor.identity.guides import Guide
from faceeditor.identity.objective import (
    LITE_PACK,
    RECOGNISER_PACK,
    Objective,
    Weights,
    mean_maps,
    open_perception,
)
from faceeditor.identity.transfer import transferred
from faceeditor.identity.variation import Variation
from faceeditor.nets.mask_guided import Codes, MaskGenerator
from faceeditor.nets.mask_guided_pack import PACK
from faceeditor.nets.perception import Perception, Seen
from faceeditor.nets.precision import has_bfloat16
from faceeditor.packs import ModelPack
from faceeditor.regions import MaskArray, Region

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

STEPS = 40
MOST_STEPS = 400
_CODE_RATE, _HEAD_RATE, _PIXEL_RATE = 0.03, 0.02, 0.01
_SCENE_EVERY = 8
"""Steps after which the mask follows the head."""
_HALVINGS = 5


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be done.

    Attributes:
        portrait: the reference. For pixels only its mask counts.
        attribute: the attribute.
        guides: who show it, the nearest first; may be empty where the attribute has a control.
        lacking: who lack it; with them the target lies along the attribute direction.
        amount: 0..1.5.
        hold: largest distance of the recogniser's vectors to the reference.
        steps: how many.
        area: (256, 256) 0..1 where the picture may change; None: the attribute's regions.
        weights: of the objective.

    Raises:
        FaceEditorError: a number is out of range.
    """

    portrait: Variation
    attribute: Attribute
    guides: tuple[Guide, ...] = ()
    lacking: tuple[Guide, ...] = ()
    amount: float = 1.0
    hold: float = 0.45
    steps: int = STEPS
    area: FloatArray | None = None
    weights: Weights = Weights()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        if not 0 < self.amount <= 1.5:
            raise FaceEditorError(f"The amount {self.amount:g} does not work; choose more than 0 and at most 1.5.")
        if not 0.05 <= self.hold <= 1.5:
            raise FaceEditorError(f"Identity cannot be held at {self.hold:g}; choose 0.05 to 1.5 (0.6: same person).")
        if not 1 <= self.steps <= MOST_STEPS:
            raise FaceEditorError(f"{self.steps} steps do not work; choose 1 to {MOST_STEPS}.")


@dataclass(frozen=True, eq=False)
class OptimisationStep:
    """A step that can be gone back to.

    Attributes:
        number: 0 is the start of the optimisation.
        pixels: (256, 256, 3) uint8.
        portrait: what draws them; None when pixels were optimised.
        progress: share of the way to the target, as the objective sees it.
        distance: of the recogniser's vectors to the reference.
        terms: the objective's terms.
        mask: (256, 256) uint8, as drawn.
    """

    number: int
    pixels: Pixels
    portrait: Variation | None
    progress: float
    distance: float
    terms: dict[str, float]
    mask: MaskArray


class Workshop:
    """The networks that optimisations use, loaded once.

    Raises:
        ModelError: a pack is missing or damaged.
    """

    def __init__(
        self, net: MaskGenerator | None = None, perception: Perception | None = None, model: HeadModel | None = None
    ) -> None:
        self.net, self.perception = net or open_generator(), perception or open_perception()
        self.model = model or HeadModel.load()
        self.half = has_bfloat16(torch.device("cpu"))

    def drawing(self, portrait: Variation) -> PortraitDrawing:
        """A drawing of a portrait."""
        return PortraitDrawing(portrait, self.net, self.model, self.half)

    @torch.no_grad()
    def picture(self, portrait: Variation) -> tuple[Tensor, Scene]:
        """A portrait's picture (1, 3, 256, 256) and its scene."""
        drawing = self.drawing(portrait)
        scene = drawing.scene(portrait)
        return drawing.draw(scene, codes_of(portrait.style)), scene

    @torch.no_grad()
    def seen(self, picture: Tensor, to_picture: Tensor) -> Seen:
        """A picture's features, without gradients."""
        seen: Seen = self.perception(picture, to_picture)
        return seen


_shared: dict[tuple[str, ...], Workshop] = {}
_shared_lock = threading.Lock()


def shared_workshop() -> Workshop:
    """The networks of the program's own packs, loaded once a process; ModelError if a pack is missing or damaged."""
    key = tuple(ModelPack.open(name).key for name in (PACK, RECOGNISER_PACK, LITE_PACK))
    with _shared_lock:
        if key not in _shared:
            _shared.clear()
            _shared[key] = Workshop()
        return _shared[key]


def target_maps(plan: Plan, workshop: Workshop, reference: Seen) -> list[Tensor]:
    """The attribute maps to move a portrait to.

    Each guide's attribute is put on the portrait itself, so that all maps show one face in one place: the mean over the
    guides keeps what they have in common. With guides who lack the attribute: the reference's own maps plus the amount
    along mean with minus mean without.
    """

    def maps(guides: Sequence[Guide]) -> list[Tensor]:
        seen = []
        sets: list[tuple[Guide, ...]] = [(guide,) for guide in guides] or [()]
        for some in sets:
            whole = transferred(plan.portrait, some, plan.attribute, 1.0, workshop.model, plan.lacking)
            picture, scene = workshop.picture(whole)
            seen.append(workshop.seen(picture, scene.to_picture))
        return mean_maps(seen)

    shown = maps(plan.guides)
    # A slider, an outline and a relative style start from what the reference is.
    attribute = plan.attribute
    own = attribute.control is not None or bool(attribute.outline) or attribute.relative
    from_reference = own or not plan.lacking
    origin = reference.attribute if from_reference else maps(plan.lacking)
    pairs = zip(reference.attribute, shown, origin, strict=True)
    return [own + plan.amount * (there - here) for own, there, here in pairs]


def optimise_portrait(plan: Plan, workshop: Workshop) -> Iterator[OptimisationStep]:
    """Optimise a portrait's style code and head; yields every step, the start first.

    The last step's distance is at most `plan.hold`: if need be, it is drawn back towards the reference.

    Raises:
        FaceEditorError: the attribute changes nothing in this portrait, or needs a head that the portrait has not.
    """
    if plan.portrait.head is None and (plan.attribute.control is not None or plan.attribute.light):
        raise FaceEditorError(f"“{plan.attribute.title}” changes the head; read the portrait's head first.")
    return _PortraitRun(plan, workshop).steps()


class _PortraitRun:
    """The state of one optimisation of a portrait."""

    def __init__(self, plan: Plan, workshop: Workshop) -> None:
        self._plan, self._workshop, self._model = plan, workshop, workshop.model
        portrait = plan.portrait
        picture, scene = workshop.picture(portrait)
        reference = workshop.seen(picture, scene.to_picture)
        self._start = transferred(portrait, plan.guides, plan.attribute, plan.amount, workshop.model, plan.lacking)
        first, first_scene = workshop.picture(self._start)
        if float((first - picture).abs().max()) < 1 / 127:
            raise FaceEditorError(
                f"“{plan.attribute.title}” changes nothing in this portrait; choose another attribute or guide."
            )
        self._drawing, self._scene = workshop.drawing(self._start), first_scene
        masks, attribute = (scene.mask, first_scene.mask), plan.attribute
        area = plan.area if plan.area is not None else _area(masks, attribute.area)
        allowed = plan.area if plan.area is not None else _area(masks, (*attribute.area, *attribute.styles))
        target = target_maps(plan, workshop, reference)
        self._objective = Objective(reference, picture, target, area, plan.hold, plan.weights, allowed)
        self._variables()

    def _variables(self) -> None:
        codes, attribute = codes_of(self._start.style), self._plan.attribute
        self._origin = codes
        movable = torch.zeros(1, codes.regions.shape[1], 1)
        movable[0, sorted({*attribute.styles, *attribute.area})] = 1
        share = torch.from_numpy(attribute.detail_share())[None, None]
        self._free = Codes(movable.expand_as(codes.regions), torch.zeros_like(codes.overall), share)
        self._deltas = [torch.zeros_like(part).requires_grad_() for part in (codes.regions, codes.detail)]
        self._geometry: dict[str, Tensor] = {}
        head = self._start.head
        if head is not None:
            self._fixed = {name: torch.from_numpy(np.array(getattr(head, name)))[None] for name in _GEOMETRY}
            names = [name for name in _GEOMETRY if name in attribute.geometry]
            self._geometry = {name: torch.zeros_like(self._fixed[name]).requires_grad_() for name in names}
        groups: list[dict[str, Any]] = [{"params": self._deltas, "lr": _CODE_RATE, "initial": _CODE_RATE}]
        if self._geometry:
            moved = list(self._geometry.values())
            groups.append({"params": moved, "lr": _HEAD_RATE, "initial": _HEAD_RATE})
        self._adam = torch.optim.Adam(groups, betas=(0.9, 0.95))

    def _codes(self) -> Codes:
        regions, detail = self._deltas
        return Codes(
            self._origin.regions + self._free.regions * regions,
            self._origin.overall,
            self._origin.detail + self._free.detail * detail,
        )

    def _portrait(self) -> Variation:
        style = style_of(self._codes(), self._start.style.label)
        portrait = replace(self._start, style=style)
        if not self._geometry:
            return portrait
        values = {
            name: (self._fixed[name] + self._geometry.get(name, torch.zeros(()))).detach()[0].numpy()
            for name in _GEOMETRY
        }
        return with_geometry(portrait, values["shape"], values["expression"])

    def _picture(self) -> tuple[Tensor, Seen]:
        maps = None
        if self._geometry:
            moved = {name: self._fixed[name] + self._geometry.get(name, torch.zeros(())) for name in _GEOMETRY}
            maps = self._drawing.maps(self._start, moved["shape"], moved["expression"].clamp(0, 1))
        picture = self._drawing.draw(self._scene, self._codes(), maps)
        return picture, self._workshop.perception(picture, self._scene.to_picture)

    def steps(self) -> Iterator[OptimisationStep]:
        """The optimisation: Adam, with a rate that falls along a half cosine."""
        plan, total = self._plan, self._plan.steps
        for number in range(total):
            if number % _SCENE_EVERY == 0 and number and self._geometry:
                self._scene = self._drawing.scene(self._portrait())
            for group in self._adam.param_groups:
                group["lr"] = group["initial"] * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * number / total)))
            picture, seen = self._picture()
            terms = self._objective.terms(picture, seen)
            pulled = sum(delta.square().mean() for delta in (*self._deltas, *self._geometry.values()))
            terms["pull"] = plan.weights.pull * torch.as_tensor(pulled)
            loss = torch.stack(list(terms.values())).sum()
            yield self._step(number, picture, seen, terms, self._portrait())
            self._adam.zero_grad(set_to_none=True)
            loss.backward()
            self._adam.step()
        yield self._last(total)

    def _step(
        self, number: int, picture: Tensor, seen: Seen, terms: dict[str, Tensor], portrait: Variation
    ) -> OptimisationStep:
        numbers = {name: float(value.detach()) for name, value in terms.items()}
        measured = self._objective.progress(seen), self._objective.distance(seen)
        return OptimisationStep(number, pixels_of(picture), portrait, *measured, numbers, self._scene.mask)

    @torch.no_grad()
    def _last(self, number: int) -> OptimisationStep:
        """The result, drawn back towards the reference until the identity is held."""
        done = self._portrait()

        def drawn(share: float) -> OptimisationStep:
            portrait = blended(self._plan.portrait, done, share)
            self._scene = self._drawing.scene(portrait)
            picture = self._drawing.draw(self._scene, codes_of(portrait.style))
            seen: Seen = self._workshop.perception(picture, self._scene.to_picture)
            return self._step(number, picture, seen, self._objective.terms(picture, seen), portrait)

        step = drawn(1.0)
        if step.distance <= self._plan.hold:
            return step
        low, high = 0.0, 1.0
        held = None
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            tried = drawn(middle)
            if tried.distance <= self._plan.hold:
                low, held = middle, tried
            else:
                high = middle
        return held if held is not None else drawn(low)


def _area(masks: Sequence[MaskArray], regions: tuple[Region, ...]) -> FloatArray:
    """Where regions lie in any of the masks."""
    return np.asarray(np.max([area_of(mask, regions) for mask in masks], 0), np.float32)


_GEOMETRY = ("shape", "expression")


def untruncated(portrait: Variation) -> Variation:
    """The same portrait with its truncation worked into the style code."""
    if portrait.truncation == 1.0:
        return portrait
    from faceeditor.generators.style_prior import StylePrior

    style = portrait.style.truncated(StylePrior.load().mean, portrait.truncation)
    return replace(portrait, style=style, truncation=1.0)


def blended(start: Variation, end: Variation, share: float) -> Variation:
    """Between two portraits of one person: style and head are mixed; the mask is the end's unless nothing is left."""
    if share >= 1:
        return end
    head = end.head.blend(start.head, 1 - share) if start.head is not None and end.head is not None else end.head
    style = start.style.blend(end.style, share).with_label(end.style.label)
    return replace(end, style=style, head=head, mask=end.mask if share > 0 else start.mask)


def optimise_pixels(
    plan: Plan, photo: Pixels, workshop: Workshop, guide_pictures: Sequence[tuple[Pixels, MaskArray]]
) -> Iterator[OptimisationStep]:
    """The published mode: gradient descent on the pixels of a photograph; yields every step, the start first.

    Args:
        plan: as for portraits; its portrait's mask is the photograph's.
        photo: (256, 256, 3) uint8, aligned.
        workshop: the networks.
        guide_pictures: pictures of the k guides with their masks, aligned alike.

    Raises:
        FaceEditorError: there are no guides.
    """
    if not guide_pictures:
        raise FaceEditorError(f"“{plan.attribute.title}” has no guides; drop a picture that shows it.")
    mask = plan.portrait.mask
    start = tensor_of(photo)
    to_picture = torch.from_numpy(face_frame(mask))[None]
    reference = workshop.seen(start, to_picture)
    seen_guides = [
        workshop.seen(tensor_of(pixels), torch.from_numpy(face_frame(shown))[None]) for pixels, shown in guide_pictures
    ]
    pairs = zip(reference.attribute, mean_maps(seen_guides), strict=True)
    target = [own + plan.amount * (there - own) for own, there in pairs]
    area = plan.area if plan.area is not None else area_of(mask, plan.attribute.area)
    objective = Objective(reference, start, target, area, plan.hold, plan.weights)
    free = torch.from_numpy(area)[None, None]
    delta = torch.zeros_like(start).requires_grad_()
    adam = torch.optim.Adam([delta], _PIXEL_RATE, betas=(0.9, 0.95))
    for number in range(plan.steps + 1):
        picture = (start + free * delta).clamp(-1, 1)
        seen: Seen = workshop.perception(picture, to_picture)
        terms = objective.terms(picture, seen)
        numbers = {name: float(value.detach()) for name, value in terms.items()}
        progress, distance = objective.progress(seen), objective.distance(seen)
        yield OptimisationStep(number, pixels_of(picture), None, progress, distance, numbers, np.array(mask))
        if number == plan.steps:
            return
        adam.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        adam.step()
