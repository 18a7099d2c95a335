"""Every config builds, and says of its dataset what the reader knows."""
import re
from pathlib import Path

import mmengine
import pytest
import torch
from helpers.golden import ROOT
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import DATASETS, MODELS

CONFIGS = sorted((ROOT / 'configs').glob('*.py'))
ABLATIONS = sorted((ROOT / 'configs' / 'ablations').glob('*.py'))
DATASETS_OF_BASE = sorted((ROOT / 'configs/_base_/datasets').glob('*.py'))
REAL = [path for path in CONFIGS if 'synthetic' not in path.name]
# The rows of the paper's table of combinations, and its other sizes and
# strides; test_builds builds the others with a Runner.
VARIANTS = [
    path for path in CONFIGS
    if re.match(r'fusionreid_(r\d|\w+_(stride-16|384x128))', path.stem)
]
CAMERAS = dict(
    Market1501=6,
    DukeMTMCreID=8,
    OccludedDuke=8,
    MSMT17=15,
    CUHK03NP=2,
    VeRi776=20)


def build_without_values(cfg: Config) -> FusionReID:
    """The model of a config on PyTorch's ``meta`` device."""
    init_default_scope(cfg.default_scope)
    return MODELS.build(cfg.model).to('meta').eval()


def test_there_are_configs():
    names = {path.stem for path in CONFIGS}
    for dataset in ('market', 'duke', 'msmt17'):
        for variant in ('', '_stride-16', '_384x128', '_stride-16_384x128'):
            assert f'fusionreid_{dataset}{variant}' in names
    for cnn in ('r50', 'r101', 'r152'):
        for transformer in ('vit-b16', 'deit-b16', 't2t-vit-14', 't2t-vit-24'):
            name = f'fusionreid_{cnn}_{transformer}_msmt17'
            assert (name in names) != (name == 'fusionreid_r50_vit-b16_msmt17')


@pytest.mark.parametrize('path', VARIANTS, ids=lambda path: path.stem)
def test_variant_builds(path):
    """And its shapes fit, for which nothing has to be computed."""
    cfg = Config.fromfile(path)
    model = build_without_values(cfg)
    size = model.branches['transformer'].backbone.img_size
    descriptor = model(torch.zeros(2, 3, *size, device='meta'))
    channels = [
        bnneck.bn.num_features for bnneck in model.head.bnnecks.values()
    ]
    assert len(channels) == 6
    assert descriptor.shape == (2, sum(channels))


@pytest.mark.parametrize(
    'path', [path for path in CONFIGS if path not in VARIANTS],
    ids=lambda path: path.stem)
def test_builds(path, tmp_path):
    cfg = Config.fromfile(path)
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    model = runner.model.eval()
    height, width = model.branches['transformer'].backbone.img_size
    with torch.no_grad():
        descriptor = model(torch.zeros(1, 3, height, width))
    assert descriptor.size(0) == 1
    optim_wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
    assert len(optim_wrapper.optimizer.param_groups) > 0
    # A round trip: what is saved beside the checkpoints can be read again.
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').model == cfg.model


@pytest.mark.parametrize('path', REAL, ids=lambda path: path.stem)
def test_is_the_papers_model_and_recipe(path):
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    name = cfg.train_dataloader.dataset.type
    reader = DATASETS.get(name)
    assert cfg.model.head.num_classes == reader.COUNTS['train'].pids
    vit = cfg.model.branches.transformer.backbone
    assert vit.num_cameras == CAMERAS[name]
    assert vit.get('num_views', 0) == getattr(reader, 'NUM_VIEWS', 0)
    assert cfg.train_dataloader.batch_size == 128
    sampler = cfg.train_dataloader.sampler
    assert (sampler.num_identities, sampler.num_instances) == (8, 16)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler.T_max == 180
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        assert dataset.type == name and dataset.strict_counts
    model_of_market = Config.fromfile(ROOT /
                                      'configs/fusionreid_market.py').model
    for key in ('neck', 'data_preprocessor'):
        assert cfg.model[key] == model_of_market[key]


@pytest.mark.parametrize('dataset', ['market', 'duke', 'msmt17'])
def test_larger_images_and_other_strides(dataset):
    """They differ from the headline in nothing else."""
    headline = Config.fromfile(ROOT / f'configs/fusionreid_{dataset}.py')
    for name, grid in (('_stride-16', (16, 8)), ('_384x128', (31, 10)),
                       ('_stride-16_384x128', (24, 8))):
        cfg = Config.fromfile(ROOT / f'configs/fusionreid_{dataset}{name}.py')
        init_default_scope(cfg.default_scope)
        with torch.device('meta'):
            vit = MODELS.build(cfg.model.branches.transformer.backbone)
        assert tuple(vit.patch_resolution) == grid
        pipelines = [
            step for part in ('train', 'val', 'test')
            for step in cfg[f'{part}_dataloader'].dataset.pipeline
        ]
        for step in pipelines:
            if step.type == 'Resize':
                step.scale = (128, 256)
            if 'Crop' in step.type:
                step.crop_size = (256, 128)
        cfg.model.branches.transformer.backbone.update(
            img_size=(256, 128), patch_cfg=dict(stride=12))
        for key in headline:
            assert cfg[key] == headline[key], key


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_pipelines_fit_the_transformer(path):
    cfg = Config.fromfile(path)
    height, width = cfg.model.branches.transformer.backbone.img_size
    for part in ('train', 'val', 'test'):
        pipeline = cfg[f'{part}_dataloader'].dataset.pipeline
        resize, = [step for step in pipeline if step.type == 'Resize']
        assert tuple(resize.scale) == (width, height)
        for crop in [step for step in pipeline if 'Crop' in step.type]:
            assert tuple(crop.crop_size) == (height, width)


@pytest.mark.parametrize('path', DATASETS_OF_BASE, ids=lambda path: path.stem)
def test_base_files_of_datasets_fit_their_readers(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no data are
    cfg = Config.fromfile(path)
    if path.stem.startswith('reid_'):
        return
    init_default_scope('fusionreid_mm')
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset.to_dict()
        reader = DATASETS.get(dataset.pop('type'))
        assert dataset['strict_counts']
        # Every argument is known, and only the data are not there.
        with pytest.raises(FileNotFoundError, match=dataset['data_root']):
            reader(**dict(dataset, pipeline=[]))


def test_vehicles_are_seen_as_people_are_but_for_the_size():
    people, vehicles = (
        Config.fromfile(ROOT / f'configs/_base_/datasets/reid_256x{width}.py')
        for width in (128, 256))
    for part in ('train', 'test'):
        for step, other in zip(people[f'{part}_pipeline'],
                               vehicles[f'{part}_pipeline']):
            size = {'scale', 'crop_size'} & set(step)
            assert {**step, **{key: (256, 256) for key in size}} == other


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_ablations_differ_in_the_model_alone(path):
    cfg = Config.fromfile(path).to_dict()
    model_cfg = cfg.pop('model')
    headline = Config.fromfile(ROOT / 'configs/fusionreid_msmt17.py').to_dict()
    assert model_cfg != headline.pop('model')
    assert {key: cfg[key] for key in headline} == headline
    # Variables of the base files of backbones are no settings.
    bases = (ROOT / 'configs/_base_/backbones').glob('*.py')
    assert set(cfg) - set(headline) <= {
        base.stem.replace('-', '_')
        for base in bases
    }
    assert path.read_text(encoding='utf-8').startswith('# ')

    model = build_without_values(Config.fromfile(path))
    descriptor = model(torch.empty(1, 3, 256, 128, device='meta'))
    widths = [neck.bn.num_features for neck in model.head.bnnecks.values()]
    assert descriptor.shape == (1, sum(widths))


def test_metafile_lists_every_config():
    index = mmengine.load(ROOT / 'model-index.yml')
    models = []
    for name in index['Import']:
        metafile = mmengine.load(ROOT / name)
        collections = {item['Name'] for item in metafile['Collections']}
        for model in metafile['Models']:
            assert model['In Collection'] in collections
            assert model['Name'] == Path(model['Config']).stem
            assert model['Name'] == model['Name'].lower()
            models.append(ROOT / model['Config'])
    assert sorted(models) == sorted(CONFIGS + ABLATIONS)


def test_metafile_names_the_training_data():
    """By which mim searches."""
    for model in mmengine.load(ROOT / 'configs/metafile.yml')['Models']:
        dataset = Config.fromfile(ROOT /
                                  model['Config']).train_dataloader.dataset
        expected = ('synthetic' if 'synthetic' in dataset.data_root else
                    dataset.type.lower())
        name = model['Metadata']['Training Data'].replace('-', '')
        assert name.lower() == expected, model['Name']


def test_base_names_are_unique():
    """mim looks configs up by file name alone."""
    names = [
        path.name for path in (ROOT / 'configs').rglob('*.py')
        if '_base_' not in path.parts
    ]
    assert len(names) == len(set(names))
