"""However many processes there are, the metrics are the same to the last
bit."""
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import evaluate_in_processes
from helpers.golden import ROOT

from fusionreid_mm.evaluation import load_results, load_thresholds, metrics


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
    return [
        dict(
            np.load(f'{out}.{rank}.npz'),
            results=load_results(f'{out}.npz'),
            thresholds=load_thresholds(f'{out}_thresholds.json'))
        for rank in range(num_processes)
    ]


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
        assert result.pop('thresholds') == alone['thresholds']
        for one, other in zip(result.pop('results'), alone['results']):
            np.testing.assert_array_equal(one, other)
        for name, value in result.items():
            np.testing.assert_array_equal(value, alone[name], name)


def test_ranked_lists(alone):
    """Nine queries, evenly spread, with what is nearest to them."""
    lists = eval(str(alone['ranked_lists']), vars(metrics))
    results = alone['results']
    assert len(lists) == 9
    for item in lists:
        assert item.query.path == results.query_paths[item.number]
        assert len(item.gallery) == len(item.scores) == 12
        places = results.nearest[item.number]
        assert [image.path for image in item.gallery[:10]] == \
            results.gallery_paths[places].tolist()
        assert [image.pid for image in item.gallery[:10]] == \
            results.gallery_pids[places].tolist()


def test_results_of_each_query(alone):
    """They are those of the samples, in their order."""
    results = alone['results']
    samples = evaluate_in_processes.draw_samples()
    for role in ('query', 'gallery'):
        own = [sample for sample in samples if sample['split'] == role]
        for name, key in (('paths', 'img_path'), ('pids', 'pid'), ('camids',
                                                                   'camid')):
            assert getattr(results, f'{role}_{name}').tolist() == [
                sample[key] for sample in own
            ]
        np.testing.assert_array_equal(
            getattr(results, f'{role}_features'),
            np.stack([sample['feature'] for sample in own]))
    np.testing.assert_array_equal(results.ap, alone['ap'])
    # Who has a match in the first place has it there in the list, too.
    is_match = results.gallery_pids[results.nearest[:, 0]] == \
        results.query_pids
    np.testing.assert_array_equal(is_match, results.first_match_rank == 1)
    assert 0 < is_match.sum() < len(is_match)
