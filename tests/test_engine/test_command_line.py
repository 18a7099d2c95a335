import pytest
import torch
from helpers.golden import ROOT
from mmengine.config import Config

from fusionreid_mm.engine.command_line import (image_size_of, load_config,
                                               set_loader_defaults,
                                               set_work_dir)

MARKET = str(ROOT / 'configs/fusionreid_market.py')


class TestLoadConfig:

    def test_options_are_merged(self):
        cfg = load_config(
            MARKET, {
                'model.neck.num_layers': 3,
                'custom_hooks.0.check_images': False,
                'optim_wrapper.accumulative_counts': 2,
                'find_unused_parameters': True,
            })
        assert cfg.model.neck.num_layers == 3
        assert cfg.custom_hooks[0].check_images is False
        assert cfg.optim_wrapper.accumulative_counts == 2
        assert cfg.find_unused_parameters is True

    def test_hooks_are_switched_off(self):
        cfg = load_config(MARKET, {
            'default_hooks.loss_guard': None,
            'default_hooks.logger': None
        })
        assert 'loss_guard' not in cfg.default_hooks
        # MMEngine would put its own there otherwise.
        assert cfg.default_hooks.logger is None

    @pytest.mark.parametrize('option, missing, hint', [
        ('model.nek.num_layers', 'model.nek', "'neck'"),
        ('optim_wraper', 'optim_wraper', "'optim_wrapper'"),
        ('default_hooks.chekpoint.interval', 'default_hooks.chekpoint',
         "'checkpoint'"),
        ('custom_hooks.9.enable', 'custom_hooks.9', None),
        ('train_dataloader.dataset.pipeline.0.x.y',
         'train_dataloader.dataset.pipeline.0.x', None),
    ])
    def test_options_that_go_nowhere(self, option, missing, hint):
        with pytest.raises(ValueError) as error:
            load_config(MARKET, {option: 1})
        message = str(error.value)
        assert f'--cfg-options {option}' in message
        assert f'no key {missing!r}' in message
        assert hint is None or f'Did you mean {hint}' in message

    @pytest.mark.parametrize(
        'option', ['max_epochs', 'dataset.data_root', 'train_pipeline.0.type'])
    def test_variables_of_the_file(self, option):
        with pytest.raises(ValueError, match=f'{option}: .* is a variable'):
            load_config(MARKET, {option: 1})

    @pytest.mark.parametrize('key, meant', [
        ('optim_wraper', 'optim_wrapper'),
        ('train_dataloder', 'train_dataloader'),
        ('modle', 'model'),
        ('default_hook', 'default_hooks'),
        ('param_schedulers', 'param_scheduler'),
        ('load_form', 'load_from'),
        ('resum', 'resume'),
    ])
    def test_a_misspelt_key_in_a_file(self, tmp_path, key, meant):
        """Beside the right one, which every inherited config has."""
        path = tmp_path / 'mine.py'
        path.write_text(f'_base_ = {MARKET!r}\n{key} = dict()\n')
        with pytest.raises(
                ValueError, match=f"{key!r}. Did you mean '{meant}"):
            load_config(str(path))

    def test_variables_are_not_misspelt_keys(self, tmp_path):
        path = tmp_path / 'mine.py'
        path.write_text(f'_base_ = {MARKET!r}\nnum_ids = 3\nlr = 1\n')
        assert load_config(str(path)).num_ids == 3

    @pytest.mark.parametrize('option', [
        'env_cfg.cudnn_benchmrk', 'auto_scale_lr.enabel',
        'default_hooks.checkpoint.intervall'
    ])
    def test_keys_that_mmengine_ignores(self, option):
        with pytest.raises(ValueError, match=f'nothing reads {option}'):
            load_config(MARKET, {option: 1})

    def test_no_such_file(self):
        with pytest.raises(FileNotFoundError, match='no config file.*x.py'):
            load_config('x.py')


@pytest.mark.parametrize('given, in_config, expected', [
    ('cli', 'file', 'cli'),
    (None, 'file', 'file'),
    (None, None, 'work_dirs/fusionreid_market'),
])
def test_work_dir(given, in_config, expected):
    cfg = Config(dict(work_dir=in_config))
    set_work_dir(cfg, 'configs/fusionreid_market.py', given)
    assert cfg.work_dir == expected


class TestLoaderDefaults:

    def loaders(self, **flags) -> Config:
        cfg = Config(
            dict(
                train_dataloader=dict(num_workers=2),
                val_dataloader=dict(num_workers=0, persistent_workers=True),
                test_dataloader=None))
        flags = {'pin_memory': True, 'persistent_workers': True, **flags}
        set_loader_defaults(cfg, **flags)
        return cfg

    def test_filled_in(self):
        cfg = self.loaders()
        assert cfg.train_dataloader.persistent_workers is True
        assert cfg.train_dataloader.collate_fn.type == 'default_collate'
        assert cfg.train_dataloader.pin_memory == torch.cuda.is_available()
        # torch refuses persistent workers where there are none.
        assert cfg.val_dataloader.persistent_workers is False
        # And a timeout.
        assert cfg.train_dataloader.timeout == 300
        assert cfg.val_dataloader.timeout == 0

    def test_timeout(self):
        cfg = Config(
            dict(
                train_dataloader=dict(num_workers=1, timeout=7),
                val_dataloader=dict(num_workers=0, timeout=7)))
        set_loader_defaults(cfg, pin_memory=True, persistent_workers=True)
        assert cfg.train_dataloader.timeout == 7
        assert cfg.val_dataloader.timeout == 0

    def test_switched_off(self):
        cfg = self.loaders(pin_memory=False, persistent_workers=False)
        assert cfg.train_dataloader.persistent_workers is False
        assert cfg.train_dataloader.pin_memory is False


def test_image_size():
    cfg = load_config(MARKET)
    assert image_size_of(cfg) == (256, 128)
    del cfg.test_dataloader.dataset.pipeline[1]
    with pytest.raises(ValueError, match='no Resize'):
        image_size_of(cfg)
