"""Microseconds per operation on spaces, and proposals per second of the two first parents.

PYTHONPATH=src python benchmarks/core/spaces.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import cycle
from random import Random

from byeori.core.deciders import cross, mutate, replay, sample
from byeori.core.genome import differences, genome_hash
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Strategy
from byeori.core.space import Space
from byeori.core.state import Trial
from byeori.strategies.evolution import Evolution
from byeori.strategies.random import RandomSearch
from byeori.testing.spaces import flat_space, network_space
from byeori.testing.strategies import trial_of

BATCH = 64
HISTORIES = (1_000, 100_000)


def best_of(work: Callable[[], object], times: int, repeats: int = 5) -> float:
    """Return seconds a call, the best of several runs: what the machine's other users do is no cost of ours."""
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(times):
            work()
        spent.append((time.perf_counter() - begin) / times)
    return min(spent)


def operations(space: Space) -> dict[str, float]:
    """Return microseconds for each operation, over 500 genomes in turn."""
    rng = Random(0)
    genomes = [sample(space, rng) for _ in range(500)]
    pairs = cycle([(genome, mutate(space, genome, rng)) for genome in genomes])
    turn = cycle(genomes)
    work: dict[str, Callable[[], object]] = {
        "sample": lambda: sample(space, rng),
        "mutate": lambda: mutate(space, next(turn), rng),
        "cross": lambda: cross(space, next(turn), genomes[0], rng),
        "replay": lambda: replay(space, next(turn)),
        "hash": lambda: genome_hash(next(turn)),
        "differences": lambda: differences(*next(pairs)),
    }
    return {name: best_of(run, 2000) * 1e6 for name, run in work.items()}


def ended(number: int, candidate: Candidate, rng: Random) -> Trial:
    """Return a trial as the engine tells it."""
    return trial_of(number, candidate, rng.random())


def proposals(make: Callable[[Space], Strategy], space: Space, history: int) -> float:
    """Return how many trials a second are asked for and told, in batches, after a history of some length."""
    strategy, rng = make(space), Random(0)
    first = Origin(strategy="history")
    strategy.tell([ended(n, Candidate(genome=sample(space, rng), origin=first), rng) for n in range(history)])
    spent = []
    for batch in range(40):
        begin = time.perf_counter()
        found: Sequence[Candidate] = strategy.ask(BATCH, rng, ())
        asked = time.perf_counter() - begin
        trials = [ended(history + batch * BATCH + i, candidate, rng) for i, candidate in enumerate(found)]
        begin = time.perf_counter()
        strategy.tell(trials)
        spent.append((asked + time.perf_counter() - begin) / len(found))
    return 1 / sorted(spent)[len(spent) // 4]


def main() -> None:
    for name, space in (("ten questions", flat_space()), ("network, 46", network_space())):
        print(name)
        print("  µs  ", "  ".join(f"{work} {spent:.2f}" for work, spent in operations(space).items()))
        for history in HISTORIES:
            random = proposals(RandomSearch, space, history)
            evolution = proposals(Evolution, space, history)
            print(f"  trials/s after {history:>7,}: random {random:>9,.0f}  evolution {evolution:>9,.0f}")


if __name__ == "__main__":
    main()
