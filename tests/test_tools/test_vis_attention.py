import numpy as np
import pytest
from helpers.tools import run_inline, run_process
from PIL import Image

TOOL = 'visualization/vis_attention.py'


def test_queries_of_the_test_set(config, checkpoint, tmp_path):
    output = run_process(TOOL, config, checkpoint, '--out', tmp_path / 'a',
                         '--num-queries', 2, '--device', 'cpu')
    # 12 queries: the first and the seventh.
    names = ['00000_0020_c1s1_000000_00.png', '00001_0023_c1s1_000000_00.png']
    assert sorted(path.name for path in (tmp_path / 'a').iterdir()) == names
    for name in names:
        assert str(tmp_path / 'a' / name) in output
        with Image.open(tmp_path / 'a' / name) as sheet:
            # Two HTMs; an image and four maps of 256 x 128 pixels.
            assert sheet.height > 2 * 256 and sheet.width > 5 * 128
    assert 'Warning' not in output


def test_images_of_ones_own(config, checkpoint, data_root, tmp_path,
                            monkeypatch, capsys):
    image = next((data_root / 'query').iterdir())
    sheets = []
    for number, camera in enumerate(([], ['--camid', 2])):
        out = tmp_path / str(number)
        run_inline(monkeypatch, TOOL, config, checkpoint, '--images', image,
                   *camera, '--out', out, '--device', 'cpu')
        path = out / f'00000_{image.stem}.png'
        assert str(path) in capsys.readouterr().out
        sheets.append(np.asarray(Image.open(path)))
    # The Transformer is told the camera.
    assert (sheets[0] != sheets[1]).any()


def test_wrong_arguments(config, checkpoint, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match='absent.jpg'):
        run_inline(monkeypatch, TOOL, config, checkpoint, '--images',
                   tmp_path / 'absent.jpg', '--out', tmp_path / 'a')
    with pytest.raises(ValueError, match='--num-queries must be at least 1'):
        run_inline(monkeypatch, TOOL, config, checkpoint, '--num-queries', 0,
                   '--out', tmp_path / 'a')
    # Queries have cameras of their own, and none is below 0.
    with pytest.raises(ValueError, match='--camid is of --images'):
        run_inline(monkeypatch, TOOL, config, checkpoint, '--camid', 1,
                   '--out', tmp_path / 'a')
    with pytest.raises(ValueError, match='--camid counts.* from 0: got -1'):
        run_inline(monkeypatch, TOOL, config, checkpoint, '--images', config,
                   '--camid', -1, '--out', tmp_path / 'a')
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='file is a file'):
        run_inline(monkeypatch, TOOL, config, 'absent.pth', '--out',
                   tmp_path / 'file')
    assert not (tmp_path / 'a').exists()
