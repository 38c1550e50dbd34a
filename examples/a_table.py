"""A table as a DataFrame: classify flowers, and ask how sure the model is."""

from __future__ import annotations

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import byeori


def main() -> None:
    """Fit five children, then score on rows that were held back."""
    iris = load_iris(as_frame=True)
    names = iris.target.map(dict(enumerate(iris.target_names)))
    train, test, train_names, test_names = train_test_split(
        iris.data, names, test_size=0.3, stratify=names, random_state=0
    )
    model = byeori.TabularClassifier(trials=5, time=None, random_state=0).fit(train, train_names)
    print(f"accuracy on {len(test)} flowers held back: {model.score(test, test_names):.3f}")
    for name, share in zip(model.classes_, model.predict_proba(test)[0], strict=True):
        print(f"  the first is {name} with probability {share:.2f}")


if __name__ == "__main__":
    main()
