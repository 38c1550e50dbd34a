"""Where the log of a study lives: in memory, or in one SQLite file with one writer."""

from byeori.stores.memory import MemoryStore
from byeori.stores.sqlite import SQLiteStore

__all__ = ["MemoryStore", "SQLiteStore"]
