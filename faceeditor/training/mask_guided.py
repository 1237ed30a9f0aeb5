"""A run of the mask-guided generator's training."""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from faceeditor.training.helpers import Helpers
from faceeditor.training.looking import look
from faceeditor.training.run import Run, epochs
from faceeditor.training.stages import Stage, StageData
from faceeditor.training.trainer import Trainer


def train_mask_guided(
    config: dict[str, Any], data: Path, out: Path, minutes: float, resume: bool, helpers: Helpers, fitted: Path | None
) -> None:
    """Train until the time is over; see `faceeditor train --help`."""
    run = Run(out, minutes, resume)
    trainer = Trainer(config, data, run, helpers, fitted)
    bar = tqdm(total=trainer.stages[-1].until, initial=trainer.seen, unit="picture", mininterval=10)
    while (stage := trainer.stage()) is not None and run.time_left() > 0:
        data_now = StageData(trainer.train, stage, trainer.device)
        rest_now = StageData(trainer.rest, stage, trainer.device)
        between = stage.companion()
        data_between = StageData(trainer.train, between, trainer.device) if between else data_now
        batches = epochs(len(trainer.train), stage.batch, trainer.random)
        steps = 0
        next_prior = max(trainer.seen, config["prior_from"]) + (config["prior_every"] if trainer.prior else 0)

        def pick(step: int, stage: Stage = stage, between: Stage | None = between) -> Stage:
            return between if between and step % config["window_every"] else stage

        plan = trainer.plan(pick(1), next(batches))
        while trainer.seen < stage.until and run.time_left() > 0:
            steps += 1
            now = pick(steps)
            following = trainer.plan(pick(steps + 1), next(batches))
            # A row of the curves needs all columns: only steps with whole pictures have them.
            log = now.window == now.size and steps % config["log_steps"] < 2
            figures = trainer.step(now, data_between if now is between else data_now, plan, log)
            plan = following
            bar.update(stage.batch)
            if figures:
                run.log(figures | trainer.looked)
            if trainer.seen >= next_prior:
                trainer.refit_prior(data_now.encoder_side)
                next_prior = trainer.seen + config["prior_every"]
            ending = trainer.seen >= stage.until or run.time_left() <= 0
            if steps % config["save_steps"] == 0 or ending:
                trainer.save()
            if steps % config["look_steps"] == 0 or ending:
                trainer.looked = look(trainer, stage, data_now, rest_now)
                tqdm.write(f"{trainer.seen}: " + ", ".join(f"{k} {v:.3f}" for k, v in trainer.looked.items()))
                run.draw_curves()
    # The encoder has moved on since the last fit.
    trainer.refit_prior(min(trainer.stages[-1].size, 128))
    trainer.save()
