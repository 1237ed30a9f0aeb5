"""Make the model pack `attribute-guides`: encoded people who show or lack attributes, and the probes that measure them.

    python packaging/make_guides.py DATA COEFFICIENTS MODELS [PROBES]

DATA is the face data set, COEFFICIENTS the fitted heads (.npz), MODELS the folder to write into, PROBES a
pack whose probes are kept: they depend on reader and parser alone. Only people whom the
training of the generator saw are taken; the kept-out ones measure the probes.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from guide_labels import by_measures, marks_of
from safetensors.numpy import load_file

from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.identity.attributes import ATTRIBUTES
from faceeditor.identity.guides import FILE, HEAD_PARTS, PACK, Guide, Guides
from faceeditor.identity.measures import FILE as PROBES
from faceeditor.identity.measures import MEASURED, PROBED, features, fitted_probe, raw_measure
from faceeditor.identity.recogniser import FaceRecogniser
from faceeditor.images import open_picture
from faceeditor.packs import write_pack
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training.data import kept_out

SHOWING, LACKING = 14, 10
"""Guides of each attribute at most."""
_UNFIT = ("sunglasses", "hand", "large_yaw", "padded", "stylised", "dark")


def main(data: Path, coefficients: Path, models: Path, known: Path | None = None) -> int:
    """Write the pack and print how well the probes tell kept-out people."""
    import cv2

    with (data / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    fits = np.load(coefficients)
    place = {name: i for i, name in enumerate(fits["id"])}
    order = [place[row["id"]] for row in rows]
    masks = [cv2.imread(str(data / "labels" / f"{row['id']}.png"), cv2.IMREAD_GRAYSCALE) for row in rows]
    pictures = [open_picture(data / "images" / f"{row['id']}.jpg") for row in rows]
    heads = {part: fits[part][order] for part in HEAD_PARTS}
    measures = [
        by_measures(mask, heads["expression"][i], heads["shape"][i], heads["gamma"][i]) for i, mask in enumerate(masks)
    ]
    marks = marks_of([f"{row['caption']} {row['all_captions']}" for row in rows], measures)
    out = np.array([kept_out(row["split_group"]) for row in rows])
    probes = _probes(pictures, masks, marks, out) if known is None else load_file(known / PROBES)
    fit = fits["ok"][order] & fits["ok_light"][order] & ~out
    fit &= np.array([not any(flag in row["flags"] for flag in _UNFIT) for row in rows])
    fit &= np.abs(heads["pose"][:, 0]) < 22
    fit &= np.array([row.get("licence", "") != "CC-BY-4.0" for row in rows])
    chosen = _chosen(marks, fit)
    generator, recogniser = MaskGuided("torch-cpu"), FaceRecogniser()
    people = [
        Guide(
            masks[i],
            generator.encode(pictures[i], masks[i]),
            HeadCoefficients(**{part: heads[part][i] for part in HEAD_PARTS}),
            recogniser.embed_masked([pictures[i]], [masks[i]])[0],
        )
        for i in chosen
    ]
    guides = Guides(people, {name: marks[name][chosen] for name in ATTRIBUTES})
    files = {FILE: guides.arrays(), PROBES: probes}
    pack = write_pack(models, PACK, "guides", "2026.11", files, {"attributes": list(ATTRIBUTES)})
    print(len(people), {file: entry.bytes for file, entry in pack.files.items()})
    return 0


def _probes(
    pictures: list[np.ndarray], masks: list[np.ndarray], marks: dict[str, np.ndarray], out: np.ndarray
) -> dict[str, np.ndarray]:
    deep = np.stack([features(picture) for picture in pictures])
    made: dict[str, np.ndarray] = {}
    for name in PROBED + MEASURED:
        if name in PROBED:
            values = deep
        else:
            values = np.stack([raw_measure(name, *pair) for pair in zip(pictures, masks, strict=True)])
        known = np.where(out, 0, marks[name]).astype(np.int8)
        probe = fitted_probe(values, known)
        made |= {f"{name}.{part}": array for part, array in probe.items()}
        counts = [int((marks[name][which] == mark).sum()) for which in (~out, out) for mark in (1, -1)]
        kept = [values[out & (marks[name] == mark)] @ probe["direction"] for mark in (1, -1)]
        area = np.mean(kept[0][:, None] > kept[1][None]) if len(kept[0]) and len(kept[1]) else float("nan")
        print(f"{name}: with, without in training {counts[:2]}, kept out {counts[2:]}, area under the curve {area:.3f}")
    return made


def _chosen(marks: dict[str, np.ndarray], fit: np.ndarray) -> np.ndarray:
    """Numbers of the people to take: some of each attribute, spread evenly over the data set."""
    chosen: set[int] = set()
    for name in ATTRIBUTES:
        for mark, most in ((1, SHOWING), (-1, LACKING)):
            there = np.flatnonzero(fit & (marks[name] == mark))
            if mark == -1:
                already = [i for i in there if i in chosen]
                most, there = most - len(already), np.setdiff1d(there, already)
            if most > 0 and len(there):
                chosen.update(there[np.unique(np.linspace(0, len(there) - 1, most).round().astype(int))].tolist())
    return np.array(sorted(chosen))


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:5])))
