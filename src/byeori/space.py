"""What a search asks: the questions to build a space from, for those who call `byeori.search`.

>>> space = Record({"rate": Float(1e-4, 1e-1, log=True), "layers": Repeat(Int(8, 64), 1, 4)})
>>> default(space)["layers"]
[36]
"""

from __future__ import annotations

from byeori.core.deciders import default, sample
from byeori.core.space import Categorical, Checked, Float, Int, OneOf, Record, Repeat, Space

__all__ = ["Categorical", "Checked", "Float", "Int", "OneOf", "Record", "Repeat", "Space", "default", "sample"]
