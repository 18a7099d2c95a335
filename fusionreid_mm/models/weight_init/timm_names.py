import re

from torch import nn

from .state_dict import StateDict


def is_timm_wrapper(module: nn.Module) -> bool:
    """Whether it is mmpretrain's ``TIMMBackbone``, or one of the kind."""
    return hasattr(module, 'timm_model')


def rename_for_timm_wrapper(state_dict: StateDict,
                            wrapper: nn.Module) -> StateDict:
    """The state dict of a timm model, under the names of such a wrapper.

    All is below ``timm_model`` there; and where only maps are taken
    (``features_only``), timm writes ``stages_0`` for ``stages.0``.
    """
    expected = wrapper.state_dict()
    renamed = {}
    for name, value in state_dict.items():
        if not name.startswith('timm_model.'):
            name = f'timm_model.{name}'
        flat = re.sub(r'^(timm_model\.\w+)\.(\d+)\.', r'\1_\2.', name)
        renamed[flat if flat in expected else name] = value
    return renamed
