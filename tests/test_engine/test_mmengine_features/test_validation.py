"""What follows from a validation: the best checkpoint, an early end; and what
the same seed repeats."""
import pytest
import torch
from helpers.tiny_training import assert_same, history, train, weights

from fusionreid_mm.datasets.protocol import ProtocolError


def test_best_checkpoint(config, tmp_path):
    config.train_cfg.max_epochs = 3
    runner = train(config)
    measured = history(runner, 'val/reid/mAP')
    assert len(measured) == 3
    best = measured.index(max(measured)) + 1
    file, = (tmp_path / 'work_dir').glob('best_*.pth')
    assert file.name == f'best_reid_mAP_epoch_{best}.pth'
    assert torch.load(
        file)['message_hub']['runtime_info']['best_score'] == max(measured)


def test_early_stop(config, tmp_path):
    """None of the epochs is so much better than the first."""
    config.train_cfg.max_epochs = 9
    config.custom_hooks.append(
        dict(
            type='EarlyStoppingHook',
            monitor='reid/mAP',
            rule='greater',
            min_delta=100.,
            patience=2))
    runner = train(config)
    assert runner.epoch == 3
    assert (tmp_path / 'work_dir' / 'epoch_3.pth').is_file()
    assert not (tmp_path / 'work_dir' / 'epoch_4.pth').exists()


def test_stop_by_something_that_is_not_measured(config):
    config.custom_hooks.append(dict(type='EarlyStoppingHook', monitor='mAP'))
    with pytest.raises(ProtocolError, match=r"monitor='mAP'.*'reid/mAP'"):
        train(config)


class TestSeed:

    @pytest.fixture(autouse=True)
    def any_algorithm_afterwards(self):
        yield
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.deterministic = False

    def test_deterministic_runs_are_equal(self, config):
        """With all that is random in a real training."""
        config.model.data_preprocessor.random_erasing = dict(probability=0.5)
        config.train_dataloader.sampler.seed = None
        config.train_dataloader.dataset.pipeline.insert(
            1, dict(type='RandomFlip', prob=0.5))
        config.randomness = dict(seed=7, deterministic=True)
        first = weights(train(config).model)
        assert torch.are_deterministic_algorithms_enabled()
        assert_same(weights(train(config).model), first)
        config.randomness.seed = 8
        other = weights(train(config).model)
        assert not torch.equal(other['branches.cnn.backbone.conv1.weight'],
                               first['branches.cnn.backbone.conv1.weight'])
