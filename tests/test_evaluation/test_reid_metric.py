import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope

from fusionreid_mm.evaluation import ReIDMetric
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
    np.testing.assert_allclose(metric.ranking.ap, [1 / 2, 1 / 3])


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
    (dict(ranks=()), 'ranks must be'),
    (dict(ranks=5), 'ranks must be'),
    (dict(ranks=(0, 1)), 'ranks must be'),
    (dict(ranks=('1', )), 'ranks must be'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ReIDMetric(**kwargs)


def test_features_do_not_keep_their_batch_alive():
    metric = ReIDMetric()
    batch = torch.ones(2, 3)
    row = dict(feature=batch[0], pid=1, camid=0, split='query')
    metric.process(None, [row])
    kept = metric.results[0]['feature']
    assert kept.base is None and not np.shares_memory(kept, batch.numpy())


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
