"""Bad input is refused before any training, by name and with advice."""
import shutil
from pathlib import Path

import pytest
import torch
from helpers.tools import run_inline
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fusionreid_mm.datasets.protocol import ProtocolError
from fusionreid_mm.registry import MODELS


@pytest.fixture
def train(config, tmp_path, monkeypatch):
    """Train with options; nothing may be trained before the error."""

    def run(*options):
        run_inline(monkeypatch, 'train.py', config, '--work-dir', tmp_path,
                   '--cfg-options', 'train_cfg.max_epochs=1', *options)

    yield run
    assert not list(tmp_path.glob('*.pth'))


@pytest.fixture
def copied_data(data_root, tmp_path) -> Path:
    """The data, to be spoilt."""
    copy = tmp_path / 'spoilt'
    shutil.copytree(data_root, copy)
    return copy


def both(root: Path) -> tuple:
    return (f'train_dataloader.dataset.data_root={root}',
            f'val_dataloader.dataset.data_root={root}')


def test_missing_folder(train, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.*\n(.*\n)*.*data_ro'):
        train(f'train_dataloader.dataset.data_root={tmp_path / "nowhere"}')


def test_unreadable_image(train, copied_data):
    path = copied_data / 'bounding_box_test' / '0020_c1s1_000000_00.jpg'
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ProtocolError, match='1 images.*\n.*0020_c1s1_000000'):
        train(*both(copied_data))


def test_file_name_that_does_not_parse(train, copied_data):
    (copied_data / 'bounding_box_train' / '0002_c1s1_000000_00.jpg').rename(
        copied_data / 'bounding_box_train' / 'holiday.jpg')
    with pytest.raises(ValueError, match='holiday.jpg'):
        train(*both(copied_data))


def test_queries_of_another_dataset(train, copied_data):
    for path in (copied_data / 'query').iterdir():
        path.rename(path.with_name(path.name.replace('00', '77', 1)))
    with pytest.raises(ProtocolError, match='12 of 12 queries'):
        train(*both(copied_data))
    # By a word of the config it is a warning, and the evaluation's business.
    with pytest.raises(ValueError, match='none of the 12 queries'):
        train(*both(copied_data), 'custom_hooks.0.unmatched_queries=warn')


def test_people_in_training_and_testing(train, copied_data):
    for path in (copied_data / 'query').iterdir():
        shutil.copy(path, copied_data / 'bounding_box_train' / path.name)
    with pytest.raises(ProtocolError, match='6 people.*pid 20'):
        train(*both(copied_data), 'model.head.num_classes=14')


@pytest.mark.parametrize('options, message', [
    (['model.head.num_classes=751'], 'num_classes=751.*8 people'),
    (['model.branches.transformer.backbone.num_cameras=2'
      ], r'model\.branches\.transformer\.backbone\.num_cameras=2.*3 cameras'),
    (['train_dataloader.batch_size=10'
      ], 'batch_size=10.*num_identities=4.*num_instances=4'),
    (['train_dataloader.sampler.num_identities=16'], 'only 8'),
    (["val_evaluator.embeddings=['cnn','htm']"
      ], r"\['htm'\] is not.*'transformer_htm'"),
    (['model.nek.num_layers=1'], "model.nek.num_layers.*'neck'"),
    (['custom_hooks.0.unmatched_queries=ignore'], "'error' or 'warn'"),
])
def test_options_that_do_not_fit(train, options, message):
    with pytest.raises(ValueError, match=message):
        train(*options)


def test_argument_that_does_not_exist(train):
    with pytest.raises(TypeError, match="'num_heds'"):
        train('model.neck.num_heds=3')


class TestCheckpoints:

    @pytest.fixture
    def checkpoint(self, config) -> dict:
        init_default_scope('fusionreid_mm')
        model = MODELS.build(Config.fromfile(config).model)
        return dict(model.state_dict())

    def run(self, monkeypatch, config, state_dict, tmp_path, *options):
        path = tmp_path / 'a.pth'
        torch.save(dict(state_dict=state_dict), path)
        run_inline(monkeypatch, 'test.py', config, path, '--work-dir',
                   tmp_path, *options)

    def test_another_shape(self, checkpoint, config, tmp_path, monkeypatch):
        checkpoint = dict(checkpoint)
        checkpoint['neck.pool.cnn.p'] = torch.ones(2)
        with pytest.raises(
                ValueError, match=r'1 entries.*\n.*neck.pool.cnn.p is \(2,\)'):
            self.run(monkeypatch, config, checkpoint, tmp_path)

    def test_missing_and_left_over(self, checkpoint, config, tmp_path,
                                   monkeypatch):
        checkpoint = dict(checkpoint)
        del checkpoint['neck.pool.cnn.p']
        checkpoint['extra'] = torch.ones(2)
        with pytest.raises(ValueError) as error:
            self.run(monkeypatch, config, checkpoint, tmp_path)
        assert 'missing: neck.pool.cnn.p' in str(error.value)
        assert 'left over: extra' in str(error.value)

    def test_classifiers_may_differ(self, checkpoint, config, tmp_path,
                                    monkeypatch):
        """Testing on another dataset than that of the training."""
        checkpoint = {
            name: value[:3] if '.classifier.' in name else value
            for name, value in checkpoint.items()
        }
        self.run(monkeypatch, config, checkpoint, tmp_path)

    def test_no_such_file(self, config, monkeypatch, capsys):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, 'test.py', config, 'absent.pth')
        assert "no checkpoint file 'absent.pth'" in capsys.readouterr().err

    def test_results_need_a_proper_name(self, config, monkeypatch, capsys):
        with pytest.raises(SystemExit):
            run_inline(monkeypatch, 'test.py', config, 'a.pth', '--out',
                       'a.json')
        assert '.pkl' in capsys.readouterr().err
