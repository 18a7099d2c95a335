"""mAP, CMC and the AP of each query equal the released evaluator's."""
import numpy as np
import pytest
from helpers import dense_reranking, golden, golden_fill

from fusionreid_mm.evaluation import evaluate_ranking, evaluate_reranked

META, ARRAYS = golden.load_case('case11_eval')


@pytest.mark.parametrize('dtype, bits', [(np.float32, 'f32'),
                                         (np.float64, 'f64')])
def test_plain_ranking(dtype, bits):
    (query, gallery, query_pids, query_camids, gallery_pids,
     gallery_camids) = golden_fill.retrieval_problem()
    released = META['runs']['norm'][bits]

    result = evaluate_ranking(
        query.astype(dtype), gallery.astype(dtype), query_pids, gallery_pids,
        query_camids, gallery_camids)

    assert result.mAP == pytest.approx(released['mAP'], abs=1e-6)
    np.testing.assert_allclose(result.cmc, released['cmc_1_50'], atol=1e-6)
    np.testing.assert_allclose(result.ap, ARRAYS['ap_norm'], atol=1e-6)
    np.testing.assert_array_equal(result.first_match_rank,
                                  ARRAYS['first_match_rank_norm'])
    assert result.num_valid_queries == META['runs']['norm']['valid_queries']


@pytest.mark.parametrize('dtype, bits', [(np.float32, 'f32'),
                                         (np.float64, 'f64')])
@pytest.mark.parametrize('k1, k2', [(50, 15), (20, 6)])
def test_reranking(k1, k2, dtype, bits):
    """The released weights are halves, which moves mAP in the fifth digit."""
    (query, gallery, query_pids, query_camids, gallery_pids,
     gallery_camids) = golden_fill.retrieval_problem()
    name = f'norm_rerank_{k1}_{k2}_0.3'
    released = META['runs'][name][bits]

    result = evaluate_reranked(
        query.astype(dtype),
        gallery.astype(dtype),
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        k1=k1,
        k2=k2,
        lambda_value=.3)

    assert result.mAP == pytest.approx(released['mAP'], abs=1e-4)
    np.testing.assert_allclose(result.cmc, released['cmc_1_50'], atol=1e-6)
    np.testing.assert_allclose(result.ap, ARRAYS[f'ap_{name}'], atol=.01)
    np.testing.assert_array_equal(result.first_match_rank,
                                  ARRAYS[f'first_match_rank_{name}'])


def test_the_formula_that_reranking_is_compared_with():
    """With halves it is the released code to the last digit; so it is what
    ``evaluate_reranked`` has to equal without them."""
    (query, gallery, query_pids, query_camids, gallery_pids,
     gallery_camids) = golden_fill.retrieval_problem()
    k1, k2 = 20, 6
    features = np.concatenate([query, gallery]).astype(np.float64)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    similarities = features @ features.T
    order = dense_reranking.nearest_first(similarities)
    ids = query_pids, gallery_pids, query_camids, gallery_camids

    def precisions(dtype):
        distances = dense_reranking.rerank(2 - 2 * similarities, order,
                                           len(query), k1, k2, .3, dtype)
        places = np.argsort(np.argsort(distances, axis=1, kind='stable'))
        return np.array([
            evaluate_ranking(
                np.zeros((1, 1)),
                places[i][:, None],
                ids[0][i:i + 1],
                ids[1],
                ids[2][i:i + 1],
                ids[3],
                metric='euclidean').ap[0] for i in range(len(query))
            if not np.isnan(ARRAYS['ap_norm'][i])
        ])

    valid = ~np.isnan(ARRAYS['ap_norm'])
    released = ARRAYS['ap_norm_rerank_20_6_0.3'][valid]
    np.testing.assert_allclose(precisions(np.float16), released, atol=1e-6)
    result = evaluate_reranked(query, gallery, *ids, k1=k1, k2=k2)
    np.testing.assert_allclose(precisions(np.float64), result.ap[valid])
