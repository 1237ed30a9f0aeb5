"""A run of the mask-guided generator's training."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from faceeditor.regions import Region
from faceeditor.training.data import FaceSet
from faceeditor.training.helpers import Helpers
from faceeditor.training.plan import Plan
from faceeditor.training.run import Run, epochs
from faceeditor.training.samples import evaluate_samples
from faceeditor.training.stages import Stage, StageData
from faceeditor.training.trainer import Sources, Trainer

OPEN_MOUTH = 130
"""Pixels of inner mouth from which a photograph counts as one with an open mouth."""


def with_open_mouth(faces: FaceSet) -> npt.NDArray[np.bool_]:
    """(N,) which photographs have an open mouth."""
    areas: npt.NDArray[np.int64] = (faces.masks == Region.MOUTH).sum((1, 2))
    return areas >= OPEN_MOUTH


def weighted_rows(faces: FaceSet, open_mouths: float) -> npt.NDArray[np.int64]:
    """Rows of the photographs for `epochs`, those with an open mouth `open_mouths` times as often (in halves)."""
    times = np.where(with_open_mouth(faces), round(2 * open_mouths), 2)
    rows: npt.NDArray[np.int64] = np.repeat(np.arange(len(faces)), times)
    return rows


def train_mask_guided(config: dict[str, Any], sources: Sources, run: Run, helpers: Helpers) -> None:
    """Train until the time is over; see `faceeditor train --help`."""
    trainer = Trainer(config, sources, run, helpers)
    bar = tqdm(total=trainer.stages[-1].until, initial=trainer.seen, unit="picture", mininterval=10)
    while (stage := trainer.stage()) is not None and run.time_left() > 0:
        _train_stage(trainer, stage, bar)
    # The encoder has moved on since the last fit.
    trainer.refit_codes(min(trainer.stages[-1].size, 128))
    trainer.save()


def _train_stage(trainer: Trainer, stage: Stage, bar: "tqdm[Any]") -> None:
    """Train until the stage or the time is over."""
    config, run = trainer.config, trainer.run
    data_now = StageData(trainer.train, stage, trainer.device)
    rest_now = StageData(trainer.rest, stage, trainer.device)
    between = stage.companion()
    data_between = StageData(trainer.train, between, trainer.device) if between else data_now
    rows = weighted_rows(trainer.train, config["open_mouths"])
    batches = epochs(rows, stage.batch, trainer.random)
    mouths = np.flatnonzero(with_open_mouth(trainer.train))
    mouth_batches = epochs(mouths, stage.batch, trainer.random) if len(mouths) else batches
    steps, saved = 0, time.monotonic()
    next_codes = max(trainer.seen, config["codes_from"])

    def pick(step: int) -> Stage:
        return between if between and step % config["window_every"] else stage

    def planned(step: int) -> Plan:
        part = trainer.part(pick(step))
        return trainer.plan(pick(step), part, next(mouth_batches if part.mouth else batches))

    plan = planned(1)
    while trainer.seen < stage.until and run.time_left() > 0:
        if trainer.seen >= next_codes:
            trainer.refit_codes(data_now.encoder_side)
            next_codes = trainer.seen + config["codes_every"]
        steps += 1
        now = pick(steps)
        following = planned(steps + 1)
        # A row of the curves needs all columns: only steps with whole pictures have them.
        log = now.window == now.size and steps % config["log_steps"] < 2
        figures = trainer.step(now, data_between if now is between else data_now, plan, log)
        plan = following
        bar.update(stage.batch)
        if figures:
            run.log(figures | trainer.evaluated)
        ending = trainer.seen >= stage.until or run.time_left() <= 0
        if ending or time.monotonic() - saved >= config["save_seconds"]:
            trainer.save()
            saved = time.monotonic()
        if ending or steps % config["evaluate_steps"] == 0:
            trainer.evaluated = evaluate_samples(trainer, stage, data_now, rest_now)
            if ending:
                # No step follows that would carry them.
                run.log({"pictures": trainer.seen} | trainer.evaluated)
            tqdm.write(f"{trainer.seen}: " + ", ".join(f"{k} {v:.3f}" for k, v in trainer.evaluated.items()))
            run.draw_curves()
