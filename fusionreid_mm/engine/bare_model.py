from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

from fusionreid_mm.models import FusionReID


def bare_model(model: nn.Module) -> FusionReID:
    """The model below the wrappers of distributed training and of test-time
    augmentation."""
    module: Any = model
    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module
    return module
