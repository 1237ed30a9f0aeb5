"""`faceeditor bench photo`: edits of photographs against a known answer, identity, exactness, time and memory.

Two other ways stand beside the program's own: the photograph left unchanged, and the generator's face pasted in as a
feathered square, as LivePortrait and its kind do it.
"""

import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.engine import Engine
from faceeditor.engine.photo_edit import (
    EditPhoto,
    FaceEdit,
    FindFace,
    FoundFace,
    patch_request,
    plan_edit,
    three_channels,
)
from faceeditor.errors import FaceEditorError
from faceeditor.evaluation.photo_measures import PerceptualDistance, seam_energy
from faceeditor.evaluation.photo_scenes import Scene, changes, draw_scene
from faceeditor.export.photograph import SaveOptions, encode_photograph, write_photograph
from faceeditor.head.controls import control
from faceeditor.head.model import HeadModel
from faceeditor.head.presets import apply_preset, find_preset
from faceeditor.images import SourceImage
from faceeditor.images.orientation import stored
from faceeditor.images.source import read_source, source_of
from faceeditor.photo.composite import Edit, Samples, touched
from faceeditor.photo.face import PhotoFace
from faceeditor.photo.placement import Rect, inner
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.processes import begin_worker

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Say = Callable[[str], None]

WAYS = ("ours", "pasted", "unchanged")
AREAS = ("all", "moved", "revealed", "still")
PHOTO_EDITS = ("yaw 10", "smile 0.6", "light Rembrandt")
MEGAPIXELS = (1, 12, 24, 50)


@dataclass
class PhotoFigures:
    """What was measured.

    Attributes:
        pairs: by kind of change, way and area: PSNR in dB; SSIM and the perceptual distance over all; and of the
            own way the forward-backward error of the motion, "round trip" and "longest round trip"
            (`PhotoBench.backward_error`).
        identity: by edit and way: distance to the source, 0 the same .. (`identity.recogniser.distance`).
        seams: by edit and way: `photo_measures.seam_energy`, 1 is no seam.
        untouched: share of pixels outside of the edit that are bit for bit the source's, the smallest of all.
        exact: by format: whether no edit gives the same file, and an edit leaves all other samples.
        cost: by megapixels: seconds to open (read the file and find the face), to edit and to write, processor seconds
            of these, and MB at most; each in a process of its own that has loaded no model before.
    """

    pairs: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    seams: dict[str, Any] = field(default_factory=dict)
    untouched: float | None = None
    exact: dict[str, bool] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)


class PhotoBench:
    """Measures edits of photographs.

    Args:
        engine: draws patches and reads faces.
        say: tells how far it is.
    """

    def __init__(self, engine: Engine, say: Say) -> None:
        self.engine, self.say = engine, say
        self.model = HeadModel.load()

    def answer(self, job: Any) -> Any:
        """A job's result."""
        given: list[Any] = []
        handle = self.engine.run(job, lambda *_: None, given.append, given.append)
        while not handle.wait(0.5) or not given:
            time.sleep(0.01)
        if isinstance(given[0], FaceEditorError):
            raise given[0]
        return given[0]

    # Pairs with a known answer.

    def pairs(self, count: int, side: int, seed: int = 1) -> dict[str, Any]:
        """Rendered people before and after a change: the first edited by the known change against the second."""
        rows: dict[str, list[dict[str, Any]]] = {}
        perceptual = PerceptualDistance()
        for number in range(count):
            scene = draw_scene(self.model, seed + number, side)
            face = PhotoFace.find(scene.picture, scene.square, scene.mask, scene.head)
            for kind, head in changes(scene.head, seed + number).items():
                self.say(f"person {number + 1} of {count}: {kind}")
                answer = draw_scene(self.model, seed + number, side, head)
                wanted = FaceEdit(face, self.style_of(scene), head)
                made = {
                    "ours": self.answer(EditPhoto(as_source(scene.picture), (wanted,))),
                    "pasted": self.pasted(scene.picture, wanted),
                    "unchanged": scene.picture,
                }
                figures = compared(made, scene, answer)
                for way, picture in made.items():
                    figures[way]["perceptual"] = perceptual(picture, answer.picture)
                figures["ours"] |= self.backward_error(wanted)
                rows.setdefault(kind, []).append(figures)
        return {kind: averaged(several) for kind, several in rows.items()}

    def backward_error(self, wanted: FaceEdit) -> dict[str, float]:
        """Forward-backward error of an edit's motion in mask pixels: the mean over the person, and the largest."""
        motion = wanted.photo.plan(self.model, wanted.head, wanted.photo.mask).motion
        if motion is None:
            return {}
        person = cv2.resize(motion.labels, inner(motion.error).shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        error = inner(motion.error)[person]
        return {"round trip": float(error.mean()), "longest round trip": float(error.max(initial=0.0))}

    def style_of(self, scene: Scene) -> StyleCode:
        """The style that the generator's encoder reads from a scene."""
        return self.answer(
            _Encode(np.asarray(cv2.resize(scene.picture, (256, 256), interpolation=cv2.INTER_AREA)), scene)
        )

    def pasted(self, picture: Pixels, wanted: FaceEdit) -> Pixels:
        """The generator's face of the wanted view laid over the photograph as a feathered square."""
        plan = wanted.photo.plan(self.model, wanted.head, wanted.photo.mask)
        request = patch_request(wanted)
        request = request.with_face(head=plan.head)
        drawn = self.engine.render(request).pixels
        side = 256
        edge = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / 24
        line = np.clip(edge, 0, 1)
        feather = (line[:, None] * line[None, :]).astype(np.float32)
        wide = np.pad(np.dstack([drawn.astype(np.float32), feather]), ((96, 96), (96, 96), (0, 0)))
        rect = Rect(0, 0, picture.shape[1], picture.shape[0])
        laid = wanted.photo.placement.to_picture(wide, rect, cv2.INTER_CUBIC)
        share = np.clip(laid[..., 3:], 0, 1)
        return np.clip(np.rint(picture + share * (laid[..., :3] - picture)), 0, 255).astype(np.uint8)

    # Photographs.

    def photographs(self, folder: Path, figures: PhotoFigures) -> list[tuple[str, list[Pixels]]]:
        """Rows of pictures to look at; identity distances, seams and untouched pixels go into the figures."""
        from faceeditor.identity import recogniser
        from faceeditor.photo.align import cut

        network = recogniser.load()
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".webp"))
        if not files:
            raise FaceEditorError(f"“{folder}” holds no photographs; choose another folder.")
        distances: dict[str, dict[str, list[float]]] = {edit: {way: [] for way in WAYS[:2]} for edit in PHOTO_EDITS}
        seams: dict[str, dict[str, list[float]]] = {edit: {way: [] for way in WAYS[:2]} for edit in PHOTO_EDITS}
        untouched: list[float] = []
        sheets = []
        for file in files:
            self.say(file.name)
            source = read_source(file)
            found: FoundFace = self.answer(FindFace(source))
            face = found.photo
            aligned = cut(source.srgb, found.square)
            start = network.embed_masked([aligned], [face.mask])[0]
            row = [source.srgb]
            for edit in PHOTO_EDITS:
                head = self.edited_head(face.head, edit)
                wanted = FaceEdit(face, found.style, head)
                ours = self.answer(EditPhoto(source, (wanted,)))
                row.append(ours)
                done = plan_edit(self.engine.render, wanted)
                untouched.append(untouched_share(source.samples, ours, face, done))
                for way, picture in (("ours", ours), ("pasted", self.pasted(source.srgb, wanted))):
                    moved = face.plan(self.model, head, face.mask).labels
                    embedded = network.embed_masked([cut(picture, found.square)], [moved])[0]
                    distances[edit][way].append(float(recogniser.distance(start, embedded)))
                    energy = seam_energy(picture, source.srgb)
                    if energy is not None:
                        seams[edit][way].append(energy)
            sheets.append((file.stem, row))
        figures.identity, figures.seams = _means(distances), _means(seams)
        figures.untouched = float(min(untouched))
        return sheets

    def edited_head(self, head: HeadCoefficients, edit: str) -> HeadCoefficients:
        """A head after one of `PHOTO_EDITS`."""
        name, value = edit.split(" ")
        if name == "light":
            return apply_preset(find_preset("light", value), head, self.model, head.gamma)
        knob = control(name, self.model)
        return knob.set(head, self.model, knob.clip(knob.get(head, self.model) + float(value)))

    # Exactness.

    def exactness(self) -> dict[str, bool]:
        """By format: no edit gives the file itself; an edit of one sample leaves all others, where that is lossless."""
        found: dict[str, bool] = {}
        random = np.random.default_rng(4)
        for kind, bits in (("png", 8), ("png", 16), ("tiff", 8), ("tiff", 16), ("webp", 8), ("jpeg", 8), ("avif", 8)):
            for orientation in (1, 6):
                top, dtype = (256, np.uint8) if bits == 8 else (65536, np.uint16)
                upright: Any = random.integers(0, top, (40, 56, 3)).astype(dtype)
                plain = as_source(upright, kind, orientation)
                source = source_of(encode_photograph(plain, upright ^ 1, SaveOptions(kind, bits, 100)), f"a.{kind}")
                good = encode_photograph(source, source.samples.copy()) == source.data
                if kind not in ("jpeg", "avif"):
                    other = source.samples.copy()
                    other[3, 4] ^= 255
                    again = source_of(encode_photograph(source, other, SaveOptions(quality=100)), "b")
                    good &= bool(np.array_equal(again.samples, other)) and again.orientation == source.orientation
                    good &= bool(np.array_equal(stored(again.samples, orientation), stored(other, orientation)))
                name = f"{kind} {bits} bit" + (", turned" if orientation > 1 else "")
                found[name] = good
        return found

    # Time and memory.

    def cost(self, sizes: Sequence[int] = MEGAPIXELS, device: str = "auto") -> dict[str, Any]:
        """Time and memory with photographs of so many megapixels, the face filling a quarter of them.

        Each size is measured in a process of its own, so that the peak of its memory is its own.
        """
        found: dict[str, Any] = {}
        with TemporaryDirectory() as folder:
            for size in sizes:
                self.say(f"{size} megapixels")
                path = self._large_photograph(size, Path(folder))
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), begin_worker) as pool:
                    found[str(size)] = pool.submit(_cost_of, path, device).result()
        return found

    def _large_photograph(self, megapixels: int, folder: Path) -> Path:
        """A rendered person enlarged, as JPEG."""
        scene = draw_scene(self.model, 3, 1024)
        height = round((megapixels * 1e6 / 1.5) ** 0.5)
        picture: Any = cv2.copyMakeBorder(scene.picture, 0, 0, 256, 256, cv2.BORDER_REPLICATE)
        picture = np.asarray(
            cv2.resize(picture, (round(height * 1.5), height), interpolation=cv2.INTER_CUBIC), np.uint8
        )
        path = folder / f"{megapixels}.jpg"
        path.write_bytes(encode_photograph(as_source(picture, "jpeg"), picture ^ 1, SaveOptions("jpeg")))
        return path


def untouched_share(samples: Samples, made: Samples, face: PhotoFace, edit: Edit) -> float:
    """Share of the pixels that an edit does not touch (`composite.touched`) which are the source's: 1 is promised.

    Args:
        samples, made: (H, W, 1 or 3) before and after the edit.
        face: the face that is edited.
        edit: what was done to it.
    """
    free = ~touched(three_channels(samples), face.placement, face.matte, edit)
    return float((made == samples).all(-1)[free].mean()) if free.any() else 1.0


def _cost_of(path: Path, device: str) -> dict[str, float]:
    """Seconds and MB of opening, turning and writing a photograph in this process, models loaded on the way."""
    with Engine(device) as engine:
        bench = PhotoBench(engine, lambda text: None)
        begun, worked = time.perf_counter(), time.process_time()
        source = read_source(path)
        found: FoundFace = bench.answer(FindFace(source))
        opened, opened_work = time.perf_counter(), time.process_time()
        head = control("yaw").set(found.photo.head, None, control("yaw").get(found.photo.head) + 8)
        samples = bench.answer(EditPhoto(source, (FaceEdit(found.photo, found.style, head),)))
        edited = time.perf_counter()
        write_photograph(path.with_name("out.jpg"), source, samples)
        written = time.perf_counter()
        return {
            "open s": opened - begun,
            "edit s": edited - opened,
            "write s": written - edited,
            "processor s to open": opened_work - worked,
            "processor s to edit and write": time.process_time() - opened_work,
            "MB at most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


@dataclass(frozen=True, eq=False)
class _Encode:
    """Job: the style of a scene."""

    picture: Pixels
    scene: Scene

    def run(self, context: Any) -> StyleCode:
        style: StyleCode = context.encode(self.picture, self.scene.mask, "scene")
        return style


def as_source(picture: Any, kind: str = "png", orientation: int = 1) -> SourceImage:
    """Pixels as a photograph without metadata."""
    return SourceImage(
        name=f"picture.{kind}", kind=kind, data=b"", samples=picture, alpha=None, exact=True,
        depth=8 * picture.dtype.itemsize, icc=None, orientation=orientation, resolution=None, exif=None, xmp=None,
        iptc=None,
    )  # fmt: skip


def compared(made: dict[str, Pixels], before: Scene, answer: Scene) -> dict[str, Any]:
    """By way: PSNR in each area, and SSIM over all."""
    difference = np.abs(before.picture.astype(np.int16) - answer.picture.astype(np.int16)).max(-1)
    person = [cv2.resize(s.mask, s.picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0 for s in (before, answer)]
    # Away from the person: the soft outline itself belongs to neither area.
    margin = 2 * round(3 * before.picture.shape[0] / 256) + 1
    near = cv2.dilate((person[0] | person[1]).astype(np.uint8), np.ones((margin, margin), np.uint8)) > 0
    still = (difference <= 2) & ~near
    revealed = person[0] & ~person[1]
    areas = {"all": np.ones_like(still), "moved": person[1], "revealed": revealed, "still": still}
    found = {}
    for way, picture in made.items():
        figures = {name: psnr(picture, answer.picture, area) for name, area in areas.items()}
        found[way] = figures | {"ssim": ssim(picture, answer.picture)}
    return found


def psnr(picture: Pixels, answer: Pixels, area: npt.NDArray[np.bool_]) -> float | None:
    """Peak signal to noise in dB over an area, at most 60; None where the area is next to empty."""
    if area.sum() < 50:
        return None
    error = ((picture[area].astype(np.float64) - answer[area]) ** 2).mean()
    return float(min(60.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def ssim(picture: Pixels, answer: Pixels) -> float:
    """Structural similarity of the grey pictures (Wang et al. 2004), Gaussian window of 1.5 pixels."""
    a, b = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).astype(np.float32) for x in (picture, answer))

    def mean(x: Any) -> FloatArray:
        return np.asarray(cv2.GaussianBlur(x, (0, 0), 1.5), np.float32)

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def _means(lists: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """By edit and way: the mean of what was found."""
    return {edit: {way: float(np.mean(v)) for way, v in ways.items() if v} for edit, ways in lists.items()}


def averaged(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of figures over people; figures that nobody has are left out."""
    found: dict[str, Any] = {}
    for way in rows[0]:
        found[way] = {}
        for name in rows[0][way]:
            values = [row[way][name] for row in rows if row[way][name] is not None]
            if values:
                found[way][name] = float(np.mean(values))
    return found


def table(figures: PhotoFigures) -> str:
    """The figures as Markdown."""
    lines = []
    if figures.pairs:
        lines += [
            "| change | way | " + " | ".join(AREAS) + " | SSIM | perceptual | forward-backward (most) |",
            "|---|---|" + "---|" * (len(AREAS) + 3),
        ]
        for kind, ways in figures.pairs.items():
            for way, row in ways.items():
                cells = [f"{row[area]:.1f}" if area in row else "" for area in AREAS]
                seen = f"{row['perceptual']:.3f}" if "perceptual" in row else ""
                trip = f"{row['round trip']:.2f} ({row['longest round trip']:.1f})" if "round trip" in row else ""
                lines.append(f"| {kind} | {way} | {' | '.join(cells)} | {row['ssim']:.3f} | {seen} | {trip} |")
    if figures.identity:
        lines += ["", "| edit | ours | pasted |", "|---|---|---|"]
        lines += [f"| {edit} | {row['ours']:.3f} | {row['pasted']:.3f} |" for edit, row in figures.identity.items()]
        if figures.seams:
            lines += ["", "| seam energy | ours | pasted |", "|---|---|---|"]
            lines += [f"| {edit} | {row['ours']:.2f} | {row['pasted']:.2f} |" for edit, row in figures.seams.items()]
        share = "all" if figures.untouched == 1 else f"{figures.untouched:.4%} at least"
        lines += ["", f"Pixels outside of an edit that stay bit for bit: {share}."]
    if figures.exact:
        lines += [
            "",
            "Exact: " + ", ".join(f"{name} {'yes' if good else 'NO'}" for name, good in figures.exact.items()),
        ]
    if figures.cost:
        names = list(next(iter(figures.cost.values())))
        lines += ["", "| megapixels | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
        lines += [
            f"| {size} | " + " | ".join(f"{row[n]:.1f}" for n in names) + " |" for size, row in figures.cost.items()
        ]
    return "\n".join(lines)


def write_results(figures: PhotoFigures, sheets: Sequence[tuple[str, list[Pixels]]], out: Path) -> None:
    """Write `photo.json`, `photo.md` and a JPEG for each photograph into a folder."""
    from faceeditor.export.picture import encode_picture
    from faceeditor.images import write_atomic

    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "photo.json", json.dumps(vars(figures), indent=1).encode())
    write_atomic(out / "photo.md", (table(figures) + "\n").encode())
    for name, row in sheets:
        write_atomic(out / f"{name}.jpg", encode_picture(np.concatenate([np.asarray(p) for p in row], 1), "jpeg"))
