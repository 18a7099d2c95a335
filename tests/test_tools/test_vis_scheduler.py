"""The schedules that are drawn are those of real trainings."""
import json
import runpy

import numpy as np
import pytest
from helpers.golden import ROOT
from helpers.small_model import small_model_cfg
from helpers.tools import TOOLS, run_inline, run_process
from matplotlib import pyplot as plt
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

from fusionreid_mm.engine.command_line import load_config
from fusionreid_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS

TOOL = 'visualization/vis_scheduler.py'
MARKET = ROOT / 'configs/fusionreid_market.py'

BY_EPOCH = dict(by_epoch=True, max_epochs=4)
# Three epochs of two iterations each.
BY_ITERATION = dict(by_epoch=False, max_iters=6)
WARMUP_COSINE = dict(
    type='WarmupCosineLR',
    T_max=4,
    warmup_epochs=2,
    warmup_start=1e-5,
    eta_min=1e-6)
TWO_PARTS = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        by_epoch=True,
        end=2,
        convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[2, 3], gamma=0.1),
    dict(type='LinearMomentum', start_factor=0.5, end=3),
]


@pytest.fixture(autouse=True)
def no_window():
    plt.switch_backend('agg')


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOLS / TOOL))


@pytest.fixture
def write(config, tmp_path):
    """A config of a small model at half the size, without validations."""

    def run(train_cfg: dict, param_scheduler) -> str:
        cfg = load_config(str(config))
        cfg.model = small_model_cfg(head__num_classes=8)
        cfg.model.data_preprocessor = dict(type='ReIDDataPreprocessor')
        cfg.train_dataloader.merge(dict(num_workers=0))
        cfg.train_dataloader.dataset.pipeline = [
            dict(type='LoadReIDImage'),
            dict(type='Resize', scale=(32, 64)),
            dict(type='PackReIDInputs')
        ]
        cfg.optim_wrapper = dict(
            type='OptimWrapper',
            optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=.1),
            paramwise_cfg=dict(
                norm_decay_mult=0.,
                custom_keys=dict(bias=dict(lr_mult=2.),
                                 neck=dict(lr_mult=3.))))
        cfg.train_cfg = ConfigDict(train_cfg)
        cfg.param_scheduler = param_scheduler
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.default_hooks.checkpoint = None
        cfg.custom_hooks = []
        path = tmp_path / 'small.py'
        cfg.dump(path)
        return str(path)

    return run


class NumbersHook(Hook):
    """By the name of a parameter, what it is trained with."""

    def __init__(self):
        self.numbers = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        names = {id(p): name for name, p in runner.model.named_parameters()}
        self.numbers.append({
            names[id(p)]:
            (group['lr'], group['momentum'], group['weight_decay'])
            for group in runner.optim_wrapper.optimizer.param_groups
            for p in group['params']
        })


def simulated(tool, cfg, parameter) -> tuple:
    """Numbers of iterations and groups, and the names of each."""
    init_default_scope('fusionreid_mm')
    epoch = tool['measure_epoch'](cfg.train_dataloader, None)
    model = tool['MODELS'].build(cfg.model)
    wrapper = tool['build_optim_wrapper'](model, cfg.optim_wrapper)
    groups = tool['merge_groups'](wrapper, model)
    return (tool['simulate'](cfg, wrapper, epoch.num_iterations,
                             parameter), groups)


@pytest.mark.parametrize(
    'train_cfg, schedule, iterations', [
        (BY_EPOCH, WARMUP_COSINE, 8),
        (BY_EPOCH, TWO_PARTS, 8),
        (BY_ITERATION, dict(type='PolyLR', by_epoch=False, eta_min=1e-5), 6),
        (BY_EPOCH, None, 8),
    ],
    ids=['ours', 'upstream', 'iterations', 'constant'])
def test_as_the_runner_trains(tool, write, tmp_path, train_cfg, schedule,
                              iterations):
    cfg = load_config(write(train_cfg, schedule))
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    hook = NumbersHook()
    runner.register_hook(hook)
    runner.train()
    assert len(hook.numbers) == iterations

    for column, parameter in enumerate(['lr', 'momentum', 'wd']):
        values, groups = simulated(tool, cfg, parameter)
        assert len(values) == iterations
        assert 1 < len(groups) < 12
        names = [name for group in groups for name in group]
        assert sorted(names) == sorted(hook.numbers[0])
        for step, numbers in zip(values, hook.numbers):
            for value, group in zip(step, groups):
                assert {numbers[name][column] for name in group} == {value}


def test_as_a_training_logged(tool, config, trained):
    log, = trained[0].glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    logged = [row['lr'] for row in rows if 'lr' in row]
    values, _ = simulated(tool, load_config(str(config)), 'lr')
    assert values[:, 0].tolist() == logged
    assert len(set(logged)) == 2


def test_the_picture(write, tmp_path):
    out = tmp_path / 'pictures' / 'schedule.png'
    # No data is read.
    output = run_process(TOOL, write(BY_EPOCH, WARMUP_COSINE), '-d', 100, '-s',
                         out, '--window-size', '6*4', '--cfg-options',
                         'train_dataloader.dataset.data_root=absent')
    assert '"type": "WarmupCosineLR"' in output
    assert '100 images (by --dataset-size) in batches of 16' in output
    assert '6 iterations per epoch' in output
    assert f'learning rate: {out}' in output
    assert 'Warning' not in output
    with Image.open(out) as picture:
        assert picture.size == (600, 400)


def test_curves_and_axes(tool):
    values = np.array([[1., 2., 1.], [3., 4., 3.]] * 3)
    groups = [['a.weight'], ['a.bias', 'b.bias'], ['b.weight', 'p']]
    curves = tool['curves_of'](values, groups)
    assert [label for label, _ in curves
            ] == ['weight, p (3 parameters)', 'bias (2 parameters)']
    figure = plt.figure()
    tool['plot'](figure, curves, 'learning rate', 2)
    axes, = figure.axes
    assert axes.lines[1].get_ydata().tolist() == [2, 4] * 3
    assert axes.lines[1].get_xdata().tolist() == [0, .5, 1, 1.5, 2, 2.5]
    assert axes.get_xlabel() == 'epochs'
    above, = axes.child_axes
    figure.draw_without_rendering()
    assert above.get_xlim() == pytest.approx(np.multiply(2, axes.get_xlim()))
    figure.clear()
    tool['plot'](figure, curves, 'learning rate', None)
    assert figure.axes[0].get_xlabel() == 'iterations'
    assert figure.axes[0].lines[0].get_xdata().tolist() == list(range(6))
    plt.close(figure)


def test_length_of_an_epoch(tool, config):
    init_default_scope('fusionreid_mm')
    loader = load_config(str(config)).train_dataloader
    # 8 people with 6 images each, in batches of 4 x 4.
    assert tool['measure_epoch'](loader, None) == (48, 2, 'the dataset')
    assert tool['measure_epoch'](loader, 70) == (70, 4, '--dataset-size')
    both = tool['spread'](loader, 2)
    assert both.batch_size == 32 and both.sampler.num_identities == 8
    assert tool['measure_epoch'](both, None) == (48, 1, 'the dataset')
    assert loader.batch_size == 16
    # The last batch is a smaller one.
    loader.sampler = dict(type='DefaultSampler', shuffle=True)
    assert tool['measure_epoch'](loader, 70) == (70, 5, '--dataset-size')
    loader.drop_last = True
    assert tool['measure_epoch'](loader, 70) == (70, 4, '--dataset-size')
    with pytest.raises(ValueError, match='10 images do not fill.* 16'):
        tool['measure_epoch'](loader, 10)


def test_data_that_is_not_there(tool, tmp_path):
    init_default_scope('fusionreid_mm')
    loader = load_config(str(MARKET)).train_dataloader
    loader.dataset.data_root = str(tmp_path)
    assert tool['measure_epoch'](loader,
                                 None) == (12936, 101, 'the publication')
    loader.dataset = dict(
        type='FolderReIDDataset', data_root=str(tmp_path), split='train')
    with pytest.raises(ValueError, match='FolderReID.*give --dataset-size'):
        tool['measure_epoch'](loader, None)


def test_scaled_learning_rate(tool, write):
    cfg = load_config(write(BY_EPOCH, None))
    cfg.auto_scale_lr = dict(base_batch_size=16, enable=True)
    cfg.train_dataloader = tool['spread'](cfg.train_dataloader, 2)
    values, _ = simulated(tool, cfg, 'lr')
    assert values.min() == pytest.approx(2e-3)


def test_what_is_told_of_schedulers(tool, config):
    cfg = load_config(str(config))
    cfg.param_scheduler = [
        dict(type='ReduceOnPlateauLR', monitor='reid/mAP', rule='greater')
    ]
    *_, last = tool['report'](cfg, tool['Epoch'](48, 3, 'the dataset'))
    assert last.startswith('ReduceOnPlateauLR waits for the metrics')


def test_wrong_arguments(config, tmp_path, monkeypatch, capsys):
    for options, message in (([], 'nowhere to show the curves.*--save-path'),
                             (['-s', 'a.png', '-d',
                               '0'], "'0' is not 1 or more"),
                             (['-s', 'a.png', '-n',
                               'two'], "'two' is not 1 or more"),
                             (['-s', 'a.png', '-p',
                               'speed'], "invalid choice: 'speed'")):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, TOOL, config, *options)
        assert message.split('.*')[0] in capsys.readouterr().err
    with pytest.raises(ValueError, match="list of such dicts: got 'LinearLR'"):
        run_inline(monkeypatch, TOOL, config, '-s', 'a.png', '--cfg-options',
                   'param_scheduler=[LinearLR]')
    with pytest.raises(ValueError, match='must end with one of.*png'):
        run_inline(monkeypatch, TOOL, config, '-s', tmp_path / 'schedule.doc')


def test_several_optimizers(config, tmp_path, monkeypatch):

    @OPTIM_WRAPPER_CONSTRUCTORS.register_module(force=True)
    class TwoOptimizers:

        def __init__(self, **kwargs):
            pass

        def __call__(self, model):
            return OptimWrapperDict()

    with pytest.raises(ValueError, match='mine.py has several optimizers'):
        run_inline(monkeypatch, TOOL, config, '-s', tmp_path / 'schedule.png',
                   '--cfg-options', 'optim_wrapper.constructor=TwoOptimizers')
