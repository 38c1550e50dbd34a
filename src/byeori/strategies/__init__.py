"""Parents; the catalog finds them by name. Here are the wrappers, which go around any of them."""

from byeori.strategies.deduplicated import Deduplicated
from byeori.strategies.warm_started import WarmStarted
from byeori.strategies.with_proxy import WithProxy

__all__ = ["Deduplicated", "WarmStarted", "WithProxy"]
