import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from mmengine.config import Config, config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.hub import hub
from mmengine.logging import HistoryBuffer, MMLogger
from mmengine.model import Sequential

from fusionreid_mm import compat

needs_safe_globals = pytest.mark.skipif(
    not hasattr(torch.serialization, 'add_safe_globals'),
    reason='this torch loads whatever a checkpoint holds')


def test_importing_says_nothing():
    """No warning that a user cannot act on."""
    done = subprocess.run([
        sys.executable, '-W', 'default::DeprecationWarning', '-c',
        'from fusionreid_mm.utils import register_all_modules as register;'
        'register()'
    ],
                          capture_output=True,
                          text=True,
                          check=True)
    assert done.stdout == done.stderr == ''


class TestInitInfo:
    """How each parameter was initialised."""

    def initialise(self, name, **options) -> None:
        MMLogger.get_instance(name, logger_name=name, **options)
        Sequential(torch.nn.Linear(1, 1)).init_weights()

    def test_is_not_for_the_console(self, caplog):
        self.initialise('console')
        MMLogger.get_current_instance().addHandler(caplog.handler)
        Sequential(torch.nn.Linear(1, 1)).init_weights()
        assert caplog.text == ''

    def test_stands_in_the_log_file(self, tmp_path):
        self.initialise('file', log_file=str(tmp_path / 'a.log'))
        text = (tmp_path / 'a.log').read_text(encoding='utf-8')
        assert '0.weight - torch.Size([1, 1])' in text


@needs_safe_globals
class TestCheckpoints:

    def checkpoint(self) -> dict:
        """What the Runner puts beside the weights."""
        history = HistoryBuffer([1., 2.], [1, 1])
        return dict(
            state_dict=dict(weight=torch.ones(2)),
            message_hub=dict(log_scalars=dict(loss=history)),
            meta=dict(best=np.float64(3.5), ids=np.arange(3)))

    def test_of_the_runner_are_read(self, tmp_path):
        torch.save(self.checkpoint(), tmp_path / 'a.pth')
        loaded = torch.load(tmp_path / 'a.pth', weights_only=True)
        history = loaded['message_hub']['log_scalars']['loss']
        assert history.mean() == 1.5
        assert loaded['meta']['best'] == 3.5

    @pytest.mark.parametrize('owner, name', [(HistoryBuffer, '__init__'),
                                             (dict, 'get'),
                                             (HistoryBuffer, 'update')])
    def test_that_ask_for_more_are_refused(self, tmp_path, owner, name):

        class Crafted:

            def __reduce__(self):
                return getattr, (owner, name)

        torch.save(Crafted(), tmp_path / 'a.pth')
        with pytest.raises((ValueError, pickle.UnpicklingError)):
            torch.load(tmp_path / 'a.pth', weights_only=True)

    def test_that_run_code_are_refused(self, tmp_path):

        class Crafted:

            def __reduce__(self):
                return print, ('run', )

        torch.save(Crafted(), tmp_path / 'a.pth')
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / 'a.pth', weights_only=True)


def test_scope_is_known_to_the_config_reader():
    assert MODULE2PACKAGE['fusionreid_mm'] == 'fusionreid_mm'


@pytest.mark.parametrize('name, path', [
    ('fusionreid_mm::a.py', 'a.py'),
    ('fusionreid_mm::ablations/a.py', 'ablations/a.py'),
    ('mmpretrain::a.py', 'a.py'),
])
def test_configs_need_no_folder(name, path):
    scope, _ = name.split('::')
    for module in (hub, config):
        assert module._get_package_and_cfg_path(name) == (scope, path)


@pytest.mark.parametrize('name, error', [('nobody::a.py', AssertionError),
                                         ('a.py', ValueError)])
def test_other_names_are_refused_as_before(name, error):
    with pytest.raises(error):
        hub._get_package_and_cfg_path(name)


class TestLookUpOfPackages:

    def test_installed(self):
        assert compat.is_installed('mmpretrain')
        assert compat.is_installed('numpy')
        assert not compat.is_installed('no_such_package')

    def test_path(self):
        import mmpretrain
        path = compat.get_installed_path('mmpretrain')
        assert mmpretrain.__file__.startswith(path)
        with pytest.raises(ModuleNotFoundError, match='no_such_package'):
            compat.get_installed_path('no_such_package')

    def test_replaces_only_what_is_missing(self, monkeypatch):
        monkeypatch.setattr(config, 'get_installed_path', 'upstream')
        compat.replace_pkg_resources()
        assert config.get_installed_path == 'upstream'
        monkeypatch.setattr(compat, 'find_spec', lambda name: None)
        compat.replace_pkg_resources()
        assert config.get_installed_path is compat.get_installed_path


class TestVersionWindow:

    def warnings(self, monkeypatch, version: str) -> list:
        monkeypatch.setattr(
            compat.metadata, 'requires', lambda name: [
                'torch>=2.1', "mmengine<1.0,>=0.10.7; extra == 'mminstall'",
                "onedl-mmengine<1.0,>=0.10.12; extra == 'onedl'"
            ])
        monkeypatch.setattr(compat.metadata, 'version', lambda name: version)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            compat.warn_outside_window()
        return [str(warning.message) for warning in caught]

    def test_inside(self, monkeypatch):
        assert self.warnings(monkeypatch, '0.10.12') == []

    def test_outside(self, monkeypatch):
        messages = self.warnings(monkeypatch, '1.1.0')
        assert 'mmengine 1.1.0 is outside' in messages[0]
        assert '<1.0' in messages[0]

    def test_forks_have_their_own(self, monkeypatch):
        message, = self.warnings(monkeypatch, '0.10.10')
        assert 'onedl-mmengine 0.10.10 is outside' in message


class TestCpuGroup:

    def test_without_a_launcher_nothing_happens(self):
        cfg = Config(dict(launcher='none', sync_bn='torch'))
        compat.use_cpu_group(cfg)
        assert cfg.sync_bn == 'torch'
        assert not torch.distributed.is_initialized()

    def test_with_one(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        groups = []
        monkeypatch.setattr(torch.distributed, 'init_process_group',
                            lambda backend: groups.append(backend))
        cfg = Config(dict(launcher='pytorch', sync_bn='torch'))
        compat.use_cpu_group(cfg)
        assert groups == ['gloo']
        assert 'sync_bn' not in cfg
        assert cfg.model_wrapper_cfg.device_ids is None
