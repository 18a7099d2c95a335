"""That it measures what it says; never how long anything takes."""
import re
import runpy

import numpy as np
import pytest
from helpers.galleries import milvus_server
from helpers.tools import TOOLS, run_inline

from fusionreid_mm.apis import Match

TOOL = 'analysis_tools/benchmark_gallery.py'


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOLS / TOOL))


def test_people_are_alike(tool):
    problem = tool['draw'](400, 32, 20)
    assert problem.gallery.shape == (400, 32)
    assert problem.queries.shape == (20, 32)
    unit = problem.gallery / np.linalg.norm(
        problem.gallery, axis=1, keepdims=True)
    similarity = unit @ unit.T
    # Twenty images of each of twenty people, among others.
    assert 0.4 < np.sort(similarity, axis=1)[:, -10].mean() < 0.95
    assert abs(np.median(similarity)) < 0.1


def test_exact_answers(tool):
    problem = tool['draw'](200, 16, 9)
    gallery, queries = (
        x / np.linalg.norm(x, axis=1, keepdims=True)
        for x in (problem.gallery, problem.queries))
    expected = np.argsort(-queries @ gallery.T, axis=1)[:, :10]
    np.testing.assert_array_equal(tool['exact'](problem), expected)


def test_recall(tool):
    nearest = np.array([[3, 1, 4], [2, 7, 1]])
    found = [[Match(str(i), 0.) for i in row]
             for row in ([3, 4, 9], [1, 2, 7])]
    assert tool['recall'](found, nearest, 1) == 0.5
    assert tool['recall'](found, nearest, 3) == pytest.approx(5 / 6)
    assert tool['recall']([[], []], nearest, 2) == 0


def test_of_a_file(monkeypatch, capsys):
    run_inline(monkeypatch, TOOL, '--num-images', 1500, '--channels', 24,
               '--num-queries', 40, '--index', 'FLAT', 'IVF_FLAT')
    output = capsys.readouterr().out
    recalls = re.findall(r'recall@1 (\S+), recall@10 (\S+)', output)
    assert recalls[0] == ('1.0000', '1.0000')
    assert 0.7 < float(recalls[1][1]) <= 1
    assert output.count('one search of 40 images') == 2
    assert len(re.findall(r'on disk \d+ MB', output)) == 2


def test_of_a_server(monkeypatch, capsys, tmp_path):
    with milvus_server(tmp_path / 'data') as uri:
        for _ in range(2):  # It leaves nothing behind.
            run_inline(monkeypatch, TOOL, '--num-images', 50, '--channels', 8,
                       '--num-queries', 5, '--uri', uri)
    assert capsys.readouterr().out.count('recall@10 1.0000') == 2


@pytest.mark.parametrize('arguments, text', [
    (['--num-images', 0], 'must be at least 1'),
    (['--uri', 'mine.db'], 'takes the address of a server'),
])
def test_arguments(monkeypatch, capsys, arguments, text):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, *arguments)
    assert text in ' '.join(capsys.readouterr().err.split())
