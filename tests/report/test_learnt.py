from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from byeori import api
from byeori._util.json import Json, loads
from byeori.core.deciders import default, sample
from byeori.core.jobs import Candidate, Origin
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.explain.learnt import learnt
from byeori.report.learnt import learnt_of, learnt_section
from byeori.report.write import write_report
from byeori.study import Study
from byeori.testing.spaces import baseline_space, flat_space
from byeori.testing.strategies import trial_of


def searched(space: Space, count: int, loss: Callable[[Json], float]) -> list[Trial]:
    rng = Random(0)
    genomes = [default(space), *(sample(space, rng) for _ in range(count - 1))]
    origins = [Origin(strategy="default" if n == 0 else "random") for n in range(count)]
    return [trial_of(n, Candidate(genome=g, origin=origins[n]), loss(g)) for n, g in enumerate(genomes)]


def depth_and_norm(genome: Json) -> float:
    return abs(genome["depth"] - 6) + 2.0 * (genome["norm"] == "batch")


@pytest.fixture(scope="module")
def found() -> dict[str, Json]:
    return learnt(searched(flat_space(), 80, depth_and_norm), flat_space()).to_json()


def test_the_section_says_what_mattered_and_what_made_the_winner(
    found: dict[str, Json], read_page: Callable[[str], Any]
) -> None:
    said = read_page(learnt_section(found, "error"))
    assert said.wrong == [] == said.open
    for part in ("From 80 children", "in the region this search looked at", "PED-ANOVA", "fANOVA, 64 trees", "× "):
        assert part in said.text
    assert said.text.index("depth") < said.text.index("activation")
    assert "measured, trial 0" in said.text
    assert f"measured, trial {found['winner']}" in said.text
    assert "foretold" in said.text
    assert [tag for tag, _ in said.tags].count("svg") == 1
    assert "None" not in said.text


def test_bars_are_as_long_as_their_shares(found: dict[str, Json], read_page: Callable[[str], Any]) -> None:
    styles = [
        attributes["style"]
        for tag, attributes in read_page(learnt_section(found, "error")).tags
        if tag == "i" and attributes
    ]
    question = found["regions"][0]["questions"][0]
    assert styles[0].startswith(f"width:{round(160 * question['variance'])}px")
    assert styles[1].startswith(f"width:{round(160 * question['best'])}px")


def test_families_have_parts_of_their_own(read_page: Callable[[str], Any]) -> None:
    space = baseline_space()
    trials = searched(space, 60, lambda g: 2.0 + g["net"]["width"] / 64 if "net" in g else g["trees"]["rate"])
    said = read_page(learnt_section(learnt(trials, space).to_json(), "error"))
    assert said.text.index("Which family") < said.text.index("Inside trees") < said.text.index("Inside net")
    assert "trees.rate" not in said.text.partition("From the default")[0]
    assert "family net" in said.text


def test_without_a_forest_it_says_how_to_have_one(read_page: Callable[[str], Any]) -> None:
    trials = searched(flat_space(), 40, depth_and_norm)
    said = read_page(learnt_section(learnt(trials, flat_space(), seconds=0.0).to_json(), "error"))
    assert "byeori report STUDY" in said.text
    assert "fANOVA" not in said.text
    assert "svg" not in {tag for tag, _ in said.tags}


def test_a_search_that_learnt_nothing_has_no_section() -> None:
    assert learnt_section(learnt([]).to_json(), "error") == ""


def test_a_default_that_won_is_named(read_page: Callable[[str], Any]) -> None:
    trials = searched(flat_space(), 30, depth_and_norm)
    trials[0] = replace(trials[0], loss=-1.0, value=-1.0)
    said = read_page(learnt_section(learnt(trials, flat_space()).to_json(), "error"))
    assert "The default genome is the best child, trial 0." in said.text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><svg onload=alert(1)>', "</code><a href=//evil>"])
def test_no_name_becomes_a_tag(found: dict[str, Json], hostile: str, read_page: Callable[[str], Any]) -> None:
    poisoned = loads(json.dumps(found))
    region = poisoned["regions"][0]
    region |= {"family": hostile, "still": [hostile]}
    for question in region["questions"]:
        question["name"] = hostile
    for pair in region["pairs"]:
        pair |= {"first": hostile, "second": hostile}
    for step in poisoned["path"]:
        step["changed"] = [{"path": hostile, "before": hostile, "after": hostile}]
    poisoned |= {"cautions": [hostile], "family": region["questions"][0]}
    tags = {tag for tag, _ in read_page(learnt_section(found, "error")).tags}
    said = read_page(learnt_section(poisoned, hostile))
    assert said.wrong == [] == said.open
    assert {tag for tag, _ in said.tags} <= tags | {"ul", "li", "details", "summary"}
    assert not [name for _, attributes in said.tags for name in attributes if name.startswith("on")]


def test_a_study_tells_from_its_log_alone(patients: pd.DataFrame, tmp_path: Path, no_nets: None) -> None:
    study = api.fit(patients, out=tmp_path / "study", target="diagnosis", trials=12, executor="inline")
    found = learnt_of(study)
    assert found.trials + found.left_out == len(study.state)
    assert found.maximize == study.state.maximize
    assert found.questions
    assert bool(found.path) == bool(found.regions[0].trees)
    assert sum(region.trees for region in found.regions) >= 64
    assert api.learnt(study.folder) == found
    text = write_report(Study.open(study.folder), 0.0).read_text(encoding="utf-8")
    assert "What the search learnt" in text
    assert loads((study.folder / "report.json").read_bytes())["learnt"]["path"] == []
    api.report(study.folder)
    assert loads((study.folder / "report.json").read_bytes())["learnt"] == loads(json.dumps(found.to_json()))
