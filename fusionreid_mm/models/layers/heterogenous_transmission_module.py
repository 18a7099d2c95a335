from typing import Container, Sequence, Tuple

from mmengine.model import BaseModule, ModuleList

from fusionreid_mm.registry import MODELS, SCOPE
from fusionreid_mm.structures import BranchTokens


class HeterogenousTransmissionModule(BaseModule):
    """Heterogenous Transmission Module (HTM): units through which the two
    branches guide each other.

    ::

        cnn tokens ────────── SEU ──┬── MFU ── cnn tokens
                           (shared)  ╲╱
                                     ╱╲
        transformer tokens ── SEU ──┴── MFU ── transformer tokens

    Every unit has the signature ``unit(own, other) -> own'``, and both
    branches read the state before it. A unit that the branches share is held
    once, so that a checkpoint has no key twice.

    Source: FusionReID, Heterogenous Transmission Module; other ``units`` than
    ``('seu', 'mfu')`` are the orders of its ablation.

    Args:
        embed_dims (int): Width of the tokens, D.
        num_heads (int): Number of attention heads.
        units (Sequence[str]): The units in order: ``'seu'``, ``'mfu'``, or
            the registered name of any module with that signature.
        shared (Container[str]): Those of ``units`` that the branches share.

    Raises:
        ValueError: If ``units`` is empty or no list.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        units: Sequence[str] = ('seu', 'mfu'),
        shared: Container[str] = ('seu', )
    ) -> None:
        super().__init__()
        if isinstance(units, str) or not units:
            raise ValueError("units must list at least one of 'seu', 'mfu' "
                             f'or a registered module: got {units!r}')

        def build(unit: str) -> BaseModule:
            return MODELS.build(
                dict(
                    type=unit,
                    embed_dims=embed_dims,
                    num_heads=num_heads,
                    _scope_=SCOPE))

        self.units = ModuleList(
            ModuleList(build(unit) for _ in range(1 if unit in shared else 2))
            for unit in units)

    def forward(
            self, cnn: BranchTokens,
            transformer: BranchTokens) -> Tuple[BranchTokens, BranchTokens]:
        """The tokens of both branches after all units."""
        for unit in self.units:
            unit_cnn, unit_transformer = unit[0], unit[-1]
            cnn, transformer = (unit_cnn(cnn, transformer),
                                unit_transformer(transformer, cnn))
        return cnn, transformer
