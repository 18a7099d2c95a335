"""A script for ``torchrun``: each process has a part of some drawn features
and measures with the others."""
import sys

import numpy as np
import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_dist_info

from fusionreid_mm.evaluation import ReIDMetric

NUM_IMAGES = 401
BATCH_SIZE = 7


def draw_samples() -> list:
    """A third of the images stand twice in the gallery, under other names, so
    that there are ties everywhere."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(NUM_IMAGES, 19, generator=generator)
    features[-150:] = features[:150]
    pids = torch.randint(25, (NUM_IMAGES, ), generator=generator)
    camids = torch.randint(4, (NUM_IMAGES, ), generator=generator)
    return [
        dict(
            feature=feature,
            pid=pid,
            camid=camid,
            sample_idx=i,
            img_path=f'{i:04d}.jpg',
            split='query' if i % 5 == 0 else 'gallery',
            embedding_columns=dict(cnn=(0, 7), transformer=(7, 19)))
        for i, (
            feature, pid,
            camid) in enumerate(zip(features, pids.tolist(), camids.tolist()))
    ]


def main(out: str, with_numbers: bool) -> None:
    samples = draw_samples()
    if not with_numbers:
        for sample in samples:
            del sample['sample_idx']
    metric = ReIDMetric(
        embeddings=dict(cnn=['cnn'], both=['transformer', 'cnn']),
        rerank=dict(k1=7, k2=3),
        query_expansion=dict(k=4),
        fars=[.01, .1],
        out=f'{out}.npz')
    metric.list_queries(num_queries=9, topk=12)
    mine = [samples[i] for i in DefaultSampler(samples, shuffle=False)]
    for start in range(0, len(mine), BATCH_SIZE):
        metric.process(None, mine[start:start + BATCH_SIZE])
    metrics = metric.evaluate(len(samples))
    ranking = metric.rankings['']
    rank, _ = get_dist_info()
    np.savez(
        f'{out}.{rank}.npz',
        metrics=np.array(list(metrics.values())),
        names=np.array(list(metrics)),
        ap=ranking.ap,
        inp=ranking.inp,
        cmc=ranking.cmc,
        precision=ranking.precision,
        first_match_rank=ranking.first_match_rank,
        ranked_lists=np.array(repr(metric.ranked_lists[''])))


if __name__ == '__main__':
    torch.distributed.init_process_group('gloo')
    main(sys.argv[1], sys.argv[2] == 'numbered')
    torch.distributed.destroy_process_group()
