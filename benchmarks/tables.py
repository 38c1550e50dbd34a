"""Tables: a 60 s study against scikit-learn's defaults on the same splits.

    python benchmarks/tables.py [--splits 0,1,2,3,4] [--time 60] [--data spambase,titanic] [--workers 2]

Two such commands may run beside each other, with `--workers 1` and half of the data each.

Writes docs/benchmarks/tables.md; results are kept in benchmarks/results/tables.json.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import data_folder, kept, results, table, write
from scipy.stats import rankdata
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import byeori
from byeori.core import metrics

UCI = (
    "banknote_authentication",
    "breast-cancer",
    "ecoli",
    "glass",
    "haberman",
    "ionosphere",
    "mammography",
    "oil-spill",
    "pima-indians-diabetes",
    "sonar",
)
REGRESSION = ("concrete", "energy", "airfoil", "yacht", "parkinsons", "sml", "skillcraft", "gas")
OURS = "Byeori"


def load(name: str, split: int) -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    """Return training rows, test rows, the target's name and the task."""
    root = data_folder()
    if name in REGRESSION:
        folder = root / "uci_regression_splits" / name
        frame = pd.read_csv(folder / "data.csv.gz", header=None)
        frame.columns = [*(f"c{i}" for i in range(frame.shape[1] - 1)), "target"]
        mask = pd.read_csv(folder / "test_mask.csv.gz", header=None).to_numpy().astype(bool)
        mask = mask if mask.shape[0] == len(frame) else mask.T
        test = mask[:, split]
        return frame[~test], frame[test], "target", "regression"
    if name == "titanic":
        folder = root / "tab_titanic"
        both = [pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "test_with_Survived.csv")]
        frame = pd.concat(both, ignore_index=True)[both[0].columns]
        frame, target = frame.drop(columns=["PassengerId"]), "Survived"
    elif name in UCI:
        frame = pd.read_csv(root / "tab_uci_csv" / f"{name}.csv", header=None, na_values="?", skipinitialspace=True)
        frame.columns = [*(f"c{i}" for i in range(frame.shape[1] - 1)), "target"]
        target = "target"
    else:
        files = list((root / "tab_openml_encoded").glob(f"{name}_*.csv"))
        frame, target = pd.read_csv(files[0]), "target"
    frame[target] = frame[target].astype(str)
    counts = frame[target].value_counts()
    frame = frame[frame[target].isin(counts[counts >= 3].index)].reset_index(drop=True)
    splitter = StratifiedShuffleSplit(n_splits=5, test_size=0.25, random_state=0)
    train, test = list(splitter.split(frame, frame[target]))[split]
    return frame.iloc[train], frame.iloc[test], target, "classification"


def peers(task: str) -> dict[str, Any]:
    """Return scikit-learn's models at their defaults, with the preparation each needs."""
    texts = make_column_selector(dtype_exclude="number")
    numbers = make_column_selector(dtype_include="number")
    ordinal = make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts), remainder="passthrough"
    )
    whole = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), texts),
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
    )
    filled = make_pipeline(ordinal, SimpleImputer())
    if task == "regression":
        return {
            "HistGradientBoosting": make_pipeline(ordinal, HistGradientBoostingRegressor(random_state=0)),
            "random forest": make_pipeline(filled, RandomForestRegressor(random_state=0, n_jobs=2)),
            "ridge / logistic": make_pipeline(whole, Ridge()),
        }
    return {
        "HistGradientBoosting": make_pipeline(ordinal, HistGradientBoostingClassifier(random_state=0)),
        "random forest": make_pipeline(filled, RandomForestClassifier(random_state=0, n_jobs=2)),
        "ridge / logistic": make_pipeline(whole, LogisticRegression(max_iter=1000)),
    }


def measure(name: str, split: int, seconds: float, workers: int) -> dict[str, Any]:
    """Return the metric of every model on one split."""
    train, test, target, task = load(name, split)
    with tempfile.TemporaryDirectory() as folder:
        study = byeori.fit(
            train,
            out=Path(folder) / "s",
            target=target,
            task=task,
            test=test,
            time=seconds,
            seed=split,
            workers=workers,
        )
        metric, trials = study.schema.metric, len(study.state)
        labels = list(study.schema.labels)
        found = {OURS: study.test}
        members = len(study.outcome["choice"]["members"])
    actual = test[target].to_numpy()
    if task == "classification":
        actual = np.asarray([labels.index(v) for v in actual])
    for peer, model in peers(task).items():
        # HistGradientBoosting refuses a column without any value.
        full = train.drop(columns=[target]).dropna(axis=1, how="all")
        model.fit(full, train[target])
        inputs = test[full.columns]
        if task == "regression":
            output = model.predict(inputs)
        else:
            raw = model.predict_proba(inputs)
            output = np.zeros((len(test), len(labels)))
            for column, label in enumerate(model.classes_):
                output[:, labels.index(label)] = raw[:, column]
        found[peer] = metrics.score(metric, actual, output)
    return {"metric": metric, "scores": found, "trials": trials, "members": members, "workers": workers}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", default="0,1,2,3,4")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--time", type=float, default=60.0)
    parser.add_argument("--data", default="")
    args = parser.parse_args()
    names = args.data.split(",") if args.data else ["mushroom", "sick", "spambase", "titanic", *REGRESSION, *UCI]
    for split in map(int, args.splits.split(",")):
        for name in names:
            key = f"{name} {split} {args.time:g}"
            kept("tables", key, lambda n=name, s=split: measure(n, s, args.time, args.workers))
    report()


def report() -> None:
    """Write ranks and wins of everything kept so far."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for key, value in results("tables").items():
        grouped.setdefault(key.split(" ")[0], []).append(value)
    models = [OURS, "HistGradientBoosting", "random forest", "ridge / logistic"]
    rows, ranks, better = [], [], {m: 0.0 for m in models[1:]}
    for name, runs in sorted(grouped.items()):
        metric = runs[0]["metric"]
        sign = -1.0 if metrics.metric(metric).maximize else 1.0
        scores = np.asarray([[r["scores"][m] for m in models] for r in runs])
        ranks.append(rankdata(sign * scores.mean(axis=0)))
        for index, model in enumerate(models[1:], 1):
            gain = sign * (scores[:, index] - scores[:, 0])
            error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
            better[model] += 0.5 if abs(gain.mean()) <= error else float(gain.mean() > 0)
        cells = [f"{v:.4f}" for v in scores.mean(axis=0)]
        rows.append([name, metric, len(runs), *cells, f"{ranks[-1][0]:g}"])
    mean = np.mean(ranks, axis=0)
    rows.append(["**mean rank**", "", "", *(f"**{v:.2f}**" for v in mean), ""])
    share = ", ".join(f"{m} {v:g} of {len(grouped)}" for m, v in better.items())
    body = table(["data", "metric", "splits", *models, "our rank"], rows)
    write("tables", "Tables", f"{body}\n\nBetter than (a tie within one standard error counts half): {share}.")


if __name__ == "__main__":
    main()
