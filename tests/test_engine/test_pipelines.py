import pytest
from mmengine.config import Config

from fusionreid_mm.engine.pipelines import pipeline_of_tests

STEPS = [dict(type='LoadReIDImage'), dict(type='PackReIDInputs')]
READER = dict(type='Market1501', pipeline=STEPS)


@pytest.mark.parametrize('dataset', [
    READER,
    dict(type='ConcatDataset', datasets=[READER, dict(type='X')]),
    dict(type='RepeatDataset', dataset=READER),
    dict(type='RepeatDataset', dataset=dict(datasets=[READER])),
])
def test_where_it_is(dataset):
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    assert pipeline_of_tests(cfg) == STEPS


@pytest.mark.parametrize('cfg', [
    dict(),
    dict(test_dataloader=None),
    dict(test_dataloader=dict(batch_size=3)),
    dict(test_dataloader=dict(dataset=dict(type='X'))),
    dict(test_dataloader=dict(dataset=dict(datasets=[]))),
])
def test_there_is_none(cfg):
    with pytest.raises(ValueError, match='no test_dataloader with a dataset'):
        pipeline_of_tests(Config(cfg))
