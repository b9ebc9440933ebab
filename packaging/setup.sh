#!/bin/sh
# Installs what is missing, then nothing more: system libraries through apt where it
# may, the program and its libraries into .venv.   usage: packaging/setup.sh run|test
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."
# Settings of other Pythons must not reach into this one; pip.conf's user=true neither.
unset PYTHONHOME PYTHONPATH
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
purpose=${1:-run}
say() { printf 'seggui set-up: %s\n' "$*" >&2; }
case $purpose in run | test) ;; *) say "usage: packaging/setup.sh run|test"; exit 2 ;; esac

# Done before, here, with the same lists of libraries? Then start at once.
stamp=.venv/seggui-$purpose
want="$(cat pyproject.toml packaging/constraints.txt packaging/setup.sh | cksum) $PWD"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && [ -x .venv/bin/python ]; then
    exit 0
fi

# --- a Python that is new enough ------------------------------------------------
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || { say "PYTHON=$PYTHON is not a Python 3.11 or newer."; exit 1; }
    python=$PYTHON
else
    python=""
    for name in python3 python3.13 python3.12 python3.11; do
        if new_enough "$name"; then
            python=$name
            break
        fi
    done
fi
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed and was not found. On Debian and Ubuntu: sudo apt-get install python3 python3-venv python3-dev (Ubuntu 22.04: python3.11 python3.11-venv python3.11-dev)"
    exit 1
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# --- system packages (Linux) ----------------------------------------------------
missing=""
need() { missing="$missing $1"; }
if [ "$(uname)" = Linux ]; then
    PATH="$PATH:/sbin:/usr/sbin"
    known=$(ldconfig -p 2>/dev/null || true)
    # What Qt's own libraries ask the system for, and the packages that have it.
    for pair in \
        libglib-2.0.so.0:libglib2.0-0 libGL.so.1:libgl1 libEGL.so.1:libegl1 \
        libxkbcommon.so.0:libxkbcommon0 libfontconfig.so.1:libfontconfig1 \
        libdbus-1.so.3:libdbus-1-3 libxcb-cursor.so.0:libxcb-cursor0 \
        libxkbcommon-x11.so.0:libxkbcommon-x11-0 libxcb-icccm.so.4:libxcb-icccm4 \
        libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0; do
        case "$known" in *"${pair%%:*}"*) ;; *) need "${pair#*:}" ;; esac
    done
    ls /usr/share/fonts/*/* >/dev/null 2>&1 || need fonts-dejavu-core
    # pydensecrf2 comes as source.
    command -v g++ >/dev/null || need g++
    header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
    [ -f "$header" ] || need "python$version-dev"
    "$python" -c 'import ensurepip' 2>/dev/null || need "python$version-venv"
    [ "$purpose" = run ] || command -v Xvfb >/dev/null || need xvfb
fi
if [ -n "$missing" ]; then
    # No array in sh: the names hold no spaces and are meant to be split.
    install="env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends$missing"
    if ! command -v apt-get >/dev/null; then
        say "these packages (Debian names) are missing; install them and run make again:$missing"
        exit 1
    elif [ "$(id -u)" = 0 ]; then
        sudo=""
    elif sudo -n true 2>/dev/null; then
        sudo="sudo -n"
    else
        say "some system packages are missing. Run this line, then make again:"
        say "    sudo apt-get install -y --no-install-recommends$missing"
        exit 1
    fi
    say "installing$missing"
    # One broken source of packages need not hinder the others.
    $sudo apt-get update -q >&2 || say "apt-get update failed; trying with the lists there are"
    if ! $sudo $install >&2; then
        say "apt-get could not install:$missing. The lines above say why; mend that and run make again."
        exit 1
    fi
fi

# --- the virtual environment ----------------------------------------------------
# Begun anew when it cannot serve: half made, of an old Python, or moved here from
# another place (its scripts and its link to this program hold absolute paths).
serves() {
    # Without its pyvenv.cfg it is the system's own Python, which is left alone.
    .venv/bin/python -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null &&
        .venv/bin/python -m pip --version >/dev/null 2>&1 &&
        new_enough .venv/bin/python || return 1
    [ ! -f .venv/seggui-place ] || [ "$(cat .venv/seggui-place)" = "$PWD" ]
}
if ! serves; then
    say "making .venv with Python $version"
    "$python" -m venv --clear .venv
fi
printf '%s\n' "$PWD" >.venv/seggui-place
pip() { .venv/bin/python -m pip -q "$@"; }
say "installing libraries into .venv (PyTorch is large; this takes minutes the first time)"
pip install --upgrade 'pip>=25.1'
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
    # pydensecrf2 pins a Cython that knows nothing of Python 3.13; a newer one does.
    .venv/bin/python -c 'import pydensecrf.densecrf' 2>/dev/null || {
        pip install -c packaging/constraints.txt 'cython>=3' setuptools wheel numpy
        pip install --no-build-isolation pydensecrf2 ||
            say "pydensecrf2 could not be built on this Python: everything works but the CRF step, which will say so"
    }
fi
if [ "$purpose" = run ]; then
    pip install -c packaging/constraints.txt -e .
else
    pip install -c packaging/constraints.txt -e . --group dev
fi
printf '%s' "$want" >"$stamp"
# Tests need everything that running needs.
[ "$purpose" = run ] || printf '%s' "$want" >.venv/seggui-run
say "ready"
