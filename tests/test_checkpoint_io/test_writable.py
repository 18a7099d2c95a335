import os

import pytest

from fusionreid_mm.checkpoint_io import (check_writable_file,
                                         check_writable_folder)


def test_nothing_is_made(tmp_path):
    check_writable_file(tmp_path / 'a' / 'b' / 'c.txt')
    check_writable_folder(tmp_path / 'a' / 'b')
    assert not list(tmp_path.iterdir())


def test_relative_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_writable_file('c.txt')
    check_writable_folder('a/b')
    check_writable_folder('.')


def test_files_and_folders_that_are_taken(tmp_path):
    (tmp_path / 'file').touch()
    check_writable_file(tmp_path / 'file')
    with pytest.raises(IsADirectoryError, match='name a file in it'):
        check_writable_file(tmp_path)
    for name in ('file', 'file/a', 'file/a/b'):
        with pytest.raises(NotADirectoryError, match='file is a file, not'):
            check_writable_folder(tmp_path / name)
    with pytest.raises(NotADirectoryError, match='cannot write .*file/c.txt'):
        check_writable_file(tmp_path / 'file' / 'c.txt')


def test_write_protected_folders(tmp_path, monkeypatch):
    # Root may write everywhere.
    monkeypatch.setattr(os, 'access', lambda path, mode: path != tmp_path)
    for check in (check_writable_file, check_writable_folder):
        with pytest.raises(PermissionError, match='is write-protected'):
            check(tmp_path / 'a' / 'b')
