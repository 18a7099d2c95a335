"""What the documents show works."""
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from helpers import documents
from helpers.drawn_data import write_image
from helpers.golden import ROOT
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from fusionreid_mm import datasets
from fusionreid_mm.datasets import collect_annotations
from fusionreid_mm.datasets.protocol import check_queries
from fusionreid_mm.engine.command_line import load_config
from fusionreid_mm.evaluation import load_thresholds
from fusionreid_mm.registry import DATASETS, HOOKS, MODELS


def blocks_of(document: str, language: str) -> list:
    return [
        block.code for block in documents.blocks_of(ROOT / document, language)
    ]


@pytest.mark.parametrize('path', documents.PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding='utf-8')
    for target in re.findall(r'\]\(([^)#]+)\)', text):
        if '://' not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize('path', documents.PAGES, ids=lambda path: path.name)
def test_named_files_exist(path):
    text = path.read_text(encoding='utf-8')
    names = re.findall(r'(?:configs|tools|tests|docs)/[\w./-]+\.(?:py|sh|md)',
                       text)
    for name in names:
        assert (ROOT / name).is_file(), name


def test_the_table_of_datasets_is_that_of_the_readers():
    text = (ROOT / 'docs/user_guides/datasets.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| ([\w+, -]+) \| `(\w+)` \| \w+ \| (.*) \|$', text,
                      re.MULTILINE)
    published = {
        name
        for name, reader in vars(datasets).items()
        if getattr(reader, 'COUNTS', None)
    }
    assert {reader for _, reader, _ in rows} == published
    for dataset, name, numbers in rows:
        counts = getattr(datasets, name).COUNTS
        if name == 'CUHK03NP':
            counts = datasets.CUHK03NP.VARIANTS[dataset.split(', ')[1]]
        elif name == 'VehicleID':
            counts = datasets.VehicleID.counts_of(800)
        assert numbers == ' | '.join(
            f'{counts[role].pids:,} / {counts[role].images:,}'
            for role in ('train', 'query', 'gallery')), dataset


def test_data_of_ones_own(tmp_path):
    table, = blocks_of('docs/user_guides/datasets.md', 'csv')
    (tmp_path / 'images.csv').write_text(table, encoding='utf-8')
    for line in table.splitlines()[1:]:
        write_image(tmp_path / line.split(',')[0])
    cfg: dict = {}
    exec(blocks_of('docs/user_guides/datasets.md', 'python')[0], cfg)
    dataset = dict(cfg['train_dataloader']['dataset'], data_root=str(tmp_path))
    assert len(DATASETS.build(dict(dataset, split='train'))) == 2
    test = DATASETS.build(dict(dataset, split='test'))
    check_queries(collect_annotations(test))
    assert test.person_ids['carl'] == collect_annotations(test).pids[-1]


def test_reader_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setattr(DATASETS, '_module_dict', dict(DATASETS.module_dict))
    code = blocks_of('docs/user_guides/datasets.md', 'python')[-1]
    exec(code, {})
    write_image(tmp_path / 'train' / '7' / '2_0.jpg')
    (tmp_path / 'query').mkdir()
    dataset = DATASETS.get('MyCameras')(tmp_path, split='train')
    assert dataset.get_data_info(0)['pid'] == 7
    assert dataset.get_data_info(0)['camid'] == 2
    assert Path(dataset.get_data_info(0)['img_path']).is_file()


def test_config_of_ones_own(tmp_path):
    code, = [
        block for block in blocks_of('README.md', 'python')
        if block.startswith('_base_')
    ]
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(code, encoding='utf-8')
    cfg = load_config(str(tmp_path / 'mine.py'))
    cfg.work_dir = str(tmp_path)
    model = Runner.from_cfg(cfg).model
    assert len(model.neck.htms) == 3
    assert model.head.num_classes == 751
    assert cfg.param_scheduler.T_max == cfg.train_cfg.max_epochs == 90


@pytest.mark.parametrize('number', range(2))
def test_features_of_mmengine(number, tmp_path):
    code = blocks_of('docs/user_guides/training.md', 'python')[number]
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(code, encoding='utf-8')
    cfg = load_config(str(tmp_path / 'mine.py'))
    init_default_scope(cfg.default_scope)
    for hook in cfg.custom_hooks:
        HOOKS.build(hook)
    assert MODELS.build(
        cfg.model.head,
        default_args=dict(in_channels=dict(cnn=8))).loss_triplet.gather == (
            number == 1)


@pytest.mark.parametrize('number', range(3))
def test_other_backbones(number, tmp_path):
    blocks = [
        block
        for block in blocks_of('docs/advanced_guides/backbones.md', 'python')
        if block.startswith('_base_')
    ]
    assert len(blocks) == 3
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(blocks[number], encoding='utf-8')
    cfg = load_config(str(tmp_path / 'mine.py'))
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    cnn = model.branches['cnn'].backbone
    assert cnn.depth == (101, 50, 101)[number]
    assert cnn.init_cfg.checkpoint == f'torchvision://resnet{cnn.depth}'
    assert (model.neck is None) == (number == 1)
    assert model.head.num_classes == (751, 751, 1041)[number]
    if number == 2:
        vit = model.branches['transformer'].backbone
        assert tuple(vit.patch_resolution) == (31, 10)


def test_several_datasets(tmp_path):
    code, *_ = blocks_of('docs/user_guides/evaluation.md', 'python')
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(code, encoding='utf-8')
    cfg = load_config(str(tmp_path / 'mine.py'))
    init_default_scope(cfg.default_scope)
    assert not MODELS.build(cfg.model).branches['transformer'].backbone \
        .uses_cameras
    parts = cfg.test_dataloader.dataset.datasets
    assert [part.type for part in parts] == ['DukeMTMCreID', 'MSMT17']
    assert all(part.pipeline == cfg.test_pipeline for part in parts)
    # Only the files are missing.
    with pytest.raises(FileNotFoundError, match='DukeMTMCreID was not found'):
        DATASETS.build(cfg.test_dataloader.dataset)


def test_another_project(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    inherited, code = blocks_of('docs/get_started/installation.md', 'python')
    exec(code, {})
    assert 'fusionreid_market' in capsys.readouterr().out
    Path('mine.py').write_text(inherited, encoding='utf-8')
    assert load_config('mine.py').train_cfg.max_epochs == 90


def test_troubleshooting(tmp_path):
    code, = blocks_of('docs/user_guides/troubleshooting.md', 'python')
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'mine.py').write_text(code, encoding='utf-8')
    cfg = load_config(str(tmp_path / 'mine.py'))
    init_default_scope(cfg.default_scope)
    assert HOOKS.build(cfg.default_hooks.loss_guard).factor == 20
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        assert loader.dataset.on_bad_image == 'skip'
        assert loader.timeout == 900
        with pytest.raises(FileNotFoundError, match='Market1501 was not'):
            DATASETS.build(loader.dataset)


def test_evaluation_from_python(capsys):
    exec(blocks_of('docs/user_guides/evaluation.md', 'python')[1], {})
    assert re.fullmatch(r'\d+\.\d mAP, \d+\.\d Rank-1\n',
                        capsys.readouterr().out)


def test_thresholds_from_python(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks_of('docs/user_guides/evaluation.md', 'python')[1:]:
        exec(block, names)
    assert 'TAR at 1 % FAR: 0.' in capsys.readouterr().out
    assert load_thresholds('thresholds.json')[1] == 'cosine'


def test_commands_of_the_useful_tools(monkeypatch):
    """They take what is shown; their own tests show what they do."""
    text = '\n'.join(blocks_of('docs/user_guides/useful_tools.md', 'shell'))
    commands = re.findall('python .*', text.replace('\\\n', ' '))
    assert len(commands) == 8
    for command in commands:
        _, tool, *arguments = shlex.split(command.partition('>')[0])
        monkeypatch.setattr(sys, 'argv', [tool, *arguments])
        runpy.run_path(str(ROOT / tool))['parse_args']()
