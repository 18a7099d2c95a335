import re

import numpy as np
import pytest
from helpers.tools import run_inline, run_process

from fusionreid_mm.evaluation import (QueryResults, evaluate_ranking,
                                      find_nearest, save_results)

TOOL = 'analysis_tools/compare_results.py'


@pytest.fixture
def write(tmp_path):
    """Write the results of a model that sees people through some noise."""

    def run(name: str, noise: float, seed: int = 0, people: int = 30):
        pids = np.repeat(np.arange(people), 6)
        camids = np.arange(6 * people) % 3
        rng = np.random.default_rng(seed)
        features = np.random.default_rng(0).standard_normal((people, 8))[pids]
        features += noise * rng.standard_normal(features.shape)
        query = np.arange(6 * people) % 3 == 0
        roles = query, ~query
        arguments = [
            column[role] for column in (features, pids, camids)
            for role in roles
        ]
        ranking = evaluate_ranking(*arguments)
        nearest = find_nearest(*arguments)
        paths = np.array(
            [f'/{name}/{pid}_{i}.jpg' for i, pid in enumerate(pids)])
        path = tmp_path / f'{name}.npz'
        save_results(
            path,
            QueryResults('cosine', paths[query], pids[query], camids[query],
                         paths[~query], pids[~query], camids[~query],
                         ranking.ap, ranking.inp, ranking.first_match_rank,
                         *nearest))
        return path, ranking

    return run


def numbers(line: str) -> list:
    return [float(word) for word in re.findall(r'[-+]?\d+\.\d+', line)]


def test_a_better_model(write):
    good, ranking = write('good', noise=0.6)
    bad, other = write('bad', noise=0.9, seed=1)
    output = run_process(TOOL, good, bad, '--num-queries', 3)
    lines = output.splitlines()
    assert lines[0].split() == ['first', str(good), '(cosine)']
    assert '60 queries of 30 people, 120 gallery images' in output
    rows = {
        line.split()[0]: numbers(line[8:])
        for line in lines if ' [' in line
    }
    assert list(rows) == ['mAP', 'mINP', 'Rank-1', 'Rank-5', 'Rank-10']
    for name, ours, theirs in (('mAP', ranking.mAP,
                                other.mAP), ('mINP', ranking.mINP, other.mINP),
                               ('Rank-1', ranking.cmc[0], other.cmc[0]),
                               ('Rank-10', ranking.cmc[9], other.cmc[9])):
        value = rows[name]
        assert value[0] == pytest.approx(100 * ours, abs=0.01)
        assert value[3] == pytest.approx(100 * theirs, abs=0.01)
        assert value[6] == pytest.approx(100 * (theirs - ours), abs=0.02)
        for start in (0, 3, 6):
            assert value[start + 1] <= value[start] <= value[start + 2]
    assert rows['mAP'][8] < 0 and rows['mAP'][9] < 0.01
    assert 'By mAP, the first is better.' in output

    worst = np.argsort(-np.abs(other.ap - ranking.ap), kind='stable')[:3]
    listed = lines[lines.index('Where they differ most by mAP:') + 2:]
    assert len(listed) == 3
    for row, line in zip(worst, listed):
        assert line.endswith(f'/good/{row // 2}_{3 * row}.jpg')
        assert numbers(line)[:2] == pytest.approx(
            [100 * ranking.ap[row], 100 * other.ap[row]], abs=0.01)


def test_models_that_cannot_be_told_apart(write, monkeypatch, capsys):
    first, _ = write('first', noise=0.8)
    second, _ = write('second', noise=0.8, seed=5)
    run_inline(monkeypatch, TOOL, first, second, '--metric', 'Rank-1',
               '--confidence', 90)
    output = capsys.readouterr().out
    assert 'By Rank-1, these queries do not tell which is better' in output
    assert 'intervals of 90 % by identity' in output
    run_inline(monkeypatch, TOOL, first, first)
    output = capsys.readouterr().out
    assert '+0.00 [+0.00, +0.00]' in output and '1.0000' in output
    assert 'Where they differ' not in output


def test_what_is_drawn_anew(write, monkeypatch, capsys):
    widths = []
    paths = write('first', noise=0.8)[0], write('second', 0.8, seed=5)[0]
    for options in (['--by', 'query'], ['--by', 'identity'],
                    ['--by', 'identity', '--confidence', 50]):
        run_inline(monkeypatch, TOOL, *paths, *options)
        output = capsys.readouterr().out
        row, = (
            line for line in output.splitlines() if line.startswith('mAP '))
        widths.append(numbers(row)[2] - numbers(row)[1])
    assert widths[0] != widths[1]
    assert widths[2] < 0.6 * widths[1]


def test_results_of_other_queries(write, monkeypatch):
    first, _ = write('first', noise=0.8)
    second, _ = write('second', noise=0.8, people=29)
    with pytest.raises(
            ValueError,
            match='not of the same gallery images: of '
            '120 and 116, 4 are only in the first'):
        run_inline(monkeypatch, TOOL, first, second)


def test_files_that_are_not_there(write, monkeypatch):
    first, _ = write('first', noise=0.8)
    with pytest.raises(FileNotFoundError, match="results 'absent.npz'"):
        run_inline(monkeypatch, TOOL, first, 'absent.npz')


@pytest.mark.parametrize('options',
                         [['--confidence', '100'], ['--num-queries', '-1']])
def test_bad_options(options, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, 'a.npz', 'b.npz', *options)
    assert f'{options[0]} must be' in capsys.readouterr().err
