from __future__ import annotations

import numpy as np
import pytest
import torch

from byeori.core.data import Arrays
from byeori.nn.table_spec import TableSpec
from byeori.nn.tables import Bins, Scale, TableNet


def _fitted(spec: TableSpec, numbers: np.ndarray) -> TableNet:
    net = TableNet(spec).eval()
    net.fit_inputs(Arrays({"numbers": numbers}))
    return net


@pytest.mark.parametrize("scaling", ["quantile", "robust"])
def test_numbers_of_any_unit_come_to_one_scale(scaling: str) -> None:
    dice = np.random.default_rng(0)
    numbers = np.stack([dice.normal(1e6, 1e5, 500), np.exp(dice.normal(0, 2, 500)), dice.integers(0, 3, 500)], axis=1)
    scale = Scale(TableSpec(numbers=3, cards=(), outputs=1, classes=False, scaling=scaling))
    scale.fit(numbers)
    scaled = scale(torch.from_numpy(numbers).float())[:, :, 0]
    assert scaled.abs().max() < 6.0
    assert (scaled.std(0) > 0.4).all()
    order = scaled[:, 1].argsort()
    assert (np.diff(numbers[order.numpy(), 1]) >= -1e-6).all()


def test_a_column_of_few_values_keeps_them_apart() -> None:
    numbers = np.array([[0.0], [0.0], [0.0], [1.0], [2.0]])
    scale = Scale(TableSpec(numbers=1, cards=(), outputs=1, classes=False))
    scale.fit(numbers)
    low, middle, high = scale(torch.tensor([[0.0], [1.0], [2.0]]))[:, 0, 0].tolist()
    assert low < middle < high


def test_constant_empty_and_missing_columns_do_no_harm() -> None:
    numbers = np.array([[1.0, np.nan, 3.0], [1.0, np.nan, np.nan], [1.0, np.nan, 5.0]])
    for encoding in ("plain", "piecewise", "periodic"):
        for scaling in ("quantile", "robust"):
            spec = TableSpec(numbers=3, cards=(), outputs=2, classes=True, encoding=encoding, scaling=scaling)
            net = _fitted(spec, numbers)
            batch = {"numbers": torch.tensor([[1.0, 2.0, 1e30], [float("nan")] * 3, [-1e30, 0.0, 4.0]])}
            assert torch.isfinite(net(batch)).all()


def test_bins_fill_from_left_to_right() -> None:
    bins = Bins(1, 4)
    bins.fit(np.arange(101.0)[:, None])
    said = bins(torch.tensor([[0.0], [37.5], [100.0], [float("nan")]]))[:, 0]
    torch.testing.assert_close(said[0], torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0]))
    torch.testing.assert_close(said[1], torch.tensor([1.0, 0.5, 0.0, 0.0, 0.0]))
    torch.testing.assert_close(said[2], torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0]))
    torch.testing.assert_close(said[3], torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0]))


def test_missing_and_unseen_categories_have_a_place() -> None:
    net = TableNet(TableSpec(numbers=0, cards=(3, 2), outputs=2, classes=True)).eval()
    codes = net.fixed({"categories": torch.tensor([[-1, -1], [0, 1], [2, 9]])})["categories"]
    assert codes.tolist() == [[0, 0], [1, 2], [3, 2]]


@pytest.mark.parametrize("classes", [True, False])
def test_heads_are_judged_apart_and_answer_together(classes: bool) -> None:
    torch.manual_seed(0)
    spec = TableSpec(numbers=3, cards=(), outputs=2 if classes else 1, classes=classes, heads=4)
    net = TableNet(spec).eval()
    batch = {"numbers": torch.randn(5, 3)}
    apart = net.learnt(net.fixed(batch))
    together = net(batch)
    if classes:
        assert apart.shape == (5, 4, 2)
        torch.testing.assert_close(together.softmax(1), apart.softmax(2).mean(1))
    else:
        assert apart.shape == (5, 4)
        torch.testing.assert_close(together, apart.mean(1))


def test_a_network_without_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a column"):
        TableSpec(numbers=0, cards=(), outputs=1, classes=False)
