#!/usr/bin/env bash
# From nothing to a trained and tested FusionReID, on any machine:
#     bash tools/quickstart.sh [options of make_synthetic_reid.py]
# It makes an environment (.venv, or the one that VENV names), installs, draws a
# dataset of pedestrians, trains a small model on it, tests it and draws what it
# finds. What is there already is used again; an interrupted training goes on.
# CONFIG, DATA and WORK_DIR name another config and other folders.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/install.sh

CONFIG=${CONFIG:-configs/fusionreid_tiny_synthetic.py}
DATA=${DATA:-data/synthetic}
WORK_DIR=${WORK_DIR:-work_dirs/fusionreid_tiny_synthetic}

# The log in the work dir is complete; here stands what tells the progress.
show_progress() {
    # grep fails where it finds nothing, as in a training that was complete.
    { grep --line-buffered -E 'Epoch\((train|val|test)\)|Error' || true; } |
        sed -u -E 's/ - mmengine - INFO - / /; s/  [a-z_]+\.loss_.*//; s/  data_time.*//;
            s#  reid/[a-z_]+/[^ ]+ +[0-9.]+##g'
}

echo "== Drawing pedestrians into $DATA"
"$PYTHON" tools/dataset_converters/make_synthetic_reid.py "$DATA" "$@"

echo "== Training $CONFIG"
"$PYTHON" tools/train.py "$CONFIG" --work-dir "$WORK_DIR" --resume |
    show_progress

echo "== Testing"
CHECKPOINT=$WORK_DIR/$(basename "$(cat "$WORK_DIR/last_checkpoint")")
"$PYTHON" tools/test.py "$CONFIG" "$CHECKPOINT" \
    --work-dir "$WORK_DIR/test" --show-dir "$WORK_DIR/pictures" \
    --out "$WORK_DIR/metrics.json" --out-item metrics \
    --report "$WORK_DIR/report.html" | show_progress

"$PYTHON" tools/misc/summarize_run.py "$WORK_DIR"
