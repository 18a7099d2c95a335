"""Every block of code in the documents is executed, in a folder that is as
they say, and small."""
import re

import pytest
from helpers.documents import PAGES, Reader, blocks_of, commands_of, is_config
from helpers.global_instances import forget_global_instances
from helpers.golden import ROOT

from fusionreid_mm.registry import DATASETS

# What installs, takes long or starts these tests is run by other tests, or by
# whoever runs these.
ELSEWHERE = {
    r'bash tools/quickstart\.sh': 'tests/test_tools/test_quickstart.py',
    r'bash tools/run_tests\.sh': '.ci/run',
    r'pip ': 'tests/test_packaging/test_archives.py',
    r'mim ': 'tests/test_packaging/test_mim.py',
    r'python tools/analysis_tools/get_complexity':
    'tests/test_tools/test_get_complexity.py',
    r'python tools/analysis_tools/benchmark_model':
    'tests/test_tools/test_benchmark_model.py',
    r'fusionreid web ': 'tests/test_web',
    r'docker ': 'tests/test_packaging/test_docker.py',
    r'sphinx-build ': 'tests/test_docs/test_site.py',
}

BLOCKS = [
    block for page in PAGES for block in blocks_of(page, 'shell', 'python')
]


@pytest.fixture(scope='module')
def reader(tmp_path_factory) -> Reader:
    return Reader(tmp_path_factory.mktemp('reader'))


def is_run_elsewhere(command: str) -> bool:
    for start, path in ELSEWHERE.items():
        if re.match(start, command):
            assert (ROOT / path).exists(), path
            return True
    return False


@pytest.mark.parametrize('block', BLOCKS, ids=lambda block: block.name)
def test_block(block, monkeypatch, reader):
    """In their order: a page's blocks use what its earlier ones have left."""
    reader.open(block.page)
    monkeypatch.chdir(reader.folder)
    monkeypatch.setattr('sys.argv', ['reader'])
    # What a block registers is its own.
    monkeypatch.setattr(DATASETS, '_module_dict', dict(DATASETS.module_dict))
    if block.language == 'shell':
        for command in commands_of(block):
            if not is_run_elsewhere(command):
                forget_global_instances()
                reader.run_shell(command)
    elif is_config(block.code):
        assert reader.load_config(block.code)
    else:
        reader.run_python(block.code)
