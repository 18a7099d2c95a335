import numpy as np
import pytest
import torch
from helpers.small_model import EMBEDDINGS, IMG_SIZE, small_model
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope

from fusionreid_mm.evaluation import (ReIDMetric, evaluate_ranking,
                                      evaluate_reranked, expand_queries,
                                      load_results, load_thresholds)
from fusionreid_mm.evaluation.functional import draw_gallery
from fusionreid_mm.structures import ReIDDataSample


def sample(feature, pid, camid, split):
    metainfo = dict(pid=pid, split=split)
    if camid is not None:
        metainfo['camid'] = camid
    result = ReIDDataSample(metainfo=metainfo)
    result.feature = torch.tensor(feature)
    return result


def evaluate(samples, **kwargs):
    """Through MMEngine's evaluator, two samples at a time."""
    init_default_scope('fusionreid_mm')
    metric = ReIDMetric(**kwargs)
    evaluator = Evaluator([metric])
    for start in range(0, len(samples), 2):
        evaluator.process(samples[start:start + 2])
    return evaluator.evaluate(len(samples)), metric


def test_percent_and_keys():
    metrics, metric = evaluate([
        sample([1., 0.], 1, 0, 'query'),
        sample([0., 1.], 2, 0, 'query'),
        sample([1., .1], 2, 1, 'gallery'),
        sample([.9, .2], 1, 1, 'gallery'),
        sample([0., 1.], 0, 1, 'gallery'),
    ])
    assert metrics == {
        'reid/mAP': pytest.approx(100 * (1 / 2 + 1 / 3) / 2),
        'reid/mINP': pytest.approx(100 * (1 / 2 + 1 / 3) / 2),
        'reid/Rank-1': 0,
        'reid/Rank-5': 100,
        'reid/Rank-10': 100,
    }
    np.testing.assert_allclose(metric.rankings[''].ap, [1 / 2, 1 / 3])


def test_ranks_can_be_chosen():
    samples = [
        sample([1., 0.], 1, 0, 'query'),
        sample([1., 0.], 1, 1, 'gallery'),
        sample([1., 0.], 2, 1, 'gallery')
    ]
    metrics, _ = evaluate(samples, ranks=(2, 100))
    assert metrics['reid/Rank-2'] == metrics['reid/Rank-100'] == 100


def test_names():
    metrics, metric = evaluate(
        [sample([1., 0.], 1, 0, 'query'),
         sample([1., 0.], 1, 1, 'gallery')],
        ranks=[3])
    assert metric.names == list(metrics)
    assert metric.names == ['reid/mAP', 'reid/mINP', 'reid/Rank-3']


@pytest.mark.parametrize('kwargs, message', [
    (dict(metric='l2'), "'cosine', 'euclidean'.*'l2'"),
    (dict(num_trials=-1), 'num_trials must be 0 or more: got -1'),
    (dict(fars=[1.]), 'fars must be rates'),
    (dict(topk=0), 'topk at least 1'),
    (dict(out='found.csv'), "must end with .npz: got 'found.csv'"),
    (dict(ranks=()), 'ranks must be'),
    (dict(ranks=5), 'ranks must be'),
    (dict(ranks=(0, 1)), 'ranks must be'),
    (dict(ranks=('1', )), 'ranks must be'),
    (dict(embeddings='cnn'), "embeddings must list.*'cnn'"),
    (dict(embeddings=['cnn', 'cnn']), 'each once'),
    (dict(embeddings=[1]), 'embeddings must list'),
    (dict(embeddings=dict(all='cnn')), 'embeddings must list'),
    (dict(embeddings=dict(all=[])), 'embeddings must list'),
    (dict(embeddings=dict(all=['cnn', 'cnn'])), 'each once'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ReIDMetric(**kwargs)


def test_features_do_not_keep_their_batch_alive():
    metric = ReIDMetric()
    batch = torch.ones(2, 3)
    row = dict(feature=batch[0], pid=1, camid=0, split='query')
    metric.process(None, [row])
    kept, = metric._images._features
    assert kept.untyped_storage().nbytes() == 3 * kept.element_size()


def test_unknown_cameras_leave_nothing_out():
    metrics, _ = evaluate([
        sample([1., 0.], 1, None, 'query'),
        sample([1., 0.], 1, None, 'gallery'),
        sample([0., 1.], 2, None, 'gallery')
    ])
    assert metrics['reid/mAP'] == 100


def test_half_precision_features():
    half = sample([1., 0.], 1, 0, 'query')
    half.feature = half.feature.bfloat16()
    metrics, _ = evaluate([half, sample([1., 0.], 1, 1, 'gallery')])
    assert metrics['reid/mAP'] == 100


def test_a_training_split_is_refused():
    with pytest.raises(ValueError, match="no query images.*split='test'"):
        evaluate([sample([1., 0.], 1, 0, 'train')])


def of_dataset(dataset, samples):
    for item in samples:
        item.set_metainfo(dict(dataset=dataset))
    return samples


def two_datasets():
    """Person 1 is another one in each; together, nothing would be found."""
    good = of_dataset('good', [
        sample([1., 0.], 1, 0, 'query'),
        sample([1., .1], 1, 1, 'gallery'),
        sample([0., 1.], 2, 1, 'gallery')
    ])
    bad = of_dataset('bad', [
        sample([0., 1.], 1, 0, 'query'),
        sample([1., 0.], 1, 1, 'gallery'),
        sample([0., 1.], 2, 1, 'gallery')
    ])
    return good + bad


def test_each_dataset_is_measured_by_itself():
    metrics, metric = evaluate(two_datasets(), ranks=[1])
    assert metrics == {
        'reid/good/mAP': 100,
        'reid/good/mINP': 100,
        'reid/good/Rank-1': 100,
        'reid/bad/mAP': 50,
        'reid/bad/mINP': 50,
        'reid/bad/Rank-1': 0,
    }
    assert metric.names_of(['good', 'bad']) == list(metrics)
    assert set(metric.rankings) == {'bad', 'good'}


def test_a_dataset_without_gallery_is_named():
    samples = of_dataset('lone', [sample([1., 0.], 1, 0, 'query')])
    with pytest.raises(ValueError, match='no gallery images.*of lone'):
        evaluate(two_datasets() + samples)


def test_verification_and_results_of_each_dataset(tmp_path):
    samples = two_datasets()
    for i, item in enumerate(samples):
        item.set_metainfo(dict(img_path=f'{i}.jpg'))
    metrics, metric = evaluate(
        samples, ranks=[1], fars=[.5], out=str(tmp_path / 'found.npz'), topk=1)
    assert list(metrics) == metric.names_of(['good', 'bad'])
    assert metrics['reid/good/EER'] == 0
    assert metrics['reid/good/TAR@FAR=0.5'] == 100
    assert metrics['reid/bad/EER'] == 100
    good = load_results(tmp_path / 'found_good.npz')
    assert good.query_paths.tolist() == ['0.jpg']
    assert good.gallery_paths.tolist() == ['1.jpg', '2.jpg']
    assert good.nearest.tolist() == [[0]]
    bad = load_results(tmp_path / 'found_bad.npz')
    assert bad.ap.tolist() == [.5] and bad.nearest.tolist() == [[1]]
    thresholds, name = load_thresholds(tmp_path / 'found_good_thresholds.json')
    assert name == 'cosine'
    assert thresholds.eer_point.threshold == pytest.approx(1 / 1.01**.5)


def test_reranking_and_query_expansion_stand_beside():
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(6, 5, generator=generator)
    rows = centres.repeat_interleave(6, dim=0)
    rows += 0.9 * torch.randn(rows.shape, generator=generator)
    samples = [
        sample(row, i // 6, i % 3, 'query' if i % 6 == 0 else 'gallery')
        for i, row in enumerate(rows.tolist())
    ]
    metrics, metric = evaluate(
        samples,
        rerank=dict(k1=4, k2=2, lambda_value=.5),
        query_expansion=dict(k=2),
        ranks=[1])
    assert list(metrics) == metric.names == [
        'reid/mAP', 'reid/mINP', 'reid/Rank-1', 'reid/rerank_mAP',
        'reid/rerank_mINP', 'reid/rerank_Rank-1', 'reid/aqe_mAP',
        'reid/aqe_mINP', 'reid/aqe_Rank-1'
    ]
    plain, _ = evaluate(samples, ranks=[1])
    assert plain.items() <= metrics.items()
    in_query = np.arange(36) % 6 == 0
    pids, camids = np.arange(36) // 6, np.arange(36) % 3
    ids = [
        column[mask] for column in (pids, camids)
        for mask in (in_query, ~in_query)
    ]
    query, gallery = rows[in_query], rows[~in_query]
    expected = evaluate_reranked(
        query, gallery, *ids, k1=4, k2=2, lambda_value=.5)
    assert metrics['reid/rerank_mAP'] == 100 * expected.mAP
    expected = evaluate_ranking(
        expand_queries(query, gallery, k=2), gallery, *ids)
    assert metrics['reid/aqe_mAP'] == pytest.approx(100 * expected.mAP)
    assert len({metrics[f'reid/{way}mAP']
                for way in ('', 'rerank_', 'aqe_')}) == 3


@pytest.mark.parametrize('kwargs, error, message', [
    (dict(rerank=dict(k1=2, k2=3)), ValueError, 'k1=2, k2=3'),
    (dict(rerank=dict(k3=2)), TypeError, "'k3'"),
    (dict(query_expansion=dict(k=0)), ValueError, 'k must be from 1'),
    (dict(query_expansion=dict(n=5)), TypeError, "'n'"),
])
def test_bad_arguments_of_other_ways_to_rank(kwargs, error, message):
    with pytest.raises(error, match=message):
        ReIDMetric(**kwargs)


def test_trials():
    """Of each person, one image is drawn into the gallery."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(24, 3, generator=generator).tolist()
    samples = [
        sample(row, i // 4, None, 'gallery' if i % 4 == 0 else 'query')
        for i, row in enumerate(rows)
    ]
    for i, item in enumerate(samples):
        item.set_metainfo(dict(sample_idx=i))
    metrics, _ = evaluate(samples, num_trials=3)
    expected = []
    for trial in range(3):
        gallery = draw_gallery([item.pid for item in samples], trial)
        for i, item in enumerate(samples):
            item.set_metainfo(
                dict(split='gallery' if i in gallery else 'query'))
        alone, _ = evaluate(samples)
        expected.append(list(alone.values()))
    assert len({tuple(row) for row in expected}) == 3
    assert list(metrics.values()) == pytest.approx(np.mean(expected, axis=0))


class TestEmbeddings:

    @pytest.fixture
    def model(self):
        torch.manual_seed(0)
        return small_model().eval()

    def predict(self, model):
        """Two images of each of six people, by two cameras."""
        samples = [
            ReIDDataSample(
                metainfo=dict(
                    pid=i // 2, camid=i % 2, split=('query',
                                                    'gallery')[i % 2]))
            for i in range(12)
        ]
        inputs = torch.randn(
            12, 3, *IMG_SIZE, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            return model(inputs, samples, mode='predict')

    def test_equal_a_run_of_their_own(self, model):
        parts = {
            **{
                name: [name]
                for name in EMBEDDINGS
            }, 'htm': ['cnn_htm', 'transformer_htm'],
            'all': EMBEDDINGS
        }
        together, metric = evaluate(self.predict(model), embeddings=parts)
        assert metric.names == list(together)
        seen = set()
        for part, names in parts.items():
            model.head.test_embeddings = names
            alone, _ = evaluate(self.predict(model))
            assert len(alone) == 5
            for key, value in alone.items():
                assert together[key.replace('reid/', f'reid/{part}/')] == value
            seen.add(alone['reid/mAP'])
        assert len(seen) > 4
        # The descriptor's own keys stay what they are.
        for key, value in alone.items():
            assert together[key] == value

    def test_as_a_list(self, model):
        metrics, metric = evaluate(
            self.predict(model), embeddings=['cnn', 'transformer'], ranks=[1])
        assert list(metrics) == metric.names == [
            'reid/mAP', 'reid/mINP', 'reid/Rank-1', 'reid/cnn/mAP',
            'reid/cnn/mINP', 'reid/cnn/Rank-1', 'reid/transformer/mAP',
            'reid/transformer/mINP', 'reid/transformer/Rank-1'
        ]

    def test_by_hand(self):
        """The first column finds the match, the second one the other."""
        samples = [
            sample([1., 3.], 1, 0, 'query'),
            sample([1., -3.], 1, 1, 'gallery'),
            sample([-1., 3.], 2, 1, 'gallery')
        ]
        for item in samples:
            item.set_metainfo(
                dict(embedding_columns=dict(cnn=(0, 1), transformer=(1, 2))))
        metrics, _ = evaluate(samples, embeddings=['cnn', 'transformer'])
        assert metrics['reid/mAP'] == 50
        assert metrics['reid/cnn/mAP'] == 100
        assert metrics['reid/transformer/mAP'] == 50

    def test_features_are_kept_once(self, model):
        kept = []
        for embeddings in ((), EMBEDDINGS):
            metric = ReIDMetric(embeddings=embeddings)
            metric.process(None, [s.to_dict() for s in self.predict(model)])
            kept.append(sum(rows.nbytes for rows in metric._images._features))
        assert kept[0] == kept[1] > 0
