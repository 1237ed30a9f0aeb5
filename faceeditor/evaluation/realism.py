"""How much drawn faces look like photographs, in features that no loss uses (`training.kid`); see `QualityBench`.

Every set is compared with the photographs kept out of training. A floor (training photographs) and the training
photograph with the most similar mask say how low a distance between so few pictures can be.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from faceeditor.errors import FaceEditorError
from faceeditor.generators.mask_guided import MaskGuided, enlarged
from faceeditor.generators.style_prior import StylePrior
from faceeditor.identity.recogniser import SAME_PERSON
from faceeditor.nets.recogniser import Recogniser
from faceeditor.photo.reader import run_reader
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region
from faceeditor.training.data import FaceSet, reduced
from faceeditor.training.fine_data import load_fine_faces
from faceeditor.training.kid import Lite1Features, kid, precision_recall

Pictures = Sequence[npt.NDArray[np.uint8]]
_Say = Callable[[str], None]
_Embed = Callable[[Pictures, Sequence[MaskArray]], torch.Tensor]

VARIETIES = (0.0, 0.5, 1.0, 1.3)
CLOSE_NEIGHBOURS = 3
"""Neighbours for precision and recall by variety, among the many training photographs."""
DRAW_MASKS, DRAWS_PER_MASK = 12, 6
MOUTH_SIDE = 64
"""Side of a window around a mouth, in pixels of the 256 picture; enlarged to twice that for the features."""
OPEN_MOUTH = 60
"""Pixels of the inner mouth from which a mouth counts as open."""
LEAK_MASKS, LEAK_STYLES = 16, 8


class RealismBench:
    """Measures one generator against the kept-out photographs.

    Args:
        data: folder of the face data set.
        generator, prior: what draws.
        train, rest: training and kept-out faces.
        embed: identity vectors (N, 128) of pictures with their masks.
        say: told what is being done.
    """

    def __init__(
        self,
        data: Path,
        generator: MaskGuided,
        prior: StylePrior,
        train: FaceSet,
        rest: FaceSet,
        embed: _Embed,
        say: _Say,
    ) -> None:
        self.data, self.generator, self.prior, self.say, self.embed = data, generator, prior, say, embed
        self.train, self.rest = train, rest
        self.features = Lite1Features()
        self.codes = [generator.encode(p, m) for p, m in zip(rest.pictures, rest.masks, strict=True)]

    def run(self, nearest: npt.NDArray[np.int64]) -> dict[str, Any]:
        """All figures as plain values for JSON; nearest: (N,) the training face with the most similar mask of each."""
        return {
            "kid": self._kid(nearest),
            "fine": self._fine(),
            "variety": self._variety(),
            "mouths": self._mouths(),
            "expression_leak": self._expression_leak(),
            "draws": self._draws(),
        }

    def draw(self, kind: str, index: int, size: int = 256, variety: float = 1.0) -> npt.NDArray[np.uint8]:
        """The picture on a kept-out mask with its "own", a "swapped" or a "random" style, (size, size, 3) uint8."""
        mask = self.rest.masks[index]
        if kind == "own":
            code = self.codes[index]
        elif kind == "swapped":
            code = self.codes[(index + 7) % len(self.codes)].without_detail()
        else:
            code = self.random_style(index, mask, variety)
        return self.generator.render(mask, code, size)

    def random_style(self, seed: int, mask: MaskArray, variety: float = 1.0) -> StyleCode:
        """A random person's style as the program draws it."""
        return self.prior.draw(seed, mask).truncated(self.prior.mean, variety)

    # What is measured.

    def _kid(self, nearest: npt.NDArray[np.int64]) -> dict[str, dict[str, float]]:
        self.say("KID of own, swapped and random styles, floor and nearest neighbour")
        some = np.random.default_rng(0).choice(len(self.train), len(self.rest), replace=False)
        sets: dict[str, npt.NDArray[np.uint8]] = {
            "photographs": self.train.pictures[some],
            "nearest_neighbour": self.train.pictures[nearest],
        }
        for kind in ("own", "swapped", "random"):
            sets[kind] = np.stack([self.draw(kind, i) for i in range(len(self.rest))])
        deep, texture = self.features(self.rest.pictures), self.features.texture(self.rest.pictures)
        mean, spread = texture.mean(0), texture.std(0) + 1e-6
        small = reduced(self.rest.pictures, 128)
        small_deep = self.features(small)
        result = {}
        for name, pictures in sets.items():
            made = self.features(pictures)
            precision, recall = precision_recall(made, deep)
            result[name] = {
                "kid": 1e3 * kid(made, deep),
                "texture": 1e3 * kid((self.features.texture(pictures) - mean) / spread, (texture - mean) / spread),
                "precision": precision,
                "recall": recall,
            }
            at_128 = (
                np.stack([self.draw(name, i, 128) for i in range(len(self.rest))])
                if name in ("own", "swapped", "random")
                else reduced(pictures, 128)
            )
            result[name]["kid_128"] = 1e3 * kid(self.features(at_128), small_deep)
        return result

    def _fine(self) -> dict[str, float] | None:
        """KID of quarters at 512 of the fine scale, of the 256 picture enlarged, and of photographs; None: no data."""
        try:
            rest, photographs = load_fine_faces(self.data, "kept-out")
            train, floor = load_fine_faces(self.data, "train")
        except FaceEditorError:
            return None
        self.say("KID at 512")
        index = {name: i for i, name in enumerate(self.rest.names)}
        rows = [index[name] for name in rest.names]
        real = self.features(quarters(photographs))
        some = np.random.default_rng(0).choice(len(train), min(len(train), len(rest)), replace=False)
        result = {"photographs": 1e3 * kid(self.features(quarters(floor[some])), real)}
        for kind in ("own", "random"):
            fine = np.stack([self.draw(kind, i, 512) for i in rows])
            coarse = np.stack([enlarged(self.draw(kind, i), 512) for i in rows])
            result[kind] = 1e3 * kid(self.features(quarters(fine)), real)
            result[f"{kind}_enlarged"] = 1e3 * kid(self.features(quarters(coarse)), real)
        return result

    def _variety(self) -> dict[str, dict[str, float]]:
        """By variety, and for the kept-out photographs.

        Precision and recall are taken among the many training photographs, with few neighbours: among the few kept-out
        ones five neighbours reach so far that the precision of drawn faces hardly changes.
        """
        self.say("precision and recall of random styles by variety")
        real, known = self.features(self.rest.pictures), self.features(self.train.pictures)

        def row(made: npt.NDArray[np.float32], distance: float) -> dict[str, float]:
            precision, recall = precision_recall(made, known, CLOSE_NEIGHBOURS)
            return {"kid": 1e3 * distance, "precision": precision, "recall": recall}

        result = {}
        for variety in VARIETIES:
            made = self.features(np.stack([self.draw("random", i, variety=variety) for i in range(len(self.rest))]))
            result[f"{variety:g}"] = row(made, kid(made, real))
        return result | {"photographs": row(real, kid(real, known))}

    def _mouths(self) -> dict[str, float]:
        """KID of windows around open mouths."""
        self.say("teeth: windows around open mouths")
        rows = [i for i, mask in enumerate(self.rest.masks) if (mask == Region.MOUTH).sum() >= OPEN_MOUTH]
        train_rows = [i for i, mask in enumerate(self.train.masks) if (mask == Region.MOUTH).sum() >= OPEN_MOUTH]
        real = self.features(np.stack([mouth_window(self.rest.pictures[i], self.rest.masks[i]) for i in rows]))
        floor = [mouth_window(self.train.pictures[i], self.train.masks[i]) for i in train_rows]
        result = {"count": float(len(rows)), "photographs": 1e3 * kid(self.features(np.stack(floor)), real)}
        for kind in ("own", "swapped", "random"):
            windows = [mouth_window(self.draw(kind, i), self.rest.masks[i]) for i in rows]
            result[kind] = 1e3 * kid(self.features(np.stack(windows)), real)
        return result

    def _expression_leak(self) -> dict[str, float]:
        """Smile read from neutral masks under styles of smiling people, minus under styles of calm people."""
        self.say("expression leak")
        smiles = np.array([smile(picture) for picture in self.rest.pictures])
        closed = np.array([(mask == Region.MOUTH).sum() < 5 for mask in self.rest.masks])
        order = np.argsort(smiles)
        calm_masks = [i for i in order if closed[i]][:LEAK_MASKS]
        smiling, calm = order[::-1][:LEAK_STYLES], order[:LEAK_STYLES]
        read = {
            name: float(
                np.mean([
                    smile(self.generator.render(self.rest.masks[i], self.codes[k].without_detail()))
                    for i in calm_masks for k in styles if k != i
                ])
            )
            for name, styles in (("smiling", smiling), ("calm", calm))
        }  # fmt: skip
        return {
            "leak": read["smiling"] - read["calm"],
            "difference_of_the_photographs": float(smiles[smiling].mean() - smiles[calm].mean()),
        }

    def _draws(self) -> dict[str, float]:
        """Identity distance between random draws on one mask, and between photographs of different people."""
        self.say("identity distance between draws")
        distances: list[float] = []
        for row in range(0, len(self.rest), max(1, len(self.rest) // DRAW_MASKS)):
            mask = self.rest.masks[row]
            pictures = [self.generator.render(mask, self.random_style(500 + s, mask)) for s in range(DRAWS_PER_MASK)]
            distances += pairwise(self.embed(pictures, [mask] * len(pictures)))
        photographs = pairwise(self.embed(list(self.rest.pictures), list(self.rest.masks)))
        return {
            "median": float(np.median(distances)),
            "share_under_0.6": float((np.array(distances) < SAME_PERSON).mean()),
            "photographs_median": float(np.median(photographs)),
        }


def pairwise(vectors: torch.Tensor) -> list[float]:
    """Distances of all pairs of (N, D) vectors."""
    apart = torch.cdist(vectors.float(), vectors.float())
    return [float(value) for value in apart[tuple(torch.triu_indices(len(vectors), len(vectors), 1))]]


def smile(picture: npt.NDArray[np.uint8]) -> float:
    """Mean of the two smile weights that the reader finds in an aligned (256, 256, 3) uint8 face, about 0..1."""
    _, parts = run_reader(picture)
    sides = [EXPRESSIONS.index(f"mouthSmile_{side}") for side in "LR"]
    return float(parts["expression"][sides].mean())


def mouth_window(picture: npt.NDArray[np.uint8], mask: MaskArray) -> npt.NDArray[np.uint8]:
    """The square around the inner mouth, enlarged to (128, 128, 3) uint8."""
    rows, columns = np.nonzero(mask == Region.MOUTH)
    half = MOUTH_SIDE // 2
    y = int(np.clip(rows.mean(), half, 256 - half)) - half
    x = int(np.clip(columns.mean(), half, 256 - half)) - half
    window = picture[y : y + MOUTH_SIDE, x : x + MOUTH_SIDE]
    return np.asarray(cv2.resize(window, (128, 128), interpolation=cv2.INTER_CUBIC), np.uint8)


def quarters(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(N, 2S, 2S, 3) -> (4 N, S, S, 3): the four quarters of each."""
    side = pictures.shape[1] // 2
    parts = [pictures[:, y : y + side, x : x + side] for y in (0, side) for x in (0, side)]
    return np.concatenate(parts)


def tables(figures: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    lines = [
        "| pictures (KID x 1000, EfficientNet-Lite1) | 256 | 128 | texture, 256 | precision | recall |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in figures["kid"].items():
        values = [f"{row[key]:.1f}" for key in ("kid", "kid_128", "texture")]
        values += [f"{row[key]:.2f}" for key in ("precision", "recall")]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(values) + " |")
    if figures["fine"]:
        fine = figures["fine"]
        lines += ["", "| quarters at 512 | KID x 1000 |", "|---|---|"]
        lines += [f"| {name.replace('_', ' ')} | {value:.1f} |" for name, value in fine.items()]
    heads = ("variety", "KID x 1000", f"precision, k = {CLOSE_NEIGHBOURS}, training photographs", "recall, likewise")
    lines += ["", "| " + " | ".join(heads) + " |", "|---|---|---|---|"]
    for variety, row in figures["variety"].items():
        lines.append(f"| {variety} | {row['kid']:.1f} | {row['precision']:.2f} | {row['recall']:.2f} |")
    mouths, leak, draws = figures["mouths"], figures["expression_leak"], figures["draws"]
    lines += ["", "| measure | value |", "|---|---|"]
    for kind in ("photographs", "own", "swapped", "random"):
        lines.append(f"| KID x 1000 of windows around open mouths, {kind} | {mouths[kind]:.1f} |")
    lines += [
        f"| expression leak (smile read; the photographs differ by {leak['difference_of_the_photographs']:.2f}) | "
        f"{leak['leak']:.3f} |",
        f"| identity distance between draws on one mask, median (photographs {draws['photographs_median']:.2f}) | "
        f"{draws['median']:.2f} |",
        f"| share of those under {SAME_PERSON} | {draws['share_under_0.6']:.2f} |",
    ]
    return "\n".join(lines)


def recogniser_embedding(recogniser: Recogniser) -> _Embed:
    """Identity vectors by the recogniser; pictures (256, 256, 3) uint8."""
    from faceeditor.evaluation.measures import recognised

    return lambda pictures, masks: recognised(recogniser, pictures, masks)[0]
