import re
import sys

import pytest
from helpers.tools import run_process


@pytest.mark.slow
def test_twice(config, tmp_path):
    """The second time everything is there already."""
    mine = tmp_path / 'mine.py'
    mine.write_text(config.read_text() + f"""
dataset = dict(data_root={str(tmp_path / 'data')!r}, strict_counts=True)
train_dataloader.update(dataset=dataset)
val_dataloader.update(dataset=dataset)
test_dataloader.update(dataset=dataset)
""")
    outputs = [
        run_process(
            'quickstart.sh',
            '--train-pids',
            8,
            '--test-pids',
            6,
            '--cameras',
            3,
            '--images-per-camera',
            2,
            VENV=sys.prefix,
            CONFIG=str(mine),
            DATA=str(tmp_path / 'data'),
            WORK_DIR=str(tmp_path / 'run')) for _ in range(2)
    ]
    trained = [output.count('Epoch(train)') for output in outputs]
    assert trained[0] > 0 and trained[1] == 0
    for output in outputs:
        before, after = re.findall(r'(?:before|after) training +([\d.]+)%',
                                   output)
        assert float(before) > 0 and float(after) > 0
        for name in ('epoch_2.pth', 'pictures', 'pictures/cmc.png',
                     'metrics.json'):
            assert str(tmp_path / 'run' / name) in output
            assert (tmp_path / 'run' / name).exists()
    assert outputs[0].splitlines()[-7:-5] == outputs[1].splitlines()[-7:-5]
