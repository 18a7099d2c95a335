import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from helpers.exports import load_small_run, needs_export
from helpers.golden import ROOT
from onnx import TensorProto

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.apis import export as export_module
from fusionreid_mm.apis import export_model
from fusionreid_mm.deployment import Threshold, read_bundle
from fusionreid_mm.deployment.exporting import (DescriptorGraph, ExportedFile,
                                                build_graph, compare,
                                                random_camids, random_images,
                                                threshold_of)
from fusionreid_mm.deployment.exporting.onnx_model import to_half
from fusionreid_mm.evaluation import VerificationResult, save_thresholds
from fusionreid_mm.evaluation.functional import OperatingPoint

pytestmark = needs_export


@pytest.fixture
def without_tracing(monkeypatch):
    """Export to files that nothing reads, in no time."""

    def writer(graph, manifest, opset):

        def run(*inputs):
            tensors = [
                torch.from_numpy(item) for item in inputs if item is not None
            ]
            with torch.no_grad():
                return graph(*tensors).numpy()

        return ExportedFile(b'a model', run)

    monkeypatch.setattr(export_module, 'writer_of', lambda *args: writer)


def similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return torch.cosine_similarity(
        torch.from_numpy(first), torch.from_numpy(second)).numpy()


def test_the_graph_is_a_step_of_the_test(inferencer, run):
    """With the data preprocessor inside, for all images and no camera."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (5, 3, 64, 32), np.uint8))
    model = inferencer.model
    samples = model.test_step(
        dict(
            inputs=list(images),
            data_samples=[
                inferencer.pipeline(item)['data_samples'] for item in items(5)
            ]))
    expected = torch.stack([sample.feature for sample in samples])
    with torch.no_grad():
        found = build_graph(model)(images)
    torch.testing.assert_close(found, expected)


def items(number: int) -> list:
    from fusionreid_mm.sources.image_items import Item
    return [Item(np.zeros((4, 4, 3), np.uint8), None)] * number


def test_what_was_checked(export, run):
    assert export.opset == 18
    assert set(export.differences) == {'random', 'real'}
    assert export.differences['random'].num_images == 12
    assert export.differences['real'].num_images == 3
    for difference in export.differences.values():
        assert 0 < difference.largest < 1e-5
        assert 0.99999 < difference.lowest_similarity <= 1.000001


def test_what_is_in_the_bundle(bundle, inferencer):
    manifest, opset, content = read_bundle(bundle)
    assert (opset, manifest.precision) == (18, 'float32')
    assert manifest.fingerprint == inferencer.fingerprint
    assert manifest.num_cameras == 3
    assert manifest.normalization == (True, (120., 110., 100.), (60., 50.,
                                                                 40.))
    assert manifest.columns == inferencer.model.head.embedding_columns
    assert manifest.versions['torch'] == torch.__version__.partition('+')[0]
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version)
            for entry in model.opset_import] == [('', 18)]
    # Nobody learns from it where it was made.
    assert str(ROOT).encode() not in content
    assert b'.py' not in content


@pytest.fixture(scope='module')
def model(inferencer, export):
    """The ONNX model of the bundle."""
    return onnx.load_from_string(read_bundle(export.path).model)


def test_half_precision(model, inferencer, run, monkeypatch, tmp_path):
    """Half as large, nearly the same, and float32 outside."""
    monkeypatch.setattr('fusionreid_mm.deployment.exporting.files.to_onnx',
                        lambda program, opset: model)
    monkeypatch.setattr(
        'fusionreid_mm.deployment.exporting.files.export_program',
        lambda *args: None)
    export = export_model(
        inferencer,
        tmp_path / 'half.fusionreid',
        images=run.images,
        precision='float16')
    for difference in export.differences.values():
        assert 1e-6 < difference.largest < 5e-3
        assert difference.lowest_similarity > 0.9999
    half = onnx.load_from_string(read_bundle(export.path).model)
    sizes = [
        sum(
            np.prod(tensor.dims) for tensor in item.graph.initializer
            if tensor.data_type == kind)
        for item, kind in ((half, TensorProto.FLOAT16), (model,
                                                         TensorProto.FLOAT))
    ]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01)
    exported = ReIDInferencer(export.path, device='cpu')
    assert exported.manifest.precision == 'float16'
    assert exported.fingerprint == inferencer.fingerprint
    found = exported(str(run.images), camids=[0, 1, None], batch_size=2)
    assert found.dtype == np.float32
    expected = inferencer(str(run.images), camids=[0, 1, None])
    assert similarity(found, expected).min() > 0.9999


def test_large_numbers_in_half_precision():
    """GeM takes third powers, which float16 may not hold."""
    import onnxruntime

    # 100 ** 3 = 1e6 > 65504
    graph = onnx.parser.parse_graph('''
        g (float[N, 1, 2, 2] images) => (float[N, 1, 1, 1] descriptors)
        <float three = {3.0}, float third = {0.33333334}>
        {
            powers = Pow(images, three)
            mean = GlobalAveragePool(powers)
            descriptors = Pow(mean, third)
        }''')
    gem = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid('', 18)], ir_version=8)
    session = onnxruntime.InferenceSession(
        to_half(gem).SerializeToString(), providers=['CPUExecutionProvider'])
    images = np.full((1, 1, 2, 2), 100, np.float32)
    found, = session.run(None, dict(images=images))
    assert found.item() == pytest.approx(100, rel=1e-3)


def test_without_cameras(inferencer, run, tmp_path):
    export = export_model(
        inferencer, tmp_path / 'a.fusionreid', with_cameras=False)
    exported = ReIDInferencer(export.path, device='cpu')
    assert exported.manifest.num_cameras == 0
    # Images of known cameras have other descriptors in a gallery.
    assert exported.fingerprint != inferencer.fingerprint
    assert len(exported.fingerprint) == len(inferencer.fingerprint)
    expected = inferencer(str(run.images))
    for camids in (None, [0, 1, 99]):
        np.testing.assert_allclose(
            exported(str(run.images), camids), expected, rtol=1e-4, atol=1e-4)


LOADERS = {
    '.pt2': 'torch.export.load(path, extra_files=extra).module()',
    '.torchscript': 'torch.jit.load(path, _extra_files=extra)',
}


@pytest.mark.parametrize('suffix, with_cameras', [('.pt2', True),
                                                  ('.torchscript', True),
                                                  ('.torchscript', False)])
def test_files_of_pytorch(inferencer, run, tmp_path, suffix, with_cameras):
    """They run in a process that never heard of this package."""
    path = tmp_path / f'person{suffix}'
    export = export_model(
        inferencer, path, images=run.images, with_cameras=with_cameras)
    assert export.opset is None
    assert export.differences['real'].largest < 1e-5
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 3, 64, 32), np.uint8)
    camids = rng.integers(-1, 3, 5)
    np.savez(tmp_path / 'inputs.npz', images=images, camids=camids)
    script = f'''
import json, sys, warnings
import numpy as np, torch
warnings.simplefilter('ignore')
extra = {{'bundle.json': ''}}
path = {str(path)!r}
graph = {LOADERS[suffix]}
assert json.loads(extra['bundle.json'])['fingerprint']
inputs = dict(np.load({str(tmp_path / 'inputs.npz')!r}))
names = ['images', 'camids'][:{1 + with_cameras}]
parts = [
    graph(*[torch.from_numpy(inputs[name][rows]) for name in names])
    for rows in (slice(0, 1), slice(1, 5))
]
np.save({str(tmp_path / 'found.npy')!r}, torch.cat(parts).detach().numpy())
assert 'fusionreid_mm' not in sys.modules and 'mmengine' not in sys.modules
'''
    subprocess.run([sys.executable, '-c', script], check=True, cwd=tmp_path)
    with torch.no_grad():
        expected = DescriptorGraph(inferencer.model)(
            torch.from_numpy(images),
            torch.from_numpy(camids) if with_cameras else None)
    np.testing.assert_allclose(
        np.load(tmp_path / 'found.npy'), expected, rtol=1e-4, atol=1e-4)


def test_a_file_for_other_programs(model, inferencer, monkeypatch, tmp_path):
    """Its metadata say how to use it."""
    monkeypatch.setattr('fusionreid_mm.deployment.exporting.files.to_onnx',
                        lambda program, opset: model)
    monkeypatch.setattr(
        'fusionreid_mm.deployment.exporting.files.export_program',
        lambda *args: None)
    export = export_model(inferencer, tmp_path / 'person.onnx')
    entry, = onnx.load(export.path).metadata_props
    assert entry.key == 'bundle.json'
    content = json.loads(entry.value)
    assert content['fingerprint'] == inferencer.fingerprint
    assert content['normalization']['where'] == 'in the graph'


def test_what_differs_is_not_written(inferencer, tmp_path, monkeypatch,
                                     without_tracing):
    path = tmp_path / 'a.torchscript'
    with pytest.raises(
            RuntimeError,
            match=r'random images differ .* and -1\.00e\+00 is allowed'):
        export_model(inferencer, path, tolerance=-1.)

    def broken(model):
        graph = build_graph(model)
        graph.mean += 30
        return graph

    monkeypatch.setattr(export_module, 'build_graph', broken)
    with pytest.raises(RuntimeError, match='a.torchscript is not written'):
        export_model(inferencer, path)

    def of_nan(model):
        graph = build_graph(model)
        graph.mean *= float('nan')
        return graph

    monkeypatch.setattr(export_module, 'build_graph', of_nan)
    with pytest.raises(ValueError, match='not finite'):
        export_model(inferencer, path)
    assert not list(tmp_path.iterdir())


def test_the_model_stays_as_it_is(inferencer, tmp_path, without_tracing):
    before = {
        name: value.clone()
        for name, value in inferencer.model.state_dict().items()
    }
    fingerprint = inferencer.fingerprint
    export_model(inferencer, tmp_path / 'a.torchscript')
    after = inferencer.model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert inferencer.fingerprint == fingerprint


def test_nothing_is_overwritten(inferencer, tmp_path):
    path = tmp_path / 'a.torchscript'
    path.write_text('mine')
    with pytest.raises(FileExistsError, match='a.torchscript is there'):
        export_model(inferencer, path)
    assert path.read_text() == 'mine'


def test_folders_that_cannot_be_written_to(inferencer, tmp_path, monkeypatch,
                                           without_tracing):
    """Before the export, which takes its time."""
    file = tmp_path / 'file'
    file.write_text('mine')
    with pytest.raises(OSError, match='file'):
        export_model(inferencer, file / 'a.torchscript')
    # Nothing is protected from root, whom the tests may be run by.
    monkeypatch.setattr('os.access', lambda path, mode: path != tmp_path)
    with pytest.raises(PermissionError, match='a.onnx: its folder is write-'):
        export_model(inferencer, tmp_path / 'a.onnx')
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize('name, options, error, message', [
    ('a.bin', {}, ValueError, 'must end with .fusionreid, .onnx, .pt2'),
    ('a.pt2', dict(precision='float16'), ValueError, 'only .* float16'),
    ('a.onnx', dict(opset=9), ValueError, 'from 18 to 23: got 9'),
    ('a.onnx', dict(images='absent'), FileNotFoundError, 'absent'),
])
def test_what_cannot_be_exported(inferencer, tmp_path, name, options, error,
                                 message):
    with pytest.raises(error, match=message):
        export_model(inferencer, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('changes, message', [
    (dict(model__data_preprocessor__pad_size_divisor=32), 'that normalises'),
    (dict(model__branches__transformer__backbone__num_views=2),
     '--without-cameras'),
])
def test_models_that_cannot_be_exported(run, tmp_path, changes, message):
    cfg = load_small_run(run, **changes)
    with pytest.warns(UserWarning, match='randomly'):
        inferencer = ReIDInferencer(cfg, device='cpu')
    with pytest.raises(ValueError, match=message):
        export_model(inferencer, tmp_path / 'a.torchscript')


def test_a_model_of_views_without_them(run, tmp_path, without_tracing):
    cfg = load_small_run(
        run, model__branches__transformer__backbone__num_views=2)
    with pytest.warns(UserWarning, match='randomly'):
        inferencer = ReIDInferencer(cfg, device='cpu')
    export = export_model(
        inferencer, tmp_path / 'a.torchscript', with_cameras=False)
    assert export.manifest.fingerprint != inferencer.fingerprint


def test_a_model_that_is_told_no_camera(run, tmp_path, without_tracing):
    """It keeps its fingerprint, with or without."""
    cfg = load_small_run(
        run, model__branches__transformer__backbone__num_cameras=0)
    with pytest.warns(UserWarning, match='randomly'):
        inferencer = ReIDInferencer(cfg, device='cpu')
    for with_cameras in (True, False):
        export = export_model(
            inferencer,
            tmp_path / f'{with_cameras}.torchscript',
            with_cameras=with_cameras)
        assert export.manifest.num_cameras == 0
        assert export.manifest.fingerprint == inferencer.fingerprint


def test_an_old_pytorch(inferencer, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.4.1+cpu')
    with pytest.raises(RuntimeError, match='PyTorch 2.7.0 or newer.*2.4.1'):
        export_model(inferencer, tmp_path / 'a.pt2')


def test_thresholds(tmp_path):
    verification = VerificationResult(
        tar_at_far={
            0.: OperatingPoint(0.8, 0., 0.5),
            0.5: OperatingPoint(0.6, 0.25, 1.)
        },
        eer=0.25,
        eer_point=OperatingPoint(0.7, 0.25, 0.75),
        num_genuine=4,
        num_impostor=4)
    path = tmp_path / 'thresholds.json'
    save_thresholds(path, verification, 'cosine')
    assert threshold_of(path, 0.) == Threshold('cosine', 0.8, 0., 0., 0.5)
    assert threshold_of(path, 0.5) == Threshold('cosine', 0.6, 0.5, 0.25, 1.)
    assert threshold_of(path) == Threshold('cosine', 0.7, None, 0.25, 0.75)
    with pytest.raises(ValueError, match=r'rate of 0.1, only for 0, 0\.5'):
        threshold_of(path, 0.1)
    with pytest.raises(FileNotFoundError, match='absent.json'):
        threshold_of(tmp_path / 'absent.json')
    content = json.loads(path.read_text())
    content['tar_at_far'][0]['threshold'] = None
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='no threshold keeps to'):
        threshold_of(path, 0.)


def test_differences_by_hand():
    """The second is turned by an angle whose cosine is 0.8, of two images."""

    def first(images, camids, batch_size):
        return np.array([[2., 0.], [0., 5.]])

    def second(images, camids, batch_size):
        # Only batches of one go wrong.
        return first(None, None, 1) if batch_size > 1 else np.array([[1., 0.],
                                                                     [3., 4.]])

    difference = compare(first, second, [None] * 2, [None] * 2)
    assert difference.largest == pytest.approx(0.6)
    assert difference.lowest_similarity == pytest.approx(0.8)
    assert difference.num_images == 2


def test_random_images():
    first, again = random_images(4), random_images(4)
    assert len({image.shape for image in first}) == 4
    assert all(map(np.array_equal, first, again))
    assert random_camids(5, 2) == [0, 1, None, 0, 1]
    assert random_camids(2, 0) == [None, None]
