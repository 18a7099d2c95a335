from pathlib import Path

import numpy as np
import pytest
from helpers.small_run import small_run_cfg, write_small_data
from mmengine.runner import Runner
from PIL import Image

from fusionreid_mm.engine import ExplanationHook


@pytest.fixture
def cfg(tmp_path):
    """Two epochs, a validation after each."""
    cfg = small_run_cfg(write_small_data(tmp_path / 'data'), tmp_path / 'work')
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = (cfg.test_dataloader,
                                                          cfg.test_evaluator,
                                                          {})
    cfg.custom_hooks = [dict(type='ExplanationHook', num_images=2)]
    return cfg


def pictures_of(cfg) -> dict:
    folder, = Path(cfg.work_dir).glob('*/vis_data/vis_image')
    return {
        path.name: np.asarray(Image.open(path))
        for path in folder.glob('*.png')
    }


def test_a_sheet_after_each_validation(cfg):
    Runner.from_cfg(cfg).train()
    pictures = pictures_of(cfg)
    assert sorted(pictures) == ['explanations_1.png', 'explanations_2.png']
    first, second = pictures.values()
    assert first.shape == second.shape
    # Two rows of an image and four maps, 192 high and half as wide.
    assert 2 * 192 < first.shape[0] < 2 * 192 + 120
    assert first.shape[1] > 5 * 96
    assert (first != second).any()


def test_trainings_by_iterations(cfg):
    """Each picture has a name of its own there too."""
    cfg.train_cfg = dict(by_epoch=False, max_iters=4, val_interval=2)
    cfg.default_hooks.checkpoint.update(by_epoch=False)
    Runner.from_cfg(cfg).train()
    assert sorted(
        pictures_of(cfg)) == ['explanations_2.png', 'explanations_4.png']


def test_the_training_is_the_same(cfg):
    weights = []
    for hooks in ([], cfg.custom_hooks):
        cfg.custom_hooks = hooks
        cfg.experiment_name = f'run_{len(weights)}'
        runner = Runner.from_cfg(cfg)
        runner.train()
        assert all(p.grad is None or p.grad.isfinite().all()
                   for p in runner.model.parameters())
        weights.append(runner.model.state_dict())
    for name, value in weights[0].items():
        assert value.equal(weights[1][name]), name


def test_averaged_weights_are_drawn(cfg, monkeypatch):
    """Those that were validated: EMAHook takes them back afterwards."""
    cfg.custom_hooks.insert(0, dict(type='EMAHook', momentum=0.5))
    cfg.train_cfg.max_epochs = 1
    drawn = []
    runner = Runner.from_cfg(cfg)
    monkeypatch.setattr(
        'fusionreid_mm.engine.hooks.explanation_hook.heat_maps',
        lambda model, *args: drawn.append({
            name: value.clone()
            for name, value in model.state_dict().items()
        }) or {})
    runner.train()
    ema, = (hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook')
    name = 'branches.cnn.backbone.conv1.weight'
    averaged = ema.ema_model.module.state_dict()[name]
    assert drawn[0][name].equal(averaged)
    assert not runner.model.state_dict()[name].equal(averaged)


def test_interval(cfg):
    cfg.custom_hooks[0].interval = 2
    Runner.from_cfg(cfg).train()
    assert list(pictures_of(cfg)) == ['explanations_2.png']


def test_wrong_arguments():
    for arguments in (dict(num_images=0), dict(interval=0)):
        with pytest.raises(ValueError, match='must be at least 1: got'):
            ExplanationHook(**arguments)
