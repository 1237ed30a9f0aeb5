"""Measure FaceFeat-GAN on kept-out people, beside its one-stage control.

    python packaging/measure_facefeat.py --data DATA --coefficients photos.npz --models FOLDER --control control.npz \
        --out FOLDER

The identity feature is that of a kept-out photograph; mask and place are those of another kept-out person, so that
nothing but the identity feature can tell who it is. KID and variety are measured in EfficientNet-Lite1's features.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from train_facefeat import Faces, say

from faceeditor.identity import recogniser
from faceeditor.identity.drawing import pixels_of, tensor_of
from faceeditor.identity.facefeat import BASIS_FILE, FACTORS, FILE, FaceFeat, basis_of
from faceeditor.identity.optimise import Workshop
from faceeditor.identity.variation import Variation
from faceeditor.nets.feature_gan import OneStageNetwork
from faceeditor.packs import ModelPack
from faceeditor.photo.reader import run_reader
from faceeditor.training.kid import kid
from faceeditor.training.lite_weights import load_lite

PICTURES = 4


def main() -> int:
    """Measure and write figures and sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--coefficients", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--cache", type=Path, help="as of train_facefeat.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=24)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    faces = Faces(args.data, args.coefficients, args.cache)
    pack = ModelPack.open("facefeat", args.models)
    facefeat = FaceFeat(pack.load(FILE), basis_of(pack.load(BASIS_FILE)))
    figures: dict[str, object] = {"features": feature_figures(faces, facefeat)}
    say(json.dumps(figures))
    control = None
    if args.control is not None:
        arrays = np.load(args.control)
        control = OneStageNetwork(facefeat.styles.latent_size)
        control.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays})
    figures |= picture_figures(faces, facefeat, control, args)
    (args.out / "facefeat.json").write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))
    return 0


def feature_figures(faces: Faces, facefeat: FaceFeat) -> dict[str, object]:
    """Two-sample test (accuracy on kept-out people, 0.5 is chance) and nearest training people, for both kinds."""
    random = np.random.default_rng(0)
    scaled = (faces.embeddings - facefeat._scales["identity_mean"]) / facefeat._scales["identity"]
    told = facefeat._identity.foretell(torch.from_numpy(scaled.astype(np.float32))).numpy()
    count = faces.latents.shape[1]
    real = {
        "general": faces.latents / facefeat._scales["general"] - told[:, :count],
        "head": (faces.head_latents - facefeat._scales["head_mean"]) / facefeat._scales["head"],
    }
    drawn = [facefeat.draw(embedding, random) for embedding in faces.embeddings]
    made = {"general": np.stack([d.general for d in drawn]), "head": np.stack([d.head for d in drawn])}
    figures: dict[str, object] = {}
    for kind in real:
        x = torch.from_numpy(np.concatenate([real[kind], made[kind]]).astype(np.float32))
        y = torch.cat([torch.ones(len(faces.out)), torch.zeros(len(faces.out))])
        out = torch.from_numpy(np.concatenate([faces.out, faces.out]))
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Linear(x.shape[1], 64), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(64, 1)
        )
        adam = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05)
        for _ in range(250):
            adam.zero_grad()
            F.binary_cross_entropy_with_logits(net(x[~out]).squeeze(1), y[~out]).backward()
            adam.step()
        net.eval()
        with torch.no_grad():
            right = float(((net(x[out]).squeeze(1) > 0) == (y[out] > 0.5)).float().mean())
        train = real[kind][~faces.out]

        def nearest(rows: np.ndarray, train: np.ndarray = train) -> float:
            return float(np.median([np.linalg.norm(train - row, axis=1).min() for row in rows]))

        figures[kind] = {
            "two-sample accuracy": round(right, 3),
            "nearest training person: drawn": round(nearest(made[kind][faces.out]), 3),
            "nearest training person: kept-out real": round(nearest(real[kind][faces.out]), 3),
        }
    return figures


def picture_figures(
    faces: Faces, facefeat: FaceFeat, control: OneStageNetwork | None, args: argparse.Namespace
) -> dict[str, object]:
    """Identity, variety and realism of pictures."""
    workshop, net, lite = Workshop(facefeat_net()), recogniser.load(), load_lite(1)
    good = [i for i in np.flatnonzero(faces.out) if abs(faces.heads[i].pose[0]) < 20]
    chosen = [good[i] for i in np.linspace(0, len(good) - 1, args.people).round().astype(int)]

    def layout(index: int) -> Variation:
        return Variation(faces.masks[index], facefeat.styles.mean, faces.heads[index], faces.heads[index])

    def two_stage(place: int, embedding: np.ndarray, random: np.random.Generator) -> Variation:
        return facefeat.rendered(layout(place), embedding, facefeat.draw(embedding, random))

    def uncorrected(place: int, embedding: np.ndarray, random: np.random.Generator) -> Variation:
        features = facefeat.draw(embedding, random)
        made = facefeat.rendered(layout(place), embedding, features)
        told = facefeat._identity.foretell(facefeat._scaled(embedding))[0].numpy()
        latent = (features.general + told[: len(features.general)]) * facefeat._scales["general"]
        head = made.head.changed(shape=np.clip(told[len(features.general) :], -3, 3))
        return replace(made, style=facefeat.styles.of_latent(latent), head=head)

    def one_stage(place: int, embedding: np.ndarray, random: np.random.Generator) -> Variation:
        assert control is not None
        noise = torch.from_numpy(random.standard_normal((1, control.noise)).astype(np.float32))
        with torch.inference_mode():
            style, shape = control(noise, facefeat._scaled(embedding))
        head = faces.heads[place]
        for factor in FACTORS:
            head = facefeat.heads.draw(factor, random, head)
        head = head.changed(shape=shape[0].clamp(-3, 3).numpy())
        code = facefeat.styles.of_latent(style[0].numpy() * facefeat._scales["general"])
        return replace(layout(place).with_head(head), style=code)

    def swapped_style(place: int, embedding: np.ndarray, random: np.random.Generator) -> Variation:
        # What an own code reaches on another mask: the bound for anything that goes through code and shape.
        who = int(np.abs(faces.embeddings - embedding).sum(1).argmin())
        head = faces.heads[place].changed(shape=faces.heads[who].shape, albedo=faces.heads[who].albedo)
        return replace(layout(place).with_head(head), style=facefeat.styles.of_latent(faces.latents[who]))

    ways = {"two stages": two_stage, "two stages, uncorrected": uncorrected, "own code and shape": swapped_style}
    if control is not None:
        ways["one stage"] = one_stage
    reference = pooled(lite, [faces.pictures[i] for i in np.flatnonzero(faces.out)])
    figures: dict[str, object] = {}
    for name, way in ways.items():
        made, frames, rows, expressions, poses, owners, places = [], [], [], [], [], [], []
        for number, person in enumerate(chosen):
            place = chosen[(number + 7) % len(chosen)]
            row = [faces.pictures[person], faces.pictures[place]]
            for k in range(PICTURES):
                picture, scene = workshop.picture(way(place, faces.embeddings[person], np.random.default_rng([k, 5])))
                made.append(pixels_of(picture))
                frames.append(scene.to_picture[0].numpy())
                _, parts = run_reader(made[-1])
                expressions.append(parts["expression"])
                poses.append(parts["pose"])
                owners.append(person)
                places.append(place)
                row.append(made[-1])
            rows.append(np.concatenate(row, 1))
        vectors = net.embed(made, frames)
        apart = recogniser.distance(vectors, faces.embeddings[owners])
        to_place = recogniser.distance(vectors, faces.embeddings[places])
        features = pooled(lite, made)
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        within = [unit[i : i + PICTURES] for i in range(0, len(unit), PICTURES)]
        variety = np.mean([1 - (u @ u.T)[np.triu_indices(PICTURES, 1)].mean() for u in within])

        def spread(values: list[np.ndarray]) -> float:
            return float(np.mean([np.std(values[i : i + PICTURES], 0).mean() for i in range(0, len(values), PICTURES)]))

        figures[name] = {
            "identity distance": round(float(apart.mean()), 3),
            "share under 0.6": round(float((apart < 0.6).mean()), 3),
            "distance to the mask's person": round(float(to_place.mean()), 3),
            "nearer to the person than to the mask's": round(float((apart < to_place).mean()), 3),
            "variety within a person (Lite1 cosine)": round(float(variety), 4),
            "spread of read expression": round(spread(expressions), 4),
            "spread of read pose (degrees)": round(spread(poses), 2),
            "KID x 1000 (Lite1)": round(1000 * float(kid(features, reference)), 1),
        }
        say(f"{name}: {json.dumps(figures[name])}")
        sheet = cv2.cvtColor(np.concatenate(rows[:8]), cv2.COLOR_RGB2BGR)
        file = args.out / f"{name.replace(' ', '-').replace(',', '')}.jpg"
        cv2.imwrite(str(file), sheet, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return figures


def facefeat_net():
    """The generator of the program's own pack."""
    from faceeditor.identity.drawing import open_generator

    return open_generator()


@torch.no_grad()
def pooled(lite: torch.nn.Module, pictures: list[np.ndarray]) -> np.ndarray:
    """(N, 1280) features of EfficientNet-Lite1."""
    return np.concatenate([lite.pooled(tensor_of(picture)).numpy() for picture in pictures])


if __name__ == "__main__":
    sys.exit(main())
