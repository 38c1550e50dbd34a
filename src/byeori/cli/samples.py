"""Two small data sets that come with scikit-learn, written as people keep data: a folder a class, and a CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from byeori._util.lazy import lazy

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from byeori.core.data import Prepared
else:
    np = lazy("numpy")
    Image = lazy("PIL.Image")

# scikit-learn ships no types, so these need no import for the type checker.
datasets: Any = lazy("sklearn.datasets")
svm: Any = lazy("sklearn.svm")

GREYEST = 16.0
"""The digits' grey values go from 0 to 16."""


def write_digits(folder: Path) -> int:
    """Write the 1,797 handwritten digits as PNGs of 8 × 8, a folder a class; return how many there are.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), as in scikit-learn.
    """
    digits = datasets.load_digits()
    for label in range(10):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        pixels = np.rint(image * (255.0 / GREYEST)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / str(label) / f"{number:04d}.png")
    return len(digits.target)


def write_tumours(path: Path) -> int:
    """Write the 569 breast tumours, 30 measurements each and a diagnosis, as a CSV; return how many there are.

    Source: W. Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI (1995), as in scikit-learn.
    """
    data = datasets.load_breast_cancer(as_frame=True)
    frame = data.data.assign(diagnosis=[str(data.target_names[label]) for label in data.target])
    frame.to_csv(path, index=False)
    return len(frame)


def digits_svc(prepared: Prepared) -> float:
    """Return the test accuracy of scikit-learn's classic on the digits, on the very split of a study.

    Args:
        prepared: The study's prepared data; its rows are named by the files that `write_digits` wrote.

    Source: scikit-learn, "Recognizing hand-written digits": SVC(gamma=0.001) on the raw grey values.
    """
    digits = datasets.load_digits()
    where = np.array([int(Path(name).stem) for name in prepared.names()])
    train, test = where[prepared.train_rows(None)], where[prepared.test_rows()]
    classic = svm.SVC(gamma=0.001).fit(digits.data[train], digits.target[train])
    return float(classic.score(digits.data[test], digits.target[test]))
