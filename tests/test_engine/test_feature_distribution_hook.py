import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.small_run import small_run_cfg, write_small_data
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.engine import FeatureDistributionHook
from fusionreid_mm.evaluation.functional import align_branches
from fusionreid_mm.structures import ReIDDataSample


class KeepSamples(Hook):

    def __init__(self):
        self.samples = []

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.samples += outputs


@pytest.fixture
def cfg(tmp_path):
    """Two epochs, a validation of 9 images after each."""
    cfg = small_run_cfg(write_small_data(tmp_path / 'data'), tmp_path / 'work')
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = (cfg.test_dataloader,
                                                          cfg.test_evaluator,
                                                          {})
    cfg.custom_hooks = [dict(type='FeatureDistributionHook')]
    return cfg


def logged(cfg) -> list:
    """The alignments of each validation."""
    log, = Path(cfg.work_dir).glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [{
        key: value
        for key, value in row.items() if key.startswith('alignment/')
    } for row in rows if 'reid/mAP' in row]


def expected_of(samples) -> dict:
    features = np.stack([sample.feature.numpy() for sample in samples])
    embeddings = {
        name: features[:, slice(*columns)]
        for name, columns in samples[0].embedding_columns.items()
    }
    table = align_branches(embeddings, [sample.pid for sample in samples])
    return {
        f'alignment/{stage}/{name}': value
        for stage, row in table.items()
        for name, value in row.items()
    }


def test_each_validation_is_logged(cfg):
    runner = Runner.from_cfg(cfg)
    kept = KeepSamples()
    runner.register_hook(kept)
    runner.train()
    first, second = logged(cfg)
    assert first == pytest.approx(expected_of(kept.samples[:9]))
    assert second == pytest.approx(expected_of(kept.samples[9:]))
    assert len(first) == 2 + 7 + 7 and first != second


def test_few_images_are_evenly_spread(cfg):
    cfg.custom_hooks[0].update(num_images=4, interval=2)
    runner = Runner.from_cfg(cfg)
    kept = KeepSamples()
    runner.register_hook(kept)
    runner.train()
    first, second = logged(cfg)
    assert not first
    # 9 images, every 2.25th.
    chosen = [kept.samples[9 + number] for number in (0, 3, 5, 7)]
    assert second == pytest.approx(expected_of(chosen))


def test_nothing_is_logged_twice(cfg):
    """A validation that is not measured says nothing of an earlier one."""
    cfg.custom_hooks[0].interval = 2
    cfg.train_cfg.max_epochs = 3
    Runner.from_cfg(cfg).train()
    assert [len(alignment) for alignment in logged(cfg)] == [0, 16, 0]


def test_batches_do_not_stay(cfg):
    """What is kept of an image is not a view of all of its batch."""
    hook = FeatureDistributionHook()
    runner = Runner.from_cfg(cfg)
    hook.before_val_epoch(runner)
    features = torch.rand(4, 8)
    samples = [ReIDDataSample() for _ in features]
    for sample, feature in zip(samples, features):
        sample.feature = feature
        sample.set_field(1, 'pid', field_type='metainfo')
        sample.set_field({}, 'embedding_columns', field_type='metainfo')
    hook.after_val_iter(runner, 0, outputs=samples)
    kept = [sample.feature for sample in hook._samples]
    np.testing.assert_array_equal(kept, features)
    assert not any(
        np.shares_memory(feature, features.numpy()) for feature in kept)


def test_a_test_of_one_embedding(cfg):
    """Nothing is validated there, so the hook has nothing to ask for."""
    cfg.model.head.test_embeddings = ['cnn']
    assert 'reid/mAP' in Runner.from_cfg(cfg).test()


def test_too_few_images(cfg, caplog):
    cfg.val_dataloader.dataset.indices = 3
    cfg.val_dataloader.dataset.strict_counts = False
    cfg.train_cfg.max_epochs = 1
    cfg.val_evaluator = dict(type='ReIDMetric')
    hook = FeatureDistributionHook()
    runner = Runner.from_cfg(cfg)
    hook.before_val_epoch(runner)
    hook.after_val_epoch(runner)
    assert not any('alignment' in key
                   for key in runner.message_hub.log_scalars)


def test_descriptors_that_lack_a_stage(cfg):
    cfg.model.head.test_embeddings = ['cnn', 'transformer_htm']
    with pytest.raises(ValueError, match=r"descriptor has \['cnn', 'transf"):
        Runner.from_cfg(cfg).train()


def test_wrong_arguments():
    for arguments in (dict(num_images=3), dict(interval=0)):
        with pytest.raises(ValueError, match='num_images must be at least 4'):
            FeatureDistributionHook(**arguments)
