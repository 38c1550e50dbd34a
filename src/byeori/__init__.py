"""Byeori: AI that builds AI. Give it data; it designs, trains, checks, explains and ships a network made for it.

Nothing heavy is imported until it is used.

    cli, web          commands, pages
    api, estimators   what users call
    searching, space  the parents alone: search any function of the answers to any questions
    session, finish   one command's work on a study
    report            one HTML file from log and model
    model, study      the folders, opened
    catalog           all that has a name
    engine            the loop, the budget, replay, the choice
    strategies, stoppers, families, modalities, learners, executors, stores    one file an implementation
    nn                torch blocks
    core              spaces, deciders, events, protocols, metrics
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byeori._util.lazy import resolve

if TYPE_CHECKING:
    from byeori.api import check, evaluate, fit, load, resume
    from byeori.core.schema import Source
    from byeori.estimators import ImageClassifier, TabularClassifier, TabularRegressor
    from byeori.model import Model
    from byeori.search_study import SearchStudy
    from byeori.searching import search
    from byeori.study import Study

__version__ = "0.1.0"

_WHERE = {
    "check": "byeori.api:check",
    "evaluate": "byeori.api:evaluate",
    "fit": "byeori.api:fit",
    "load": "byeori.api:load",
    "resume": "byeori.api:resume",
    "search": "byeori.searching:search",
    "ImageClassifier": "byeori.estimators:ImageClassifier",
    "Model": "byeori.model:Model",
    "SearchStudy": "byeori.search_study:SearchStudy",
    "Source": "byeori.core.schema:Source",
    "Study": "byeori.study:Study",
    "TabularClassifier": "byeori.estimators:TabularClassifier",
    "TabularRegressor": "byeori.estimators:TabularRegressor",
}

__all__ = [
    "ImageClassifier",
    "Model",
    "SearchStudy",
    "Source",
    "Study",
    "TabularClassifier",
    "TabularRegressor",
    "check",
    "evaluate",
    "fit",
    "load",
    "resume",
    "search",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return resolve(_WHERE[name])
    raise AttributeError(f"module 'byeori' has no attribute {name!r}")
