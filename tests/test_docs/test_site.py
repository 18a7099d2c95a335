"""The site is built, holds every page, and needs nothing from elsewhere."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.golden import ROOT
from helpers.tools import script_environment

import fusionreid_mm.apis
import fusionreid_mm.models


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run([
        sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q', '-d',
        folder / 'doctrees', ROOT / 'docs', folder / 'html'
    ],
                          env=script_environment(),
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    return folder / 'html'


def test_every_page_can_be_reached(site):
    index = (site / 'index.html').read_text(encoding='utf-8')
    for page in (ROOT / 'docs').rglob('*.md'):
        name = page.relative_to(ROOT / 'docs').with_suffix('.html')
        assert (site / name).is_file()
        assert page.stem == 'index' or f'href="{name}"' in index, name


@pytest.mark.parametrize('module', [fusionreid_mm.apis, fusionreid_mm.models])
def test_the_api_is_complete(module, site):
    text = (site / 'api.html').read_text(encoding='utf-8')
    for name in module.__all__:
        assert f'id="{module.__name__}.{name}"' in text, name


def test_nothing_is_loaded_from_elsewhere(site):
    """But what draws formulas, which can be read without it."""
    for page in site.rglob('*.html'):
        text = page.read_text(encoding='utf-8')
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]* src="([^"]+)"|'
            r'<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', text)
        for source in map(''.join, loaded):
            assert '//' not in source or 'mathjax' in source, (page, source)
