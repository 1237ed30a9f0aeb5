#!/bin/sh
# Build the reference of all modules from their docstrings: HTML files in out/reference, or in the folder that is named.
set -eu
cd "$(dirname "$0")/.."
out=${1:-out/reference}
QT_QPA_PLATFORM=offscreen "${PY:-python3}" -m pdoc --docformat google -o "$out" faceeditor '!faceeditor\.gui\.app' '!faceeditor\.__main__' '!faceeditor\.gui\.bench'
echo "$out/index.html"
