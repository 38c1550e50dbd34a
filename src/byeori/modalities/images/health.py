"""The health of a set of pictures: what would spoil a study, found before any training and said in sentences."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from byeori._util.json import Json
from byeori.core.errors import DataError
from byeori.core.schema import Finding, Health
from byeori.modalities.images.duplicates import Duplicates
from byeori.modalities.images.lens import Lens
from byeori.modalities.images.listing import FREE, HELD, VALID, Listing
from byeori.modalities.images.passes import Seen

UNREADABLE_SHARE = 0.2
_ITEMS = 20
_FEW = 10
_LOPSIDED = 5.0
_TINY = 16
_ALIKE = 1.1
_ALL = 4
_PART_NAMES = {FREE: "training", VALID: "validation", HELD: "test"}

Rows = npt.NDArray[np.int64]


def refuse_unreadable(listing: Listing, failed: dict[int, str], looked_at: int) -> None:
    """Stop where more than one file in five is missing or cannot be decoded.

    Raises:
        DataError: It is so.
    """
    bad, among = len(failed) + len(listing.missing), looked_at + len(listing.missing)
    if bad <= UNREADABLE_SHARE * among and looked_at > len(failed):
        return
    row, why = next(iter(failed.items()), (-1, ""))
    example = f"{listing.names[row]} {why}" if failed else f"{listing.missing[0]} is not there"
    raise DataError(
        f"{bad} of {among} images in {listing.origin} cannot be read (for example: {example}), more than one in five: "
        "mend or remove them."
    )


def health_of(listing: Listing, seen: Seen, found: Duplicates, lens: Lens, counts: Mapping[str, int]) -> Health:
    """Say what is wrong, odd or good to know.

    Args:
        listing: What the source holds.
        seen: What a pass over its pictures saw; its rows are places in the listing.
        found: The duplicates among what was seen.
        lens: The working shape.
        counts: Readable pictures by label; empty for regression.
    """
    findings = [
        *_files(listing, seen),
        *_duplicates(listing, seen, found, bool(counts)),
        *_classes(listing, counts),
        *_pictures(listing, seen),
    ]
    return Health.of(findings, counts, _facts(listing, seen, found, lens))


def _files(listing: Listing, seen: Seen) -> Iterable[Finding]:
    failed = [f"{listing.names[row]} {why}" for row, why in seen.failed.items()]
    yield from _found(
        "warning",
        "unreadable",
        failed,
        _said(len(failed), "1 image cannot be read and is left out.", "{} images cannot be read and are left out."),
        "Mend or remove them.",
    )
    yield from _found(
        "warning",
        "missing-files",
        listing.missing,
        _said(len(listing.missing), "1 row names a file that is not there.", "{} rows name files that are not there."),
        "Add the files, or remove the rows.",
    )
    yield from _found(
        "note",
        "left-out",
        listing.left_out,
        _said(len(listing.left_out), "1 file is hidden or no image.", "{} files are hidden or no images.")
        + " What is none of the images of a class is left out.",
    )
    yield from _found(
        "warning",
        "empty-classes",
        listing.empty,
        _said(len(listing.empty), "1 folder holds no image: no class.", "{} folders hold no image: no classes."),
        "Add images or remove the folder.",
    )


def _duplicates(listing: Listing, seen: Seen, found: Duplicates, classes: bool) -> Iterable[Finding]:
    exact, near = found.groups(exact=True), found.groups(exact=False)
    copies = sum(len(g) - 1 for g in exact)
    yield from _found(
        "warning",
        "exact-duplicates",
        _alike(listing, seen, exact),
        _said(copies, "1 image repeats another", "{} images repeat others")
        + " pixel by pixel; copies are kept on one side of every split.",
        "Remove the copies.",
        copies,
    )
    copies = sum(len(np.unique(found.exact[g])) - 1 for g in near)
    yield from _found(
        "note",
        "near-duplicates",
        _alike(listing, seen, near),
        _said(copies, "1 image nearly repeats another", "{} images nearly repeat others")
        + "; such are kept on one side of every split.",
        "Look whether they are copies.",
        copies,
    )
    part = listing.part[seen.rows]
    across = [g for g in _either(exact, near) if len(np.unique(part[g])) > 1]
    copies = sum(int((part[g] != part[g].max()).sum()) for g in across)
    yield from _found(
        "warning",
        "duplicates-across-splits",
        _alike(listing, seen, across),
        _said(copies, "1 image comes again, or nearly,", "{} images come again, or nearly,")
        + " in another of the splits given; they are used in one only.",
        "Keep each picture in one of the folders.",
        copies,
    )
    if classes and listing.labels is not None:
        texts = [listing.labels[row] for row in seen.rows.tolist()]
        torn = [g for g in exact if len({texts[i] for i in g.tolist()}) > 1]
        yield from _found(
            "warning",
            "label-conflicts",
            [" = ".join(f"{listing.names[seen.rows[i]]} ({texts[i]})" for i in g.tolist()[:_ALL]) for g in torn],
            _said(len(torn), "1 picture stands under several labels.", "{} pictures stand under several labels."),
            "Keep the right label of each.",
        )


def _classes(listing: Listing, counts: Mapping[str, int]) -> Iterable[Finding]:
    few = sorted((label for label, n in counts.items() if n < _FEW), key=lambda label: counts[label])
    yield from _found(
        "warning",
        "few-examples",
        [f"{label}: {counts[label]}" for label in few],
        _said(len(few), "1 class has", "{} classes have") + f" fewer than {_FEW} images.",
        "Add images of them.",
    )
    most, least = max(counts, key=lambda c: counts[c], default=""), min(counts, key=lambda c: counts[c], default="")
    if counts and counts[most] > _LOPSIDED * counts[least]:
        yield from _found(
            "warning",
            "imbalance",
            [most, least],
            f"Class {most!r} has {counts[most]} images and {least!r} has {counts[least]}; "
            "the metric counts classes equally unless another is asked for.",
            "Add images of the small classes.",
        )
    spellings: dict[str, list[str]] = {}
    for label in sorted(set(listing.labels or ())) if counts else ():
        spellings.setdefault("".join(unicodedata.normalize("NFKC", label).casefold().split()), []).append(label)
    twins = [" = ".join(map(repr, labels)) for labels in spellings.values() if len(labels) > 1]
    yield from _found(
        "warning",
        "label-spellings",
        twins,
        "Some labels differ in case, space or Unicode form only, and are taken for different classes.",
        "Give each class one name.",
    )


def _pictures(listing: Listing, seen: Seen) -> Iterable[Finding]:
    blank = _names(listing, seen, np.flatnonzero(seen.blank))
    yield from _found(
        "warning",
        "blank-images",
        blank,
        _said(len(blank), "1 image is of one colour all over.", "{} images are of one colour all over."),
        "Remove what is no picture.",
    )
    tiny = _names(listing, seen, np.flatnonzero(seen.sizes.min(axis=1) < _TINY))
    yield from _found(
        "note",
        "tiny-images",
        tiny,
        _said(len(tiny), "1 image has", "{} images have") + f" fewer than {_TINY} pixels a side.",
        "Give larger ones, if there are.",
    )
    small, large = seen.sizes.min(axis=0), seen.sizes.max(axis=0)
    if (large > small * _ALIKE).any():
        sizes = Counter(map(tuple, seen.sizes.tolist())).most_common()
        yield from _found(
            "note",
            "mixed-sizes",
            [f"{w}x{h}: {n}" for (w, h), n in sizes],
            f"The images have {len(sizes)} sizes, from {small[0]} to {large[0]} pixels wide and from {small[1]} to "
            f"{large[1]} high; all are brought to one.",
        )


def _facts(listing: Listing, seen: Seen, found: Duplicates, lens: Lens) -> dict[str, Json]:
    width, height = np.median(seen.sizes, axis=0).tolist()
    parts = {name: int((listing.part[seen.rows] == part).sum()) for part, name in _PART_NAMES.items()}
    return {
        "images": len(seen),
        "unreadable": len(seen.failed),
        "median_width": width,
        "median_height": height,
        "sizes": _distinct(seen),
        "working_shape": list(lens.shape),
        "given_splits": {name: n for name, n in parts.items() if n} if len(set(listing.part.tolist())) > 1 else {},
        "duplicates": len(seen) - len(np.unique(found.near)),
    }


def _either(exact: list[Rows], near: list[Rows]) -> list[Rows]:
    """Return the groups of near duplicates and those of exact ones that lie in none of them."""
    covered = set(np.concatenate(near).tolist()) if near else set()
    return [*near, *(g for g in exact if int(g[0]) not in covered)]


def _found(
    level: str, code: str, items: Sequence[str], message: str, mend: str = "", count: int | None = None
) -> Iterator[Finding]:
    """Yield a finding where there are items."""
    if items:
        shown, count = tuple(items[:_ITEMS]), len(items) if count is None else count
        yield Finding(level=level, code=code, message=message, items=shown, count=count, mend=mend)


def _said(count: int, one: str, many: str) -> str:
    return one if count == 1 else many.format(f"{count:,}")


def _alike(listing: Listing, seen: Seen, groups: Sequence[Rows]) -> list[str]:
    """Return a line for each of the first groups: the names of what is alike."""
    return [" = ".join(_names(listing, seen, g[:_ALL])) + (" …" if len(g) > _ALL else "") for g in groups[:_ITEMS]]


def _names(listing: Listing, seen: Seen, at: Rows) -> list[str]:
    return [listing.names[row] for row in seen.rows[at].tolist()]


def _distinct(seen: Seen) -> int:
    return len(np.unique(seen.sizes, axis=0))
