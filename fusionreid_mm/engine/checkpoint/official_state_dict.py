"""From the state dict of the released FusionReID code to ours."""
import re
from typing import Dict, Iterable, Mapping, NoReturn, Sequence

from torch import Tensor

from fusionreid_mm.models import FusionReID
from fusionreid_mm.models.backbones import SIEVisionTransformer
from fusionreid_mm.models.layers import PointwiseUnit
from .misfits import find_misfits

# The released Transformers hold a classifier of their own that nothing reads,
# which is called fc in a ViT and head in a T2T-ViT.
_UNUSED = re.compile(r'transformer\.base\.(fc|head)\.(weight|bias)')

# With its LRU switched off it still holds the depthwise half.
_UNUSED_WITHOUT_LRU = re.compile(r'(res|former)_LRU\.(dwconv|bn1|act1)\..+')

# Applied in this order, each to what the ones before it made of a name.
_RULES = (
    # branches
    (r'^resnet\.base\.', 'branches.cnn.backbone.'),
    (r'^resnet\.gap\.', 'branches.cnn.pool.'),
    (r'^transformer\.base\.', 'branches.transformer.backbone.'),
    # local refinement units and their pooling
    (r'^res_LRU\.', 'neck.lru.cnn.'),
    (r'^former_LRU\.', 'neck.lru.transformer.'),
    (r'^gap_r\.', 'neck.pool.cnn.'),
    (r'^gap_f\.', 'neck.pool.transformer.'),
    (r'\.dwconv\.', '.depthwise.0.'),
    (r'(neck\.lru\.\w+)\.bn1\.', r'\1.depthwise.1.'),
    (r'(neck\.lru\.\w+)\.act1\.', r'\1.depthwise.2.'),
    (r'\.ptconv\.', '.pointwise.0.'),
    (r'(neck\.lru\.\w+)\.bn2\.', r'\1.pointwise.1.'),
    (r'(neck\.lru\.\w+)\.act2\.', r'\1.pointwise.2.'),
    # heterogenous transmission modules: the CNN's unit is 0, and so is a
    # shared one; the Transformer's is 1
    (r'^HTM\.blocks\.(\d+)\.', r'neck.htms.\1.units.'),
    (r'units\.(SEU|SEU1)\.', 'units.seu.0.'),
    (r'units\.SEU2\.', 'units.seu.1.'),
    (r'units\.(MFU|MUF_RES)\.', 'units.mfu.0.'),
    (r'units\.MFU_FORMER\.', 'units.mfu.1.'),
    (r'(units\.seu\.\d)\.blocks\.0\.norm([12])\.', r'\1.encoder.ln\2.'),
    (r'(units\.seu\.\d)\.blocks\.0\.', r'\1.encoder.'),
    (r'(units\.mfu\.\d)\.blocks\.0\.', r'\1.'),
    (r'(units\.mfu\.\d\.attn)\.norm\.', r'\1.key_norm.'),
    (r'(units\.mfu\.\d\.attn)\.q\.', r'\1.query.'),
    (r'(units\.mfu\.\d\.attn)\.k\.', r'\1.key.'),
    (r'(units\.mfu\.\d\.attn)\.v\.', r'\1.value.'),
    (r'(units\..*)\.mlp\.fc1\.', r'\1.ffn.layers.0.0.'),
    (r'(units\..*)\.mlp\.fc2\.', r'\1.ffn.layers.1.'),
    # heads
    (r'^resnet\.(?=bottleneck|classifier)', 'head.bnnecks.cnn.'),
    (r'^transformer\.(?=bottleneck|classifier)', 'head.bnnecks.transformer.'),
    (r'^(bottleneck|classifier)_1\.', r'head.bnnecks.cnn_lru.\1.'),
    (r'^(bottleneck|classifier)_2\.', r'head.bnnecks.transformer_lru.\1.'),
    (r'^(bottleneck|classifier)_3\.', r'head.bnnecks.cnn_htm.\1.'),
    (r'^(bottleneck|classifier)_4\.', r'head.bnnecks.transformer_htm.\1.'),
    (r'^(head\.bnnecks\.\w+)\.bottleneck\.', r'\1.bn.'),
)

_TRANSFORMER = 'branches.transformer.backbone.'


def convert_official_state_dict(state_dict: Mapping[str, Tensor],
                                model: FusionReID) -> Dict[str, Tensor]:
    """Rename the released code's parameters into those of ``model``.

    Args:
        state_dict (Mapping[str, Tensor]): As the released code saves it, with
            or without the prefix of ``DataParallel``.
        model (FusionReID): The model to fit.

    Returns:
        Dict[str, Tensor]: A state dict that ``model`` loads strictly.

    Raises:
        ValueError: If an entry is missing, left over, of another shape or no
            tensor, or if two are the same entry of ours; the message names
            each.
    """
    strangers = [
        f'no tensor: {name}' for name, value in state_dict.items()
        if not isinstance(value, Tensor)
    ]
    if strangers:
        _refuse(strangers)
    official_names: Dict[str, str] = {}
    twice = []
    for official, ours in map_official_names(state_dict, model).items():
        other = official_names.setdefault(ours, official)
        if other != official:
            twice.append(f'twice: {other} and {official} are both {ours}')
    converted = {
        ours: state_dict[official]
        for ours, official in official_names.items()
    }
    misfits = find_misfits(
        converted, model.state_dict(), shown=official_names.__getitem__)
    if twice or misfits:
        _refuse([*twice, *map(str, misfits)])
    # With what the modules say of themselves beside their entries.
    complete = model.state_dict()
    complete.update(converted)
    return complete


def _refuse(lines: Sequence[str]) -> NoReturn:
    raise ValueError('the state dict does not fit the model of this config:'
                     '\n  ' + '\n  '.join(lines))


def map_official_names(names: Iterable[str],
                       model: FusionReID) -> Dict[str, str]:
    """Our name of each entry of a released state dict, by its name there; the
    layers that the released code does not use are left out."""
    full_names = {name: _full_name(name, model) for name in names}
    unused = [_UNUSED]
    if any(isinstance(module, PointwiseUnit) for module in model.modules()):
        unused.append(_UNUSED_WITHOUT_LRU)
    return {
        name: _rename(full_name, model)
        for name, full_name in full_names.items()
        if not any(pattern.fullmatch(full_name) for pattern in unused)
    }


def _full_name(name: str, model: FusionReID) -> str:
    """The name in a released model of two branches: one of a single branch
    has no prefix for it."""
    name = name.removeprefix('module.')
    if set(model.branches) == {'cnn'}:
        return f'resnet.{name}'
    if set(model.branches) == {'transformer'}:
        return f'transformer.{name}'
    return name


def _rename(name: str, model: FusionReID) -> str:
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    if name.startswith(_TRANSFORMER):
        backbone = model.branches['transformer'].backbone
        # An upstream ViT has the parameters of ours, but not its method.
        our_key = getattr(backbone, 'our_key', SIEVisionTransformer.our_key)
        name = _TRANSFORMER + our_key(name[len(_TRANSFORMER):])
    for index, unit in enumerate(getattr(model.neck, 'units', ())):
        name = name.replace(f'.units.{unit}.', f'.units.{index}.')
    return name
