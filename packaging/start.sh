#!/bin/sh
# Set up what is missing and start Face Editor. Without a display it draws the demo portrait and a picture of the
# window into files instead. Arguments are passed on: a portrait or mask to open, or a command such as "render".
set -u
extras="[c2pa]"
. "$(dirname "$0")/setup.sh"

if [ $# -gt 0 ]; then
    exec "$PY" -m faceeditor "$@"
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$PY" -m faceeditor
fi
say "There is no display: drawing the demo portrait and a picture of the window into $root_dir/out instead."
exec "$PY" -m faceeditor demo -o "$root_dir/out"
