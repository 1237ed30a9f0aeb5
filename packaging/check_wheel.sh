#!/bin/sh
# Build the sdist, from it the wheel, install that alone outside of the checkout, and run the demo and some tests there.
# Needs the environment of test.sh, which calls this; libraries come from it, Face Editor only from the wheel.
set -eu
root_dir=$(cd "$(dirname "$0")/.." && pwd)
venv=${FACEEDITOR_VENV:-$root_dir/.venv}
case $venv in /*) ;; *) venv=$root_dir/$venv ;; esac
PY=$venv/bin/python
bare=$(mktemp -d)
trap 'rm -rf "$bare"' EXIT

cd "$root_dir"
"$PY" -m hatchling build -t sdist -d "$bare" >/dev/null 2>&1
mkdir "$bare/source"
tar -xzf "$bare"/faceeditor-*.tar.gz -C "$bare/source" --strip-components 1
cd "$bare/source"
"$PY" -m hatchling build -t wheel -d "$bare" >/dev/null 2>&1
"$PY" -m pip --disable-pip-version-check --quiet install --no-deps --target "$bare/site" "$bare"/faceeditor-*.whl
mv "$bare/source/tests" "$bare/tests"
rm -rf "$bare/source"

cd "$bare"
export PYTHONPATH="$bare/site" QT_QPA_PLATFORM=offscreen FACEEDITOR_STATE="$bare/state" FACEEDITOR_CACHE="$bare/cache"
"$PY" - <<'PYTHON'
import os
import faceeditor
from faceeditor.paths import models_dir, resources_dir

site = os.environ["PYTHONPATH"]
for place in (faceeditor.__file__, models_dir(), resources_dir()):
    assert str(place).startswith(site), f"{place} is not in the installed wheel"
PYTHON
"$PY" -m faceeditor demo -o "$bare/out"
for picture in portrait window; do
    ls "$bare"/out/*"$picture"*.png >/dev/null || { echo "the demo wrote no $picture" >&2; exit 1; }
done
"$PY" -m pytest -q -p no:cacheprovider -c /dev/null --rootdir "$bare" tests/portrait tests/export/test_picture.py
