# Sourced by quickstart.sh and run_tests.sh: an environment with everything
# installed, in $VENV or .venv. Sets PYTHON to its interpreter.
#
# STACK says with which versions (docs/get_started/installation.md): 'default', 'oldest',
# 'newest' or 'onedl', each but the first in .venv-$STACK. Which versions there
# may be stands in requirements/.
#
# What is there is used again: nothing is installed a second time unless a
# requirement has changed.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STACK=${STACK:-default}
EXTRA=mminstall
PIP_OPTIONS=()
CONSTRAINTS=

# "name>=1.2,<2" becomes "name==1.2".
lower_bounds() {
    sed -nE 's/^([a-z-]+)>=([0-9.]+).*/\1==\2/p' \
        "$ROOT/requirements/runtime.txt" "$ROOT/requirements/mminstall.txt"
}

case $STACK in
default) VENV=${VENV:-$ROOT/.venv} ;;
oldest)
    CONSTRAINTS=$(lower_bounds)
    # The oldest torch has no wheels for newer ones.
    PYTHON3=${PYTHON3:-$(command -v python3.10 || command -v python3.11 || echo python3)}
    ;;
newest) PIP_OPTIONS=(--upgrade --upgrade-strategy eager) ;;
onedl) EXTRA=onedl ;;
*)
    echo "There is no stack '$STACK': default, oldest, newest and onedl are." >&2
    exit 1
    ;;
esac
VENV=${VENV:-$ROOT/.venv-$STACK}

check_version() {
    if ! "$1" - "$ROOT/requirements/python.txt" <<'EOF'; then
import re
import sys
window = [line for line in open(sys.argv[1]) if not line.startswith('#')][0]
(low, high) = [
    tuple(map(int, version.split('.')))
    for version in re.findall(r'[\d.]+', window)
]
sys.exit(not low <= sys.version_info < high)
EOF
        echo "fusionreid_mm needs Python $(grep -v '^#' "$ROOT/requirements/python.txt")," \
            "but '$1' is $("$1" --version 2>&1). $2" >&2
        exit 1
    fi
}

make_environment() {
    # One without pip was interrupted, or the system lacks python3-venv.
    if "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        check_version "$VENV/bin/python" "Set VENV to another environment."
        return
    fi
    local base=${PYTHON3:-python3}
    check_version "$base" "Set PYTHON3 to another one."
    echo "== Making an environment in $VENV"
    "$base" -m venv "$VENV"
}

install_package() {
    local stamp
    stamp=$VENV/.fusionreid_mm-$(
        cd "$ROOT" && { pwd; echo "$STACK"; cat requirements/*.txt setup.py; } |
            cksum | tr ' ' '-')
    if [ -f "$stamp" ] && [ "$STACK" != newest ]; then
        return
    fi
    echo "== Installing fusionreid_mm and what it needs (several minutes)"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check \
        ${PIP_OPTIONS[@]+"${PIP_OPTIONS[@]}"} \
        --constraint <(echo "$CONSTRAINTS") \
        --editable "$ROOT[$EXTRA,tests]"
    rm -f "$VENV"/.fusionreid_mm-*
    touch "$stamp"
}

make_environment
VENV=$(cd "$VENV" && pwd)
PYTHON=$VENV/bin/python
install_package
# Threads of libgomp that wait spin for a while. Long spinning takes the cores
# from other processes (a training ran four times slower beside one), none makes
# a quiet machine slower by a half.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-2000}
export PATH=$VENV/bin:$PATH
