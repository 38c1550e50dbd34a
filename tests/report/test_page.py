from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from byeori import api
from byeori._util.json import Json, loads
from byeori.report.page import page
from byeori.report.write import write_report
from byeori.study import Study

ALWAYS = ["Result", "Beside the baselines", "Data", "What was tried", "Lineage of the best child", "Time"]
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "'><a href=javascript:alert(1)>x</a>",
    "</style><script>alert(1)</script>",
    "</pre></details><iframe src=//evil>",
    "&lt;b&gt; & <!-- ]]>",
    "벼리 \u202e\u0000 \ud7ff",
)


def facts_of(study: Study) -> dict[str, Json]:
    return dict(loads((study.folder / "report.json").read_bytes()))


def headings(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", text)


@pytest.mark.parametrize(
    ("which", "more"),
    [
        ("image_study", ["Learning curves", "Mistakes"]),
        ("table_study", ["Mistakes"]),
        ("regression_study", ["Predictions"]),
    ],
)
def test_every_section_is_there(which: str, more: list[str], request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(which)
    found = headings((study.folder / "report.html").read_text(encoding="utf-8"))
    assert found[-1] == "How to use the model"
    assert set(ALWAYS) | set(more) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("which", ["image_study", "table_study", "regression_study"])
def test_the_page_is_whole_and_needs_nothing_else(
    which: str, request: pytest.FixtureRequest, read_page: Callable[[str], Any]
) -> None:
    study: Study = request.getfixturevalue(which)
    found = read_page((study.folder / "report.html").read_text(encoding="utf-8"))
    assert found.wrong == [] == found.open, "every tag is closed in its turn"
    assert {tag for tag, _ in found.tags} & {"script", "link", "iframe", "object", "form", "base", "a"} == set()
    for tag, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "data:").startswith("data:image/png;base64,") or name not in attributes
    assert "url(" not in "".join(found.texts)
    assert "None" not in found.text
    assert not re.search(r"\bnan\b|\binf\b", found.text)


def test_mistakes_on_pictures_show_the_pictures(image_study: Study, read_page: Callable[[str], Any]) -> None:
    worst = facts_of(image_study)["mistakes"]["worst"]
    found = read_page((image_study.folder / "report.html").read_text(encoding="utf-8"))
    pictures = [attributes for tag, attributes in found.tags if tag == "img"]
    assert len(pictures) == len(worst)
    assert all((p["src"] or "").startswith("data:image/png;base64,iVBOR") for p in pictures)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("which", ["image_study", "table_study", "regression_study"])
def test_no_text_of_the_users_becomes_a_tag(
    which: str, hostile: str, request: pytest.FixtureRequest, read_page: Callable[[str], Any]
) -> None:
    facts = facts_of(request.getfixturevalue(which))
    tags = [tag for tag, _ in read_page(page(facts)).tags]
    found = read_page(page(_poisoned(facts, hostile)))
    assert found.wrong == [] == found.open
    assert {tag for tag, _ in found.tags} <= set(tags) | {"li", "ul", "details", "summary"}
    assert not [a for _, a in found.tags if any(name.startswith("on") for name in a)]
    assert " ".join(hostile.replace("\0", "\ufffd").split()) in found.text.replace("\0", "\ufffd")


def _poisoned(facts: Json, text: str) -> Json:
    """Put a text wherever a user, a file or a plug-in can put one."""
    facts = deepcopy(facts)
    facts["study"] = facts["target"] = text
    facts["labels"] = [text for _ in facts["labels"]]
    facts["outcome"]["notes"] = [text]
    facts["outcome"]["choice"]["why"] = text
    facts["asked"]["source"]["data"] = text
    facts["data"]["notes"] = [text]
    facts["data"]["health"]["counts"] = {text: 3}
    facts["data"]["health"]["findings"] = [
        {"level": "warning", "code": text, "message": text, "items": [text], "count": 1, "mend": text}
    ]
    facts["trials"]["failed"] = [{"trial": 1, "reason": "failed", "message": text}]
    for row in facts["leaderboard"]:
        row |= {"family": text, "strategy": text, "genome": text, "answers": {text: text}}
        row["changed"] = [{"path": text, "before": text, "after": text}]
    for step in facts["lineage"]:
        step |= {"family": text, "strategy": text, "changed": [{"path": text, "before": text, "after": text}]}
    for worst in facts["mistakes"]["worst"]:
        worst["name"] = text
    return facts


def test_a_study_of_hostile_names_has_a_harmless_report(tmp_path: Path, read_page: Callable[[str], Any]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({HOSTILE[0]: rng.normal(size=90), HOSTILE[2]: rng.choice(["<i>", "&amp;"], 90)})
    frame[HOSTILE[1]] = np.where(frame[HOSTILE[0]] > 0, HOSTILE[3], HOSTILE[4])
    study = api.fit(frame, out=tmp_path / "<b>study", target=HOSTILE[1], trials=1, executor="inline")
    found = read_page((study.folder / "report.html").read_text(encoding="utf-8"))
    assert {"script", "iframe", "a", "i"} & {tag for tag, _ in found.tags} <= {"i"}
    assert found.wrong == [] == found.open
    card = (study.model_folder / "README.md").read_text(encoding="utf-8")
    assert card.count("\n# ") == 0


def test_an_unusual_outcome_is_a_page_too(table_study: Study) -> None:
    facts = facts_of(table_study)
    facts["outcome"]["beyond_default"] = {"value": 0.1, "low": None, "high": None, "error": None}
    facts["outcome"]["test"]["winner"]["auc"] = {"value": None, "low": None, "high": None, "error": None}
    facts["history"] = {"points": [], "baseline": None}
    facts["leaderboard"] = []
    facts["curves"] = []
    facts["seconds"] = {"total": 0.0}
    assert "Result" in headings(page(facts))


def test_many_classes_are_cut(table_study: Study) -> None:
    facts = facts_of(table_study)
    facts["labels"] = [f"class {n}" for n in range(200)]
    facts["mistakes"]["matrix"] = np.eye(200, dtype=int).tolist()
    facts["data"]["health"]["counts"] = {f"class {n}": n for n in range(200)}
    text = page(facts)
    assert "The 20 classes confused most, of 200." in text
    assert "and 150 classes more" in text
    assert text.count("<th>class") == 2 * 20


def test_a_browser_draws_it_without_a_scroll_bar(image_study: Study, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this machine")
    text = write_report(image_study).read_text(encoding="utf-8")
    # The widest thing on a narrow page is told in the title; the report itself has no script.
    probe = "<script>document.title='wide='+document.documentElement.scrollWidth</script></body>"
    (tmp_path / "report.html").write_text(text.replace("</body>", probe), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    narrow = [*flags, "--window-size=500,1500", f"--screenshot={tmp_path}/page.png", "--dump-dom"]
    done = subprocess.run(
        [browser, *narrow, (tmp_path / "report.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not (tmp_path / "page.png").is_file():
        pytest.skip(f"the browser did not run: {done.stderr[-300:]}")
    assert len(set(Image.open(tmp_path / "page.png").convert("L").tobytes())) > 10, "it is not blank"
    wide = re.search(r"wide=(\d+)", done.stdout)
    assert wide is None or int(wide[1]) <= 500
