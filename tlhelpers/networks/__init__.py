"""Networks of Keras: build them, cut them, run pictures through them."""

from tlhelpers.networks.build import build_network, pooled_backbone
from tlhelpers.networks.preprocessing import preprocess_for
from tlhelpers.networks.table import ARCHITECTURES

__all__ = ["ARCHITECTURES", "build_network", "pooled_backbone", "preprocess_for"]
