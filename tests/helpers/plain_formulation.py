"""What the released FusionReID code computes, written out as tensor maths.

An independent second opinion on models of which no golden case exists. Nothing
of the package is used: a released state dict (its names and shapes) comes into
being while the features are computed, because each weight is filled, by the
golden rule, when it is first asked for.

B batch, C channels, N tokens, D width of the fusion tokens.
"""
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from . import golden_fill

RESNET_BLOCKS = {
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}

# Released name of the units of an HTM, the CNN's first, by share_pattern.
SEUS = {0: ('SEU', ), 1: ('SEU1', 'SEU2'), 2: ('SEU1', 'SEU2'), 3: ('SEU', )}
MFUS = {
    0: ('MUF_RES', 'MFU_FORMER'),
    1: ('MUF_RES', 'MFU_FORMER'),
    2: ('MFU', ),
    3: ('MFU', )
}
# Order of the units, by the released ``mode``.
ORDERS = {
    0: ('seu', 'mfu'),
    1: ('seu', ),
    2: ('mfu', ),
    3: ('mfu', 'seu'),
}


@dataclass(frozen=True)
class Setting:
    """A released model; the defaults are the paper's.

    Args:
        cnn: Depth of the ResNet, or None.
        transformer: ``'vit'``, ``'t2t'`` or None.
        htm_layers, width, mode, share: Of the fusion, in released terms.
        lru: Of the LRUs, the released ``choice``.
        size, stride: Height and width in pixels, stride of the ViT's patches.
        cnn_width: Channels of the ResNet's stem; 64 is the usual one.
        embed_dims, layers, heads: Of the Transformer.
    """
    cnn: Optional[int] = 50
    transformer: Optional[str] = 'vit'
    htm_layers: int = 2
    width: int = 768
    mode: int = 0
    share: int = 0
    lru: bool = True
    size: Tuple[int, int] = (256, 128)
    stride: int = 12
    cnn_width: int = 64
    embed_dims: int = 768
    layers: int = 12
    heads: int = 12
    num_cameras: int = 6
    num_classes: int = 8

    @property
    def shares_seu(self) -> bool:
        return len(self.seus) == 1

    @property
    def shares_mfu(self) -> bool:
        return len(self.mfus) == 1

    @property
    def seus(self) -> Tuple[str, ...]:
        """Sharing can be chosen for the first order of units only."""
        return SEUS[self.share if self.mode == 0 else 0]

    @property
    def mfus(self) -> Tuple[str, ...]:
        return MFUS[self.share if self.mode == 0 else 0]


class Weights:
    """The weights below a name; ``weights / 'conv1'`` are those of a part.

    Args:
        state_dict (Dict[str, Tensor]): Where new entries are put.
        prefix (str): The name, with a dot at its end.
    """

    def __init__(self,
                 state_dict: Dict[str, Tensor],
                 prefix: str = '') -> None:
        self.state_dict = state_dict
        self.prefix = prefix

    def __truediv__(self, name: object) -> 'Weights':
        return Weights(self.state_dict, f'{self.prefix}{name}.')

    def __call__(self, leaf: str, *shape: int) -> Tensor:
        name = self.prefix + leaf
        if name not in self.state_dict:
            self.state_dict[name] = torch.from_numpy(
                golden_fill.fill_tensor(name, shape))
        return self.state_dict[name].double()


# Layers


def linear(w: Weights, x: Tensor, out: int, bias: bool = True) -> Tensor:
    y = x @ w('weight', out, x.size(-1)).T
    return y + w('bias', out) if bias else y


def conv(w: Weights,
         x: Tensor,
         out: int,
         kernel: int,
         stride: int = 1,
         bias: bool = False) -> Tensor:
    """With the padding that keeps the size at stride 1."""
    return F.conv2d(
        x,
        w('weight', out, x.size(1), kernel, kernel),
        w('bias', out) if bias else None,
        stride=stride,
        padding=kernel // 2)


def batch_norm(w: Weights, x: Tensor) -> Tensor:
    """Over axis 1, with the running statistics."""
    channels = x.size(1)
    weight, bias, mean, var = (
        w(leaf, channels).view(1, -1, *[1] * (x.ndim - 2))
        for leaf in ('weight', 'bias', 'running_mean', 'running_var'))
    w('num_batches_tracked')
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def layer_norm(w: Weights, x: Tensor, eps: float) -> Tensor:
    channels = x.size(-1)
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return centred / (variance + eps).sqrt() * w('weight', channels) + w(
        'bias', channels)


def prelu(w: Weights, x: Tensor) -> Tensor:
    return torch.where(x > 0, x, x * w('weight', 1))


def gelu(x: Tensor) -> Tensor:
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def mlp(w: Weights, x: Tensor, ratio: int) -> Tensor:
    channels = x.size(-1)
    hidden = gelu(linear(w / 'fc1', x, ratio * channels))
    return linear(w / 'fc2', hidden, channels)


def gem(w: Weights, x: Tensor) -> Tensor:
    p = w('p', 1)
    return x.clamp(min=1e-6).pow(p).mean((2, 3)).pow(1 / p)


def attention(q: Tensor,
              k: Tensor,
              v: Tensor,
              heads: int,
              scale: Optional[float] = None) -> Tensor:
    """(B, N, C) of each; the softmax is written out."""
    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) * (scale or q.size(-1)**-0.5)
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    return (weights @ v).transpose(1, 2).flatten(2)


def encoder_block(w: Weights, x: Tensor, heads: int, ratio: int, eps: float,
                  qkv_bias: bool) -> Tensor:
    """The usual pre-norm block of a Transformer."""
    channels = x.size(-1)
    normed = layer_norm(w / 'norm1', x, eps)
    qkv = linear(w / 'attn' / 'qkv', normed, 3 * channels, qkv_bias)
    attended = attention(*qkv.chunk(3, dim=-1), heads)
    x = x + linear(w / 'attn' / 'proj', attended, channels)
    return x + mlp(w / 'mlp', layer_norm(w / 'norm2', x, eps), ratio)


# Branches


def resnet(w: Weights, x: Tensor, depth: int, width: int) -> Tensor:
    """(B, 3, H, W) to the last map; no ReLU in the stem, last stride 1."""
    x = batch_norm(w / 'bn1', conv(w / 'conv1', x, width, 7, stride=2))
    x = F.max_pool2d(x, kernel_size=2, stride=2)
    stages = zip(RESNET_BLOCKS[depth], (1, 2, 2, 1))
    for stage, (num_blocks, stride) in enumerate(stages):
        channels = width * 2**stage
        for index in range(num_blocks):
            x = bottleneck(w / f'layer{stage + 1}' / index, x, channels,
                           stride if index == 0 else 1, index == 0)
    return x


def bottleneck(w: Weights, x: Tensor, channels: int, stride: int,
               is_first: bool) -> Tensor:
    y = batch_norm(w / 'bn1', conv(w / 'conv1', x, channels, 1)).relu()
    y = batch_norm(w / 'bn2', conv(w / 'conv2', y, channels, 3, stride)).relu()
    y = batch_norm(w / 'bn3', conv(w / 'conv3', y, 4 * channels, 1))
    if is_first:
        short = w / 'downsample'
        x = batch_norm(short / 1, conv(short / 0, x, 4 * channels, 1, stride))
    return (x + y).relu()


def with_embeddings(w: Weights, patches: Tensor, camids: Tensor,
                    num_cameras: int) -> Tensor:
    """The class token in front, position and camera added to all tokens."""
    batch_size, num_patches, channels = patches.shape
    cls = w('cls_token', 1, 1, channels).expand(batch_size, -1, -1)
    position = w('pos_embed', 1, 1 + num_patches, channels)
    camera = w('sie_embed', num_cameras, 1, channels)[camids]
    return torch.cat((cls, patches), dim=1) + position + 3.0 * camera


def vit(w: Weights, x: Tensor, camids: Tensor, setting: Setting) -> Tensor:
    """(B, 3, H, W) to (B, 1 + N, C), after the final LayerNorm."""
    channels, patch = setting.embed_dims, w / 'patch_embed' / 'proj'
    patches = F.conv2d(
        x,
        patch('weight', channels, 3, 16, 16),
        patch('bias', channels),
        stride=setting.stride)
    tokens = with_embeddings(w,
                             patches.flatten(2).transpose(1, 2), camids,
                             setting.num_cameras)
    for index in range(setting.layers):
        tokens = encoder_block(w / 'blocks' / index, tokens, setting.heads, 4,
                               1e-6, True)
    (w / 'fc')('weight', 1000, channels)  # which nothing reads
    (w / 'fc')('bias', 1000)
    return layer_norm(w / 'norm', tokens, 1e-6)


def t2t_vit(w: Weights, x: Tensor, camids: Tensor, setting: Setting) -> Tensor:
    """(B, 3, H, W) to (B, 1 + N, C), after the final LayerNorm."""
    height, width = setting.size
    module = w / 'tokens_to_token'
    tokens = F.unfold(x, 7, stride=4, padding=2).transpose(1, 2)
    for name, shrunk in (('attention1', 4), ('attention2', 8)):
        tokens = token_transformer(module / name, tokens, 64)
        grid = tokens.transpose(1, 2).unflatten(
            2, (height // shrunk, width // shrunk))
        tokens = F.unfold(grid, 3, stride=2, padding=1).transpose(1, 2)
    patches = linear(module / 'project', tokens, setting.embed_dims)

    tokens = with_embeddings(w, patches, camids, setting.num_cameras)
    for index in range(setting.layers):
        tokens = encoder_block(w / 'blocks' / index, tokens, setting.heads, 3,
                               1e-5, False)
    (w / 'head')('weight', setting.num_classes,
                 setting.embed_dims)  # which nothing reads
    (w / 'head')('bias', setting.num_classes)
    return layer_norm(w / 'norm', tokens, 1e-5)


def token_transformer(w: Weights, x: Tensor, channels: int) -> Tensor:
    """One head; the scale is that of the input, the skip connection is v."""
    normed = layer_norm(w / 'norm1', x, 1e-5)
    qkv = linear(w / 'attn' / 'qkv', normed, 3 * channels, bias=False)
    q, k, v = qkv.chunk(3, dim=-1)
    attended = attention(q, k, v, heads=1, scale=x.size(-1)**-0.5)
    x = v + linear(w / 'attn' / 'proj', attended, channels)
    return x + mlp(w / 'mlp', layer_norm(w / 'norm2', x, 1e-5), ratio=1)


# Fusion


class Tokens(NamedTuple):
    cls: Tensor  # (B, 1, D)
    patch: Tensor  # (B, N, D)


def lru(w: Weights, x: Tensor, width: int, choice: bool) -> Tensor:
    """The depthwise convolution is 1 x 1: a factor and a bias a channel.
    Without ``choice`` it is there, but not used."""
    channels, depthwise = x.size(1), w / 'dwconv'
    y = x * depthwise('weight', channels, 1, 1, 1).view(1, -1, 1, 1)
    y = y + depthwise('bias', channels).view(1, -1, 1, 1)
    y = prelu(w / 'act1', batch_norm(w / 'bn1', y))
    x = conv(w / 'ptconv', y if choice else x, width, 1, bias=True)
    return prelu(w / 'act2', batch_norm(w / 'bn2', x))


def tokens_of(pool: Weights, feature_map: Tensor) -> Tokens:
    return Tokens(
        cls=gem(pool, feature_map)[:, None],
        patch=feature_map.flatten(2).transpose(1, 2))


def seu(w: Weights, own: Tokens, other: Tokens) -> Tokens:
    x = encoder_block(w / 'blocks' / 0, torch.cat(own, dim=1), 12, 4, 1e-5,
                      False)
    x = layer_norm(w / 'norm', x, 1e-5)
    return Tokens(x[:, :1], x[:, 1:])


def mfu(w: Weights, own: Tokens, other: Tokens) -> Tokens:
    """Keys are normed, values are not."""
    w = w / 'blocks' / 0
    width, attn = own.cls.size(-1), w / 'attn'
    query, key, value = (linear(
        attn / name, x, width,
        bias=False) for name, x in (('q',
                                     layer_norm(w / 'norm1', own.cls, 1e-5)),
                                    ('k',
                                     layer_norm(attn /
                                                'norm', other.patch, 1e-5)),
                                    ('v', other.patch)))
    attended = attention(query, key, value, heads=12)
    cls = own.cls + linear(attn / 'proj', attended, width)
    cls = cls + mlp(w / 'mlp', layer_norm(w / 'norm2', cls, 1e-5), ratio=4)
    return Tokens(cls, own.patch)


def htm(w: Weights, cnn: Tokens, transformer: Tokens,
        setting: Setting) -> Tuple[Tokens, Tokens]:
    units: Dict[str, Tuple[Callable, Tuple[str, ...]]] = dict(
        seu=(seu, setting.seus), mfu=(mfu, setting.mfus))
    for name in ORDERS[setting.mode]:
        unit, names = units[name]
        cnn, transformer = (unit(w / names[0], cnn, transformer),
                            unit(w / names[-1], transformer, cnn))
    return cnn, transformer


def fusion(w: Weights, cnn_map: Tensor, transformer_map: Tensor,
           setting: Setting) -> Dict[str, Tensor]:
    cnn_0 = tokens_of(w / 'gap_r',
                      lru(w / 'res_LRU', cnn_map, setting.width, setting.lru))
    transformer_0 = tokens_of(
        w / 'gap_f',
        lru(w / 'former_LRU', transformer_map, setting.width, setting.lru))
    cnn, transformer = cnn_0, transformer_0
    for index in range(setting.htm_layers):
        cnn, transformer = htm(w / 'HTM' / 'blocks' / index,
                               Tokens(cnn.cls, cnn_0.patch),
                               Tokens(transformer.cls, transformer_0.patch),
                               setting)
    return dict(
        cnn_lru=cnn_0.cls[:, 0],
        transformer_lru=transformer_0.cls[:, 0],
        cnn_htm=cnn.cls[:, 0],
        transformer_htm=transformer.cls[:, 0])


# Model


class Released(NamedTuple):
    """
    Attributes:
        state_dict: All entries that a released file of this model has.
        before: The features by our names, before BNNeck.
        after: The same, after BNNeck.
    """
    state_dict: Dict[str, Tensor]
    before: Dict[str, Tensor]
    after: Dict[str, Tensor]


def released(setting: Setting, images: Tensor, camids: Tensor) -> Released:
    """What the released code says of ``images`` (B, 3, H, W), in float64."""
    images = images.double()
    w = Weights({})
    # A model of one branch has no prefix for it.
    is_fused = bool(setting.cnn and setting.transformer)
    heads: Dict[str, Tuple[Weights, str]] = {}
    before = {}
    if setting.cnn:
        branch = w / 'resnet' if is_fused else w
        cnn_map = resnet(branch / 'base', images, setting.cnn,
                         setting.cnn_width)
        before['cnn'] = gem(branch / 'gap', cnn_map)
        heads['cnn'] = branch, ''
    if setting.transformer:
        branch = w / 'transformer' if is_fused else w
        backbone = dict(vit=vit, t2t=t2t_vit)[setting.transformer]
        tokens = backbone(branch / 'base', images, camids, setting)
        before['transformer'] = tokens[:, 0]
        heads['transformer'] = branch, ''
    if is_fused:
        transformer_map = tokens[:,
                                 1:].transpose(1,
                                               2).unflatten(2, grid(setting))
        before.update(fusion(w, cnn_map, transformer_map, setting))
        for number, name in enumerate(list(before)[2:], 1):
            heads[name] = w, f'_{number}'
    after = {
        name: bnneck(*heads[name], feature, setting.num_classes)
        for name, feature in before.items()
    }
    return Released(w.state_dict, before, after)


def bnneck(w: Weights, suffix: str, feature: Tensor,
           num_classes: int) -> Tensor:
    after = batch_norm(w / f'bottleneck{suffix}', feature)
    linear(w / f'classifier{suffix}', after, num_classes, bias=False)
    return after


def grid(setting: Setting) -> Tuple[int, int]:
    """Rows and columns of the Transformer's patches."""
    height, width = setting.size
    if setting.transformer == 't2t':
        return height // 16, width // 16
    return ((height - 16) // setting.stride + 1,
            (width - 16) // setting.stride + 1)


def descriptor(features: Dict[str, Tensor],
               names: Optional[Iterable[str]] = None) -> Tensor:
    chosen: List[str] = list(names or features)
    return torch.cat([features[name] for name in chosen], dim=1)
