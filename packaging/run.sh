#!/bin/sh
# Opens the window on the sample project; without a display, plays the main job instead.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."
unset PYTHONHOME PYTHONPATH
if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    out=${OUT:-out/tour}
    echo "There is no display here, so the main job is played as a scripted tour instead."
    export QT_QPA_PLATFORM=offscreen
    exec .venv/bin/python -m seggui tour --out "$out"
fi
exec .venv/bin/python -m seggui open --sample
