"""An exported model needs nothing of MMEngine and PyTorch."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.environments import build_wheel, copy_sources
from helpers.environments import run as run_program

# What the image docker/Dockerfile, target "exported", installs.
NEEDED = ('numpy', 'pillow', 'opencv-python-headless', 'onnxruntime')

SCRIPT = '''
import sys
from importlib.util import find_spec

for name in ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'timm'):
    assert find_spec(name) is None, name

import numpy as np

import fusionreid_mm
from fusionreid_mm.apis import ReIDInferencer

bundle, images, out = sys.argv[1:]
inferencer = ReIDInferencer(bundle)
descriptors = inferencer(images, camids=[0, None, 2], batch_size=2)
np.savez(out, descriptors=descriptors, fingerprint=inferencer.fingerprint,
         same=inferencer.same_person(descriptors[:, None], descriptors))
print(fusionreid_mm.__file__)
try:
    from fusionreid_mm.apis import get_model
except ImportError as error:
    print(error)
'''


@pytest.fixture(scope='module')
def python(tmp_path_factory) -> Path:
    """Of an environment of its own, with what is needed and this package."""
    folder = tmp_path_factory.mktemp('environment')
    run_program(sys.executable, '-m', 'venv', '--without-pip', folder / 'env')
    python = folder / 'env' / 'bin' / 'python'
    wheel = build_wheel(copy_sources(folder / 'checkout'), folder)
    for requirements in (NEEDED, ('--no-deps', wheel)):
        run_program(sys.executable, '-m', 'pip', '--python', python, 'install',
                    '--quiet', '--disable-pip-version-check', *requirements)
    return python


@pytest.mark.slow
def test_in_an_environment_of_its_own(python, bundle, inferencer, run,
                                      tmp_path):
    """The same descriptors, from an installed package."""
    out = tmp_path / 'found.npz'
    text = run_program(
        python, '-I', '-c', SCRIPT, bundle, run.images, out, cwd=tmp_path)
    assert str(python.parents[1]) in text.splitlines()[0]
    assert "cannot import name 'get_model'" in text
    expected = inferencer(str(run.images), camids=[0, None, 2])
    found = np.load(out)
    np.testing.assert_allclose(
        found['descriptors'], expected, rtol=1e-4, atol=1e-4)
    assert str(found['fingerprint']) == inferencer.fingerprint
    assert found['same'].diagonal().all()


def test_nothing_else_is_imported(bundle, run):
    """Here, too, where all of it is installed."""
    script = f'''
import sys
for name in ('torch', 'mmengine', 'mmcv', 'mmpretrain', 'timm'):
    sys.modules[name] = None  # to import it is an ImportError
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if sys.modules.get(name, 0) is None else find_spec(name, package))
from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.deployment import ExportedInferencer
assert ReIDInferencer is ExportedInferencer
assert ReIDInferencer({str(bundle)!r})({str(run.images)!r}).shape[0] == 3
print('done')
'''
    done = subprocess.run([sys.executable, '-c', script],
                          capture_output=True,
                          text=True)
    assert done.stdout == 'done\n', done.stderr


def test_without_onnx_runtime(bundle, monkeypatch):
    from fusionreid_mm.apis import ReIDInferencer
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match=r'"fusionreid_mm\[deploy\]"'):
        ReIDInferencer(bundle)
