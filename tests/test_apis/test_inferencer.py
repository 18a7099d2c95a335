import io
import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image, write_market
from helpers.golden import ROOT
from helpers.small_checkpoint import (SmallFiles, config_of, publish,
                                      write_small_files)
from helpers.tools import run_inline
from helpers.videos import write_video
from mmengine import load
from PIL import Image
from rich.console import Console

from fusionreid_mm.apis import ReIDInferencer, get_model
from fusionreid_mm.sources import (PersonImage, UnreadableImageError, progress,
                                   read_image)

CHANNELS = 64 + 24 + 4 * 16


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> SmallFiles:
    return write_small_files(tmp_path_factory.mktemp('small'))


@pytest.fixture(scope='module')
def inferencer(files):
    return ReIDInferencer(*files, device='cpu')


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f'images/{i}.png' for i in range(3)]
    for i, path in enumerate(paths):
        write_image(path, seed=i)
    return [str(path) for path in paths]


def close(descriptors):
    """Of images that are in other batches."""
    return pytest.approx(descriptors, rel=1e-4, abs=1e-5)


class TestInputs:

    def test_kinds_agree(self, inferencer, images, tmp_path, monkeypatch):
        descriptors = inferencer(images)
        assert descriptors.shape == (3, CHANNELS)
        assert descriptors.dtype == np.float32
        assert inferencer.descriptor_size == CHANNELS
        monkeypatch.chdir(tmp_path)
        arrays = [np.asarray(Image.open(path))[..., ::-1] for path in images]
        Path('images.csv').write_text('image\n' + '\n'.join(images))
        for same in ('images', Path('images'), 'images/*.png', 'images.csv',
                     arrays, np.stack(arrays), tuple(images), iter(images),
                     [images[0], arrays[1],
                      PersonImage(images[2])], (read_image(path)
                                                for path in images)):
            np.testing.assert_array_equal(inferencer(same), descriptors)

    def test_batches_agree(self, inferencer, images):
        descriptors = inferencer(images)
        for one in (images[0], Path(images[0]), PersonImage(images[0]),
                    read_image(images[0])):
            assert inferencer(one) == close(descriptors[:1])
        assert inferencer(images, batch_size=2) == close(descriptors)

    def test_people_in_a_video(self, inferencer, tmp_path):
        video = write_video(tmp_path / 'walk.avi')
        video.with_suffix('.csv').write_text('frame,x,y,width,height,camid\n'
                                             '3,40,0,20,40,1\n'
                                             '3,0,0,20,40,\n'
                                             '9,40,0,20,40,2\n')
        crops = [
            read_image(f'{video}#frame={frame}&xywh={x},0,20,40')
            for frame, x in ((3, 40), (3, 0), (9, 40))
        ]
        np.testing.assert_array_equal(
            inferencer(str(video)), inferencer(crops, camids=[1, None, 2]))

    def test_cameras(self, inferencer, images):
        unknown = inferencer(images)
        some = inferencer(images, camids=[0, None, 2])
        same = np.isclose(unknown, some, rtol=1e-4, atol=1e-5).all(axis=1)
        assert same.tolist() == [False, True, False]
        for camids in (2, np.int64(2), [2, 2, 2], np.array([2, 2, 2])):
            np.testing.assert_array_equal(
                inferencer(images, camids=camids),
                inferencer([PersonImage(path, 2) for path in images]))
        known = [PersonImage(path, 1) for path in images]
        np.testing.assert_array_equal(
            inferencer(known, camids=[0, None, 2]), some)

    @pytest.mark.parametrize('camids', [[0, 1], [0, 1, 2, 0]])
    def test_as_many_cameras_as_images(self, inferencer, images, camids):
        with pytest.raises(
                ValueError, match=f'3 images, but {len(camids)} camids'):
            inferencer(images, camids=camids)
        with pytest.raises(ValueError, match='as many images as camids'):
            inferencer(iter(images), camids=iter(camids))

    def test_a_camera_that_the_model_does_not_know(self, inferencer, images):
        with pytest.raises(ValueError, match='camera id 3'):
            inferencer(images, camids=3)

    @pytest.mark.parametrize('bad, error, message', [
        ([], ValueError, r'there are no images in \[\]'),
        (iter([]), ValueError, 'there are no images'),
        ('absent.jpg', FileNotFoundError, "'absent.jpg'"),
        (np.zeros((8, 4), np.uint8), ValueError, r'\(8, 4\) of uint8'),
        (np.zeros((8, 4, 3)), ValueError, r'\(8, 4, 3\) of float64'),
        (np.zeros((8, 0, 3), np.uint8), ValueError, r'\(8, 0, 3\) of uint8'),
        ([np.zeros((8, 4, 3), np.uint8),
          np.zeros((8, 4, 4), np.uint8)
          ], ValueError, r'\(8, 4, 4\) of uint8 \(image 1, counted from 0\)'),
        (3, TypeError, 'given as paths'),
    ])
    def test_what_is_no_image(self, inferencer, bad, error, message):
        with pytest.raises(error, match=message):
            inferencer(bad)

    def test_a_file_that_is_no_image(self, inferencer, images):
        Path(images[1]).write_bytes(b'words')
        with pytest.raises(UnreadableImageError, match='images/1.png'):
            inferencer(images)

    def test_batch_size(self, inferencer, images):
        for call in (inferencer, inferencer.stream):
            with pytest.raises(ValueError, match='at least 1: got 0'):
                call(images, batch_size=0)


class TestStream:

    def test_batches(self, inferencer, images):
        known = [PersonImage(path, i, i / 2) for i, path in enumerate(images)]
        batches = list(inferencer.stream(known, batch_size=2))
        assert [batch for batch, _ in batches] == [known[:2], known[2:]]
        assert np.concatenate([x for _, x in batches
                               ]) == close(inferencer(known))
        (batch, _), = inferencer.stream(images, camids=[2, None, 0])
        assert batch == [
            PersonImage(path, camid)
            for path, camid in zip(images, (2, None, 0))
        ]

    def test_what_never_ends(self, inferencer):
        """No more is taken than is needed for a batch."""
        taken = []

        def pictures():
            for number in count():
                taken.append(number)
                yield np.full((64, 32, 3), number, np.uint8)

        stream = inferencer.stream(pictures(), camids=1, batch_size=3)
        for end in (3, 6, 9):
            batch, descriptors = next(stream)
            assert [image[0, 0, 0] for image in batch] == taken[-3:]
            assert descriptors.shape == (3, CHANNELS)
            assert len(taken) == end

    def test_bad_images(self, inferencer, images, caplog):
        for path in (images[0], images[2]):
            Path(path).write_bytes(b'words')
        with pytest.raises(UnreadableImageError, match='0.png'):
            list(inferencer.stream(images))
        (batch, descriptors), = inferencer.stream(images, on_bad_image='skip')
        assert batch == [PersonImage(images[1])]
        assert descriptors == close(inferencer(images[1]))
        assert list(inferencer.stream(images[0], on_bad_image='skip')) == []
        with pytest.raises(ValueError, match="'raise' or 'skip': got 'no'"):
            inferencer.stream(images, on_bad_image='no')

    def test_bad_images_are_counted(self, inferencer, images, monkeypatch):
        lines = []
        monkeypatch.setattr('fusionreid_mm.apis.inferencer.print_log',
                            lambda text, *args: lines.append(text))
        for path in (images[0], images[2]):
            Path(path).write_bytes(b'words')
        list(inferencer.stream(images, on_bad_image='skip'))
        assert 'images/0.png' in lines[0] and 'images/2.png' in lines[1]
        assert [line.rpartition('. ')[2] for line in lines] == [
            'It is left out, as 1 of the first 1 images',
            'It is left out, as 2 of the first 3 images',
        ]

    @pytest.mark.parametrize('loader', [
        dict(type='LoadImageFromFile'),
        dict(type='LoadReIDImage', ignore_empty=True)
    ])
    def test_other_loaders_name_the_file(self, files, images, loader):
        cfg = config_of(files)
        cfg.test_dataloader.dataset.pipeline[0] = loader
        other = ReIDInferencer(cfg, files.checkpoint, device='cpu')
        Path(images[1]).write_bytes(b'words')
        with pytest.raises(UnreadableImageError, match='images/1.png'):
            other(images)


class TestAgreesWithTheTest:
    """``tools/test.py --out`` and the inferencer, to the last bit."""

    def test_known_cameras(self, tmp_path, monkeypatch):
        root = write_market(tmp_path / 'data')
        files = write_small_files(tmp_path / 'small', root)
        self.check(files, tmp_path, monkeypatch, are_known=True)

    def test_unknown_cameras(self, tmp_path, monkeypatch):
        for seed, name in enumerate(('train/a/1', 'train/b/2', 'test/c/3',
                                     'test/c/4', 'test/d/5', 'test/d/6')):
            write_image(tmp_path / f'data/{name}.jpg', seed)
        files = write_small_files(
            tmp_path / 'small',
            tmp_path / 'data',
            test_dataloader__dataset__type='FolderReIDDataset')
        self.check(files, tmp_path, monkeypatch, are_known=False)

    def test_mixed_precision(self, tmp_path, monkeypatch):
        root = write_market(tmp_path / 'data')
        files = write_small_files(
            tmp_path / 'small', root, test_cfg__fp16=True)
        exact = self.check(files, tmp_path, monkeypatch, are_known=True)
        cfg = config_of(files)
        cfg.test_cfg.fp16 = False
        assert exact != close(
            ReIDInferencer(cfg, files.checkpoint,
                           device='cpu')(str(root / 'query')))

    def check(self, files, tmp_path, monkeypatch, are_known):
        run_inline(monkeypatch, 'test.py', *files, '--work-dir',
                   tmp_path / 'test', '--out', tmp_path / 'a.pkl')
        samples = load(tmp_path / 'a.pkl')
        paths = [sample['img_path'] for sample in samples]
        camids = [sample['camid'] for sample in samples]
        assert all((camid >= 0) == are_known for camid in camids)
        features = torch.stack([sample['feature'] for sample in samples])
        inferencer = ReIDInferencer(files.checkpoint, device='cpu')
        found = inferencer(
            paths, camids=camids if are_known else None, batch_size=4)
        np.testing.assert_array_equal(found, features.numpy())
        return found


class TestModels:

    def test_by_name(self, tmp_path, images):
        with pytest.warns(UserWarning, match='randomly initialized'):
            model = ReIDInferencer(
                'fusionreid_tiny_synthetic', device='cpu').model
        torch.save(model.state_dict(), tmp_path / 'a.pth')
        expected = ReIDInferencer(
            str(ROOT / 'configs/fusionreid_tiny_synthetic.py'),
            str(tmp_path / 'a.pth'),
            device='cpu')(
                images)
        by_name = ReIDInferencer(
            'fusionreid_tiny_synthetic', tmp_path / 'a.pth', device='cpu')
        np.testing.assert_array_equal(by_name(images), expected)

    def test_by_config(self, files, inferencer, images):
        expected = inferencer(images)
        for model in (Path(files.config), config_of(files),
                      config_of(files).to_dict()):
            other = ReIDInferencer(model, files.checkpoint, device='cpu')
            np.testing.assert_array_equal(other(images), expected)

    def test_by_a_checkpoint_alone(self, files, inferencer, images):
        expected = inferencer(images, camids=1)
        for name in ('a.pth', 'b.safetensors'):
            published = publish(files.checkpoint, name, name == 'a.pth')
            for path in (files.checkpoint, Path(published)):
                other = ReIDInferencer(path, device='cpu')
                np.testing.assert_array_equal(
                    other(images, camids=1), expected)
                assert other.cfg.model == inferencer.cfg.model
        other = ReIDInferencer(None, files.checkpoint, device='cpu')
        assert other.fingerprint == inferencer.fingerprint

    def test_get_model_of_a_checkpoint(self, files, inferencer):
        expected = inferencer.model.state_dict()
        for pretrained in (False, True, files.checkpoint):
            model = get_model(files.checkpoint, pretrained)
            assert not model.training
            for name, value in model.state_dict().items():
                assert torch.equal(value, expected[name])
        model = get_model(files.checkpoint, head=dict(test_embeddings=['cnn']))
        assert model.head.test_embeddings == ['cnn']

    def test_preprocessor_at_the_top_of_the_config(self, files, inferencer,
                                                   images):
        """Where the Runner takes it from."""
        cfg = config_of(files)
        cfg.data_preprocessor = cfg.model.pop('data_preprocessor')
        other = ReIDInferencer(cfg, files.checkpoint, device='cpu')
        np.testing.assert_array_equal(other(images), inferencer(images))

    @pytest.mark.parametrize('arguments, error, message', [
        (('resnet', ), ValueError, "'resnet'.*'fusionreid_market'"),
        (('absent.pth', ), FileNotFoundError, 'absent.pth'),
        (('a.pth', 'b.pth'), ValueError,
         "'a.pth' is a checkpoint already.*weights='b.pth'"),
    ])
    def test_mistakes(self, arguments, error, message):
        with pytest.raises(error, match=message):
            ReIDInferencer(*arguments)

    def test_a_checkpoint_that_does_not_fit(self, files, tmp_path):
        state_dict = torch.load(files.checkpoint)['state_dict']
        state_dict.pop('neck.pool.cnn.p')
        torch.save(dict(state_dict=state_dict), tmp_path / 'b.pth')
        with pytest.raises(ValueError, match='missing: neck.pool.cnn.p'):
            ReIDInferencer(files.config, str(tmp_path / 'b.pth'))


class TestConfigsOfStrangers:
    """A checkpoint's config is Python code, as MMEngine writes it."""

    def load(self, files, tmp_path, text):
        checkpoint = torch.load(files.checkpoint)
        checkpoint['meta'] = dict(cfg=text) if text is not None else {}
        torch.save(checkpoint, tmp_path / 'a.pth')
        return ReIDInferencer(str(tmp_path / 'a.pth'), device='cpu')

    def test_code_is_not_run(self, files, tmp_path):
        text = config_of(files).pretty_text
        target = tmp_path / 'harm'
        code = f'open({str(target)!r}, "w").close()'
        for bad in (f'{text}\n{code}\n', f'{text}\nharm = [{code}]\n',
                    f'import os\n{text}', f'{text}\nwork_dir = dict(**{code})',
                    f'{text}\n{{}}[{code}] = 1'):
            with pytest.raises(
                    ValueError, match='is refused: the config is no plain da'):
                self.load(files, tmp_path, bad)
        assert not target.exists()

    @pytest.mark.parametrize('part', [
        'model', 'model.neck', 'model.branches.cnn.backbone',
        'model.data_preprocessor', 'test_dataloader.dataset.pipeline.1'
    ])
    @pytest.mark.parametrize('name', ['mmengine.mkdir_or_exist', 'os.mkdir'])
    def test_functions_are_not_called(self, files, tmp_path, part, name):
        """As MMEngine does with whatever it finds under a type."""
        cfg = config_of(files)
        node = cfg
        for key in part.split('.'):
            node = node[int(key) if key.isdigit() else key]
        node.clear()
        key = 'path' if name == 'os.mkdir' else 'dir_name'
        node.update({'type': name, key: str(tmp_path / 'harm')})
        with pytest.raises(
                ValueError,
                match=f"refused: nothing is registered as type='{name}'"):
            self.load(files, tmp_path, cfg.pretty_text)
        assert not (tmp_path / 'harm').exists()

    def test_no_config(self, files, tmp_path):
        with pytest.raises(
                ValueError,
                match='a.pth does not carry the config .*give both'):
            self.load(files, tmp_path, None)


class TestFingerprint:

    @pytest.fixture
    def of(self, files):

        def fingerprint(checkpoint=files.checkpoint, **options):
            cfg = config_of(files)
            cfg.merge_from_dict({
                key.replace('__', '.'): value
                for key, value in options.items()
            })
            return ReIDInferencer(cfg, checkpoint, device='cpu').fingerprint

        return fingerprint

    def test_is_of_what_is_computed_and_not_of_files(self, files, of, images,
                                                     inferencer):
        expected = inferencer.fingerprint
        assert re.fullmatch('[0-9a-f]{32}', expected)
        for name in ('c.pth', 'd.safetensors', 'e.pth'):
            published = publish(files.checkpoint, name, name != 'e.pth')
            assert ReIDInferencer(published).fingerprint == expected
            assert of(published) == expected
        inferencer(images)
        assert inferencer.fingerprint == expected
        # What is of training and of files.
        assert of(
            model__head__num_classes=50,
            model__data_preprocessor__random_erasing=dict(probability=.5),
            model__branches__cnn__backbone__init_cfg=dict(
                type='Pretrained', checkpoint='nowhere'),
            test_dataloader__dataset__data_root='elsewhere',
            test_dataloader__batch_size=7,
            work_dir='elsewhere') == expected

    def test_is_of_all_that_matters(self, of, tmp_path):
        other = write_small_files(tmp_path / 'other', seed=1)
        found = {
            of(),
            of(other.checkpoint),
            of(model__head__test_embeddings=['cnn', 'transformer']),
            of(model__head__test_embeddings=['transformer', 'cnn']),
            of(model__head__neck_feat='after'),
            of(model__data_preprocessor__mean=[120.] * 3),
            of(model__neck__num_heads=4),
            of(test_dataloader__dataset__pipeline__1__interpolation='nearest'),
            of(test_cfg__fp16=True),
        }
        assert len(found) == 9

    @pytest.mark.parametrize('name', [
        'neck.pool.cnn.p', 'head.bnnecks.cnn.bn.running_mean',
        'branches.transformer.backbone.pos_embed'
    ])
    def test_is_of_each_weight(self, files, of, tmp_path, name):
        checkpoint = torch.load(files.checkpoint)
        checkpoint['state_dict'][name].view(-1)[-1:].add_(1e-6)
        torch.save(checkpoint, tmp_path / 'a.pth')
        assert of(str(tmp_path / 'a.pth')) != of()

    def test_follows_the_choice_of_embeddings(self, files):
        inferencer = ReIDInferencer(*files, device='cpu')
        before = inferencer.fingerprint
        inferencer.model.head.test_embeddings = ['cnn', 'transformer']
        assert inferencer.fingerprint != before
        assert inferencer.descriptor_size == 64 + 24


class TestProgressBar:

    @pytest.fixture
    def screen(self, monkeypatch):
        """What the bar says, on a terminal or not."""

        def show(is_terminal):
            screen = io.StringIO()
            monkeypatch.setattr(
                progress, 'Console', lambda stderr: Console(
                    file=screen, force_terminal=is_terminal, width=80))
            return screen

        return show

    @pytest.mark.parametrize('show, is_terminal, has_bar', [
        (True, True, True),
        (True, False, False),
        (False, True, False),
    ])
    def test_is_for_terminals(self, files, images, screen, show, is_terminal,
                              has_bar):
        inferencer = ReIDInferencer(*files, device='cpu', show_progress=show)
        shown = screen(is_terminal)
        inferencer(images)
        assert ('3/3' in shown.getvalue()) == has_bar
        inferencer(iter(images))
        assert ('3/?' in shown.getvalue()) == has_bar
