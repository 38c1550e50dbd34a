"""What can be said of genomes without their space: their hash, where two differ, a short text.

A genome is plain JSON: a dict for a Record, a dict with one key for a OneOf, a list for a Repeat.
"""

from __future__ import annotations

from hashlib import blake2b

from byeori._util.json import Json, canonical, digest
from byeori.core.dice import same


def genome_hash(genome: Json) -> str:
    """Return 32 hexadecimal digits that are equal for equal genomes, in every process and version.

    A genome from outside is replayed first, so that 1 and 1.0 are spelt alike.

    Example:
        >>> genome_hash({"a": 1, "b": [2]}) == genome_hash({"b": [2], "a": 1})
        True
    """
    return digest(genome)


def genome_key(genome: Json) -> int:
    """Return a 64-bit hash, for sets of what was tried: 500,000 of them take 50 MB."""
    return int.from_bytes(blake2b(canonical(genome), digest_size=8).digest(), "big")


def differences(a: Json, b: Json) -> tuple[str, ...]:
    """Return the paths at which `b` differs from `a`, in the order of `b`: what changed from a parent to a child.

    A changed branch is named by the new one. Items that were put in or taken out are named by the place where they are,
    or were, and the items behind them do not count as changed.

    Args:
        a: The parent.
        b: The child.

    Example:
        >>> differences({"rate": 0.1, "blocks": [1, 2, 3]}, {"rate": 0.2, "blocks": [1, 3]})
        ('rate', 'blocks[1]')
    """
    found: list[str] = []
    _compare(a, b, "", found)
    return tuple(found)


def flatten(genome: Json) -> dict[str, Json]:
    """Return path → answer of every leaf; an empty Record or Repeat counts as one.

    Example:
        >>> flatten({"blocks": [{"conv": {"filters": 32}}, {"pool": {}}]})
        {'blocks[0].conv.filters': 32, 'blocks[1].pool': {}}
    """
    leaves: dict[str, Json] = {}
    _gather(genome, "", leaves)
    return leaves


def describe(genome: Json, width: int = 80) -> str:
    """Return a genome as a line for people.

    Args:
        genome: Any genome.
        width: Characters at most; what is longer ends in `…`.

    Example:
        >>> describe({"net": {"rate": 0.00123456, "blocks": [{"conv": {"filters": 32}}] * 3, "act": None}})
        'net(rate=0.00123, blocks=3×conv(filters=32), act=none)'
    """
    text = _said(genome)
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _compare(a: Json, b: Json, at: str, found: list[str]) -> None:
    if a is b:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        if len(a) == len(b) == 1 and a.keys() != b.keys():
            found.append(_join(at, next(iter(b))))
            return
        added = 0
        for key, new in b.items():
            if key not in a:
                added += 1
                found.append(_join(at, key))
            elif new is not (old := a[key]):
                _compare(old, new, _join(at, key), found)
        if len(a) + added > len(b):
            found.extend(_join(at, key) for key in a if key not in b)
    elif isinstance(a, list) and isinstance(b, list):
        _compare_items(a, b, at, found)
    elif not same(a, b):
        found.append(at)


def _compare_items(a: list[Json], b: list[Json], at: str, found: list[str]) -> None:
    shorter, longer = min(len(a), len(b)), max(len(a), len(b))
    first, tail = 0, 0
    if shorter < longer:  # leave out what is alike before and behind what was put in or taken out
        while first < shorter and not differences(a[first], b[first]):
            first += 1
        while tail < shorter - first and not differences(a[-1 - tail], b[-1 - tail]):
            tail += 1
    for i in range(first, shorter - tail):
        _compare(a[i], b[i], f"{at}[{i}]", found)
    found.extend(f"{at}[{i}]" for i in range(shorter - tail, longer - tail))


def _gather(answer: Json, at: str, leaves: dict[str, Json]) -> None:
    if isinstance(answer, dict) and answer:
        for key, part in answer.items():
            _gather(part, _join(at, key), leaves)
    elif isinstance(answer, list) and answer:
        for i, part in enumerate(answer):
            _gather(part, f"{at}[{i}]", leaves)
    else:
        leaves[at] = answer


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _said(answer: Json) -> str:
    if isinstance(answer, dict):
        if len(answer) == 1 and isinstance(part := next(iter(answer.values())), dict):
            return f"{next(iter(answer))}({_said(part)})" if part else next(iter(answer))
        return ", ".join(f"{key}={_inside(part)}" for key, part in answer.items())
    if isinstance(answer, list):
        return f"[{', '.join(_runs([_inside(item) for item in answer]))}]"
    if isinstance(answer, float):
        return f"{answer:.3g}"
    return "none" if answer is None else str(answer).lower() if isinstance(answer, bool) else str(answer)


def _inside(answer: Json) -> str:
    """Set brackets where a part would run into its neighbours."""
    if isinstance(answer, list) and len(answer) > 1 and len(said := _runs([_inside(item) for item in answer])) == 1:
        return said[0]
    if isinstance(answer, dict) and (len(answer) != 1 or not isinstance(next(iter(answer.values())), dict)):
        return f"({_said(answer)})"
    return _said(answer)


def _runs(items: list[str]) -> list[str]:
    runs: list[tuple[str, int]] = []
    for item in items:
        if runs and runs[-1][0] == item:
            runs[-1] = (item, runs[-1][1] + 1)
        else:
            runs.append((item, 1))
    return [item if count == 1 else f"{count}×{item}" for item, count in runs]
