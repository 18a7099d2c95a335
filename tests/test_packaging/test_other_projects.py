"""Another project inherits configs and models, by their name alone."""
import pytest
from helpers.environments import Environment, copy_sources, tiny_options
from helpers.golden import ROOT


@pytest.fixture(scope='module', params=['wheel', 'editable'])
def environment(request, tmp_path_factory) -> Environment:
    folder = tmp_path_factory.mktemp('project')
    environment = Environment(folder / 'environment')
    if request.param == 'wheel':
        environment.install(request.getfixturevalue('wheel'))
    else:
        environment.install('--editable', copy_sources(folder / 'checkout'))
    return environment


@pytest.mark.parametrize('argument', ['', 'without_pkg_resources'])
def test_inherits(environment, argument, tmp_path):
    environment.run(
        'python',
        ROOT / 'tests/helpers/inherit_configs.py',
        argument,
        cwd=tmp_path)


@pytest.mark.slow
def test_what_is_inherited_trains(environment, data_root, tmp_path):
    """With our tools, which need no program of the project's."""
    (tmp_path / 'tiny.py'
     ).write_text("_base_ = 'fusionreid_mm::fusionreid_tiny_synthetic.py'")
    environment.run(
        'python',
        environment.package_folder() / '.mim/tools/train.py',
        'tiny.py',
        '--work-dir',
        'work',
        '--cfg-options',
        *tiny_options(data_root),
        cwd=tmp_path)
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()
