"""A small mask-guided model pack with random weights, and a mask of a face, for the tests of every room."""

from pathlib import Path

import cv2
import numpy as np
import torch

from faceeditor.nets.mask_guided import MaskGenerator, StyleEncoder
from faceeditor.nets.parser import FaceParser
from faceeditor.packs import ModelPack, write_pack
from faceeditor.portrait.mask_descriptors import DESCRIPTORS
from faceeditor.portrait.style import DETAIL_SHAPE, OVERALL_SHAPE, REGIONS_SHAPE, StyleCode
from faceeditor.regions import MaskArray, Region

CHANNELS = (16, 16, 16, 16, 16)
ENCODER_WIDTH = 8
PARSER_WIDTH = 8
CODE_LENGTH = int(sum(np.prod(shape) for shape in (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)))


def generator() -> MaskGenerator:
    """A small generator whose pictures use the whole range of levels."""
    torch.manual_seed(0)
    net = MaskGenerator(CHANNELS, CHANNELS, fine_width=16)
    assert net.fine is not None
    for scale in (*net.scales, net.fine):
        torch.nn.init.normal_(scale.to_rgb.weight, std=0.05)
    return net.eval()


def prior_arrays() -> dict[str, np.ndarray]:
    """A random style prior of 6 latent numbers, 5 of which a mask leaves open."""
    random = np.random.default_rng(0)
    shapes = {
        "mean": (CODE_LENGTH,), "directions": (6, CODE_LENGTH), "plain": (CODE_LENGTH,), "mask_mean": (DESCRIPTORS,),
        "slopes": (DESCRIPTORS, CODE_LENGTH), "fitting": (5, CODE_LENGTH),
    }  # fmt: skip
    return {name: (0.4 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}


def _arrays(net: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in net.state_dict().items()}


def write_mask_guided(folder: Path) -> ModelPack:
    """Write the pack `mask-guided` into a models folder."""
    net = generator()
    torch.manual_seed(1)
    encoder = StyleEncoder(ENCODER_WIDTH)
    arrays = _arrays(net)
    fine = {name.removeprefix("fine."): arrays.pop(name) for name in list(arrays) if name.startswith("fine.")}
    files = {
        "generator.safetensors": arrays,
        "fine.safetensors": fine,
        "encoder.safetensors": _arrays(encoder),
        "style_gaussian.safetensors": prior_arrays(),
    }
    config = {"channels": list(CHANNELS), "conditions": list(CHANNELS), "encoder_width": ENCODER_WIDTH}
    return write_pack(folder, "mask-guided", "mask-guided", "test", files, config, half=False)


def write_parser(folder: Path) -> ModelPack:
    """Write the pack `parser` into a models folder."""
    torch.manual_seed(2)
    files = {"weights.safetensors": _arrays(FaceParser(PARSER_WIDTH))}
    return write_pack(folder, "parser", "parser", "test", files, {"width": PARSER_WIDTH}, half=False)


def face_mask() -> MaskArray:
    """A simple face, a little turned."""
    mask = np.zeros((256, 256), np.uint8)
    cv2.ellipse(mask, (128, 120), (100, 115), 0, 0, 360, int(Region.HAIR), -1)
    cv2.rectangle(mask, (100, 190), (156, 255), int(Region.NECK), -1)
    cv2.ellipse(mask, (128, 140), (70, 90), 5, 0, 360, int(Region.SKIN), -1)
    cv2.ellipse(mask, (98, 118), (12, 6), 5, 0, 360, int(Region.R_EYE), -1)
    cv2.ellipse(mask, (158, 122), (12, 6), 5, 0, 360, int(Region.L_EYE), -1)
    cv2.ellipse(mask, (128, 150), (14, 20), 5, 0, 360, int(Region.NOSE), -1)
    cv2.ellipse(mask, (126, 190), (25, 9), 5, 0, 360, int(Region.U_LIP), -1)
    return mask


def random_style(seed: int = 0) -> StyleCode:
    """A style of plain noise."""
    random = np.random.default_rng(seed)
    return StyleCode(*(random.standard_normal(shape).astype(np.float32) for shape in
                       (REGIONS_SHAPE, OVERALL_SHAPE, DETAIL_SHAPE)))  # fmt: skip
