import math

import pytest
from helpers.golden import ROOT
from mmengine.config import Config

from fusionreid_mm.checkpoint_io import read_config_text


@pytest.mark.parametrize(
    'name',
    ['fusionreid_tiny_synthetic.py', 'ablations/fusionreid_mlp_msmt17.py'])
def test_reads_what_mmengine_writes(name):
    cfg = Config.fromfile(ROOT / 'configs' / name)
    assert read_config_text(cfg.pretty_text) == cfg.to_dict()


def test_odd_values():
    values = dict(
        a=[-1, -1.5e-9, None, True, 'two\n"lines"', (1, ), ()],
        b={
            'a-b': dict(c=(1, [2, dict(d=3)])),
            3: 'a number as a key'
        },
        c=dict(type='X', lr=1e20),
        d=float('inf'),
        e=-float('inf'),
        f={},
        g=[])
    assert read_config_text(Config(values).pretty_text) == values
    assert math.isnan(read_config_text('a = nan')['a'])
    assert read_config_text('') == {}


@pytest.mark.parametrize('text', [
    'import os',
    'a = open("b")',
    'a = dict(b=open("b"))',
    'a = [open("b")]',
    'a = {open("b"): 1}',
    'a = {1: open("b")}',
    'a = dict(open("b"))',
    'a = dict(**open("b"))',
    'a = {**open("b")}',
    'a = {[1]: 2}',
    'a = {1, {2: 3}}',
    'a = (lambda: 1)()',
    'a = b',
    'a = -open("b")',
    'a = -"b"',
    'a = f"{open(1)}"',
    'a = [x for x in (1, 2)]',
    'a.b = 1',
    'a[0] = 1',
    'open("b")',
    'def a(): pass',
    'a = __import__("os").sep',
    'dict = open\na = dict(b=1)',
    'a = 1 if open("b") else 2',
])
def test_code_is_refused(text):
    with pytest.raises(ValueError, match='no plain data: .*, in line [12] of'):
        read_config_text(text)


def test_what_is_no_python():
    with pytest.raises(ValueError, match='the config cannot be understood'):
        read_config_text('a = = 1')
