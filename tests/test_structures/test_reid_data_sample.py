import pickle

import pytest
import torch

from fusionreid_mm.structures import ReIDDataSample


def test_holds_and_travels():
    sample = ReIDDataSample(metainfo=dict(pid=7, camid=2, split='query'))
    sample.feature = torch.arange(3.)
    copy = pickle.loads(pickle.dumps(sample))
    assert (copy.pid, copy.camid, copy.split) == (7, 2, 'query')
    assert copy.feature.tolist() == [0, 1, 2]
    # Metrics are given this form.
    assert copy.to_dict()['pid'] == 7
    assert 'feature' in copy.to_dict()


def test_feature_must_be_a_tensor():
    with pytest.raises(AssertionError, match='Tensor'):
        ReIDDataSample().feature = [1, 2]
    sample = ReIDDataSample()
    sample.feature = torch.zeros(1)
    del sample.feature
    assert 'feature' not in sample
