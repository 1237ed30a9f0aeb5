"""An imported generator as the program uses it: seeds, truncation, style mixing, pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.errors import EngineError, FaceEditorError, ModelError
from faceeditor.generators.imported.installed import KIND, WEIGHTS, installed
from faceeditor.generators.imported.network import ImportedNetwork, load
from faceeditor.nets.stylegan2 import NoiseMode
from faceeditor.packs import ModelPack

MAX_SEED = 2**32 - 1

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


class ImportedGenerator:
    """Draws with the network of an imported pack. Use it from one thread at a time.

    Args:
        name: of the pack.
        kind: "stylegan2", "stylegan3" or "gan-control".
        config: as `network.build` takes it.
        network: with its weights.
        key: hash of the pack.
    """

    def __init__(
        self, name: str, kind: str, config: Mapping[str, Any], network: ImportedNetwork, key: str = ""
    ) -> None:
        self.name, self.kind, self.network, self.key = name, kind, network, key
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network.to(self.device)
        synthesis, mapping = network.synthesis.config, config["mapping"]
        self.resolution, self.w_dim, self.num_ws = synthesis.resolution, synthesis.w_dim, network.num_ws
        self.z_dim: int = network.mapping.z_dim
        self.classes = int(mapping.get("c_dim", 0))
        self.groups: dict[str, tuple[int, int]] = {
            group: (first, first + sizes[0]) for group, (first, sizes) in mapping.get("groups", {}).items()
        }
        self.controls: dict[str, tuple[str, int]] = {
            control: (str(values["group"]), int(values["sizes"][0]))
            for control, values in (config.get("controls") or {}).items()
        }
        """Controllers of GAN-Control: the group that each one sets, and how many values it takes."""
        self._colours = synthesis.colours

    @classmethod
    def open(cls, pack: ModelPack) -> "ImportedGenerator":
        """Load a pack.

        Raises:
            ModelError: the pack is damaged, or holds another kind of model.
        """
        if pack.kind != KIND:
            raise ModelError(f"The model “{pack.name}” is no imported generator; choose another one.")
        config = {name: pack.config.get(name) for name in ("architecture", "mapping", "synthesis", "controls")}
        weights = {name: torch.from_numpy(array) for name, array in pack.load(WEIGHTS).items()}
        network = load(config, weights)
        return cls(pack.folder.name, str(config["architecture"]), config, network, pack.key)

    @property
    def average(self) -> Floats:
        """Average w, (w_dim,)."""
        return _array(self.network.average)

    def z(self, seed: int) -> Floats:
        """Latent of a seed, (z_dim,): the numbers that the published programs draw for the same seed.

        Raises:
            FaceEditorError: the seed is not within 0 to 2^32 - 1.
        """
        if not 0 <= seed <= MAX_SEED:
            raise FaceEditorError(f"The seed {seed} is not within 0 to {MAX_SEED}; choose another one.")
        return np.random.RandomState(seed).randn(self.z_dim).astype(np.float32)

    def w(self, z: Floats, label: int = 0) -> Floats:
        """z (z_dim,) or (N, z_dim) -> w of the same form, not truncated; `label` is the class of a labelled generator.

        Raises:
            FaceEditorError: there is no such label.
        """
        latents = np.atleast_2d(z)
        labels = None
        if self.classes:
            if not 0 <= label < self.classes:
                raise FaceEditorError(f"There is no label {label}; choose 0 to {self.classes - 1}.")
            labels = torch.zeros(len(latents), self.classes, device=self.device)
            labels[:, label] = 1
        with torch.inference_mode():
            w = _array(self.network.map(self._tensor(latents), labels))
        return w if z.ndim == 2 else w[0]

    def ws(self, w: Floats, psi: float = 1.0, cutoff: int | None = None) -> Floats:
        """w (w_dim,) or (num_ws, w_dim) -> truncated w of every layer, (num_ws, w_dim).

        Args:
            psi: 0 is the average face, 1 no truncation.
            cutoff: only layers below it are truncated; None: all.
        """
        with torch.inference_mode():
            return _array(self.network.truncate(self._tensor(w[None]), psi, cutoff))[0]

    def controlled(self, ws: Floats, control: str, values: Sequence[float]) -> Floats:
        """`ws` (num_ws, w_dim) with one attribute set by a controller of GAN-Control, in all layers.

        Args:
            ws: of all layers, truncated or not: what is set is not truncated.
            control: "age", "orientation", "hair", "gamma", "expression", "expression_q" ... (`controls`).
            values: as the controller was trained with them: years, degrees, R G B in 0..1 ...

        Raises:
            FaceEditorError: there is no such controller, or it takes another number of values.
        """
        if control not in self.controls:
            known = ", ".join(self.controls) or "none: import the folder that holds “generator” and the controllers"
            raise FaceEditorError(f"“{self.name}” has no control “{control[:40]}” (it has {known}).")
        group, count = self.controls[control]
        if len(values) != count or not np.isfinite(values).all():
            raise FaceEditorError(f"“{control}” takes {count} numbers, and not {len(values)}.")
        with torch.inference_mode():
            part = _array(self.network.controls[control](self._tensor(np.array([values], np.float32))))[0]
        first, last = self.groups[group]
        result = ws.copy()
        result[:, first:last] = part
        return result

    def mixed(self, ws: Floats, other: Floats, layers: Sequence[int]) -> Floats:
        """`ws` with those layers taken from `other` (style mixing); both (num_ws, w_dim).

        Coarse layers come first: pose and shape, then features, then colours.
        """
        result = ws.copy()
        result[list(layers)] = other[list(layers)]
        return result

    def draw(
        self, ws: Floats, noise: NoiseMode = "const", progress: Callable[[float], None] = lambda share: None
    ) -> Picture:
        """Draw one face.

        Args:
            ws: (num_ws, w_dim).
            noise: "const" draws the same picture each time.
            progress: told the share of the work; may raise to stop.

        Returns:
            (resolution, resolution, 3) uint8 RGB.

        Raises:
            EngineError: the picture is not finite, or does not fit into the memory.
        """
        try:
            with torch.inference_mode():
                picture = self.network(self._tensor(ws[None]), noise, progress)[0]
                finite = bool(torch.isfinite(picture).all())
                pixels = (picture * 127.5 + 128).clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise EngineError(f"“{self.name}” does not fit into the memory; close other programs and retry.") from error
        except RuntimeError as error:
            raise EngineError(f"“{self.name}” cannot be drawn with ({error}); import another checkpoint.") from error
        if not finite:
            raise EngineError(f"“{self.name}” draws no finite picture; import another checkpoint.")
        return np.ascontiguousarray(pixels[..., :3] if self._colours >= 3 else pixels[..., :1].repeat(3, 2))

    def _tensor(self, values: Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self.device)


def open_installed(name: str, folder: Path | None = None) -> ImportedGenerator:
    """Load a generator by name.

    Raises:
        ModelError: there is none of that name, or it is damaged.
    """
    known = installed(folder)
    for entry in reversed(known):
        if entry.name == name:
            return ImportedGenerator.open(ModelPack.open(entry.name, entry.folder.parent))
    names = ", ".join(entry.name for entry in known) or "none yet"
    raise ModelError(f"There is no imported generator “{name}” (there are: {names}); import one first.")


def _array(values: Tensor) -> Floats:
    return values.float().cpu().numpy()
