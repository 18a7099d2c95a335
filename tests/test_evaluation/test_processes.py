"""However many processes there are, the metrics are the same to the last
bit."""
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import evaluate_in_processes
from helpers.golden import ROOT


def measure(num_processes: int, folder, numbering: str) -> list:
    """What each process found."""
    out = folder / f'{num_processes}_{numbering}'
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        f'--nproc_per_node={num_processes}', evaluate_in_processes.__file__,
        out, numbering
    ],
                          capture_output=True,
                          text=True,
                          env=dict(
                              os.environ,
                              OMP_NUM_THREADS='1',
                              PYTHONPATH=str(ROOT)))
    assert not done.returncode, done.stderr[-5000:]
    return [np.load(f'{out}.{rank}.npz') for rank in range(num_processes)]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    result, = measure(1, tmp_path_factory.mktemp('alone'), 'numbered')
    return result


@pytest.mark.slow
@pytest.mark.parametrize('num_processes, numbering', [(2, 'numbered'),
                                                      (3, 'numbered'),
                                                      (3, 'unnumbered')])
def test_processes_agree(alone, num_processes, numbering, tmp_path):
    assert 0 < alone['metrics'][0] < 100
    # MMEngine fills up the last batch: neither divides the images.
    assert evaluate_in_processes.NUM_IMAGES % num_processes
    for result in measure(num_processes, tmp_path, numbering):
        for name in alone.files:
            np.testing.assert_array_equal(result[name], alone[name], name)
