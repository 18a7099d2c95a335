import numpy as np
import pytest
from helpers.exports import some_manifest
from PIL import Image

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.deployment import (BrokenBundle, ExportedInferencer,
                                      Threshold, read_bundle)
from fusionreid_mm.deployment.bundle import pack_bundle
from fusionreid_mm.sources import PersonImage, UnreadableImageError

# Of descriptors whose numbers are up to about ten.
CLOSE = dict(rtol=1e-4, atol=1e-4)


@pytest.fixture(scope='module')
def exported(bundle) -> ExportedInferencer:
    return ReIDInferencer(str(bundle), device='cpu')


def test_it_is_what_a_bundle_makes(exported, bundle, inferencer):
    assert type(exported) is ExportedInferencer
    assert type(ReIDInferencer(bundle)) is ExportedInferencer  # a Path
    assert exported.fingerprint == inferencer.fingerprint
    assert exported.descriptor_size == inferencer.descriptor_size == 64 + 24 \
        + 4 * 16


@pytest.mark.parametrize('batch_size', [1, 2, 3, 32])
@pytest.mark.parametrize('camids', [None, 1, [0, None, 2], [-1, 2, -5]])
def test_the_descriptors_are_those_of_the_model(exported, inferencer, run,
                                                batch_size, camids):
    expected = inferencer(str(run.images), camids)
    found = exported(str(run.images), camids, batch_size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_cameras_matter(exported, run):
    of_cameras = [exported(str(run.images), camid) for camid in (None, 0, 1)]
    assert not np.allclose(of_cameras[0], of_cameras[1], atol=1e-2)
    assert not np.allclose(of_cameras[1], of_cameras[2], atol=1e-2)
    with pytest.raises(ValueError, match='camera id 3 .* model of 3 cameras'):
        exported(str(run.images), 3)


def test_kinds_of_input_agree(exported, run):
    expected = exported(str(run.images))
    files = sorted(run.images.iterdir())
    arrays = [np.asarray(Image.open(path))[..., ::-1] for path in files]
    named = [PersonImage(str(path)) for path in files]
    for images in (files, f'{run.images}/*.jpg', arrays, named, iter(files),
                   [named[0], arrays[1], str(files[2])]):
        np.testing.assert_array_equal(exported(images), expected)
    cameras = [image._replace(camid=i) for i, image in enumerate(named)]
    np.testing.assert_array_equal(
        exported(cameras), exported(files, [0, 1, 2]))


def test_streams(exported, run):
    """Nothing is read before it is asked for."""
    asked = []

    def forever():
        while True:
            asked.append(1)
            yield np.zeros((9, 5, 3), np.uint8)

    stream = exported.stream(forever(), camids=1, batch_size=4)
    assert not asked
    images, descriptors = next(stream)
    assert len(images) == len(asked) == 4
    np.testing.assert_allclose(descriptors, exported([images[0]] * 4, 1),
                               **CLOSE)

    files = sorted(run.images.iterdir())
    batches = list(exported.stream(files, batch_size=2))
    assert [[image.name for image in images] for images, _ in batches] == \
        [[str(files[0]), str(files[1])], [str(files[2])]]
    np.testing.assert_allclose(
        np.concatenate([descriptors for _, descriptors in batches]),
        exported(files), **CLOSE)


def test_bad_images(exported, run, tmp_path, caplog):
    bad = tmp_path / 'bad.jpg'
    bad.write_bytes(b'no image')
    good = sorted(run.images.iterdir())
    with pytest.raises(UnreadableImageError, match='bad.jpg'):
        exported([good[0], bad])
    (images, descriptors), = exported.stream([good[0], bad, good[1]],
                                             on_bad_image='skip')
    assert [image.name for image in images] == list(map(str, good[:2]))
    assert len(descriptors) == 2
    assert 'bad.jpg' in caplog.text and 'left out' in caplog.text


def test_errors(exported, bundle, run, tmp_path):
    with pytest.raises(ValueError, match='2 images, but 1 camids'):
        exported([np.zeros((3, 3, 3), np.uint8)] * 2, camids=[1])
    with pytest.raises(ValueError, match=r'\(H, W, 3\) of uint8'):
        exported(np.zeros((3, 3, 3)))
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        exported(str(run.images), batch_size=0)
    with pytest.raises(ValueError, match="'raise' or 'skip'"):
        exported.stream(str(run.images), on_bad_image='ignore')
    with pytest.raises(ValueError, match='no images'):
        exported([])
    with pytest.raises(ValueError, match='no images'):
        exported(iter([]))
    with pytest.raises(ValueError, match='holds its weights'):
        ReIDInferencer(str(bundle), str(run.checkpoint))
    with pytest.raises(FileNotFoundError, match='absent.fusionreid'):
        ReIDInferencer(tmp_path / 'absent.fusionreid')
    (tmp_path / 'broken.fusionreid').write_bytes(bundle.read_bytes()[:-1])
    with pytest.raises(BrokenBundle, match='broken.fusionreid'):
        ReIDInferencer(tmp_path / 'broken.fusionreid')


@pytest.mark.parametrize('device, message', [
    ('gpu', "must be 'cpu', 'cuda' or 'cuda:NUMBER': got 'gpu'"),
    ('cuda', 'pip install onnxruntime-gpu'),
    ('cuda:1', "device='cuda:1' needs an ONNX Runtime"),
])
def test_devices(bundle, device, message):
    import onnxruntime
    if 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        pytest.skip('this ONNX Runtime can use a GPU')
    with pytest.raises(ValueError, match=message):
        ReIDInferencer(str(bundle), device=device)


@pytest.mark.parametrize('changes, message', [
    (dict(num_cameras=0), "the model has {'images': .*'camids'"),
    (dict(columns=dict(cnn=(0, 3))), "bundle says {'descriptors': .*3"),
    (dict(preprocessing=some_manifest().preprocessing._replace(height=32)),
     r"bundle says {'images': \('tensor\(uint8\)', \[3, 32, 32\]"),
])
def test_a_model_that_is_another(bundle, tmp_path, changes, message):
    """The bundle is whole, but its parts do not fit together."""
    content = read_bundle(bundle)
    content = content._replace(manifest=content.manifest._replace(**changes))
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(pack_bundle(content))
    with pytest.raises(ValueError, match=message):
        ReIDInferencer(path)


def test_weights_outside_of_the_bundle_are_not_read(bundle, tmp_path,
                                                    monkeypatch):
    """They would be no part of what its SHA-256 is of."""
    onnx = pytest.importorskip('onnx')
    content = read_bundle(bundle)
    model = onnx.load_from_string(content.model)
    weight = max(model.graph.initializer, key=lambda x: len(x.raw_data))
    monkeypatch.chdir(tmp_path)
    with open('weights.bin', 'wb') as file:
        file.write(weight.raw_data)
    weight.ClearField('raw_data')
    weight.data_location = onnx.TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = 'location', 'weights.bin'
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(
        pack_bundle(content._replace(model=model.SerializeToString())))
    with pytest.raises(ValueError, match='cannot run this model of opset'):
        ReIDInferencer(path)


def test_no_model_at_all(bundle, tmp_path):
    content = read_bundle(bundle)._replace(model=b'no model', opset=99)
    path = tmp_path / 'a.fusionreid'
    path.write_bytes(pack_bundle(content))
    with pytest.raises(ValueError, match='cannot run this model of opset 99'):
        ReIDInferencer(path)


def with_threshold(metric: str, value: float) -> ExportedInferencer:
    threshold = Threshold(metric, value, None, 0., 1.)

    def no_graph(images, camids):
        raise AssertionError

    return ExportedInferencer.of_graph(
        some_manifest(threshold=threshold), no_graph)


def test_same_person_by_cosine():
    inferencer = with_threshold('cosine', 0.6)
    first = np.array([3., 4.,
                      0.])  # 0.6 from the first axis, 0.8 from the next
    axes = 7 * np.eye(3)
    assert inferencer.same_person(first, axes).tolist() == [True, True, False]
    pairs = inferencer.same_person(axes[:, None], axes)
    np.testing.assert_array_equal(pairs, np.eye(3, dtype=bool))
    assert not inferencer.same_person(first, 0 * first)
    stricter = with_threshold('cosine', 0.61)
    assert stricter.same_person(first, axes).tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r'are \(..., 3\): got \(2,\)'):
        inferencer.same_person(first, np.zeros(2))


def test_same_person_by_distance():
    inferencer = with_threshold('euclidean', 5.)
    origin = np.zeros(3)
    others = np.array([[3., 4., 0.], [3., 4., 0.1]])
    assert inferencer.same_person(origin, others).tolist() == [True, False]


def test_without_a_threshold():
    inferencer = ExportedInferencer.of_graph(
        some_manifest(threshold=None), lambda images, camids: images)
    assert inferencer.threshold is None
    with pytest.raises(ValueError, match='--thresholds'):
        inferencer.same_person(np.zeros(3), np.zeros(3))


def test_descriptors_that_are_not_finite():
    inferencer = ExportedInferencer.of_graph(
        some_manifest(precision='float16'), lambda images, camids: np.full(
            (len(images), 3), np.inf))
    with pytest.raises(ValueError, match='export it without --fp16'):
        inferencer(np.zeros((4, 4, 3), np.uint8))
