"""The descriptor equals the released code's, piece by piece."""
import zlib

import pytest
import torch
from helpers import golden

CASES = [
    'case01_vitb_res50_l2_share1', 'case02_vitb_res50_l2_share0',
    'case04_vitb_res50_l1_share0', 'case04_vitb_res50_l1_share1',
    'case08_res50_only', 'case08_vitb_only'
]


@pytest.mark.parametrize('case', CASES)
def test_weights_are_filled_by_the_rule(case):
    meta, _ = golden.load_case(case)
    checksum = 0
    for name, shape in meta['state_dict']:
        tensor = golden.filled_tensor(name, tuple(shape))
        checksum = zlib.crc32(tensor.numpy().tobytes(), checksum)
    assert checksum == meta['state_crc32']


@pytest.mark.parametrize('case', CASES)
def test_descriptor(case):
    meta, arrays = golden.load_case(case)
    model = golden.build_model(meta).eval()
    samples = golden.data_samples()
    compared = 0
    for dtype, bits, tolerance in ((torch.float32, 'f32', 2e-5),
                                   (torch.float64, 'f64', 1e-9)):
        model.to(dtype)
        for neck_feat in ('before', 'after'):
            released = arrays.get(f'feat_{neck_feat}_{bits}')
            if released is None:
                continue
            model.head.neck_feat = neck_feat
            with torch.no_grad():
                ours = model(golden.images(dtype), samples)
            assert ours.shape == released.shape
            pieces = meta.get('columns') or {'all': (0, ours.size(1))}
            for piece, (start, end) in pieces.items():
                error = golden.error_over_rms(ours[:, start:end],
                                              released[:, start:end])
                assert error < tolerance, (bits, neck_feat, piece)
                compared += 1
    assert compared > 0


def test_embeddings_can_be_chosen_by_name():
    meta, arrays = golden.load_case('case04_vitb_res50_l1_share0')
    model = golden.build_model(meta).eval()
    with torch.no_grad():
        embeddings = model.extract_embeddings(
            golden.images(torch.float32), golden.data_samples())
    for piece, name in golden.PIECES.items():
        start, end = meta['columns'][piece]
        model.head.test_embeddings = [name]
        released = arrays['feat_before_f32'][:, start:end]
        assert golden.error_over_rms(model.head(embeddings), released) < 2e-5
