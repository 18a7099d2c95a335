from .batch_hard_triplet_loss import BatchHardTripletLoss, euclidean_distances
from .cross_entropy_loss import CrossEntropyLoss
from .full_precision import full_precision

__all__ = [
    'BatchHardTripletLoss', 'CrossEntropyLoss', 'euclidean_distances',
    'full_precision'
]
