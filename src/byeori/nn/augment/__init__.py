"""Augmentation of whole batches as tensor operations, chosen anew for every sample."""

from byeori.nn.augment.mix import mix
from byeori.nn.augment.policy import Augment

__all__ = ["Augment", "mix"]
