from mmengine.runner import Runner

from fusionreid_mm.evaluation import ReIDMetric


def metric_of_test(runner: Runner, hook: str) -> ReIDMetric:
    """What ranks the gallery in a test.

    Args:
        runner (Runner): Of the test.
        hook (str): Which hook needs it.

    Raises:
        TypeError: If nothing does.
    """
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, ReIDMetric):
            return metric
    raise TypeError(f'{hook} ranks as ReIDMetric does: set '
                    "test_evaluator=dict(type='ReIDMetric')")
