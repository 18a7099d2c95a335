import errno
import os

import pytest
from mmengine.fileio import get_file_backend

from fusionreid_mm.checkpoint_io import (atomic_write, remove_leftovers,
                                         write_atomically)


def test_replaces(tmp_path):
    path = tmp_path / 'new' / 'a.pth'
    for content in (b'old', b'newer'):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ['a.pth']


def test_as_a_backend(tmp_path):
    backend = get_file_backend(backend_args=dict(backend='atomic_local'))
    backend.put(b'\x80', tmp_path / 'a.pth')
    backend.put_text('é', tmp_path / 'b.txt')
    assert backend.get(tmp_path / 'a.pth') == b'\x80'
    assert backend.get_text(tmp_path / 'b.txt') == 'é'


def test_a_failure_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'old')

    def fail(descriptor):
        raise OSError(errno.ENOSPC, 'no space')

    monkeypatch.setattr(atomic_write.os, 'fsync', fail)
    with pytest.raises(OSError, match=r'a\.pth.*needs 1,500 bytes.* free') \
            as error:
        write_atomically(path, b'x' * 1500)
    assert error.value.errno == errno.ENOSPC
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['a.pth']


def test_leftovers(tmp_path):
    for name in ('a.pth', 'a.pth.part', 'notes.part'):
        (tmp_path / name).write_bytes(b'')
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ['a.pth', 'notes.part']
