"""Take the pictures of the window that the README shows: `python packaging/take_pictures.py [FOLDER]`."""

import sys
from pathlib import Path

from faceeditor.gui.app import Program
from faceeditor.gui.snapshot import draw_stroke, pump, window_snapshot
from faceeditor.regions import Region

SEEDS = (18, 2, 15, 27)


def painted(program: Program) -> None:
    """Hair over the forehead, from both sides."""
    tools = program.window.tools
    tools.set_region(Region.HAIR)
    tools.set_size(18)
    draw_stroke(program.window.canvas, [(122, 50), (108, 60), (96, 74), (88, 90), (84, 108)], pane=1)
    draw_stroke(program.window.canvas, [(122, 50), (140, 54), (156, 64), (166, 80), (172, 100)], pane=1)
    draw_stroke(program.window.canvas, [(104, 62), (120, 66), (138, 66), (152, 70)], pane=1)


def restyled(program: Program) -> None:
    """The same mask with other people, the last one shown."""
    painted(program)
    for seed in SEEDS:
        seen = program.session.portrait.revision
        program.desk.draw(seed)
        pump(lambda seen=seen: program.session.up_to_date and program.session.portrait.revision > seen, 10)


def main() -> None:
    """Write the three pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in (("start", None), ("painted", painted), ("style", restyled)):
        print(window_snapshot(folder / f"window-{name}.png", script, width=1440, height=900))


if __name__ == "__main__":
    main()
