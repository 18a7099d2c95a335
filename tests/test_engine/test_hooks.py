"""What the hooks find out before a run, and draw after one."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.drawn_data import (write_duke, write_image, write_market,
                                write_msmt17)
from helpers.golden import ROOT
from helpers.small_model import small_model
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import BaseLoop, Runner
from mmengine.runner.checkpoint import load_state_dict

from fusionreid_mm.datasets.protocol import ProtocolError
from fusionreid_mm.engine.hooks import (CheckpointFitHook, RankedListHook,
                                        ReIDProtocolHook)
from fusionreid_mm.evaluation import ReIDMetric
from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization import ReIDVisualizer

MATCHED = {
    'bounding_box_train': [(p, c, 2) for p in (2, 7, 11) for c in (1, 2)],
    'query': [(1, 1, 1)],
    'bounding_box_test': [(1, 2, 1), (0, 1, 1)],
}


class _Loop(BaseLoop):
    """Stands for a loop that takes part in the run."""

    def __init__(self) -> None:
        pass

    def run(self) -> None:
        pass


class TestProtocol:

    @pytest.fixture
    def check(self, tmp_path):
        """Run the hook on a training and a test set, with the tiny model."""

        def run(train: dict, test: dict, **options):
            cfg = Config.fromfile(ROOT /
                                  'configs/fusionreid_tiny_synthetic.py')
            cfg.work_dir = str(tmp_path / 'work_dir')
            cfg.train_dataloader.merge(
                dict(
                    batch_size=4,
                    num_workers=0,
                    persistent_workers=False,
                    sampler=dict(num_identities=2, num_instances=2)))
            strict = dict(strict_counts=False)
            cfg.train_dataloader.dataset.update(train, **strict)
            for loader in (cfg.val_dataloader, cfg.test_dataloader):
                loader.merge(dict(num_workers=0, persistent_workers=False))
                loader.dataset.update(test, **strict)
            cfg.merge_from_dict(options)
            runner = Runner.from_cfg(cfg)
            runner._train_loop = runner.train_loop
            runner._val_loop = runner.val_loop
            ReIDProtocolHook().before_run(runner)
            return runner

        return run

    def test_one_dataset(self, check, tmp_path):
        market = dict(data_root=str(write_market(tmp_path, MATCHED)))
        check(market, market, **{'model.head.num_classes': 3})
        path = tmp_path / 'bounding_box_train' / '0001_c1s1_000000_00.jpg'
        write_image(path)
        with pytest.raises(ProtocolError, match='1 people.*pid 1'):
            check(market, market, **{'model.head.num_classes': 4})

    def test_another_dataset_to_test_on(self, check, tmp_path):
        """Its person 7 is not the person 7 of the training."""
        market = dict(
            data_root=str(write_market(tmp_path / 'market', MATCHED)))
        duke = dict(
            type='DukeMTMCreID', data_root=str(write_duke(tmp_path / 'duke')))
        check(market, duke, **{'model.head.num_classes': 3})

    def test_msmt17_counts_its_people_twice(self, check, tmp_path):
        msmt17 = dict(type='MSMT17', data_root=str(write_msmt17(tmp_path)))
        check(
            msmt17, msmt17, **{
                'model.head.num_classes': 2,
                'model.branches.transformer.backbone.num_cameras': 15
            })

    def test_a_part_of_the_data(self, check, tmp_path):
        """The classes of a part are those of the whole."""
        market = dict(data_root=str(write_market(tmp_path, MATCHED)))
        part = dict(market, indices=list(range(4, 12)))
        check(part, market, **{'model.head.num_classes': 3})
        with pytest.raises(ProtocolError, match='num_classes=2.*of 3 people'):
            check(part, market, **{'model.head.num_classes': 2})

    @pytest.mark.parametrize('split, absent', [('gallery', 'query'),
                                               ('train', 'query')])
    def test_a_split_that_cannot_be_evaluated(self, check, tmp_path, split,
                                              absent):
        market = dict(data_root=str(write_market(tmp_path, MATCHED)))
        with pytest.raises(ProtocolError, match=f"no {absent}.*'test'"):
            check(market, dict(market, split=split),
                  **{'model.head.num_classes': 3})

    @pytest.mark.parametrize('loader', ['train', 'val'])
    def test_a_pipeline_of_another_size(self, check, tmp_path, loader):
        market = dict(data_root=str(write_market(tmp_path, MATCHED)))
        pipeline = [
            dict(type='LoadReIDImage'),
            dict(type='Resize', scale=(32, 64)),
            dict(type='PackReIDInputs')
        ]
        with pytest.raises(ProtocolError) as error:
            check(
                market, market, **{
                    'model.head.num_classes': 3,
                    f'{loader}_dataloader.dataset.pipeline': pipeline
                })
        message = str(error.value)
        assert 'makes them 64x32' in message
        assert 'backbone has img_size=(128, 64)' in message

    def test_a_metric_that_is_not_measured(self, check, tmp_path):
        market = dict(data_root=str(write_market(tmp_path, MATCHED)))
        with pytest.raises(ProtocolError, match="'reid/map'.*'reid/mAP'"):
            check(
                market, market, **{
                    'model.head.num_classes': 3,
                    'default_hooks.checkpoint.save_best': 'reid/map'
                })

    def test_training_sets_share_no_labels(self, check, tmp_path):
        roots = [str(write_market(tmp_path / name, MATCHED)) for name in 'ab']
        part = dict(type='Market1501', split='train')
        with pytest.raises(ProtocolError, match='joins 2 datasets'):
            check(
                dict(), dict(data_root=roots[0]), **{
                    'model.head.num_classes': 3,
                    'train_dataloader.dataset': {
                        '_delete_': True,
                        'type': 'ConcatDataset',
                        'datasets': [dict(part, data_root=r) for r in roots]
                    }
                })

    @pytest.fixture
    def veri(self, tmp_path):
        """Three people to train on, one to look for, and their sides."""
        lists = dict(train='', test='')
        for folder, pids in dict(
                image_train=(2, 7, 11), image_query=(1, ),
                image_test=(1, )).items():
            for pid in pids:
                for camera in (1, 2):
                    name = f'{pid:04d}_c{camera:03d}_0_0.jpg'
                    write_image(tmp_path / folder / name)
                    part = 'train' if folder == 'image_train' else 'test'
                    lists[part] += f'{folder}/{name} -1 {pid % 8}\n'
        for part, text in lists.items():
            (tmp_path / f'keypoint_{part}.txt').write_text(text)
        return dict(type='VeRi776', data_root=str(tmp_path))

    BACKBONE = 'model.branches.transformer.backbone'

    def test_views(self, check, veri):
        three = {'model.head.num_classes': 3}
        check(veri, veri, **three, **{f'{self.BACKBONE}.num_views': 8})
        with pytest.raises(ProtocolError, match='num_views=5.*has 8 views'):
            check(veri, veri, **three, **{f'{self.BACKBONE}.num_views': 5})

    def test_views_that_nobody_told(self, check, veri, tmp_path, caplog):
        options = {
            'model.head.num_classes': 3,
            f'{self.BACKBONE}.num_views': 8
        }
        (tmp_path / 'keypoint_test.txt').unlink()
        MMLogger.get_instance('views').addHandler(caplog.handler)
        runner = check(veri, veri, **options)
        runner.logger.addHandler(caplog.handler)
        ReIDProtocolHook().before_run(runner)
        assert '4 of 4 images (gallery, query) have no known view' in \
            caplog.text
        (tmp_path / 'keypoint_train.txt').unlink()
        with pytest.raises(ProtocolError, match='no view.*num_views=0'):
            check(veri, veri, **options)

    def test_data_without_cameras(self, check, tmp_path):
        (tmp_path / 'train_test_split').mkdir()
        for name, pids in (('train_list', (2, 7, 11)), ('test_list_2', (1,
                                                                        3))):
            lines = [(f'{pid:05d}{i}', pid) for pid in pids for i in range(3)]
            for image, _ in lines:
                write_image(tmp_path / 'image' / f'{image}.jpg')
            (tmp_path / 'train_test_split' / f'{name}.txt').write_text(''.join(
                f'{image} {pid}\n' for image, pid in lines))
        data = dict(type='VehicleID', data_root=str(tmp_path), test_size=2)
        three = {'model.head.num_classes': 3}
        with pytest.raises(ProtocolError, match='no camera.*num_cameras=0'):
            check(data, data, **three)
        check(data, data, **three, **{f'{self.BACKBONE}.num_cameras': 0})

    def test_data_of_ones_own(self, check, tmp_path):
        """All against all, of which an image alone finds nothing."""
        lines = ['path,pid,role']
        for pid, role in (('x', 'train'), ('y', 'train'), ('z', 'test')):
            for i in range(2):
                write_image(tmp_path / f'{pid}{i}.jpg')
                lines.append(f'{pid}{i}.jpg,{pid},{role}')
        table = tmp_path / 'images.csv'
        table.write_text('\n'.join(lines))
        data = dict(type='CSVReIDDataset', data_root=str(tmp_path))
        options = {
            'model.head.num_classes': 2,
            f'{self.BACKBONE}.num_cameras': 0
        }
        check(data, data, **options)
        table.write_text('\n'.join(lines[:-1]))
        with pytest.raises(ProtocolError, match='1 of 1 queries'):
            check(data, data, **options)


class TestCheckpointFit:

    def run(self, checkpoint, train=True, resume=False, model=None):
        """The hook on a checkpoint of the small model; what it left of it."""
        runner = SimpleNamespace(
            model=model or small_model(),
            logger=MMLogger.get_instance('fit'),
            _resume=resume,
            _train_loop=_Loop() if train else dict())
        if resume:
            checkpoint.update(meta={}, message_hub={}, optimizer={})
        CheckpointFitHook().after_load_checkpoint(runner, checkpoint)
        return checkpoint['state_dict']

    @pytest.fixture
    def state_dict(self):
        return dict(small_model().state_dict())

    @pytest.fixture
    def other_classes(self, state_dict):
        return {
            name: value[:3] if '.classifier.' in name else value
            for name, value in state_dict.items()
        }

    @pytest.mark.parametrize('prefix', ['', 'module.'])
    def test_what_fits_is_left_as_it_is(self, state_dict, prefix):
        state_dict = {prefix + k: v for k, v in state_dict.items()}
        for purpose in (dict(), dict(resume=True), dict(train=False)):
            left = self.run(dict(state_dict=dict(state_dict)), **purpose)
            assert set(left) == set(state_dict)

    def test_classifiers_of_others_are_not_resumed(self, other_classes):
        with pytest.raises(ValueError, match='6 entries.*\n.*classifier'):
            self.run(dict(state_dict=other_classes), resume=True)

    def test_weights_alone_are_not_resumed(self, state_dict):
        runner = SimpleNamespace(
            model=small_model(), _resume=True, _train_loop=_Loop())
        with pytest.raises(ValueError, match='no optimizer.*load_from='):
            CheckpointFitHook().after_load_checkpoint(
                runner,
                dict(state_dict=state_dict, meta=dict(), message_hub=dict()))

    @pytest.mark.parametrize('train', [True, False])
    def test_but_left_out_otherwise(self, other_classes, train):
        left = self.run(dict(state_dict=other_classes), train=train)
        assert not any('.classifier.' in name for name in left)

    def test_cameras_of_others(self, state_dict):
        name = 'branches.transformer.backbone.sie_embed'
        state_dict[name] = torch.zeros(9, 1, 24)
        assert name not in self.run(dict(state_dict=dict(state_dict)))
        with pytest.raises(ValueError, match='sie_embed is'):
            self.run(dict(state_dict=state_dict), train=False)

    def test_larger_images(self, tmp_path, caplog):
        """A model is fine-tuned on them, but not tested."""
        MMLogger.get_instance('fit').addHandler(caplog.handler)
        name = 'branches.transformer.backbone'
        source = small_model().state_dict()
        torch.save(dict(state_dict=source), tmp_path / 'a.pth')
        larger = small_model(
            branches__transformer__backbone__img_size=(96, 32))
        checkpoint = torch.load(tmp_path / 'a.pth', weights_only=True)
        self.run(checkpoint, model=larger)
        assert (f'resized: {name}.pos_embed (1, 11, 24) -> (1, 15, 24)'
                in caplog.text)
        load_state_dict(larger, checkpoint['state_dict'], strict=True)
        pos_embed = larger.get_submodule(name).pos_embed
        assert torch.equal(pos_embed[:, :1],
                           source[f'{name}.pos_embed'][:, :1])
        for purpose in (dict(resume=True), dict(train=False)):
            with pytest.raises(ValueError, match='pos_embed is'):
                self.run(checkpoint, model=larger, **purpose)

    def test_something_else_is_not_fine_tuned(self):
        with pytest.raises(ValueError, match='not a single entry.*init_cfg'):
            self.run(dict(state_dict={'conv1.weight': torch.zeros(3)}))

    def test_a_part_is(self, state_dict, caplog):
        MMLogger.get_instance('fit').addHandler(caplog.handler)
        state_dict.pop('neck.pool.cnn.p')
        self.run(dict(state_dict=state_dict))
        assert '1 entries of checkpoint and model' in caplog.text
        assert 'missing: neck.pool.cnn.p' in caplog.text


class TestRankedLists:

    @pytest.fixture
    def samples(self, tmp_path):
        """A query, and two more whose files have the same name."""
        rows = [
            # feature, pid, camid, role
            ([1., 0.], 1, 0, 'query'),
            ([0., 1.], 2, None, 'query'),
            ([1., .0], 1, 0, 'gallery'),  # the first query's own camera
            ([1., .1], 2, 1, 'gallery'),
            ([.9, .5], 1, 1, 'gallery'),
            ([0., 9.], 2, None, 'gallery'),
        ]
        samples = []
        for i, (feature, pid, camid, role) in enumerate(rows):
            path = tmp_path / str(i) / 'image.png'
            write_image(path, seed=i)
            sample = ReIDDataSample(
                metainfo=dict(pid=pid, split=role, img_path=str(path)))
            if camid is not None:
                sample.set_metainfo(dict(camid=camid))
            sample.feature = torch.tensor(feature)
            samples.append(sample)
        return samples

    def run(self, samples, hook, metric='cosine', visualizer=None):
        measure = ReIDMetric(metric=metric)
        runner = SimpleNamespace(
            test_evaluator=SimpleNamespace(metrics=[measure]),
            visualizer=visualizer or ReIDVisualizer('lists'),
            logger=MMLogger.get_instance('lists'),
            _test_loop=_Loop())
        hook.before_run(runner)
        measure.process(None, [sample.to_dict() for sample in samples])
        measure.evaluate(len(samples))
        hook.after_test_epoch(runner)

    @pytest.mark.parametrize('metric, expected', [
        ('cosine', [[(1, False), (2, True),
                     (3, False)], [(3, True), (2, False), (1, True)]]),
        ('euclidean', [[(1, False), (2, True),
                        (3, False)], [(2, False), (1, True), (0, False)]]),
    ])
    def test_order_is_that_of_the_metric(self, samples, tmp_path, metric,
                                         expected, monkeypatch):
        drawn = []

        def draw(self, query, ranked):
            drawn.append([(gallery.index(item.path), item.is_match)
                          for item in ranked])
            assert len({item.score for item in ranked}) == len(ranked)
            return np.zeros((2, 2, 3), np.uint8)

        gallery = [sample.img_path for sample in samples[2:]]
        monkeypatch.setattr(ReIDVisualizer, 'draw_ranked_list', draw)
        self.run(samples, RankedListHook(True, str(tmp_path), topk=3), metric)
        assert drawn == expected

    def test_one_picture_for_each_query(self, samples, tmp_path):
        self.run(samples, RankedListHook(True, str(tmp_path / 'out')))
        assert {path.name
                for path in (tmp_path / 'out').iterdir()} == {
                    'cmc.png', 'precision_recall.png',
                    'ranked_list_00000_image.png',
                    'ranked_list_00001_image.png'
                }

    def test_each_dataset_by_itself(self, samples, tmp_path, monkeypatch):
        """The people of two datasets have the same pids."""
        drawn = []

        def draw(self, query, ranked):
            drawn.append((query.path, [item.path for item in ranked]))
            return np.zeros((2, 2, 3), np.uint8)

        monkeypatch.setattr(ReIDVisualizer, 'draw_ranked_list', draw)
        twins = [sample.clone() for sample in samples]
        for name, part in (('Small', samples), ('Large', twins)):
            for sample in part:
                sample.set_metainfo(
                    dict(dataset=name, img_path=f'{name}/{sample.img_path}'))
        self.run([*samples, *twins], RankedListHook(True, str(tmp_path / 'o')))
        assert len(drawn) == 4
        for query, ranked in drawn:
            assert {query.split('/')[0]} == \
                {path.split('/')[0] for path in ranked}
        assert sorted(path.name for path in (tmp_path / 'o').iterdir()) == [
            f'{name}_{picture}.png' for name in ('Large', 'Small')
            for picture in ('cmc', 'precision_recall',
                            'ranked_list_00000_image',
                            'ranked_list_00001_image')
        ]

    def test_pictures_go_to_the_visualizer(self, samples):
        names = []
        visualizer = ReIDVisualizer('backends')
        visualizer.add_image = lambda name, picture: names.append(name)
        self.run(
            samples,
            RankedListHook(True, num_queries=1),
            visualizer=visualizer)
        assert names == ['ranked_list_00000_image', 'cmc', 'precision_recall']

    def test_what_it_needs_is_told_before_the_test(self, samples):
        hook = RankedListHook(True)
        with pytest.raises(TypeError, match="type='ReIDVisualizer'"):
            hook.before_run(SimpleNamespace(visualizer=None))
        runner = SimpleNamespace(
            visualizer=ReIDVisualizer('needs'),
            test_evaluator=SimpleNamespace(metrics=[]),
            _test_loop=_Loop())
        with pytest.raises(TypeError, match="type='ReIDMetric'"):
            hook.before_run(runner)

    @pytest.mark.parametrize('kwargs', [dict(num_queries=0), dict(topk=0)])
    def test_bad_arguments(self, kwargs):
        with pytest.raises(ValueError, match='at least 1'):
            RankedListHook(**kwargs)
