import json
import runpy

import numpy as np
import pytest
from helpers.tools import TOOLS, run_inline, run_process
from matplotlib.figure import Figure
from PIL import Image

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.apis.embeddings import extract_embeddings
from fusionreid_mm.evaluation.functional import align_branches, halves_apart

TOOL = 'visualization/vis_features.py'


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOLS / TOOL))


def test_map_and_table(tool, config, checkpoint, tmp_path):
    output = run_process(TOOL, config, checkpoint, '--out', tmp_path / 'a',
                         '--perplexity', 5, '--window-size', '8*6', '--title',
                         'mine', '--device', 'cpu')
    assert 'Warning' not in output
    with Image.open(tmp_path / 'a' / 'features.png') as picture:
        assert picture.size == (800, 600)
    found = json.loads((tmp_path / 'a' / 'alignment.json').read_text())
    # Six people: two queries and six images of the gallery of each. Neither
    # junk nor distractors.
    assert (found['num_images'], found['num_people']) == (48, 6)
    assert '48 images of 6 people' in output
    assert found['chance'] == pytest.approx(
        dict(same_neighbor=1 / 47, cross_rank1=7 / 47))

    inferencer = ReIDInferencer(str(config), str(checkpoint), 'cpu')
    images = tool['test_images'](inferencer.cfg)
    assert {image.pid for image in images} == set(range(20, 26))
    embeddings = extract_embeddings(inferencer,
                                    [image.item for image in images])
    table = align_branches(embeddings, np.array([i.pid for i in images]))
    for stage, row in table.items():
        assert found['stages'][stage] == pytest.approx(row, rel=1e-3, abs=1e-5)
    # 128 channels against 96.
    assert list(found['stages']) == ['branches', 'lru', 'htm']
    assert list(found['halves']) == ['lru', 'htm']
    assert found['halves']['htm'] == pytest.approx(
        halves_apart(embeddings)['htm'], rel=1e-3, abs=1e-5)
    line, = (line for line in output.splitlines() if line.startswith('htm'))
    assert line.split()[1] == f'{found["stages"]["htm"]["cka"]:.4f}'


def test_panels(tool, monkeypatch):
    rng = np.random.default_rng(0)
    widths = dict(
        cnn=8,
        transformer=6,
        cnn_lru=4,
        transformer_lru=4,
        cnn_htm=4,
        transformer_htm=4)
    embeddings = {
        name: rng.standard_normal((12, width))
        for name, width in widths.items()
    }
    pids = np.repeat([1, 2, 3], 4)
    seen = []

    def lay_out(vectors, method, perplexity, seed):
        seen.append(vectors)
        return vectors[:, :2]

    monkeypatch.setitem(tool['plot'].__globals__, 'lay_out', lay_out)
    args = tool['argparse'].Namespace(method='tsne', perplexity=5, seed=0)
    figure = Figure()
    tool['plot'](figure, embeddings, pids, args)
    axes = [axes for axes in figure.axes if axes.get_visible()]
    assert [a.get_title() for a in axes] == [
        'cnn', 'transformer', 'cnn_lru and transformer_lru',
        'cnn_htm and transformer_htm'
    ]
    # One map of both branches where they share a space.
    assert [len(vectors) for vectors in seen] == [12, 12, 24, 24]
    both = axes[3].collections
    assert [points.get_label() for points in both] == ['cnn', 'transformer']
    np.testing.assert_allclose(both[1].get_offsets(), seen[3][12:, :2])
    # A person has one colour, and is told from others.
    colours = both[0].get_facecolor()
    assert (colours == both[1].get_facecolor()).all()
    assert len(np.unique(colours, axis=0)) == 3
    assert (colours[0] == colours[3]).all()


def test_images_to_map(tool):
    image = tool['KnownImage']
    images = [image(None, pid) for pid in [5, 5, 5, 1, 1, 9, 9, 9, 9]]
    assert tool['images_to_map'](images, 2, 2) == [3, 4, 0, 1]
    assert tool['images_to_map'](images, 20,
                                 100) == [3, 4, 0, 1, 2, 5, 6, 7, 8]


def test_wrong_arguments(config, checkpoint, tmp_path, monkeypatch, capsys):
    common = [config, checkpoint, '--out', tmp_path, '--device', 'cpu']
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, *common, '--num-images', 0)
    assert '--num-images must be at least 1' in capsys.readouterr().err


def test_it_is_refused_before_anything_is_measured(config, checkpoint,
                                                   tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    for arguments, error, message in (
        (['--perplexity', 60], ValueError, 'perplexity of 60 needs more.* 48'),
        (['--num-images', 3, '--perplexity',
          5], ValueError, '3 images are too few.*--num-images'),
        (['--out', tmp_path / 'file'], OSError, 'file is a file'),
    ):
        with pytest.raises(error, match=message):
            run_inline(monkeypatch, TOOL, config, checkpoint, '--device',
                       'cpu', '--out', tmp_path / 'a', *arguments)
    assert not (tmp_path / 'a').exists()


def test_people_who_are_on_one_image(tool):
    """Nobody can be found there, which is no reason to fail."""
    rng = np.random.default_rng(0)
    embeddings = {
        name: rng.standard_normal((6, 4))
        for name in ('cnn_htm', 'transformer_htm')
    }
    image = tool['KnownImage']
    found = tool['measure']([image(None, pid) for pid in range(6)], embeddings)
    assert 'cross_rank1' not in {**found['stages']['htm'], **found['chance']}
    assert len(list(tool['table'](found))) == 5
    # Four images of two people, and two which do not count: of five others,
    # one is right.
    images = [image(None, pid) for pid in (1, 1, 2, 2, 3, 4)]
    found = tool['measure'](images, embeddings)
    assert found['chance']['cross_rank1'] == pytest.approx(1 / 5)
