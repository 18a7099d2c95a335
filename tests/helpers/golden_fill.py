"""Deterministic, storage-free weights / inputs for the FusionReID golden data.

numpy only.  Every tensor is a function of its OFFICIAL state_dict name and
shape, so nothing but the list of (name, shape) pairs has to be stored.
All arithmetic below is float64; the result is rounded ONCE to float32.
(float64 golden runs use these same float32-rounded values, widened.)
"""
import json
import math
import zlib

import numpy as np

BN3_SCALE = 0.5  # extra factor on every '*.bn3.weight' (ResNet residual branch)


def raw_normal(name, shape):
    """float64 standard normal keyed by a string."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(
        tuple(shape))


def fill_tensor(name, shape):
    """Value of the official state_dict entry `name` (first matching rule wins)."""
    shape = tuple(int(s) for s in shape)
    leaf = name.rsplit('.', 1)[-1]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape, dtype=np.int64)
    x = raw_normal(name, shape)
    if leaf == 'running_var':
        y = 1.0 + 0.1 * np.abs(x)
    elif leaf == 'running_mean':
        y = 0.1 * x
    elif leaf == 'p':  # GeM exponent, shape [1]
        y = 3.0 + 0.1 * x
    elif leaf in ('cls_token', 'pos_embed', 'sie_embed'):
        y = 0.02 * x
    elif name.endswith(
        ('act1.weight', 'act2.weight')):  # PReLU slope, shape [1]
        y = 0.25 + 0.05 * x
    elif len(shape) == 1 and leaf == 'weight':  # BatchNorm / LayerNorm
        y = 1.0 + 0.1 * x
        if name.endswith('bn3.weight'):
            y = BN3_SCALE * y
    elif len(shape) == 1 and leaf == 'bias':
        y = 0.02 * x
    elif len(shape) >= 2:  # conv / linear
        fan_in = int(np.prod(shape[1:]))
        y = x * math.sqrt(1.0 / fan_in)
    else:
        raise KeyError(f'no rule for {name} {shape}')
    return y.astype(np.float32)


def fill_state_dict(entries):
    """entries: iterable of (name, shape) -> ordered dict name -> ndarray."""
    return {n: fill_tensor(n, s) for n, s in entries}


def crc_of_state(entries):
    """Checksum of the whole generated state dict (order sensitive)."""
    c = 0
    for n, s in entries:
        c = zlib.crc32(np.ascontiguousarray(fill_tensor(n, s)).tobytes(), c)
    return c


def images(n=4, h=256, w=128):
    """Already normalised pixels, float32, NCHW."""
    return np.random.default_rng(2024).standard_normal(
        (n, 3, h, w)).astype(np.float32)


CAM_IDS = np.array([0, 1, 2, 1], dtype=np.int64)
LABELS = np.array([0, 0, 1, 1], dtype=np.int64)


def probe_vector(prefix, name, shape):
    """float64 direction for a dot-product probe; prefix 'g' gradients,
    'a' activations, 'w' parameters after an optimizer step, 'd' distance matrices."""
    return raw_normal(f'{prefix}:{name}', shape)


def probe(prefix, name, array):
    """[L2 norm, dot with the probe direction], both accumulated in float64."""
    a = np.asarray(array, dtype=np.float64)
    return [
        float(np.sqrt((a * a).sum())),
        float((a * probe_vector(prefix, name, a.shape)).sum())
    ]


def load_case(path):
    """npz case file -> (meta dict, dict of arrays)."""
    z = np.load(path, allow_pickle=False)
    meta = json.loads(str(z['meta_json']))
    return meta, {k: z[k] for k in z.files if k != 'meta_json'}


RETRIEVAL_SEED = 66  # smallest match/non-match gap: 2.2e-6 (normalised), 1.2e-4 (raw)
RETRIEVAL_SIGMA = 1.35


def retrieval_problem(seed=None, sigma=None):
    """Synthetic retrieval set: 200 queries, 1500 gallery, 60 ids, 6 cams, 64-d.

    * ids are 1..60; gallery id 0 = 120 distractors, id -1 = 50 junk boxes
    * ids 57..60 never occur in the gallery         -> queries without any match
    * id 56 occurs in the gallery under camera 0 only; its queries alternate
      between camera 0 (all matches are same-camera junk -> invalid) and 3 (valid)
    * a per-camera offset makes same-camera (to be ignored) matches rank high
    Returns q_feat, g_feat (float32) and int64 q_pid, q_cam, g_pid, g_cam.
    """
    rng = np.random.default_rng(RETRIEVAL_SEED if seed is None else seed)
    sigma = RETRIEVAL_SIGMA if sigma is None else sigma
    n_id, dim, n_cam, n_q, n_g = 60, 64, 6, 200, 1500
    centers = rng.standard_normal((n_id, dim))
    cam_offset = 0.3 * rng.standard_normal((n_cam, dim))
    q_pid = np.arange(n_q) % n_id + 1
    q_cam = rng.integers(0, n_cam, n_q)
    g_pid = np.concatenate([
        rng.integers(1, 57, n_g - 170),
        np.zeros(120, dtype=np.int64), -np.ones(50, dtype=np.int64)
    ])
    g_cam = rng.integers(0, n_cam, n_g)
    g_cam[g_pid == 56] = 0
    sel = np.flatnonzero(q_pid == 56)
    q_cam[sel] = np.where(np.arange(len(sel)) % 2 == 0, 0, 3)
    blend = 0.5 * centers[rng.integers(0, n_id, n_g)]  # used where pid <= 0
    g_center = np.where((g_pid > 0)[:, None],
                        centers[np.maximum(g_pid, 1) - 1], blend)
    q_feat = centers[q_pid -
                     1] + cam_offset[q_cam] + sigma * rng.standard_normal(
                         (n_q, dim))
    g_feat = g_center + cam_offset[g_cam] + sigma * rng.standard_normal(
        (n_g, dim))
    return (q_feat.astype(np.float32), g_feat.astype(np.float32),
            q_pid.astype(np.int64), q_cam.astype(np.int64),
            g_pid.astype(np.int64), g_cam.astype(np.int64))
