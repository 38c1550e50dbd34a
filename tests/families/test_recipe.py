from __future__ import annotations

from random import Random

import pytest

from byeori.core.deciders import default, replay, sample
from byeori.core.schema import CLASSIFICATION, REGRESSION, Column, Schema
from byeori.families.recipe import image_recipe, table_recipe


def schema_of(side: int, channels: int, task: str = CLASSIFICATION) -> Schema:
    return Schema(
        modality="images",
        task=task,
        inputs=(Column(name="image", kind="image", shape=(side, side, channels)),),
        targets=(Column(name="what", kind="label", labels=("a", "b") if task == CLASSIFICATION else ()),),
        metric="accuracy",
    )


@pytest.mark.parametrize(("channels", "flip"), [(1, False), (3, True)])
def test_only_colour_images_are_mirrored_by_default(channels: int, flip: bool) -> None:
    assert default(image_recipe(schema_of(32, channels)))["flip"] is flip


@pytest.mark.parametrize(("side", "resolutions"), [(8, {1.0}), (11, {1.0, 0.75}), (32, {1.0, 0.75, 0.5})])
def test_small_images_are_not_shrunk_below_eight_pixels(side: int, resolutions: set[float]) -> None:
    space, dice = image_recipe(schema_of(side, 3)), Random(0)
    assert {sample(space, dice)["resolution"] for _ in range(100)} == resolutions


def test_regression_has_no_classes_to_weigh_or_smooth() -> None:
    classes = {"class_weights", "label_smoothing"}
    for recipe in (image_recipe, table_recipe):
        assert classes <= set(default(recipe(schema_of(32, 3))))
        assert not classes & set(default(recipe(schema_of(32, 3, REGRESSION))))


def test_samples_replay() -> None:
    dice = Random(0)
    for space in (image_recipe(schema_of(32, 3)), table_recipe(schema_of(32, 3))):
        for _ in range(50):
            genome = sample(space, dice)
            assert replay(space, genome) == genome


def test_the_running_mean_of_weights_is_off_or_a_decay() -> None:
    space, dice = table_recipe(schema_of(32, 3)), Random(0)
    found = {sample(space, dice)["ema"] for _ in range(100)}
    assert "none" in found
    assert all(0.9 < decay < 1.0 for decay in found - {"none"})
