"""The family of one: the shares of the classes, or the mean."""

from __future__ import annotations

from byeori._util.json import Json
from byeori.core.schema import Schema
from byeori.core.space import Record, Space


class Constant:
    """What is answered without looking; nothing is asked."""

    def space(self, schema: Schema) -> Space:
        """Return a space without questions."""
        return Record({})

    def params(self, genome: Json, schema: Schema) -> int:
        """Return 0."""
        return 0


MAJORITY = Constant()
"""What the catalog offers as `majority`."""
