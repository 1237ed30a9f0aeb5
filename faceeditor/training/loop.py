"""The loop that trains a network of one part: optimizer, average, checkpoints, curves, and a look now and then."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Generic

import torch
from torch import Tensor
from tqdm import tqdm

from faceeditor.training.run import (
    EMA,
    Module,
    Run,
    load_checkpoint,
    save_checkpoint,
    share_gradients,
)


class Loop(Generic[Module]):
    """A run of one network; goes on from the run's checkpoint where there is one.

    Args:
        config: `pictures` (in all), `batch`, `learning_rate`, `average_half_life` (in pictures) and `save_steps`.
        run: folder and clock.
        net: the network, on its device.
        weight_decay: of AdamW.

    Attributes:
        seen: pictures seen.

    Raises:
        FaceEditorError: the checkpoint is damaged.
    """

    def __init__(self, config: Mapping[str, Any], run: Run, net: Module, weight_decay: float = 1e-3) -> None:
        self.config, self.run, self.net = config, run, net
        self.average = EMA(net, config["average_half_life"])
        self.optimizer = torch.optim.AdamW(net.parameters(), lr=config["learning_rate"], weight_decay=weight_decay)
        self.seen = 0
        if run.checkpoint.exists():
            state = load_checkpoint(run.checkpoint)
            net.load_state_dict(state["net"])
            self.average.shadow = state["average"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.seen = state["seen"]

    def train(
        self,
        losses: Callable[[], dict[str, Tensor]],
        look: Callable[[Module], None],
        warm_up: int,
        fall: float,
        log_steps: int = 20,
    ) -> None:
        """Train until all pictures are seen or the time is over.

        Args:
            losses: the losses of the next batch by name; their sum, each times its weight in the config's `weights`
                (1 where there is none), is what falls.
            look: draws or measures the averaged network, before every checkpoint's curves.
            warm_up: pictures in which the learning rate rises.
            fall: the rate falls evenly to 0 (at least 2 % of it stay) after the part 1 - 1 / fall of the pictures.
            log_steps: steps between rows of the curves.
        """
        total, weights = self.config["pictures"], self.config.get("weights", {})
        bar = tqdm(total=total, initial=self.seen, unit="picture", mininterval=10)
        steps = 0
        while self.seen < total and self.run.time_left() > 0:
            steps += 1
            rate = min(1.0, (self.seen + 1) / warm_up, max(0.02, fall * (1 - self.seen / total)))
            for group in self.optimizer.param_groups:
                group["lr"] = self.config["learning_rate"] * rate
            parts = losses()
            loss = torch.stack([weights.get(name, 1.0) * value for name, value in parts.items()]).sum()
            self.optimizer.zero_grad(set_to_none=True)
            if torch.isfinite(loss):
                loss.backward()
                share_gradients(self.net.parameters())
                torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.get("clip", float("inf")))
                self.optimizer.step()
            batch = self.config["batch"]
            self.seen += batch
            bar.update(batch)
            self.average.update(self.net, batch, self.seen)
            if steps % log_steps == 0:
                self.run.log({"pictures": self.seen, "loss": loss.item()} | {k: v.item() for k, v in parts.items()})
            if steps % self.config["save_steps"] == 0 or self.seen >= total or self.run.time_left() <= 0:
                self._save()
                look(self.averaged())
                self.run.draw_curves()

    def averaged(self) -> Module:
        """A copy of the network with the averaged weights, for use."""
        shown = copy.deepcopy(self.net)
        shown.load_state_dict(self.average.shadow)
        return shown.eval().requires_grad_(False)

    def _save(self) -> None:
        state = {"net": self.net.state_dict(), "average": self.average.shadow, "optimizer": self.optimizer.state_dict()}
        save_checkpoint(self.run.checkpoint, {**state, "seen": self.seen, "config": dict(self.config)})
