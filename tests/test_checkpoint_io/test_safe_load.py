import io
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from helpers.payloads import Call, payloads
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler import OneCycleParamScheduler
from mmengine.runner.checkpoint import CheckpointLoader, _load_checkpoint
from safetensors.torch import save_file

from fusionreid_mm.checkpoint_io import (BrokenCheckpoint, UnsafeCheckpoint,
                                         find_file, read_checkpoint, safe_load,
                                         source, to_safetensors)

NAMES = list(payloads('marker'))


@pytest.fixture(params=['list of torch', 'list of ours'], autouse=True)
def loader(request, monkeypatch):
    """Both ways to read, of which a version of torch has one."""
    own = request.param == 'list of ours'
    if not own and not hasattr(torch.serialization, 'safe_globals'):
        pytest.skip('this torch has no list')
    monkeypatch.setattr(safe_load, '_HAS_ALLOW_LIST', not own)


class TestReading:

    @pytest.fixture
    def checkpoint(self) -> dict:
        """What the Runner writes."""
        return dict(
            state_dict=torch.nn.BatchNorm1d(2).state_dict(),
            half=torch.ones(3, dtype=torch.bfloat16),
            parameter=torch.nn.Parameter(torch.ones(2)),
            message_hub=dict(
                log_scalars=OrderedDict(loss=HistoryBuffer([1., 2.], [1, 1]))),
            meta=dict(best=np.float64(3.5), flag=np.bool_(True)),
            arrays=[
                np.arange(6, dtype=kind).reshape(2, 3)
                for kind in ('u1', 'i8', 'f2', 'f4', 'f8', 'c16')
            ],
            anneal=OneCycleParamScheduler._annealing_cos)

    @pytest.mark.parametrize('zipped', [True, False])
    def test_a_checkpoint_of_the_runner(self, checkpoint, tmp_path, zipped):
        torch.save(
            checkpoint,
            tmp_path / 'a.pth',
            _use_new_zipfile_serialization=zipped)
        loaded = read_checkpoint(tmp_path / 'a.pth', 'cpu')
        assert loaded['message_hub']['log_scalars']['loss'].mean() == 1.5
        assert loaded['meta'] == checkpoint['meta']
        assert loaded['state_dict']._metadata == \
            checkpoint['state_dict']._metadata
        assert loaded['half'].dtype == torch.bfloat16
        assert loaded['anneal'] is checkpoint['anneal']
        for array, other in zip(loaded['arrays'], checkpoint['arrays']):
            assert type(array) is np.ndarray
            np.testing.assert_array_equal(array, other)
            assert array.dtype == other.dtype

    def test_safetensors(self, checkpoint, tmp_path):
        state_dict = checkpoint['state_dict']
        path = tmp_path / 'a.safetensors'
        path.write_bytes(to_safetensors(state_dict, dict(epoch=3)))
        loaded = read_checkpoint(path, 'cpu')
        assert loaded['meta'] == dict(epoch=3)
        assert loaded['state_dict']._metadata == state_dict._metadata
        for name, value in loaded['state_dict'].items():
            assert torch.equal(value, state_dict[name])
        torch.nn.BatchNorm1d(2).load_state_dict(loaded['state_dict'])
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(BrokenCheckpoint, match='a.safetensors'):
            read_checkpoint(path)

    def test_safetensors_of_others(self, tmp_path):
        save_file(dict(a=torch.ones(2)), tmp_path / 'a.safetensors')
        loaded = read_checkpoint(tmp_path / 'a.safetensors', 'cpu')
        assert list(loaded['state_dict']) == ['a']

    @pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
    def test_a_device_that_is_not_there(self, suffix, tmp_path):
        path = tmp_path / f'a{suffix}'
        weights = dict(weight=torch.ones(2))
        if suffix == '.pth':
            torch.save(weights, path)
        else:
            save_file(weights, path)
        with pytest.raises(ValueError, match="is whole.*'nowhere'") as caught:
            read_checkpoint(path, 'nowhere')
        assert not isinstance(caught.value, BrokenCheckpoint)
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(BrokenCheckpoint, match='not a whole file'):
            read_checkpoint(path, 'nowhere')

    def test_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='b.pth'):
            read_checkpoint(tmp_path / 'b.pth')


class TestRefusing:

    @pytest.mark.parametrize('zipped', [True, False])
    @pytest.mark.parametrize('name', NAMES)
    def test_payloads(self, tmp_path, name, zipped):
        marker, path = tmp_path / 'marker', tmp_path / 'a.pth'
        content = dict(
            state_dict=dict(weight=torch.ones(2)),
            optimizer=dict(state={0: dict(step=payloads(marker)[name])}))
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        with pytest.raises(UnsafeCheckpoint) as error:
            read_checkpoint(path)
        assert not marker.exists()
        for part in ('a.pth is refused', 'Nothing of it was run',
                     'publish_model.py --trust'):
            assert part in str(error.value)

    def test_what_it_asks_for_is_named(self, tmp_path):
        torch.save(Call(os.system, 'true'), tmp_path / 'a.pth')
        with pytest.raises(
                UnsafeCheckpoint, match=r'asks for (posix|nt)\.sys'):
            read_checkpoint(tmp_path / 'a.pth')

    def test_a_plain_pickle(self, tmp_path):
        marker, path = tmp_path / 'marker', tmp_path / 'a.pth'
        path.write_bytes(pickle.dumps(payloads(marker)['exec'], protocol=2))
        with pytest.raises(ValueError, match='a.pth'):
            read_checkpoint(path)
        assert not marker.exists()

    def test_the_format_of_the_first_days(self, tmp_path):
        """Its parts are pickles, too."""
        marker, path = tmp_path / 'marker', tmp_path / 'a.pth'
        content = pickle.dumps(payloads(marker)['exec'], protocol=2)
        with tarfile.open(path, 'w') as archive:
            for name in ('sys_info', 'pickle', 'storages', 'tensors'):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        with pytest.raises(UnsafeCheckpoint, match='before 0.1.10'):
            read_checkpoint(path)
        assert not marker.exists()

    def test_a_program(self, tmp_path):
        """What PyTorch takes for one, which it would run."""
        with zipfile.ZipFile(tmp_path / 'a.pth', 'w') as archive:
            for name in ('data.pkl', 'constants.pkl', 'code/a.py'):
                archive.writestr(f'a/{name}', b'')
        with pytest.raises(UnsafeCheckpoint, match='TorchScript'):
            read_checkpoint(tmp_path / 'a.pth')

    def test_a_program_in_disguise(self, tmp_path, monkeypatch):
        """Python's reader of archives looks for their end, PyTorch's at their
        beginning."""
        path = tmp_path / 'a.pth'
        torch.jit.save(torch.jit.script(torch.nn.ReLU()), path)
        monkeypatch.setattr(torch.jit, 'load',
                            lambda *args, **kwargs: pytest.fail('it ran'))
        path.write_bytes(path.read_bytes() + b'PK\x05\x06')
        with pytest.raises((BrokenCheckpoint, UnsafeCheckpoint)):
            read_checkpoint(path)
        # Whatever is thought of it before.
        monkeypatch.setattr(safe_load, '_refuse_archives', lambda path: None)
        with pytest.raises((BrokenCheckpoint, UnsafeCheckpoint)):
            read_checkpoint(path)

    def test_types_of_numbers_are_not_changed(self, tmp_path):
        """A file may tell a type of NumPy its size."""

        class Larger:

            def __reduce__(self):
                return np.dtype, ('f8', False, True), (3, '<', None, None,
                                                       None, 8000, 8, 0)

        torch.save(Larger(), tmp_path / 'a.pth')
        assert read_checkpoint(tmp_path / 'a.pth').itemsize == 8
        assert np.dtype('f8').itemsize == 8


class TestDamage:

    @pytest.fixture
    def path(self, tmp_path):
        torch.save(dict(a=torch.zeros(10000)), tmp_path / 'a.pth')
        return tmp_path / 'a.pth'

    @pytest.mark.parametrize('size', [0, 10, 1000, -1])
    def test_cut_short(self, path, size):
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(BrokenCheckpoint, match='a.pth.*not a whole'):
            read_checkpoint(path)

    def test_a_bit_of_a_tensor(self, path):
        """PyTorch does not notice."""
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            start = archive.getinfo('a/data/0').header_offset + 1000
        content[start] ^= 1
        path.write_bytes(content)
        with pytest.raises(BrokenCheckpoint, match='a/data/0 is damaged'):
            read_checkpoint(path)


class TestMMEngine:
    """Whatever it loads, it loads by this."""

    def test_files(self, tmp_path):
        marker, path = tmp_path / 'marker', tmp_path / 'a.pth'
        torch.save(payloads(marker)['exec'], path)
        with pytest.raises(UnsafeCheckpoint):
            _load_checkpoint(str(path))
        assert not marker.exists()

    def test_every_scheme(self, tmp_path, monkeypatch):
        """URLs and names lead to a file in PyTorch's cache."""
        monkeypatch.setattr(source, 'get_dir', lambda: tmp_path)
        marker = tmp_path / 'marker'

        def download(url, path, progress):
            torch.save(payloads(marker)['exec'], path)

        monkeypatch.setattr(source, 'download_url_to_file', download)
        for name in ('https://example.org/a.pth', 'http://example.org/b.pth',
                     'torchvision://resnet18', 'open-mmlab://vgg16_caffe',
                     'mmcls://mobilenet_v2'):
            with pytest.raises(UnsafeCheckpoint):
                _load_checkpoint(name)
        with pytest.raises(ValueError, match='s3:// is not known'):
            _load_checkpoint('s3://bucket/a.pth')
        assert not marker.exists()
        assert len(set(CheckpointLoader._schemes.values())) == 1

    def test_names_of_mmcls(self, tmp_path, monkeypatch):
        path = tmp_path / 'a.pth'
        torch.save(
            dict(
                state_dict={
                    'backbone.conv.weight': torch.ones(1),
                    'head.fc.weight': torch.ones(1)
                }), path)
        monkeypatch.setattr(source, '_download', lambda url: path)
        assert find_file('mmcls://mobilenet_v2') == path
        loaded = _load_checkpoint('mmcls://mobilenet_v2')
        assert list(loaded['state_dict']) == ['conv.weight']
