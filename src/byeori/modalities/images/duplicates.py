"""Duplicates: equal pixels by a hash, and nearly equal pictures by a difference hash and a closer look.

A difference hash says of 8 x 8 places whether grey falls to the right. Near hashes are found without comparing all
with all: the hashes are sorted eight times, turned by a byte each time, and each is compared with its next neighbours.
What is near there must also be near as a 16 x 16 thumbnail, contrast and brightness set aside: very near, or four
times nearer than to other pictures of the same data, so that digits, or sea and sky, are not taken for each other.

Source: the difference hash of N. Krawetz, http://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from byeori.modalities.images.passes import THUMB, Seen, box_weights

_TURNS = 8
_NEIGHBOURS = 4
_BITS = 10
_MARGIN = 2.0
_SURE = 0.002
_NEAR = 0.05
_NEARER = 0.25
_OTHERS = 4096
_RANK = 3
_AT_ONCE = 1024
_CONTRAST = 6.0

Pairs = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Which pictures are the same.

    Args:
        exact: (n,) ids; equal where pixels are equal.
        near: (n,) ids; equal where pictures are equal or nearly so. What equals nothing has an id of its own.
    """

    exact: Ids
    near: Ids

    def groups(self, *, exact: bool) -> list[Ids]:
        """Return the groups of two or more, each by ascending place: the equal ones, or those only nearly equal."""
        found = _groups(self.exact if exact else self.near)
        return found if exact else [g for g in found if len(np.unique(self.exact[g])) > 1]


def find_duplicates(seen: Seen) -> Duplicates:
    """Find equal and nearly equal pictures.

    Args:
        seen: What a pass over the pictures saw.
    """
    _, exact = np.unique(seen.digests, return_inverse=True)
    exact = exact.astype(np.int64)
    _, first = np.unique(exact, return_index=True)
    pairs = first[near_pairs(seen.thumbs[first])]
    near = _connected(exact, exact[pairs])
    return Duplicates(exact=exact, near=near)


def near_pairs(thumbs: npt.NDArray[np.uint8]) -> Pairs:
    """Return pairs of nearly equal pictures, (m, 2) places.

    Args:
        thumbs: (n, 16, 16) uint8 grey thumbnails, no two of them of equal pictures.
    """
    flat = thumbs.reshape(len(thumbs), THUMB * THUMB).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    spread = np.sqrt((flat**2).mean(axis=1))
    flat /= np.maximum(spread, 1e-6)[:, None]
    rows = np.flatnonzero(spread >= _CONTRAST)
    pairs = rows[_near_hashes(difference_hash(thumbs[rows]))]
    apart = 1.0 - np.einsum("ij,ij->i", flat[pairs[:, 0]], flat[pairs[:, 1]]) / (THUMB * THUMB)
    pairs, apart = pairs[apart <= _NEAR], apart[apart <= _NEAR]
    usual = _usual_distance(flat, np.unique(pairs), rows)
    near = apart <= np.minimum(usual[pairs[:, 0]], usual[pairs[:, 1]]) * _NEARER
    found: Pairs = pairs[near | (apart <= _SURE)]
    return found


def _usual_distance(flat: npt.NDArray[np.float32], of: Pairs, rows: Pairs) -> npt.NDArray[np.float32]:
    """Return how far some pictures are from the third nearest of a spread of others; 0 for all the rest."""
    others = rows[np.linspace(0, len(rows) - 1, min(_OTHERS, len(rows))).astype(np.int64)]
    usual = np.zeros(len(flat), np.float32)
    if len(others) > _RANK + 1:
        for start in range(0, len(of), _AT_ONCE):
            some = of[start : start + _AT_ONCE]
            apart = 1.0 - flat[some] @ flat[others].T / (THUMB * THUMB)
            usual[some] = np.partition(apart, _RANK, axis=1)[:, _RANK]  # the nearest may be itself
    return usual


def difference_hash(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return 64-bit difference hashes of (n, 16, 16) thumbnails, (n,) uint64."""
    down, across = box_weights(THUMB, 8), box_weights(THUMB, 9)
    small = down @ thumbs.astype(np.float32) @ across.T
    bits = small[:, :, :-1] > small[:, :, 1:] + _MARGIN  # the margin keeps noise in flat places from setting bits
    packed = np.packbits(bits.reshape(len(thumbs), 64), axis=1).view(np.uint64)
    return packed.reshape(len(thumbs))


def _near_hashes(hashes: npt.NDArray[np.uint64]) -> Pairs:
    """Return pairs of hashes that differ in few bits, most of all such pairs, in time n log n."""
    found = [np.empty((0, 2), np.int64)]
    for turn in range(_TURNS):
        by = np.uint64(8 * turn)
        turned = (hashes << by) | (hashes >> (np.uint64(64) - by)) if turn else hashes
        order = np.argsort(turned, kind="stable")
        ranked = hashes[order]
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            close = np.bitwise_count(ranked[:-step] ^ ranked[step:]) <= _BITS
            found.append(np.stack([order[:-step][close], order[step:][close]], axis=1))
    pairs = np.concatenate(found)
    pairs.sort(axis=1)
    return np.unique(pairs, axis=0)


def _connected(ids: Ids, pairs: Pairs) -> Ids:
    """Return ids in which those joined by pairs are one, numbered by the smallest."""
    parent = np.arange(int(ids.max(initial=-1)) + 1)

    def root(of: int) -> int:
        while parent[of] != of:
            parent[of] = parent[parent[of]]
            of = int(parent[of])
        return of

    for a, b in pairs.tolist():
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    roots = np.array([root(i) for i in range(len(parent))], np.int64)
    return roots[ids]


def _groups(ids: Ids) -> list[Ids]:
    order = np.argsort(ids, kind="stable")
    cuts = np.flatnonzero(np.diff(ids[order])) + 1
    return [group for group in np.split(order, cuts) if len(group) > 1]
