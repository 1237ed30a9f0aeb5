"""Train FaceFeat-GAN and its one-stage control, and write the model pack `facefeat`.

    python packaging/train_facefeat.py --data DATA --coefficients photos.npz --out FOLDER [--pictures 1200] [--control]

Codes come from the encoder of the program's own pack, identity features from its recogniser; the people whom the
generator's training kept out are kept out here, too.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from faceeditor.errors import FaceEditorError
from faceeditor.faceframe import face_frame
from faceeditor.generators.conditions import mask_condition
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.generators.style_prior import StylePrior
from faceeditor.head.model import HeadModel
from faceeditor.head.motion import move_mask
from faceeditor.head.torch_raster import TorchHead
from faceeditor.identity import recogniser
from faceeditor.identity.drawing import open_generator
from faceeditor.identity.facefeat import BASIS_FILE, FACTORS, FILE, PACK
from faceeditor.identity.guides import HEAD_PARTS
from faceeditor.identity.objective import open_perception
from faceeditor.images import open_picture
from faceeditor.nets.feature_gan import IdentityNetwork, OneStageNetwork
from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.mask_guided import Codes
from faceeditor.packs import ModelPack, write_pack
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import REGION_COUNT
from faceeditor.training.data import kept_out
from faceeditor.training.feature_gan import (
    Drawing,
    FeatureSet,
    Layout,
    PictureStage,
    foretold,
    train_features,
    train_identity,
    train_one_stage,
)  # fmt: skip
from faceeditor.training.run import autocast

SIDE = 128
LAYOUTS = 160


class Faces:
    """The photographs with codes, identity features and fitted heads."""

    def __init__(self, data: Path, coefficients: Path, cache: Path | None = None) -> None:
        with (data / "index.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        fits = np.load(coefficients)
        place = {name: i for i, name in enumerate(fits["id"])}
        order = [place[row["id"]] for row in rows]
        good = fits["ok"][order] & fits["ok_light"][order] & (np.abs(fits["pose"][order][:, 0]) < 40)
        good &= np.array(["sunglasses" not in row["flags"] and "hand" not in row["flags"] for row in rows])
        rows = [row for row, fine in zip(rows, good, strict=True) if fine]
        order = [place[row["id"]] for row in rows]
        self.heads = [HeadCoefficients(**{part: fits[part][i] for part in HEAD_PARTS}) for i in order]
        self.out = np.array([kept_out(row["split_group"]) for row in rows])
        self.pictures = [open_picture(data / "images" / f"{row['id']}.jpg") for row in rows]
        self.masks = [cv2.imread(str(data / "labels" / f"{row['id']}.png"), cv2.IMREAD_GRAYSCALE) for row in rows]
        self.embeddings = kept(cache, "embeddings", lambda: recogniser.load().embed_masked(self.pictures, self.masks))
        generator, styles, heads = MaskGuided("torch-cpu"), StylePrior.load(), HeadPrior.load()
        torch.set_num_threads(1)
        pairs = zip(self.pictures, self.masks, strict=True)
        self.latents = kept(
            cache,
            f"latents-{ModelPack.open('mask-guided').key}",
            lambda: np.stack([styles.latent_of(generator.encode(picture, mask)) for picture, mask in pairs]),
        )
        self.head_latents = np.stack(
            [np.concatenate([heads.encode(factor, head) for factor in FACTORS]) for head in self.heads]
        )
        self.shapes = np.stack([head.shape for head in self.heads])


def kept(folder: Path | None, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array that is made once and kept in a folder, if there is one: what does not depend on the generator."""
    if folder is None:
        return make()
    file = folder / f"{name}.npy"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(file, make())
    return np.asarray(np.load(file))


def say(text: str) -> None:
    """Tell with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main() -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--coefficients", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="models folder to write into")
    parser.add_argument("--pictures", type=int, default=1200, help="pictures of stage two, and of the control")
    parser.add_argument("--feature-steps", type=int, default=3000)
    parser.add_argument("--cache", type=Path, help="folder for what does not depend on the generator")
    parser.add_argument("--control", type=Path, help="also train the one-stage control and write it here (.npz)")
    parser.add_argument("--control-only", action="store_true", help="train nothing but the control")
    args = parser.parse_args()
    if args.control_only and args.control is None:
        parser.error("--control-only needs --control")
    say("features")
    faces = Faces(args.data, args.coefficients, args.cache)
    train = ~faces.out
    scales = {
        "identity_mean": faces.embeddings[train].mean(0),
        "identity": faces.embeddings[train].std(0),
        "head_mean": faces.head_latents[train].mean(0),
        "head": faces.head_latents[train].std(0) + 1e-3,
    }
    identity = (faces.embeddings - scales["identity_mean"]) / scales["identity"]
    weight, bias = foretold(identity[train], np.concatenate([faces.latents, faces.shapes], 1)[train])
    told = identity @ weight.T + bias
    count = faces.latents.shape[1]
    scales["general"] = (faces.latents - told[:, :count])[train].std(0) + 1e-3
    weight[:count] /= scales["general"][:, None]
    bias[:count] /= scales["general"]
    general = (faces.latents / scales["general"] - (identity @ weight.T + bias)[:, :count]).astype(np.float32)
    head = ((faces.head_latents - scales["head_mean"]) / scales["head"]).astype(np.float32)
    kept = 1 - ((general * scales["general"]) ** 2).sum() / ((faces.latents - faces.latents[train].mean(0)) ** 2).sum()
    say(f"{train.sum()} people; the identity feature foretells {kept:.1%} of the style latent's variance")
    data = FeatureSet(*(torch.from_numpy(x[train].astype(np.float32)) for x in (identity, general, head)))
    if args.control_only:
        say("masks")
        stage, control_maps = picture_stage(faces, data, scales, args.cache)
        train_control(args.control, OneStageNetwork(count), stage, control_maps, args.pictures)
        return 0
    nets = {
        "general": train_features(data.general, data.identity, args.feature_steps, 1, say),
        "head": train_features(data.head, data.identity, args.feature_steps, 2, say),
    }
    net = IdentityNetwork(count)
    with torch.no_grad():
        net.foretell.weight.copy_(torch.from_numpy(weight))
        net.foretell.bias.copy_(torch.from_numpy(bias))
    say("masks")
    stage, control_maps = picture_stage(faces, data, scales, args.cache)
    train_identity(net, stage, nets["general"], args.pictures // 4, 4, say)
    nets["identity"] = net
    arrays = {f"{name}.{key}": value.detach().numpy() for name, part in nets.items() for key, value in
              part.state_dict().items()}  # fmt: skip
    arrays |= {f"scale.{name}": value.astype(np.float32) for name, value in scales.items()}
    prior = ModelPack.open("mask-guided").load("style_gaussian.safetensors")
    basis = {name: prior[name] for name in ("mean", "directions")}
    pack = write_pack(args.out, PACK, "facefeat", "2026.11", {FILE: arrays, BASIS_FILE: basis},
                      {"pictures": args.pictures})  # fmt: skip
    say(f"{pack.folder} {json.dumps({name: entry.bytes for name, entry in pack.files.items()})}")
    if args.control is not None:
        train_control(args.control, OneStageNetwork(count), stage, control_maps, args.pictures)
    return 0


def train_control(file: Path, control: OneStageNetwork, stage: PictureStage, maps, pictures: int) -> None:
    """Train the one-stage control and write it."""
    train_one_stage(control, stage, maps, pictures // 4, 4, say)
    np.savez(file, **{key: value.detach().numpy() for key, value in control.state_dict().items()})


def picture_stage(faces: Faces, data: FeatureSet, scales: dict[str, np.ndarray], cache: Path | None):
    """Masks, moved to the shapes that belong to the identities, and the drawing."""
    model = HeadModel.load()
    torch_head, net, styles, heads = TorchHead(model), open_generator(), StylePrior.load(), HeadPrior.load()
    rows = np.flatnonzero(~faces.out)
    random = np.random.default_rng(0)
    pairs = [random.choice(len(rows), 2) for _ in range(LAYOUTS)]
    pairs = [(layout, layout if number % 2 else person) for number, (layout, person) in enumerate(pairs)]

    def moved() -> np.ndarray:
        masks = []
        for layout, person in pairs:
            mask, head = faces.masks[rows[layout]], faces.heads[rows[layout]]
            shape = np.clip(faces.heads[rows[person]].shape, -3, 3)
            masks.append(mask if person == layout else move_mask(model, mask, head, head.changed(shape=shape)))
        return np.stack(masks)

    layouts = []
    for (layout, person), mask in zip(pairs, kept(cache, f"masks-{LAYOUTS}", moved), strict=True):
        condition = mask_condition(mask)
        planes = one_hot_planes(torch.from_numpy(np.array(mask))[None], REGION_COUNT)[0].to(torch.uint8)
        to_face, to_picture, guides = (
            torch.from_numpy(np.array(x)) for x in (condition.to_face, face_frame(mask), condition.guides)
        )
        layouts.append(Layout(int(person), int(layout), planes, to_face, to_picture, guides))
    zero = np.zeros(styles.latent_size, np.float32)
    mean = styles.of_latent(zero)
    unit = [styles.of_latent(np.eye(len(zero), dtype=np.float32)[i]) for i in range(len(zero))]
    bases = [
        (torch.from_numpy(np.array(getattr(mean, part))),
         torch.from_numpy(np.stack([getattr(each, part) - getattr(mean, part) for each in unit])))
        for part in ("regions", "overall", "detail")
    ]  # fmt: skip
    scale = torch.from_numpy(scales["general"].astype(np.float32))

    def draw(style: torch.Tensor, chosen, maps: torch.Tensor) -> torch.Tensor:
        latent = style * scale
        codes = Codes(*(start + torch.tensordot(latent, basis, 1) for start, basis in bases))
        planes = torch.stack([layout.planes for layout in chosen]).float()
        both = torch.cat([maps, torch.stack([layout.guides for layout in chosen])], 1)
        with autocast(torch.device("cpu")):
            drawn = net(planes, torch.stack([layout.to_face for layout in chosen]), codes, SIDE, maps=both)
        return drawn.float().clamp(-1, 1)

    def maps_of(given: list[HeadCoefficients], shape: torch.Tensor) -> torch.Tensor:
        parts = torch_head.coefficients(given)
        parts["shape"] = shape
        points, chart = torch_head.points(parts), torch_head.chart(parts["albedo"])
        return torch_head.maps(points, parts["gamma"], chart, torch_head.irises(given), 128).condition

    def maps(chosen_rows, shape: torch.Tensor) -> torch.Tensor:
        return maps_of([faces.heads[rows[i]] for i in chosen_rows], shape)

    def control_maps(chosen, shape: torch.Tensor) -> torch.Tensor:
        given = []
        for layout in chosen:
            head = faces.heads[rows[layout.general]]
            for factor in ("expression", "light"):  # the pose is that of the mask
                head = heads.draw(factor, random, head)
            given.append(head)
        return maps_of(given, shape)

    photographs = torch.from_numpy(np.stack(
        [cv2.resize(faces.pictures[i], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for i in rows]
    )).permute(0, 3, 1, 2)  # fmt: skip
    embeddings = torch.from_numpy(faces.embeddings[rows])
    perception = open_perception()
    stage = PictureStage(data, layouts, Drawing(maps, draw), perception, embeddings, photographs.contiguous())
    return stage, control_maps


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FaceEditorError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
