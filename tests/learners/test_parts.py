"""The small parts that learners are made of."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from byeori.core.data import Arrays
from byeori.core.jobs import Job
from byeori.learners import _solve
from byeori.learners._batches import ready, stored
from byeori.learners._design import Design
from byeori.learners._features import Features, features
from byeori.learners._folds import class_weights
from byeori.learners._optim import Average, Optimiser
from byeori.learners._schedule import Schedule
from byeori.learners.precision import BF16, FP32, choose_precision
from byeori.learners.recipe import Recipe
from byeori.testing.data import prepared_diabetes, prepared_digits

from .conftest import CHAIN, MLP, quick


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_the_optimiser_does_what_torchs_does(kind: str) -> None:
    torch.manual_seed(0)
    mine = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 1)).to(memory_format=torch.channels_last)
    its = copy.deepcopy(mine)
    groups = [
        {"params": [p for p in its.parameters() if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in its.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    torchs: torch.optim.Optimizer
    if kind == "adamw":
        torchs = torch.optim.AdamW(groups, lr=0.01)
    else:
        torchs = torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)
    optimiser = Optimiser(mine, kind=kind, weight_decay=0.1, clip=0.5)
    for _ in range(5):
        batch = torch.randn(8, 2, 3, 3).to(memory_format=torch.channels_last)
        for net in (mine, its):
            net(batch).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(its.parameters(), 0.5)
        torchs.step()
        torchs.zero_grad()
        optimiser.step(0.01)
    for left, right in zip(mine.parameters(), its.parameters(), strict=True):
        torch.testing.assert_close(left, right, atol=1e-6, rtol=1e-5)


def test_an_optimiser_goes_on_from_its_state() -> None:
    torch.manual_seed(0)
    nets = [nn.Linear(3, 1)]
    nets.append(copy.deepcopy(nets[0]))
    batch = torch.randn(4, 3)
    first, second = (Optimiser(net, kind="adamw", weight_decay=0.0) for net in nets)
    nets[0](batch).sum().backward()
    first.step(0.1)
    nets[1].load_state_dict(nets[0].state_dict())
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    for net, optimiser in zip(nets, (first, second), strict=True):
        net(batch).sum().backward()
        optimiser.step(0.1)
    assert torch.equal(nets[0].weight, nets[1].weight)


def test_parameters_without_a_gradient_are_left_alone() -> None:
    net = nn.ModuleDict({"used": nn.Linear(2, 1), "idle": nn.Linear(2, 1)})
    before = net["idle"].weight.detach().clone()
    optimiser = Optimiser(net, kind="adamw", weight_decay=0.5)
    net["used"](torch.ones(1, 2)).sum().backward()
    optimiser.step(0.1)
    assert torch.equal(net["idle"].weight, before)


def test_the_average_follows_at_once_and_slows_down() -> None:
    live = nn.BatchNorm1d(1)
    shadow = copy.deepcopy(live)
    average = Average(live, shadow, 0.99)
    with torch.no_grad():
        live.weight.fill_(3.0)
        live.running_mean.fill_(5.0)  # type: ignore[union-attr]
    average.step(1)
    assert shadow.weight.item() == pytest.approx(1.0 + 2.0 * 9 / 11)
    assert shadow.running_mean.item() == 0.0  # type: ignore[union-attr]
    average.settle()
    assert shadow.running_mean.item() == 5.0  # type: ignore[union-attr]
    with torch.no_grad():
        shadow.weight.fill_(0.0)
    average.step(10_000)
    assert shadow.weight.item() == pytest.approx(0.03)


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_is_the_larger_of_steps_and_time() -> None:
    clock = _Clock()
    schedule = Schedule(100, warmup=0.1, seconds=10.0, clock=clock)
    schedule.hold_back(2.0)
    assert schedule.progress(10) == pytest.approx(0.1)
    clock.now += 4.0
    assert schedule.progress(11) == pytest.approx(0.5)
    assert schedule.progress(60) == pytest.approx(0.6)
    assert schedule.left() == pytest.approx(6.0)
    schedule.hold_back(0.0)
    assert schedule.progress(60) == pytest.approx(0.6)
    clock.now += 6.0
    assert schedule.progress(61) == 1.0


def test_a_training_that_goes_on_has_its_seconds_for_the_rest() -> None:
    clock = _Clock()
    schedule = Schedule(100, warmup=0.0, seconds=10.0, clock=clock)
    schedule.begin(0.6)
    assert schedule.progress(0) == pytest.approx(0.6)
    clock.now += 5.0
    assert schedule.progress(61) == pytest.approx(0.8)


def test_a_recipe_reads_every_answer() -> None:
    recipe = Recipe.of(
        {
            "optimizer": {"sgd": {"learning_rate": 0.2, "weight_decay": 1e-3}},
            "batch_size": 32,
            "epochs": 7,
            "warmup": 0.2,
            "label_smoothing": 0.1,
            "ema": 0.995,
            "mix": {"cutmix": {"alpha": 0.7}},
            "resolution": 0.5,
            "class_weights": "sqrt",
            "dropout": 0.3,
        }
    )
    assert (recipe.optimiser, recipe.learning_rate, recipe.weight_decay) == ("sgd", 0.2, 1e-3)
    assert (recipe.batch_size, recipe.epochs, recipe.warmup, recipe.ema) == (32, 7, 0.2, 0.995)
    assert (recipe.mix, recipe.alpha, recipe.resolution, recipe.class_weights) == ("cutmix", 0.7, 0.5, "sqrt")
    assert Recipe.of({"ema": "none", "mix": {"none": {}}}).ema is None
    with pytest.raises(ValueError, match="positive rate"):
        Recipe(learning_rate=0.0)
    with pytest.raises(ValueError, match="optimiser is one of"):
        Recipe(optimiser="lion")


def test_batches_are_what_networks_take() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2)).astype(np.uint8)
    rows = Arrays(
        {"image": images, "numbers": np.array([[1.0], [np.nan], [2.0]]), "categories": np.zeros((3, 1), np.int32)}
    )
    batch = ready(stored(rows))
    assert batch["image"].shape == (3, 2, 4, 5)
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(batch["image"][1, 1].numpy(), images[1, :, :, 1] / 255.0, rtol=1e-6)
    assert batch["numbers"].dtype == torch.float32
    assert batch["categories"].dtype == torch.int64


def test_large_images_become_few_pixels() -> None:
    images = np.zeros((2, 40, 33, 3), dtype=np.uint8)
    images[1, :20] = 255
    pixels = features(Arrays({"image": images})).numbers
    assert pixels.shape == (2, 16 * 16 * 3)
    assert pixels[0].max() == 0.0
    assert pixels[1].mean() == pytest.approx(0.5, abs=0.03)
    assert pixels[1].max() == 1.0


def test_a_design_fills_flags_and_spreads_out() -> None:
    numbers = np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0], [5.0, 5.0]])
    rows = Features(numbers, np.array([[0], [1], [-1], [2]], dtype=np.int32))
    design = Design.fit(rows, (3,), knots=1, pairs=True)
    matrix = design.matrix(rows)
    assert matrix.shape == (4, 2 + 1 + 2 + 3 + 3)
    assert np.isfinite(matrix).all()
    assert matrix[:, 2].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert matrix[2, -3:].tolist() == [0.0, 0.0, 0.0]
    again = Design.from_arrays(design.to_arrays()).matrix(rows)
    np.testing.assert_array_equal(matrix, again)
    strange = Features(np.array([[1e9, np.inf]]), np.array([[7]], dtype=np.int32))
    assert np.abs(design.matrix(strange)).max() < 100.0


def test_ridge_is_the_same_from_either_side() -> None:
    dice = np.random.default_rng(0)
    matrix, target = dice.normal(size=(6, 9)), dice.normal(size=6)
    centred = matrix - matrix.mean(axis=0)
    expected = np.linalg.solve(centred.T @ centred + 0.5 * np.eye(9), centred.T @ (target - target.mean()))
    np.testing.assert_allclose(_solve.ridge(matrix, target, 0.5)[:-1], expected, atol=1e-10)
    tall = np.concatenate([matrix, matrix, matrix])
    assert _solve.ridge(tall, np.concatenate([target] * 3), 1.5)[:-1] == pytest.approx(expected)


def test_logistic_regression_stands_where_its_slope_is_zero() -> None:
    dice = np.random.default_rng(0)
    matrix = dice.normal(size=(80, 3))
    labels = (matrix[:, 0] + dice.normal(size=80) > 0).astype(np.int64)
    problem = _solve.Logistic(matrix, labels, np.ones(80), classes=2, strength=2.0)
    weights, progress = list(problem.solve(None))[-1]
    assert progress == 1.0
    chances = _solve.softmax(matrix @ weights[:-1] + weights[-1])
    slope = matrix.T @ (chances - np.eye(2)[labels]) + 2.0 * weights[:-1]
    assert np.abs(slope).max() < 1e-2
    assert next(problem.solve(0.0))[1] == 1.0


def test_class_weights_average_to_one() -> None:
    target = np.array([0] * 8 + [1, 1])
    for kind in ("none", "sqrt", "balanced"):
        weights = class_weights(kind, target, 3)
        assert weights[target].mean() == pytest.approx(1.0)
    assert class_weights("balanced", target, 3)[2] == 0.0


def _job(family: str, folder: Path, prepared: str, genome: object) -> Job:
    return Job(trial=0, learner="", family=family, genome=genome, prepared=prepared, out=str(folder / "none"))


def test_the_precision_is_chosen_for_a_reason_and_writes_nothing(tmp_path: Path) -> None:
    data = prepared_digits(tmp_path / "p", rows=200)
    chosen = choose_precision(_job(CHAIN, tmp_path, str(data.folder), quick(CHAIN, data)))
    assert chosen.name in (FP32, BF16)
    assert chosen.why.endswith(".")
    assert not (tmp_path / "none").exists()


def test_values_are_never_trained_in_bf16(tmp_path: Path) -> None:
    data = prepared_diabetes(tmp_path / "p")
    assert choose_precision(_job(MLP, tmp_path, str(data.folder), quick(MLP, data))).name == FP32
