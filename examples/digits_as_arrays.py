"""Handwritten digits as arrays: the scikit-learn face of an image study."""

from __future__ import annotations

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import byeori


def main() -> None:
    """Fit for fifteen seconds, then score on digits that were held back."""
    digits = load_digits()
    images = (digits.images * (255 / 16)).astype("uint8")
    train, test, train_labels, test_labels = train_test_split(
        images, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    model = byeori.ImageClassifier(time=15).fit(train, train_labels)
    print(f"accuracy on {len(test)} digits held back: {model.score(test, test_labels):.3f}")
    print(f"the first ten: {model.predict(test[:10]).tolist()}, in truth {test_labels[:10].tolist()}")


if __name__ == "__main__":
    main()
