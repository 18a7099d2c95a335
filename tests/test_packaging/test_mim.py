"""mim finds configs, tools and metafile of an installed package."""
import json
from pathlib import Path

import pytest
from helpers.environments import Environment, copy_sources, tiny_options
from mmengine.config import Config

# Both are called mim, and look for a package in ways of their own. They come
# without opendatalab, which downgrades half an environment, and which only
# "mim download --dataset" needs.
DISTRIBUTIONS = ('openmim==0.3.9', 'onedl-mim==0.5.1')
NEEDS = ('pandas==2.2.3', 'python-dateutil', 'pytz', 'six', 'tzdata',
         'tabulate', 'colorama', 'requests', 'urllib3', 'idna', 'certifi',
         'charset-normalizer')

NAME = 'fusionreid_tiny_synthetic'

pytestmark = pytest.mark.slow


class Mim:
    """One of the distributions, beside the package."""

    def __init__(self, environment: Environment, data_root: Path) -> None:
        self.environment = environment
        self.options = ['--cfg-options', *tiny_options(data_root)]
        self.config = f'{NAME}.py'
        self.folder = environment.folder

    def __call__(self, command: str, *args) -> str:
        return self.environment.run(
            'mim', command, 'fusionreid_mm', *args, cwd=self.folder)

    def train(self, work_dir: Path, *args) -> str:
        return self('train', self.config, '--work-dir', work_dir, *args,
                    *self.options)

    def check_search(self) -> None:
        field = 'market-1501/map_(paper)'
        self('search', '--dataset', 'market-1501', '--field', field, '--json',
             'found.json')
        found = json.loads((self.folder / 'found.json').read_text())[field]
        assert found['fusionreid_market'] == 91.7
        assert all('market' in name for name in found)

    def check_download(self) -> None:
        self('download', '--config', 'fusionreid_market', '--dest', 'there')
        there = self.folder / 'there'
        assert [path.name
                for path in there.iterdir()] == ['fusionreid_market.py']
        cfg = Config.fromfile(there / 'fusionreid_market.py')
        assert cfg.model.type == 'FusionReID'


def make_mim(distribution: str, package: list, data_root: Path,
             folder: Path) -> Mim:
    environment = Environment(folder / 'environment')
    environment.install(distribution, *NEEDS, *package)
    return Mim(environment, data_root)


@pytest.fixture(scope='module', params=DISTRIBUTIONS)
def mim(request, wheel, data_root, tmp_path_factory) -> Mim:
    """Beside an installed wheel."""
    return make_mim(request.param, [wheel], data_root,
                    tmp_path_factory.mktemp('mim'))


@pytest.fixture(scope='module')
def work_dir(mim) -> Path:
    """Of a training in two processes."""
    output = mim.train(mim.folder / 'work', '--launcher', 'pytorch', '--gpus',
                       '2')
    assert f'.mim/configs/{NAME}.py instead' in output
    # Twice 8 images are all 16 in one iteration.
    assert '[1][1/1]' in output
    return mim.folder / 'work'


def test_search(mim):
    mim.check_search()


def test_download_gives_the_config(mim):
    """Weights have not been published."""
    mim.check_download()


def test_train_and_test(mim, work_dir):
    assert (work_dir / 'epoch_1.pth').is_file()
    output = mim('test', mim.config, '--checkpoint', work_dir / 'epoch_1.pth',
                 '--work-dir', work_dir, *mim.options)
    assert 'reid/mAP' in output


def test_run(mim):
    mim('run', 'make_synthetic_reid', 'drawn', '--train-pids', 1,
        '--test-pids', 1, '--cameras', 2, '--images-per-camera', 2)
    assert list((mim.folder / 'drawn').rglob('*.jpg'))


def test_gridsearch(mim):
    mim('gridsearch', mim.config, '--work-dir', 'grid', '--search-args',
        '--optim_wrapper.optimizer.lr 1e-3 2e-3', *mim.options)
    rates = {
        Config.fromfile(next(folder.glob('*.py'))).optim_wrapper.optimizer.lr
        for folder in mim.folder.glob('grid_search_*')
        if (folder / 'epoch_1.pth').is_file()
    }
    assert rates == {1e-3, 2e-3}


@pytest.mark.parametrize('distribution', DISTRIBUTIONS)
def test_editable(distribution, data_root, tmp_path):
    sources = copy_sources(tmp_path / 'checkout')
    mim = make_mim(distribution, ['--editable', sources], data_root, tmp_path)
    assert mim.environment.package_folder().parent == sources
    if distribution.startswith('onedl'):
        # It searches the whole checkout, where each config is found twice.
        mim.config = sources / 'configs' / mim.config
    mim.check_search()
    mim.check_download()
    mim.train(tmp_path / 'work')
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()
