from __future__ import annotations

import subprocess
import sys

from byeori._util.seeds import rng_of, seed_of


def test_a_seed_is_the_same_in_every_process_and_version() -> None:
    code = "from byeori._util.seeds import seed_of; print(seed_of(0, 'trial', 7))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == seed_of(0, "trial", 7) == 462995653307264174


def test_every_part_of_a_key_counts() -> None:
    keys = [(0,), (1,), (0, "a"), (0, "b"), ("a", 0), (0, "a", ""), (10,), (1, 0), ("1", "0"), ("ab",), ("a", "b")]
    keys.remove(("1", "0"))
    assert len({seed_of(*key) for key in keys}) == len(keys)


def test_seeds_fill_63_bits_and_are_never_negative() -> None:
    seeds = [seed_of(0, "trial", n) for n in range(1000)]
    assert len(set(seeds)) == 1000
    assert 0 <= min(seeds) < 1 << 57
    assert 1 << 62 < max(seeds) < 1 << 63


def test_a_generator_begins_anew_from_its_key() -> None:
    assert [rng_of(1, "x").random() for _ in range(2)] == [rng_of(1, "x").random()] * 2
    assert rng_of(1, "x").random() != rng_of(1, "y").random()
