"""From images without roles to a dataset that can be read."""
import pytest
from helpers.drawn_data import write_image
from helpers.tools import run_inline

from fusionreid_mm.datasets import CSVReIDDataset, collect_annotations
from fusionreid_mm.datasets.protocol import check_queries

TOOL = 'dataset_converters/draw_reid_roles.py'


@pytest.fixture
def photos(tmp_path):
    """Four people with three images each."""
    for person in ('anna', 'berta', 'carl', 'dora'):
        for number in range(3):
            write_image(tmp_path / 'photos' / person / f'{number}.jpg')
    return tmp_path / 'photos'


def test_folders_of_people(monkeypatch, capsys, photos):
    run_inline(monkeypatch, TOOL, photos, photos / 'mine.csv')
    train = CSVReIDDataset(photos, 'train', ann_file='mine.csv')
    test = CSVReIDDataset(photos, 'test', ann_file='mine.csv')
    assert len(train) == len(test) == 6
    check_queries(collect_annotations(test))
    assert ['query', '2', 'people', '2', 'images'] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_a_table_keeps_its_cameras(monkeypatch, photos):
    (photos / 'images.csv').write_text('camid,path,note,pid\n' + ''.join(
        f'{i % 2},{path.relative_to(photos)},x,{path.parent.name}\n'
        for i, path in enumerate(sorted(photos.rglob('*.jpg')))))
    run_inline(monkeypatch, TOOL, photos / 'images.csv', photos / 'out.csv',
               '--train-share', 0, '--seed', 1)
    assert (photos / 'out.csv').read_text().startswith('path,pid,role,camid\n')
    test = collect_annotations(
        CSVReIDDataset(
            photos, 'test', ann_file='out.csv', unknown_cameras='error'))
    assert set(test.camids) == {0, 1}
    check_queries(test)


@pytest.mark.parametrize('name, text, message', [
    ('a.csv', 'path,pid\n', 'a.csv lists no images'),
    ('a.csv', 'path,pid,role\na,b,train\n', 'or has their roles'),
    ('a.csv', 'path,person\n', 'pid is not among'),
    ('a.csv', 'path,pid\na\n', 'line 2: expected 2 fields'),
    ('absent.csv', None, 'absent.csv is missing'),
    ('', None, 'no folders of people'),
])
def test_mistakes(monkeypatch, tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        run_inline(monkeypatch, TOOL, tmp_path / name, tmp_path / 'out.csv')
    assert not (tmp_path / 'out.csv').exists()


def test_no_file_is_written_over(monkeypatch, photos):
    (photos / 'mine.csv').write_text('mine')
    with pytest.raises(SystemExit, match='mine.csv exists'):
        run_inline(monkeypatch, TOOL, photos, photos / 'mine.csv')
    assert (photos / 'mine.csv').read_text() == 'mine'


def test_a_bad_share(monkeypatch, capsys, photos):
    with pytest.raises(SystemExit):
        run_inline(monkeypatch, TOOL, photos, photos / 'mine.csv',
                   '--train-share', 2)
    assert '--train-share must be from 0 to 1' in capsys.readouterr().err
