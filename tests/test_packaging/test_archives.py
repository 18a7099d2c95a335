"""Wheel and sdist carry what is used from an installed package."""
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.environments import (Environment, build_wheel, copy_sources, run,
                                  tiny_options)
from helpers.golden import ROOT


@pytest.fixture(scope='module')
def sdist(sources, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('sdist')
    run(sys.executable,
        'setup.py',
        '--quiet',
        'sdist',
        '--dist-dir',
        folder,
        cwd=sources)
    archive, = folder.glob('*.tar.gz')
    return archive


def names_of(archive: Path) -> set:
    """Of the files in a wheel, or below the folder of an sdist."""
    if archive.suffix == '.whl':
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as file:
        return {
            member.name.partition('/')[2]
            for member in file.getmembers() if member.isfile()
        }


def files_below(*folders: str) -> set:
    """Of the checkout, relative to it."""
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob('*')
        if path.is_file() and not {'__pycache__', '.mim'} & set(path.parts)
    }


def test_archives_are_complete(wheel, sdist):
    for_mim = {
        f'fusionreid_mm/.mim/{name}'
        for name in files_below('configs', 'tools') | {'model-index.yml'}
    }
    package = files_below('fusionreid_mm')
    assert len(for_mim) > 80 and len(package) > 150
    assert names_of(wheel) >= for_mim | package
    assert names_of(sdist) >= for_mim | package | files_below('requirements')
    assert not [
        name for name in names_of(wheel) | names_of(sdist)
        if '__pycache__' in name or name.startswith('tests')
    ]


def test_the_wheel_of_an_sdist_is_that_of_the_checkout(wheel, sdist, tmp_path):
    assert names_of(build_wheel(sdist, tmp_path)) == names_of(wheel)


@pytest.mark.slow
def test_tools_of_an_sdist_train_and_test(sdist, data_root, tmp_path):
    """Those of a wheel do in test_mim.py."""
    environment = Environment(tmp_path / 'environment')
    environment.install(sdist)
    package = environment.package_folder()
    assert package == environment.packages / 'fusionreid_mm'

    config = package / '.mim/configs/fusionreid_tiny_synthetic.py'
    tools = package / '.mim/tools'
    options = ['--cfg-options', *tiny_options(data_root)]
    environment.run('python', tools / 'train.py', config, '--work-dir',
                    tmp_path / 'work', *options)
    output = environment.run('python', tools / 'test.py', config,
                             tmp_path / 'work/epoch_1.pth', '--work-dir',
                             tmp_path / 'work', *options)
    assert 'reid/mAP' in output


def test_an_editable_install_replaces_copies_by_links(tmp_path):
    sources = copy_sources(tmp_path / 'checkout')
    build_wheel(sources, tmp_path / 'wheel')
    installed = sources / 'fusionreid_mm' / '.mim'
    assert not (installed / 'configs').is_symlink()

    environment = Environment(tmp_path / 'environment')
    environment.install('--editable', sources)
    assert environment.package_folder() == sources / 'fusionreid_mm'
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (installed / name).is_symlink()
        assert (installed / name).samefile(sources / name)
