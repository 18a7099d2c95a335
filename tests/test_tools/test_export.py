import json
import re
import runpy

import numpy as np
import pytest
from helpers.exports import needs_export, write_small_run
from helpers.tools import TOOLS, run_inline, run_process

from fusionreid_mm.apis import ReIDInferencer

TOOL = 'deployment/export.py'

pytestmark = needs_export


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return write_small_run(tmp_path_factory.mktemp('run'))


@pytest.fixture(scope='module')
def thresholds(tmp_path_factory):
    path = tmp_path_factory.mktemp('thresholds') / 'thresholds.json'
    points = dict(threshold=0.75, far=0.01, tar=0.9)
    path.write_text(
        json.dumps(
            dict(
                metric='cosine',
                same_person_if='similarity >= threshold',
                num_genuine=100,
                num_impostor=1000,
                eer=dict(rate=0.05, threshold=0.5, far=0.05, tar=0.95),
                tar_at_far=[dict(allowed_far=0.01, **points)])))
    return path


@pytest.fixture(scope='module')
def exported(run, thresholds, tmp_path_factory):
    """``(bundle, what the tool printed)``."""
    out = tmp_path_factory.mktemp('out') / 'person.fusionreid'
    return out, run_process(TOOL, run.config, run.checkpoint, '--out', out,
                            '--images', run.images, '--thresholds', thresholds,
                            '--allowed-far', '0.01', '--opset', '20')


def test_export(run, exported):
    """What it prints is so, and the bundle works."""
    out, text = exported
    inferencer = ReIDInferencer(out, device='cpu')
    expected = ReIDInferencer(
        str(run.config), str(run.checkpoint), device='cpu')
    found = inferencer(str(run.images), [0, 1, 2])
    np.testing.assert_allclose(
        found, expected(str(run.images), [0, 1, 2]), rtol=1e-4, atol=1e-4)
    lines = text.splitlines()[-4:]
    assert lines[0] == (
        f'{out}: {out.stat().st_size:,} bytes, float32, 3 cameras, '
        f'descriptors of 152, fingerprint {expected.fingerprint}, opset 20')
    assert lines[1] == ('  same person: cosine >= 0.7500 (false accepts '
                        '0.01, true accepts 0.9)')
    for line, kind in zip(lines[2:], ('12 random', '3 real')):
        match = re.fullmatch(
            rf'  {kind} images: largest difference from PyTorch (\S+), lowest '
            r'cosine similarity (\S+)', line)
        assert match, line
        assert float(match[1]) < 1e-5 and float(match[2]) > 0.9999
    assert inferencer.threshold == ('cosine', 0.75, 0.01, 0.01, 0.9)
    assert inferencer.same_person(found, found).all()
    assert 'Warning' not in text


def test_too_large_a_difference(run, tmp_path, monkeypatch):
    """Nothing is written, and the program ends with an error."""
    out = tmp_path / 'a.torchscript'
    with pytest.raises(RuntimeError, match='a.torchscript is not written'):
        run_inline(monkeypatch, TOOL, run.config, run.checkpoint, '--out', out,
                   '--tolerance', '-1')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('arguments, message', [
    (['--out', 'a.bin'], '--out a.bin: the name must end with .fusionreid'),
    (['--out', 'a.pt2', '--fp16'], 'only .fusionreid and .onnx can compute'),
    (['--out', 'a.onnx', '--allowed-far', '0.1'], 'needs --thresholds'),
    (['--out', 'a.onnx', '--opset', '3'], 'invalid choice: 3'),
    (['--out', 'a.onnx', './a.onnx'], '--out names a file twice'),
    ([], 'required: --out'),
])
def test_bad_arguments(run, monkeypatch, tmp_path, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, run.config, run.checkpoint, *arguments)
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(run, monkeypatch, tmp_path, capsys):
    path = tmp_path / 'a.onnx'
    path.write_text('mine')
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, run.config, run.checkpoint, '--out',
                   path)
    assert 'a.onnx is there already' in capsys.readouterr().err
    assert path.read_text() == 'mine'


def test_no_checkpoint(run, monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, run.config, tmp_path / 'absent.pth',
                   '--out', tmp_path / 'a.onnx')
    assert "no checkpoint file '" in capsys.readouterr().err


def test_the_benchmark(run, exported, monkeypatch, capsys):
    """All ways compute the same, and the table has them all."""
    path, _ = exported
    run_inline(monkeypatch, 'analysis_tools/benchmark_export.py', run.config,
               run.checkpoint, path, '--batch-size', '1', '3', '--repeats',
               '2')
    lines = capsys.readouterr().out.splitlines()
    assert '64 x 32 pixels' in lines[-6]
    for line, (batch, name) in zip(lines[-4:], [('1', 'PyTorch'),
                                                ('1', str(path)),
                                                ('3', 'PyTorch'),
                                                ('3', str(path))]):
        found = re.fullmatch(r' +(\d+) +([\d.]+) +([\d.]+)x  (.+)', line)
        assert (found[1], found[4]) == (batch, name)
        assert float(found[2]) > 0
        if name == 'PyTorch':
            assert found[3] == '1.00'
    space = runpy.run_path(str(TOOLS / 'analysis_tools/benchmark_export.py'))
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 32),
                                               np.uint8)
    inferencer = ReIDInferencer(
        str(run.config), str(run.checkpoint), device='cpu')
    np.testing.assert_allclose(
        space['onnx_runtime'](path)(images),
        space['pytorch'](inferencer)(images),
        rtol=1e-4,
        atol=1e-4)
