#!/usr/bin/env bash
# Install everything and run the checks and tests:
#     bash tools/run_tests.sh [--stack NAME] [arguments of pytest]
# NAME is a set of versions that install.sh knows. VENV names an environment to
# use instead of .venv or .venv-NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --stack ]; then
    STACK=${2:?--stack needs a name: default, oldest, newest or onedl}
    shift 2
fi
source tools/install.sh

install_browser() {
    local name
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "== Installing Chromium, in which the tests look at the web page"
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install \
            --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
    else
        echo "There is no Chromium: nobody will look at the web page." >&2
    fi
}

install_browser

if [ "$STACK" = default ]; then
    echo "== Checking the code"
    "$PYTHON" -m flake8 .
    "$PYTHON" -m isort --check-only --quiet .
    "$PYTHON" -m yapf --diff --recursive configs fusionreid_mm tests tools setup.py
    "$VENV/bin/codespell" .
    "$PYTHON" -m mypy fusionreid_mm tools
    "$VENV/bin/lint-imports"
fi

echo "== Running the tests"
# Otherwise glibc keeps the memory of full-size models, 13 GB in the end.
export MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-4194304}
# One file after the other in each of two processes, so that what a file needs
# is made once.
OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} "$PYTHON" -m pytest \
    --numprocesses=2 --dist=loadfile "$@"
