from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from byeori.core.schema import Source
from byeori.modalities.tables.columns import fit
from byeori.modalities.tables.frames import read_frame
from byeori.modalities.tables.leaks import auc, find_leaks, purity
from byeori.modalities.tables.understand import understand

RNG = np.random.default_rng(0)
LABELS = np.repeat(["a", "b", "c"], 100)


def _suspects(**columns: object) -> dict[str, str]:
    frame = pd.DataFrame(columns)
    data = understand(Source(data=frame), read_frame(frame), None)
    return dict(find_leaks(data, fit(data.learnable())))


def test_a_number_that_orders_two_classes_is_a_suspect() -> None:
    y = np.repeat(["no", "yes"], 100)
    x = (y == "yes") * 5 + RNG.normal(size=200)
    found = _suspects(x=x, minus=-x, noise=RNG.normal(size=200), weak=(y == "yes") + RNG.normal(size=200), y=y)
    assert set(found) == {"x", "minus"}
    assert found["x"].startswith("AUC ")


def test_a_category_that_tells_the_class_is_a_suspect() -> None:
    found = _suspects(code=np.char.add("code ", LABELS), noise=RNG.choice(["u", "v"], 300), y=LABELS)
    assert found == {"code": "its values tell the class in 100.0% of the rows"}


def test_whether_a_cell_is_missing_can_tell() -> None:
    y = np.repeat(["no", "yes"], 100)
    assert set(_suspects(reply=np.where(y == "yes", "sent", None), noise=RNG.normal(size=200), y=y)) == {"reply"}


def test_one_number_of_three_classes_and_values_of_few_rows_are_none() -> None:
    assert not _suspects(x=RNG.normal(size=300), few=[f"v{i // 2}" for i in range(300)], y=LABELS)


def test_a_number_in_another_unit_is_a_suspect_of_values() -> None:
    y = RNG.normal(size=200)
    found = _suspects(fahrenheit=y * 1.8 + 32 + RNG.normal(size=200) / 1000, half=y + RNG.normal(size=200), y=y)
    assert set(found) == {"fahrenheit"}


def test_small_tables_are_not_judged() -> None:
    assert not _suspects(x=[*range(10), *range(100, 110)], y=["a"] * 10 + ["b"] * 10)


def test_auc_counts_ties_half() -> None:
    assert auc(np.zeros(4), np.array([True, False, True, False])) == 0.5
    assert auc(np.arange(4.0), np.array([True, True, True, True])) == 0.5


def test_purity_counts_the_commonest_class_of_each_value() -> None:
    assert purity(np.array([-1, -1, 3, 3]), np.array([0, 1, 1, 1])) == pytest.approx((0.75, 2))
