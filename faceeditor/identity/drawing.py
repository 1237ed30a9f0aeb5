"""A portrait drawn by the torch generator with gradients: for what is optimised or trained through it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.faceframe import face_frame
from faceeditor.generators.conditions import condition_maps, mask_condition
from faceeditor.generators.mask_guided import generator_weights
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import move_mask
from faceeditor.head.relight import relighting_gain, with_light_from
from faceeditor.head.torch_raster import TorchHead
from faceeditor.identity.variation import Variation
from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.loading import load_module
from faceeditor.nets.mask_guided import Codes, MaskGenerator
from faceeditor.nets.mask_guided_pack import PACK
from faceeditor.packs import ModelPack
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import REGION_COUNT, MaskArray

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

SIDE = 256
_MAPS_SIDE = 128


def open_generator(pack: ModelPack | None = None) -> MaskGenerator:
    """The generator of the program's own pack, fixed, on the processor.

    Raises:
        ModelError: the pack is missing or damaged.
    """
    pack = pack or ModelPack.open(PACK)
    known = [key for key in ("channels", "conditions") if key in pack.config]
    sizes: dict[str, Any] = {key: tuple(int(n) for n in pack.config[key]) for key in known}
    net = load_module(MaskGenerator(**sizes), generator_weights(pack, fine=False), PACK)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a picture is drawn from beside its style code.

    planes: (1, 19, 256, 256). to_face, to_picture: (1, 2, 3). maps: (1, 16, 128, 128), planes of
    the head (zero without one) and guides of the mask.
    gain: (1, 3, 256, 256) factors of the head's own light and skin, None where they are those of the style.
    mask: (256, 256) uint8 as drawn.
    """

    planes: Tensor
    to_face: Tensor
    to_picture: Tensor
    maps: Tensor
    gain: Tensor | None
    mask: MaskArray


class PortraitDrawing:
    """Draws one portrait again and again while its style code and its head are changed.

    The picture is that of the engine (mask moved to the head, maps under the light of the style, relit), except that
    it is not rounded. Gradients reach the style code, and the head's shape and expression through the condition maps;
    the mask follows the head without a gradient.

    Args:
        portrait: where mask, base head and light come from.
        net: `open_generator`.
        model: the head model.
        half: calculate in bfloat16.
    """

    def __init__(self, portrait: Variation, net: MaskGenerator, model: HeadModel, half: bool = True) -> None:
        self.portrait, self.net, self.model, self.half = portrait, net, model, half
        self._head = TorchHead(model) if portrait.head is not None else None

    def scene(self, portrait: Variation) -> Scene:
        """Everything but the style, for a portrait as it stands."""
        mask, head, base = portrait.mask, portrait.head, portrait.base_head
        drawn: FloatArray | None = None
        gain = None
        if head is not None:
            if base is not None:
                mask = move_mask(self.model, mask, base, head)
            unlit = with_light_from(head, base or head)
            drawn = np.asarray(render_maps(self.model, unlit, _MAPS_SIDE).condition, np.float32)
            if unlit is not head:
                step = mask.shape[0] // _MAPS_SIDE
                after = render_maps(self.model, head, _MAPS_SIDE).condition
                factors = relighting_gain(drawn, after, np.ascontiguousarray(mask[::step, ::step]))
                planes = torch.from_numpy(factors).permute(2, 0, 1)[None]
                gain = F.interpolate(planes, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        condition = mask_condition(mask)
        maps = torch.from_numpy(condition_maps(drawn, condition.guides))
        planes = one_hot_planes(torch.from_numpy(np.array(mask))[None], REGION_COUNT)
        to_face, to_picture = (torch.from_numpy(np.array(x))[None] for x in (condition.to_face, face_frame(mask)))
        return Scene(planes, to_face, to_picture, maps, gain, np.array(mask))

    def maps(self, portrait: Variation, shape: Tensor, expression: Tensor) -> Tensor:
        """Condition maps (1, 10, 128, 128) of a portrait's head with this shape (1, 24) and expression (1, 55)."""
        assert self._head is not None and portrait.head is not None
        unlit = with_light_from(portrait.head, portrait.base_head or portrait.head)
        parts = self._head.coefficients([unlit])
        parts["shape"], parts["expression"] = shape, expression
        points = self._head.points(parts)
        chart, iris = self._head.chart(parts["albedo"]), self._head.irises([unlit])
        condition: Tensor = self._head.maps(points, parts["gamma"], chart, iris, _MAPS_SIDE).condition
        return condition

    def draw(self, scene: Scene, codes: Codes, maps: Tensor | None = None) -> Tensor:
        """The picture (1, 3, 256, 256) float in -1..1.

        Args:
            scene: as of `scene`.
            codes: style codes of one picture.
            maps: (1, 10, 128, 128) planes of the head instead of the scene's own.
        """
        given = scene.maps if maps is None else torch.cat([maps, scene.maps[:, maps.shape[1] :]], 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            picture = self.net(scene.planes, scene.to_face, codes, SIDE, maps=given).float()
        if scene.gain is not None:
            picture = (picture + 1) * scene.gain - 1
        return picture.clamp(-1, 1)


def codes_of(style: StyleCode) -> Codes:
    """A style code as a batch of one."""
    return Codes(*(torch.from_numpy(np.array(part))[None] for part in (style.regions, style.overall, style.detail)))


def style_of(codes: Codes, label: str) -> StyleCode:
    """The first code of a batch."""
    regions, overall, detail = (part.detach()[0].float().numpy() for part in codes)
    return StyleCode(regions, overall, detail, label)


def pixels_of(picture: Tensor) -> Pixels:
    """(1, 3, S, S) in -1..1 -> (S, S, 3) uint8."""
    levels = picture.detach()[0].float().clamp(-1, 1).mul(127.5).add(128.0).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())


def tensor_of(pixels: Pixels) -> Tensor:
    """(S, S, 3) uint8 -> (1, 3, S, S) float in -1..1."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1.0


def with_geometry(portrait: Variation, shape: FloatArray, expression: FloatArray) -> Variation:
    """A portrait whose head has another shape and expression; without a head, the portrait itself."""
    head: HeadCoefficients | None = portrait.head
    if head is None:
        return portrait
    changed = head.changed(shape=np.clip(shape, -6, 6), expression=np.clip(expression, 0, 1))
    return replace(portrait, head=changed, base_head=portrait.base_head or head)
