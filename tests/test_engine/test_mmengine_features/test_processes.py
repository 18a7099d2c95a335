"""What two processes learn is what one learns of the same images."""
import os
import subprocess
import sys

import pytest
import torch
from helpers import train_in_processes
from helpers.golden import ROOT
from helpers.tiny_training import (assert_same, build_runner, tiny_config,
                                   train, weights)

# Sums are added up in another order.
TOLERANCE = dict(rtol=1e-4, atol=1e-6)


def frozen(config):
    """Nothing but the triplets makes the images of a batch depend on each
    other."""
    config.custom_hooks.append(dict(type='FrozenNormsHook'))
    return config


def gathered(config):
    config.model.head.loss_triplet = dict(
        type='BatchHardTripletLoss', gather=True)
    return config


def flexible(config):
    config.runner_type = 'FlexibleRunner'
    config.strategy = dict(type='DDPStrategy', sync_bn='torch')
    return config


def halved(config):
    """Half of the people in a batch."""
    config.train_dataloader.batch_size = 8
    config.train_dataloader.sampler.num_identities = 2
    return config


SCENARIOS = dict(
    frozen_gathered=lambda config: frozen(gathered(config)),
    frozen_own=frozen,
    own=lambda config: config,
    flexible=flexible)


@pytest.fixture(scope='module')
def fresh(tmp_path_factory, data_root):
    """A new config each time."""
    folder = tmp_path_factory.mktemp('processes')

    def config(name: str):
        cfg = tiny_config(data_root, folder / name)
        cfg.train_cfg.max_epochs = 1
        cfg.train_cfg.val_interval = 9
        return cfg

    return config


@pytest.fixture(scope='module')
def two_processes(fresh, tmp_path_factory):
    """What both have after each scenario, and what they said."""
    folder = tmp_path_factory.mktemp('configs')
    for name, change in SCENARIOS.items():
        change(halved(fresh(name))).dump(str(folder / f'{name}.py'))
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2', train_in_processes.__file__,
        *[str(folder / f'{name}.py') for name in SCENARIOS]
    ],
                          capture_output=True,
                          text=True,
                          env=dict(
                              os.environ,
                              OMP_NUM_THREADS='1',
                              PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}"))
    assert not done.returncode, done.stderr[-5000:]
    return {
        name: [torch.load(folder / f'{name}.{rank}.pth') for rank in (0, 1)]
        for name in SCENARIOS
    }, done.stdout + done.stderr


@pytest.mark.slow
def test_processes_stay_equal(two_processes):
    """DDP is not told to look for unused parameters. Statistics of BatchNorm,
    too, are brought together after an epoch."""
    for first, second in two_processes[0].values():
        assert_same(first['weights'], second['weights'])
        assert_same(first['buffers'], second['buffers'])


@pytest.mark.slow
def test_gathered_triplets_are_those_of_one_process(two_processes, fresh):
    (found, _), (own, _) = (
        two_processes[0][name] for name in ('frozen_gathered', 'frozen_own'))
    alone = weights(train(frozen(fresh('alone'))).model)
    assert_same(found['weights'], alone, **TOLERANCE)
    # And else they are not: the hardest of half the people is less hard.
    with pytest.raises(AssertionError):
        assert_same(own['weights'], alone, **TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['frozen_own', 'own'])
def test_own_triplets_are_those_of_accumulated_halves(two_processes, fresh,
                                                      name):
    """One process that looks at the halves of the same batches one after the
    other, with statistics of BatchNorm and triplets of each half."""
    cfg = SCENARIOS[name](fresh('halves'))
    cfg.train_dataloader.batch_size = 8
    # Half of the P x K groups, which it refuses otherwise.
    cfg.custom_hooks = [
        hook for hook in cfg.custom_hooks if hook['type'] != 'ReIDProtocolHook'
    ]
    cfg.optim_wrapper.accumulative_counts = 2
    runner = train(cfg)
    assert runner.iter == 4
    assert_same(two_processes[0][name][0]['weights'], weights(runner.model),
                **TOLERANCE)


@pytest.mark.slow
def test_flexible_runner_learns_the_same(two_processes):
    results, output = two_processes
    assert_same(results['flexible'][0]['weights'],
                results['own'][0]['weights'])
    assert output.count('SyncBatchNorm needs GPUs') == 1


def test_the_training_is_one(fresh):
    """What the comparisons above compare is not what they started from."""
    runner = build_runner(frozen(fresh('start')))
    runner.model.init_weights()
    start = weights(runner.model)
    with pytest.raises(AssertionError):
        assert_same(
            weights(train(frozen(fresh('end'))).model), start, **TOLERANCE)
