"""Any function of a genome: a small network of scikit-learn, with two objectives, and poor ones stopped early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import byeori
from byeori.space import Categorical, Float, Int, Record, Repeat

EPOCHS = 9
SPACE = Record(
    {
        "rate": Float(1e-4, 1e-1, log=True),
        "act": Categorical(["relu", "tanh"]),
        "layers": Repeat(Int(8, 128, log=True), 1, 3),
    }
)


def train(genome: Any, seed: int) -> Iterator[tuple[dict[str, float], float]]:
    """Yield error and parameters after each epoch, with the progress; the seed is another for each trial."""
    X, y = load_digits(return_X_y=True)
    X, X_valid, y, y_valid = train_test_split(X / 16, y, random_state=0)
    layers, act = genome["layers"], genome["act"]
    net = MLPClassifier(layers, activation=act, learning_rate_init=genome["rate"], random_state=seed)
    for epoch in range(1, EPOCHS + 1):
        net.partial_fit(X, y, classes=np.unique(y))
        params = sum(weights.size for weights in net.coefs_)
        yield {"error": 1 - net.score(X_valid, y_valid), "params": params}, epoch / EPOCHS


def main() -> None:
    """Search, then show the front."""
    ways = {"error": "min", "params": "min"}
    study = byeori.search(train, SPACE, strategy="pareto", stopper="asha", trials=40, objectives=ways, confirm=2)
    whole = sum(trial.progress == 1.0 for trial in study.trials)
    print(f"{len(study.trials)} trials, {whole} of them trained to their end")
    for trial in study.pareto:
        found = trial.facts["objectives"]
        print(f"  error {found['error']:.3f} with {found['params']:7,.0f} parameters: {trial.genome}")
    for row in study.confirmed:
        print(f"trial {row.number} again, with other seeds: {row.mean:.3f} ({row.low:.3f} to {row.high:.3f})")


if __name__ == "__main__":
    main()
