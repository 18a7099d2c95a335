import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the weights of convolutions, and so the maps, in the order of
    channels last, in which GPUs with tensor cores compute half precision
    fastest. The numbers stay what they are."""

    def before_train(self, runner: Runner) -> None:
        """After the weights were drawn, which goes by their order, and
        loaded."""
        runner.model.to(memory_format=torch.channels_last)

    before_val = before_test = before_train
