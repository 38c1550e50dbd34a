"""Where trials run: in this process, or in processes of their own on this machine."""

from byeori.executors.inline import Inline
from byeori.executors.local import Local

__all__ = ["Inline", "Local"]
