from __future__ import annotations

import json
from itertools import pairwise

from byeori import api
from byeori.report.lineage import changes, lineage
from byeori.study import Study


def test_a_changed_answer_is_said_before_and_after() -> None:
    assert changes({"net": {"rate": 0.1, "width": 8}}, {"net": {"rate": 0.2, "width": 8}}) == [
        {"path": "net.rate", "before": "0.1", "after": "0.2"}
    ]


def test_another_branch_is_said_by_its_names() -> None:
    before = {"mlp": {"depth": 3}}
    after = {"boosted": {"leaves": 24}}
    assert changes(before, after) == [{"path": "", "before": "mlp(depth=3)", "after": "boosted(leaves=24)"}]


def test_an_item_put_in_or_taken_out_is_said_once() -> None:
    short, long = (
        {"blocks": [{"conv": {"k": 1}}, {"pool": {}}]},
        {"blocks": [{"conv": {"k": 1}}, {"conv": {"k": 5}}, {"pool": {}}]},
    )
    assert changes(short, long) == [{"path": "blocks[1]", "before": None, "after": "conv(k=5)"}]
    assert changes(long, short) == [{"path": "blocks[1]", "before": "conv(k=5)", "after": None}]


def test_null_is_an_answer_and_not_an_absence() -> None:
    assert changes({"ema": None}, {"ema": 0.9}) == [{"path": "ema", "before": "none", "after": "0.9"}]


def test_equal_genomes_have_no_changes() -> None:
    assert changes({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []


def test_the_line_of_descent_begins_at_an_ancestor_and_ends_at_the_best(image_study: Study) -> None:
    line = lineage(image_study)
    assert line[-1]["trial"] == image_study.outcome["choice"]["single"]
    assert line[0]["changed"] == []
    for parent, child in pairwise(line):
        assert child["parents"][0] == parent["trial"]
        assert child["changed"]


def test_every_step_of_a_long_line_says_what_changed(image_study: Study) -> None:
    child = image_study.trials[-1]
    assert child.origin.parents, "the second child bred is the default's"
    found = changes(image_study.trials[child.origin.parents[0]].genome, child.genome)
    assert len(found) == len(child.origin.changed)
    assert json.dumps(found)
    assert api.report(image_study.folder).is_file()
