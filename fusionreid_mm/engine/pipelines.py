from typing import Any, List

from mmengine.config import Config


def pipeline_of_tests(cfg: Config) -> List[dict]:
    """The transforms through which the images of a test go.

    Raises:
        ValueError: If the config has no test.
    """
    node: Any = cfg.get('test_dataloader') or {}
    node = node.get('dataset')
    while node and 'pipeline' not in node:
        # As of MMEngine's ConcatDataset and RepeatDataset.
        datasets = node.get('datasets') or [node.get('dataset')]
        node = datasets[0]
    if not node:
        raise ValueError('the config has no test_dataloader with a dataset '
                         'that has a pipeline: images are prepared by it')
    return list(node.pipeline)
