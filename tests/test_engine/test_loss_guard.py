"""A training whose numbers go wrong stops before its weights do."""
import copy
import re

import pytest
import torch
from helpers.small_model import small_model_cfg
from helpers.small_run import run_in_processes, small_run_cfg, write_small_data
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from fusionreid_mm.engine.hooks import BadLossError, LossGuardHook


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


class KeepsState(Hook):
    """Remembers what each iteration started from."""
    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.model = copy.deepcopy(runner.model.state_dict())
        self.optimizer = copy.deepcopy(runner.optim_wrapper.state_dict())
        self.paths = [sample.img_path for sample in data_batch['data_samples']]


@pytest.fixture
def stop(data_root, tmp_path):
    """Train until the guard stops it: the error's text, what the iteration
    started from, and the checkpoint."""

    def run(failure, first, **options):
        cfg = small_run_cfg(
            data_root,
            tmp_path,
            model__type='FailingFusionReID',
            model__failure=failure,
            model__first=first,
            **options)
        runner = Runner.from_cfg(cfg)
        before = KeepsState()
        runner.register_hook(before)
        with pytest.raises(BadLossError) as error:
            runner.train()
        path = re.search(r'in (\S+before_bad_loss\S+),', str(error.value))[1]
        return str(error.value), before, torch.load(path, weights_only=True)

    return run


def assert_equal(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize('failure, what', [
    ('loss', 'not finite: transformer_htm.loss_triplet = nan.'),
    ('image', 'not finite: cnn.loss_id = nan'),
    ('gradient', 'not the gradients of neck.pool.cnn.p.'),
])
def test_stops_before_the_weights_go_wrong(stop, failure, what):
    message, before, saved = stop(failure, first=5)
    assert what in message
    assert message.startswith('epoch 2, iteration 5: ')
    assert message.splitlines()[-6:] == [f'  {p}' for p in before.paths]
    # Whole, and with the statistics of BatchNorm, too.
    assert_equal(dict(saved['state_dict']), dict(before.model))
    assert_equal(saved['optimizer'], before.optimizer)
    assert all(value.isfinite().all()
               for value in saved['state_dict'].values())
    assert (saved['meta']['epoch'], saved['meta']['iter']) == (1, 4)


def test_is_not_resumed_by_itself(stop, tmp_path):
    stop('loss', first=2)
    assert [path.name for path in tmp_path.glob('*.pth')] == \
        ['before_bad_loss_iter_2.pth']
    assert not (tmp_path / 'last_checkpoint').exists()


GUARD = dict(type='LossGuardHook', window=3, patience=2)


def test_explosion(stop):
    message, _, _ = stop('growth', first=5, default_hooks__loss_guard=GUARD)
    assert message.startswith('epoch 2, iteration 6: exploded: '
                              'transformer_htm.loss_triplet = ')
    assert 'for 2 iterations' in message
    assert '10 times the median of the 3 iterations before' in message


def test_a_loss_that_grows_too_early_or_too_shortly(data_root, tmp_path):
    """Nothing is usual yet, or the next loss is usual again."""
    for first, patience in ((2, 2), (7, 3)):
        Runner.from_cfg(
            small_run_cfg(
                data_root,
                tmp_path,
                model__type='FailingFusionReID',
                model__failure='growth',
                model__first=first,
                optim_wrapper__optimizer__lr=0.,
                default_hooks__loss_guard=dict(GUARD,
                                               patience=patience))).train()


@pytest.mark.parametrize('failure', ['loss', 'gradient'])
def test_accumulated_gradients(stop, failure):
    """A loss is looked at in each iteration, gradients in those that use
    them."""
    message, _, saved = stop(
        failure, first=3, optim_wrapper__accumulative_counts=4)
    iteration = dict(loss=3, gradient=4)[failure]
    assert f'iteration {iteration}: ' in message
    assert saved['optimizer']['state'] == {}


@pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'),
    reason='before torch 2.3 only a GPU had loss scaling')
def test_steps_that_loss_scaling_leaves_out(data_root, tmp_path):
    """Infinite gradients are usual there: the scale is lowered."""
    cfg = small_run_cfg(data_root, tmp_path)
    runner = Runner.from_cfg(cfg)
    wrapper = runner.optim_wrapper = runner.build_optim_wrapper(
        cfg.optim_wrapper)
    scaler = torch.amp.GradScaler('cpu', init_scale=1e38)
    wrapper.backward = lambda loss: scaler.scale(loss).backward()

    def step():
        scaler.step(wrapper.optimizer)
        scaler.update()

    wrapper.step = step
    wrapper.should_update = lambda: True
    runner.train()
    assert scaler.get_scale() < 1e37


def test_but_not_a_loss_of_nan(data_root, tmp_path):
    cfg = small_run_cfg(
        data_root,
        tmp_path,
        model__type='FailingFusionReID',
        model__failure='loss',
        model__first=3)
    runner = Runner.from_cfg(cfg)
    wrapper = runner.optim_wrapper = runner.build_optim_wrapper(
        cfg.optim_wrapper)
    wrapper.step = lambda: None  # as a scaler that leaves each step out
    with pytest.raises(BadLossError, match='iteration 3: not finite'):
        runner.train()


@pytest.mark.slow
def test_a_model_that_is_compiled(stop):
    """One branch of it: the others would take a minute."""
    cnn = small_model_cfg().branches.cnn
    message, before, saved = stop(
        'image',
        first=2,
        compile=dict(backend='eager'),
        model__branches=dict(_delete_=True, cnn=cnn),
        model__neck=None)
    assert 'iteration 2: not finite: cnn.loss_id = nan' in message
    assert_equal(dict(saved['state_dict']), dict(before.model))


def test_is_switched_off(data_root, tmp_path):
    cfg = small_run_cfg(
        data_root,
        tmp_path,
        model__type='FailingFusionReID',
        model__failure='loss',
        model__first=2,
        train_cfg__max_epochs=1)
    del cfg.default_hooks['loss_guard']
    Runner.from_cfg(cfg).train()


def test_a_full_disk_does_not_hide_the_loss(data_root, tmp_path, monkeypatch):
    cfg = small_run_cfg(
        data_root,
        tmp_path,
        model__type='FailingFusionReID',
        model__failure='loss',
        model__first=2)
    runner = Runner.from_cfg(cfg)

    def save(*args, **kwargs):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(runner, 'save_checkpoint', save)
    with pytest.raises(BadLossError, match='not finite.*No space left'):
        runner.train()


def test_all_processes_stop(data_root, tmp_path):
    """And say of whom the batch was."""

    def train(rank):
        cfg = small_run_cfg(
            data_root,
            tmp_path / 'run',
            launcher='pytorch',
            model__type='FailingFusionReID',
            model__failure='image',
            model__first=2,
            model__rank=1)
        use_cpu_group(cfg)
        runner = Runner.from_cfg(cfg)
        before = KeepsState()
        runner.register_hook(before)
        try:
            runner.train()
        except BadLossError as error:
            return str(error), before.paths
        return 'was not stopped', []

    (one, _), (other, paths) = run_in_processes(train, tmp_path)
    assert one == other
    assert re.search(r'iteration 2: not finite: cnn.loss_id = \d\S* / nan',
                     one)
    assert one.endswith('Images of process 1:\n  ' + '\n  '.join(paths))
    saved = torch.load(
        tmp_path / 'run' / 'before_bad_loss_iter_2.pth', weights_only=True)
    assert all(value.isfinite().all()
               for value in saved['state_dict'].values())


@pytest.mark.parametrize(
    'kwargs',
    [dict(factor=1.), dict(patience=0),
     dict(window=0)])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match='must be'):
        LossGuardHook(**kwargs)
