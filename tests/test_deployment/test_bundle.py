import hashlib
import io
import json
import os
import zipfile

import pytest
from helpers.exports import some_manifest

from fusionreid_mm.deployment import (BrokenBundle, Bundle, is_bundle,
                                      read_bundle)
from fusionreid_mm.deployment.bundle import pack_bundle

BUNDLE = Bundle(some_manifest(), 18, b'no model at all')


def members_of(content: bytes) -> dict:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, members: dict, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def members() -> dict:
    return members_of(pack_bundle(BUNDLE))


def refuse(path, message: str) -> None:
    with pytest.raises(BrokenBundle, match=message) as error:
        read_bundle(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize('changes', [
    dict(),
    dict(threshold=None, num_cameras=0, precision='float16'),
    dict(threshold=some_manifest().threshold._replace(
        metric='euclidean', allowed_far=None)),
])
def test_round_trip(tmp_path, changes):
    bundle = BUNDLE._replace(manifest=some_manifest(**changes))
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(pack_bundle(bundle))
    assert read_bundle(path) == bundle
    assert is_bundle(path)


def test_the_same_bundle_is_the_same_file():
    assert pack_bundle(BUNDLE) == pack_bundle(BUNDLE)


def test_it_says_what_people_need(members):
    content = json.loads(members['bundle.json'])
    assert content['inputs'] == {
        'images': {
            'dtype': 'uint8',
            'shape': ['batch', 3, 64, 32],
            'colors': 'blue, green, red'
        },
        'camids': {
            'dtype': 'int64',
            'shape': ['batch'],
            'unknown': -1,
            'largest': 3
        }
    }
    assert content['descriptor']['shape'] == ['batch', 3]
    assert content['model']['opset'] == 18
    assert content['model']['sha256'] == \
        hashlib.sha256(b'no model at all').hexdigest()


def test_unpacked(tmp_path, members):
    """As ``unzip`` does it."""
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(pack_bundle(BUNDLE))
    folder = tmp_path / 'unpacked'
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    assert is_bundle(folder) and is_bundle(str(folder))
    assert read_bundle(folder) == BUNDLE
    (folder / 'model.onnx').unlink()
    refuse(folder, 'there is no model.onnx in it')


def test_what_is_no_bundle(tmp_path):
    (tmp_path / 'folder').mkdir()
    for other in (tmp_path / 'folder', 'fusionreid_market', 'a.pth', None,
                  dict(), 3):
        assert not is_bundle(other)
    with pytest.raises(FileNotFoundError, match="no bundle '.*absent"):
        read_bundle(tmp_path / 'absent.fusionreid')
    refuse(tmp_path / 'folder', 'there is no bundle.json in it')


@pytest.mark.parametrize('content', [b'', b'PK', b'no zip file' * 100])
def test_other_files(tmp_path, content):
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(content)
    refuse(path, 'Copy it again, or export')


@pytest.mark.parametrize('keep', [0.2, 0.5, 0.9, 0.999])
def test_cut_off(tmp_path, keep):
    """A copy that was interrupted."""
    content = pack_bundle(BUNDLE._replace(model=os.urandom(10000)))
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(content[:int(len(content) * keep)])
    refuse(path, 'only a part of one')


def test_damage_anywhere(tmp_path):
    """The bundle is read as it was, or the error names it."""
    content = pack_bundle(BUNDLE)
    path = tmp_path / 'a.fusionreid'
    num_harmless = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= (1, 32, 128)[place % 3]
        path.write_bytes(damaged)
        try:
            assert read_bundle(path) == BUNDLE
            num_harmless += 1
        except BrokenBundle as error:
            assert str(path) in str(error)
    # As in dates, and in notes of the operating system.
    assert num_harmless < 150


def test_another_model(tmp_path, members):
    members['model.onnx'] = b'another model!!'
    refuse(write(tmp_path / 'a.fusionreid', members), 'its SHA-256 is another')


@pytest.mark.parametrize('name', ['../evil', '/etc/evil', 'weights.pkl'])
def test_more_members_are_refused(tmp_path, members, name):
    path = write(tmp_path / 'a.fusionreid', {**members, name: b'x'})
    refuse(path, f'nothing else.*{name}')
    assert sorted(os.listdir(tmp_path)) == ['a.fusionreid']


def test_a_member_twice(tmp_path, members):
    path = write(tmp_path / 'a.fusionreid', members)
    with zipfile.ZipFile(path, 'a') as archive, pytest.warns(UserWarning):
        archive.writestr('model.onnx', b'y')
    refuse(path, 'nothing else')


def test_bombs_are_not_unpacked(tmp_path, members):
    """A hundred megabytes of zeros, in a hundred kilobytes."""
    members['model.onnx'] = bytes(10**8)
    path = write(tmp_path / 'a.fusionreid', members, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    refuse(path, 'compressed or encrypted')


def test_a_large_manifest_is_not_read(tmp_path, members):
    members['bundle.json'] += b' ' * 2**20
    refuse(
        write(tmp_path / 'a.fusionreid', members),
        'bundle.json has .* less than 1,048,576')


def test_a_huge_model_in_a_folder_is_not_read(tmp_path, members):
    (tmp_path / 'bundle.json').write_bytes(members['bundle.json'])
    with open(tmp_path / 'model.onnx', 'wb') as file:
        file.truncate(2**31)  # takes no place on the disk
    refuse(tmp_path, 'model.onnx has 2,147,483,648 bytes')


@pytest.mark.parametrize('keys, value, message', [
    (['format'], 'other', 'does not say "format"'),
    (['version'], 2, 'it is of version 2, and this program reads version 1'),
    (['fingerprint'], 'short', "'fingerprint' cannot be 'short'"),
    (['fingerprint'], None, "'fingerprint' cannot be None"),
    (['num_cameras'], -1, "'num_cameras' cannot be -1"),
    (['num_cameras'], True, "'num_cameras' cannot be True"),
    (['num_cameras'], 1.5, "'num_cameras' cannot be 1.5"),
    (['precision'], 'int8', "'precision' cannot be 'int8'"),
    (['preprocessing', 'height'], 0, "'height' cannot be 0"),
    (['preprocessing', 'width'], 10**9, "'width' cannot be 1000000000"),
    (['preprocessing', 'interpolation'], 'area', "cannot be 'area'"),
    (['preprocessing', 'backend'], 'os.system', "cannot be 'os.system'"),
    (['normalization', 'mean'], 'x', "'mean' cannot be 'x'"),
    (['normalization', 'std'], [1, None], r"'std' cannot be \[1, None\]"),
    (['descriptor', 'columns'], {}, "'columns' cannot be {}"),
    (['descriptor', 'columns', 'transformer'], [3, 4], r'cannot be \[3, 4\]'),
    (['descriptor', 'columns', 'cnn'], [0, 0], r'cannot be \[0, 0\]'),
    (['threshold', 'metric'], 'dot', "'metric' cannot be 'dot'"),
    (['threshold', 'value'], 'high', "'value' cannot be 'high'"),
    (['threshold', 'value'], float('nan'), "'threshold' cannot be nan"),
    (['threshold', 'value'], 10**400, 'int too large to convert to float'),
    (['model', 'opset'], 0, "'opset' cannot be 0"),
    (['model', 'bytes'], 3, 'its SHA-256 is another'),
    (['model'], [], r"'model' cannot be \[\]"),
])
def test_what_a_manifest_must_say(tmp_path, members, keys, value, message):
    content = json.loads(members['bundle.json'])
    node = content
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    members['bundle.json'] = json.dumps(content).encode()
    refuse(write(tmp_path / 'a.fusionreid', members), message)
    if keys[0] not in ('format', 'version'):
        del node[keys[-1]]
        members['bundle.json'] = json.dumps(content).encode()
        if keys[-2:-1] != ['columns']:
            refuse(
                write(tmp_path / 'b.fusionreid', members),
                f"there is no '{keys[-1]}'")


@pytest.mark.parametrize(
    'content', [b'[]', b'{"format": ', b'\xff\xfe', b'', b'[' * 10**5])
def test_what_is_no_manifest(tmp_path, members, content):
    members['bundle.json'] = content
    refuse(write(tmp_path / 'a.fusionreid', members), 'no bundle that can')
