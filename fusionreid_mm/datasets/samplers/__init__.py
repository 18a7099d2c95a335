from .random_identity_sampler import RandomIdentitySampler

__all__ = ['RandomIdentitySampler']
