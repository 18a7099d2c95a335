"""What MMEngine keeps from run to run."""
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from fusionreid_mm.visualization import ReIDVisualizer


def forget_global_instances() -> None:
    """Clear MMEngine's named singletons, as a new process would have them."""
    for manager in (DefaultScope, MessageHub, MMLogger, Visualizer,
                    ReIDVisualizer):
        manager._instance_dict.clear()
