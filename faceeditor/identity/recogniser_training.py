"""Training a small recogniser on a data set of people who do not exist (MobileFaceNet with CosFace).

One process, or several on any number of machines through torchrun: each takes its share of every epoch, and gradients
are averaged. After every epoch the state is written, so that a run that was stopped goes on.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from faceeditor.errors import FaceEditorError
from faceeditor.identity.chips import face_chip
from faceeditor.identity.verification import People
from faceeditor.images import write_atomic
from faceeditor.nets.mobile_face import SIDE, CosFace, MobileFace

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Say = Callable[[str], None]

_MOMENTUM, _DECAY = 0.9, 5e-4
_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""


@dataclass(frozen=True)
class TrainingOptions:
    """How a recogniser is trained.

    Attributes:
        epochs: passes over the pictures.
        batch: pictures of a step, over all processes.
        rate: largest learning rate.
        width, side: of `MobileFace`.
        seed: of everything.
        shuffled: give every picture a random person (the control: nothing can be learnt that helps strangers).
    """

    epochs: int = 12
    batch: int = 64
    rate: float = 0.1
    width: float = 1.0
    side: int = SIDE
    seed: int = 0
    shuffled: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.epochs <= 1000 or not 2 <= self.batch <= 4096 or not 0 < self.rate <= 1:
            raise FaceEditorError("Train for 1 to 1000 epochs, with batches of 2 to 4096 and a rate of at most 1.")
        if not 0.125 <= self.width <= 4:
            raise FaceEditorError(f"A network of width {self.width:g} cannot be trained; choose 0.125 to 4.")
        if self.side % 16 or not 32 <= self.side <= 224:
            raise FaceEditorError(f"Pictures of side {self.side} do not fit; choose a multiple of 16 from 32 to 224.")


def chip_of(picture: Pixels, frame: FloatArray, side: int = SIDE) -> Pixels:
    """(side, side, 3) uint8 crop of an aligned face, in dlib's framing."""
    chip = face_chip(picture, frame).transpose(1, 2, 0)
    return np.asarray(cv2.resize(chip, (side, side), interpolation=cv2.INTER_AREA).round(), np.uint8)


def read_chip(path: Path, frame: FloatArray, side: int = SIDE) -> Pixels:
    """The crop of a data set's picture; FaceEditorError if it cannot be read."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FaceEditorError(f"“{path}” cannot be read; delete its shard and make the data set again.")
    return chip_of(np.ascontiguousarray(picture[..., ::-1]), frame, side)


def split_people(people: People, kept_out: float = 0.1) -> tuple[People, People]:
    """Pictures of those who are trained on, and of the last share of people, who are not.

    The cut is at an even number: persons 2 I and 2 I + 1 may be both sides of one boundary, which are not parted.

    Raises:
        FaceEditorError: there are too few people.
    """
    numbers = np.unique(people.persons)
    rest = max(2, round(kept_out * len(numbers)))
    cut = int(numbers[-rest]) // 2 * 2 if len(numbers) >= rest else 0
    if (numbers < cut).sum() < 2:
        raise FaceEditorError(f"{len(numbers)} people are too few to train on; make a data set of at least 4.")
    last = people.persons >= cut
    return people.of(np.flatnonzero(~last)), people.of(np.flatnonzero(last))


class Trainer:
    """The training of one network.

    Args:
        people: whom it is trained on.
        options: how.
        folder: where its state is kept.
        say: told how it goes.

    Raises:
        FaceEditorError: the state in the folder is damaged or of another run.
    """

    def __init__(self, people: People, options: TrainingOptions, folder: Path, say: Say) -> None:
        self.people, self.options, self.folder, self.say = people, options, folder, say
        self.rank, self.world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        torch.manual_seed(options.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        numbers, labels = np.unique(people.persons, return_inverse=True)
        if options.shuffled:
            labels = np.random.default_rng(options.seed).permutation(labels)
        self.labels = labels.astype(np.int64)
        self.net = MobileFace(width=options.width, side=options.side).to(self.device)
        self.loss = CosFace(len(numbers)).to(self.device)
        self.both = nn.ModuleList([self.net, self.loss])
        self.optimizer = torch.optim.SGD(
            self.both.parameters(), options.rate, momentum=_MOMENTUM, weight_decay=_DECAY, nesterov=True
        )
        self.epoch = self._restore()

    @property
    def state_path(self) -> Path:
        """Where the state is kept."""
        return self.folder / ("shuffled.safetensors" if self.options.shuffled else "state.safetensors")

    def run(self) -> MobileFace:
        """Train to the last epoch and return the network, in evaluation mode."""
        step_model: nn.Module = self.net
        if self.world > 1:
            step_model = nn.parallel.DistributedDataParallel(self.net)
        while self.epoch < self.options.epochs:
            losses = [self._step(step_model, *batch) for batch in self._batches()]
            self.epoch += 1
            if self.rank == 0:
                self._save()
                self.say(f"epoch {self.epoch} of {self.options.epochs}: loss {np.mean(losses):.3f}")
        return self.net.eval()

    def _step(self, model: nn.Module, pictures: Tensor, persons: Tensor, share: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.rate * _rate(share)
        model.train()
        loss: Tensor = self.loss(model(pictures.to(self.device)), persons.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.world > 1:
            assert self.loss.centres.grad is not None
            torch.distributed.all_reduce(self.loss.centres.grad)
            self.loss.centres.grad /= self.world
        nn.utils.clip_grad_norm_(self.both.parameters(), 5.0)
        self.optimizer.step()
        return float(loss.detach())

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, float]]:
        """This process's share of the epoch: pictures, person numbers and how far the whole run is."""
        random = np.random.default_rng([self.options.seed, self.epoch])
        order = random.permutation(len(self.labels))
        mine = max(2, self.options.batch // self.world)
        steps = max(1, len(order) // (mine * self.world))
        for step in range(steps):
            block = order[step * mine * self.world : (step + 1) * mine * self.world][self.rank :: self.world]
            chips = np.stack([read_chip(self.people.paths[i], self.people.frames[i], self.options.side) for i in block])
            share = (self.epoch + step / steps) / self.options.epochs
            yield augmented(chips, random), torch.from_numpy(self.labels[block]), share

    def _save(self) -> None:
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors["centres"] = self.loss.centres.detach()
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors[f"momentum.{number}"] = state["momentum_buffer"]
        tensors["epoch"] = torch.tensor([self.epoch, self.options.seed, len(self.labels)])
        self.folder.mkdir(parents=True, exist_ok=True)
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        write_atomic(self.state_path, save_tensors(plain))

    def _restore(self) -> int:
        """Take up an earlier state; the number of its epochs."""
        if not self.state_path.is_file():
            return 0
        try:
            tensors = load_file(self.state_path)
            epoch, seed, count = (int(value) for value in tensors["epoch"])
            if (seed, count) != (self.options.seed, len(self.labels)):
                raise FaceEditorError(
                    f"“{self.state_path}” belongs to another training; choose another folder, or the same values."
                )
            self.net.load_state_dict({k.removeprefix("net."): v for k, v in tensors.items() if k.startswith("net.")})
            with torch.no_grad():
                self.loss.centres.copy_(tensors["centres"])
            state: dict[str, Any] = self.optimizer.state_dict()
            buffers = {int(k.split(".")[1]): v for k, v in tensors.items() if k.startswith("momentum.")}
            state["state"] = {number: {"momentum_buffer": value} for number, value in buffers.items()}
            self.optimizer.load_state_dict(state)
            return epoch
        except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
            raise FaceEditorError(
                f"“{self.state_path}” cannot be gone on with ({error}); delete it, or choose another folder."
            ) from error


def _rate(share: float) -> float:
    """Learning rate as a share of the largest: a rise, then half a cosine."""
    if share < _WARM_UP:
        return max(0.02, share / _WARM_UP)
    return float(0.5 * (1 + np.cos(np.pi * (share - _WARM_UP) / (1 - _WARM_UP))))


def augmented(chips: Pixels, random: np.random.Generator) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) in -1..1: mirrored, moved by a few pixels, brighter or darker."""
    x = torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 127.5 - 1
    flip = torch.from_numpy(random.random(len(chips)) < 0.5)
    x = torch.where(flip.view(-1, 1, 1, 1), x.flip(3), x)
    padded = F.pad(x, (4, 4, 4, 4), mode="replicate")
    moved, side = [], x.shape[2]
    for number in range(len(chips)):
        top, left = (int(v) for v in random.integers(0, 9, 2))
        moved.append(padded[number, :, top : top + side, left : left + side])
    gain = torch.from_numpy(random.uniform(0.8, 1.2, (len(chips), 1, 1, 1))).float()
    shift = torch.from_numpy(random.uniform(-0.15, 0.15, (len(chips), 1, 1, 1))).float()
    return (torch.stack(moved) * gain + shift).clamp(-1, 1)


@torch.inference_mode()
def embeddings_of(net: MobileFace, chips: list[Pixels], batch: int = 64) -> FloatArray:
    """Unit embeddings (N, D) of crops, mean of each and its mirror image."""
    net.eval()
    device = next(net.parameters()).device
    parts = []
    for start in range(0, len(chips), batch):
        x = torch.from_numpy(np.stack(chips[start : start + batch])).permute(0, 3, 1, 2).float().to(device) / 127.5 - 1
        parts.append(F.normalize(net(x) + net(x.flip(3))).cpu())
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def begin_processes() -> None:
    """Join the other processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def end_processes() -> None:
    """Leave the group of processes."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
