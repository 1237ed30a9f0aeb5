"""Take the pictures of the window that the README shows: `python packaging/take_pictures.py [FOLDER]`."""

import sys
from pathlib import Path

from faceeditor.gui.app import Program
from faceeditor.gui.snapshot import draw_stroke, pump, window_snapshot
from faceeditor.head.presets import find_preset
from faceeditor.interaction.view import Pane
from faceeditor.regions import Region

SEEDS = (2, 44, 32, 14)


def painted(program: Program) -> None:
    """Hair over the forehead, from both sides."""
    tools = program.window.tools
    tools.set_region(Region.HAIR)
    tools.set_size(18)
    canvas = program.window.canvas
    face = canvas.shown.index(Pane.FACE)
    draw_stroke(canvas, [(122, 50), (108, 60), (96, 74), (88, 90), (84, 108)], pane=face)
    draw_stroke(canvas, [(122, 50), (140, 54), (156, 64), (166, 80), (172, 100)], pane=face)
    draw_stroke(canvas, [(104, 62), (120, 66), (138, 66), (152, 70)], pane=face)


def restyled(program: Program) -> None:
    """The same mask with other people, the last one shown."""
    painted(program)
    for seed in SEEDS:
        seen = program.session.portrait.revision
        program.styles.draw(seed)
        pump(lambda seen=seen: program.session.up_to_date and program.session.portrait.revision > seen, 10)


def read(program: Program) -> None:
    """Wait until the head was read from the face."""
    if not pump(lambda: program.heads.ready, 30):
        raise SystemExit("The head was not read from the face.")


def settled(program: Program) -> None:
    """Wait for the face of the present revision."""
    pump(lambda: program.session.up_to_date, 10)


def preset(program: Program, seed: int, group: str, name: str) -> None:
    """A person with a preset of a group, and that group's panel."""
    program.styles.draw(seed)
    settled(program)
    read(program)
    program.window.actions_by_name[f"panel_{group}"].trigger()
    program.heads.apply_preset(find_preset(group, name))
    settled(program)


def turned(program: Program) -> None:
    """The head turned by the hand, under other light, with the panel of the light."""
    preset(program, SEEDS[1], "light", "Rembrandt")
    program.heads.set_control("yaw", 24.0)
    program.heads.set_control("pitch", 4.0)
    settled(program)


def expressive(program: Program) -> None:
    """Another expression, with the 3D head beside the face."""
    preset(program, SEEDS[0], "expression", "Joy")
    program.window.actions_by_name["head_beside"].trigger()
    settled(program)
    pump(lambda: False, 0.5)


def main() -> None:
    """Write the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in SCRIPTS:
        print(window_snapshot(folder / f"window-{name}.png", script, width=1440, height=900))


SCRIPTS = (
    ("start", None),
    ("painted", painted),
    ("style", restyled),
    ("turned", turned),
    ("expression", expressive),
)

if __name__ == "__main__":
    main()
