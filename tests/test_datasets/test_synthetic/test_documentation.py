"""The documentation says what the code does."""
import re
from dataclasses import asdict
from pathlib import Path

import cv2

from fusionreid_mm.datasets.synthetic import LAYOUTS, Difficulty

PAGE = Path(__file__).resolve(
).parents[3] / 'docs' / 'advanced_guides' / 'synthetic_dataset.md'
NAMED_ROW = re.compile(r'^\| `(\w+)` \| (.*) \|$', re.MULTILINE)


def rows():
    """The rows of all tables that start with a name, by that name."""
    text = PAGE.read_text(encoding='utf-8')
    return {name: row.split(' | ') for name, row in NAMED_ROW.findall(text)}


def test_the_table_has_every_field_of_the_difficulty():
    levels = [asdict(Difficulty.from_level(x)) for x in (0.0, 0.3, 1.0)]
    table = rows()
    for field in levels[0]:
        written = [float(number) for number in table[field][1:]]
        assert written == [level[field] for level in levels], field


def test_the_table_has_every_layout():
    assert set(LAYOUTS) <= set(rows())
    for name, layout in LAYOUTS.items():
        for folder in layout.folders:
            same = rows()[name][0] == 'as `market1501`'
            assert same or f'`{folder}`' in rows()[name][0]


def test_the_example_from_python_runs(tmp_path):
    """With fewer people, and elsewhere."""
    code = re.search('```python\n(.*?)```', PAGE.read_text(encoding='utf-8'),
                     re.DOTALL)[1]
    few = ('num_train_pids=1, num_test_pids=1, num_cameras=2, '
           'images_per_camera=2, num_workers=1, seed=1')
    assert 'seed=1' in code
    names: dict = {}
    exec(
        code.replace('data/synthetic_hard',
                     str(tmp_path)).replace('seed=1', few), names)
    assert names['info']['difficulty'] == 1.0
    assert names['info']['counts']['train'] == {'pids': 1, 'images': 4}


def test_the_sheet_is_small():
    sheet = PAGE.parents[1] / 'images' / 'synthetic_sheet.jpg'
    assert cv2.imread(str(sheet)) is not None
    assert sheet.stat().st_size < 250_000
