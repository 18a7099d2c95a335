"""That it measures what it says; never how long anything takes."""
import runpy

import pytest
import torch
import torch.nn.functional as F
from helpers.golden import ROOT
from helpers.small_model import IMG_SIZE, small_model
from helpers.tools import TOOLS, run_inline

from fusionreid_mm.models import SIET2TViT

TOOL = 'analysis_tools/benchmark_model.py'
TINY = ROOT / 'configs/fusionreid_tiny_synthetic.py'


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOLS / TOOL))


class TestPlainAttention:

    def test_formula(self, tool):
        torch.manual_seed(0)
        query, key, value = (
            torch.randn(2, 3, n, 4, dtype=torch.double) for n in (2, 5, 5))
        torch.testing.assert_close(
            tool['written_out'](query, key, value),
            F.scaled_dot_product_attention(query, key, value))

    def test_dropout(self, tool):
        query = torch.ones(1, 1, 2, 4)
        assert not tool['written_out'](query, query, query, dropout_p=1.).any()

    def test_scale(self, tool):
        query = torch.randn(1, 1, 2, 4, dtype=torch.double)
        torch.testing.assert_close(
            tool['written_out'](query, query, query, scale=3.),
            F.scaled_dot_product_attention(query, query, query, scale=3.))

    def test_t2t_computes_the_same(self, tool):
        """Its token transformers scale by the width of their input."""
        torch.manual_seed(0)
        t2t = SIET2TViT(
            dict(embed_dims=24, num_layers=2, num_heads=2), IMG_SIZE)
        t2t.double().eval()
        for parameter in t2t.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        images = torch.randn(2, 3, *IMG_SIZE, dtype=torch.double)
        expected, = t2t(images)
        with tool['plain_attention'](t2t):
            torch.testing.assert_close(t2t(images)[0], expected)

    def test_reaches_all_attention(self, tool, monkeypatch):
        """2 layers of the ViT; twice 2 SEU and 2 MFU."""
        model = small_model().eval()
        inputs = torch.randn(2, 3, *IMG_SIZE)
        expected = model(inputs)
        fused, calls = F.scaled_dot_product_attention, []
        context = tool['plain_attention']
        written_out = context.__wrapped__.__globals__['written_out']

        def spy(*args, **kwargs):
            calls.append(args[0].shape)
            return written_out(*args, **kwargs)

        monkeypatch.setitem(context.__wrapped__.__globals__, 'written_out',
                            spy)
        with context(model):
            torch.testing.assert_close(model(inputs), expected)
        assert len(calls) == 2 + 2 * (2 + 2)
        # And back again
        assert F.scaled_dot_product_attention is fused
        model(inputs)
        assert len(calls) == 10


def rows(output: str, title: str) -> list:
    """The words of each row below the line that begins with a title."""
    lines = iter(output.splitlines())
    for line in lines:
        if line.split()[:2] == title.split():
            break
    found = []
    for line in lines:
        if not line.strip():
            break
        found.append(line.split())
    return found


def test_rows_of_a_small_model(monkeypatch, capsys):
    run_inline(monkeypatch, TOOL, TINY, '--batch-size', 1, 4, '--repeats', 2,
               '--measure', 'fp32', 'amp', 'channels-last', 'attention')
    output = capsys.readouterr().out
    assert '128 x 64 pixels; median of 2 steps' in output
    assert f'PyTorch {torch.__version__}' in output

    modes = rows(output, 'batch phase')
    assert [row[:3]
            for row in modes] == [[str(batch), phase, mode] for batch in (1, 4)
                                  for mode in ('fp32', 'amp', 'channels-last')
                                  for phase in ('inference', 'training')]
    for row in modes:
        images_per_second, memory = map(float, row[3:])
        assert images_per_second > 0
        assert memory > 0

    _, _, attention = output.partition('softmax written out\n')
    compared = rows(attention, 'batch phase')
    assert [row[:2]
            for row in compared] == [[str(batch), phase] for batch in (1, 4)
                                     for phase in ('inference', 'training')]
    for row in compared:
        fused, plain, ratio = map(float, row[2:])
        assert min(fused, plain) > 0
        assert ratio == pytest.approx(plain / fused, rel=0.1)


def test_a_mode_that_fails_costs_only_its_row(monkeypatch, capsys):

    def no_compiler(function):

        def compiled(*args):
            raise RuntimeError('no compiler here\nand more')

        return compiled

    def too_large(*args, **kwargs):
        raise RuntimeError('too large')

    monkeypatch.setattr(torch, 'compile', no_compiler)
    monkeypatch.setattr(torch.Tensor, 'softmax', too_large)
    run_inline(monkeypatch, TOOL, TINY, '--batch-size', 2, '--repeats', 1,
               '--measure', 'compile', 'fp32', 'attention')
    output = capsys.readouterr().out
    modes = rows(output, 'batch phase')
    assert [row[2] for row in modes] == ['compile', 'compile', 'fp32', 'fp32']
    assert modes[0][3:] == 'failed: no compiler here'.split()
    assert float(modes[2][3]) > 0
    _, _, attention = output.partition('softmax written out\n')
    compared = rows(attention, 'batch phase')
    assert [' '.join(row[2:]) for row in compared] == 2 * ['failed: too large']


def test_bad_arguments(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, TINY, '--repeats', 0)
    assert 'must be at least 1' in capsys.readouterr().err
