"""mAP, CMC and the AP of each query equal the released evaluator's."""
import numpy as np
import pytest
from helpers import golden, golden_fill

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


@pytest.mark.parametrize('k1, k2', [(50, 15), (20, 6)])
def test_reranking(k1, k2):
    """The released code holds weights of 16 bits, which moves a few ranks."""
    (query, gallery, query_pids, query_camids, gallery_pids,
     gallery_camids) = golden_fill.retrieval_problem()
    name = f'norm_rerank_{k1}_{k2}_0.3'
    released = META['runs'][name]['f64']

    result = evaluate_reranked(
        query,
        gallery,
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        k1=k1,
        k2=k2,
        lambda_value=0.3)

    assert result.mAP == pytest.approx(released['mAP'], abs=1e-3)
    np.testing.assert_allclose(result.cmc, released['cmc_1_50'], atol=0.006)
    first = ARRAYS[f'first_match_rank_{name}']
    assert np.mean(result.first_match_rank == first) > 0.98
