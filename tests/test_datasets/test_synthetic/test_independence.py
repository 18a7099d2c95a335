import ast
from pathlib import Path

import pytest

from fusionreid_mm.datasets import synthetic

FOLDER = Path(synthetic.__file__).parent
SOURCES = sorted(FOLDER.rglob('*.py'))
OTHERS = {'torch', 'mmengine', 'mmcv', 'mmpretrain', 'fusionreid_mm', 'PIL'}


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.stem)
def test_drawing_needs_numpy_and_opencv_only(path):
    """Nothing of the rest of the package, nor of what that is built on."""
    depth = len(path.relative_to(FOLDER).parents)
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f'{path.name} leaves the package'
            names = [] if node.level else [node.module]
        else:
            continue
        assert not {name.split('.')[0] for name in names} & OTHERS
