"""What every training run needs: a folder with checkpoints, curves and sheets; a clock; weight averages."""

import csv
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from faceeditor.errors import FaceEditorError
from faceeditor.nets.precision import has_bfloat16

Module = TypeVar("Module", bound=nn.Module)


def pick_device() -> torch.device:
    """CUDA (this process's card under torchrun) or the CPU; starts the process group under torchrun."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    torch.set_flush_denormal(True)
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True
        return device
    return torch.device("cpu")


def autocast(device: torch.device) -> torch.autocast:
    """Mixed precision where the device has it, for `with`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def placed(net: Module, device: torch.device) -> Module:
    """The network on the device, its weights in channels-last order."""
    moved: Module = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def is_main() -> bool:
    """Whether this process writes files."""
    return not dist.is_initialized() or dist.get_rank() == 0


def share_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Average the gradients over the processes of a torchrun; nothing otherwise."""
    if dist.is_initialized():
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= dist.get_world_size()


class EMA:
    """Exponential moving average of a network's weights (half-life in pictures)."""

    def __init__(self, net: nn.Module, half_life: float) -> None:
        self.half_life = half_life
        self.shadow = {k: v.detach().clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module, pictures: int, seen: int) -> None:
        """Take in the weights after `pictures` more pictures, `seen` in all (early on the average is shorter)."""
        decay = 0.5 ** (pictures / min(self.half_life, max(1.0, seen * 0.1)))
        for key, value in net.state_dict().items():
            if value.dtype.is_floating_point:
                self.shadow[key].lerp_(value, 1 - decay)
            else:
                self.shadow[key].copy_(value)


def _flatten(value: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[prefix] = value.detach().cpu().contiguous().clone()
        return {"__tensor__": prefix}
    if isinstance(value, dict):
        return {"__dict__": [[k, _flatten(v, f"{prefix}.{k}", tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_flatten(v, f"{prefix}.{i}", tensors) for i, v in enumerate(value)]
    return value


def _restore(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if "__tensor__" in value:
            return tensors[value["__tensor__"]]
        return {k: _restore(v, tensors) for k, v in value["__dict__"]}
    if isinstance(value, list):
        return [_restore(v, tensors) for v in value]
    return value


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write nested dicts and lists of tensors and plain values as one safetensors file, atomically."""
    tensors: dict[str, Tensor] = {}
    structure = _flatten(state, "", tensors)
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"structure": json.dumps(structure)})
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote.

    Raises:
        FaceEditorError: the file is not a whole checkpoint.
    """
    try:
        with safe_open(path, framework="pt") as file:
            structure = json.loads(file.metadata()["structure"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except Exception as error:
        raise FaceEditorError(f"The checkpoint {path} is damaged ({error}): delete it to start anew.") from error
    restored = _restore(structure, tensors)
    assert isinstance(restored, dict)
    return restored


class Run:
    """A training run's folder and clock.

    Writes `curves.csv`, `curves.png`, sheets, and `checkpoint.safetensors`; every write is atomic, so that the run can
    be cut off at any second.
    """

    def __init__(self, folder: Path, minutes: float, resume: bool) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = folder / "checkpoint.safetensors"
        if self.checkpoint.exists() and not resume:
            raise FaceEditorError(f"{folder} holds a run already: add --resume to go on, or choose another --out.")
        self.deadline = time.monotonic() + minutes * 60
        self._log = folder / "curves.csv"

    def time_left(self) -> float:
        """Seconds until the run should have stopped."""
        return self.deadline - time.monotonic()

    def log(self, values: dict[str, float]) -> None:
        """Append a row to the curves. A later stage may bring columns of its own, which earlier rows leave empty."""
        if not is_main():
            return
        columns: list[str] = []
        if self._log.exists():
            with self._log.open(newline="") as file:
                columns = next(csv.reader(file))
        later = [name for name in values if name not in columns]
        if later:
            columns = self._widen(columns, later)
        with self._log.open("a", newline="") as file:
            csv.DictWriter(file, columns, restval="").writerow({k: f"{v:.5g}" for k, v in values.items()})

    def _widen(self, columns: list[str], later: list[str]) -> list[str]:
        """Write the curves anew with more columns; returns all of them."""
        rows: list[dict[str, str]] = []
        if columns:
            with self._log.open(newline="") as file:
                rows = list(csv.DictReader(file))
        wide = columns + later
        temporary = self._log.with_name(self._log.name + ".tmp")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, wide, restval="")
            writer.writeheader()
            writer.writerows(rows)
        temporary.replace(self._log)
        return wide

    def draw_curves(self) -> None:
        """Draw every column of the curves over the first one as small plots in `curves.png`."""
        if not is_main() or not self._log.exists():
            return
        with self._log.open(newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [c for c in rows[0] if c != next(iter(rows[0]))]
        first = next(iter(rows[0]))
        plots = [_plot(name, [(r[first], r[name]) for r in rows if r[name]]) for name in columns]
        while len(plots) % 4:
            plots.append(np.full_like(plots[0], 255))
        sheet = np.vstack([np.hstack(plots[i : i + 4]) for i in range(0, len(plots), 4)])
        write_sheet(self.folder / "curves.png", sheet)


def _plot(name: str, points: list[tuple[str, str]], width: int = 320, height: int = 180) -> npt.NDArray[np.uint8]:
    picture = np.full((height, width, 3), 255, np.uint8)
    values = np.array([(float(x), float(y)) for x, y in points], np.float64).reshape(-1, 2)
    values = values[np.isfinite(values).all(1)]
    title = name
    if len(values) > 1:
        (x0, y0), (x1, y1) = values.min(0), values.max(0)
        title = f"{name}: {values[-1, 1]:.4g}  [{y0:.3g}, {y1:.3g}]"
        x = 8 + (values[:, 0] - x0) / max(x1 - x0, 1e-9) * (width - 16)
        y = height - 8 - (values[:, 1] - y0) / max(y1 - y0, 1e-9) * (height - 36)
        line = np.stack([x, y], 1).astype(np.int32)
        cv2.polylines(picture, [line], False, (160, 80, 20), 1, cv2.LINE_AA)
    cv2.putText(picture, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    return picture


def write_sheet(path: Path, sheet: npt.NDArray[np.uint8]) -> None:
    """Write an (H, W, 3) uint8 RGB sheet as PNG or JPEG, atomically."""
    done, data = cv2.imencode(path.suffix, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    assert done
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(data.tobytes())
    temporary.replace(path)


def to_uint8(pictures: Tensor) -> npt.NDArray[np.uint8]:
    """(B, 3, H, W) float in -1..1 -> (B, H, W, 3) uint8."""
    scaled = (pictures.float().clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def to_float(pictures: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float in -1..1."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def epochs(rows: npt.NDArray[np.int64], batch: int, generator: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Endless batches of rows in random order, every row once an epoch (as often as it is listed)."""
    order: npt.NDArray[np.int64] = np.empty(0, np.int64)
    while True:
        while len(order) < batch:
            order = np.concatenate([order, generator.permutation(rows)])
        yield order[:batch]
        order = order[batch:]
