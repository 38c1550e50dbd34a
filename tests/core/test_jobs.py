from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, fields, replace

import pytest

from byeori.core.jobs import Candidate, Origin

ORIGIN = Origin(strategy="evolution", parents=(3, 4), changed=("rate",))


def test_an_origin_is_what_it_was_made_of() -> None:
    assert asdict(ORIGIN) == {"strategy": "evolution", "parents": (3, 4), "changed": ("rate",)}
    assert asdict(Origin(strategy="x")) == {"strategy": "x", "parents": (), "changed": ()}
    assert Origin.from_json(ORIGIN.to_json()) == ORIGIN


def test_a_candidate_is_what_it_was_made_of() -> None:
    plain = Candidate(genome={"a": 1}, origin=ORIGIN)
    assert (plain.genome, plain.origin) == ({"a": 1}, ORIGIN)
    assert (plain.continues, plain.weights_from, plain.until) == (None, None, 1.0)
    full = {"genome": [1], "origin": ORIGIN, "continues": 5, "weights_from": 6, "until": 0.5}
    made = Candidate(**full)  # type: ignore[arg-type]
    assert {field.name: getattr(made, field.name) for field in fields(made)} == full
    assert replace(made, until=0.25) == Candidate(**{**full, "until": 0.25})  # type: ignore[arg-type]


@pytest.mark.parametrize(("made", "name"), [(ORIGIN, "strategy"), (Candidate(genome={}, origin=ORIGIN), "until")])
def test_neither_ever_changes(made: Origin | Candidate, name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, 0.5)


@pytest.mark.parametrize("until", [0.0, -1.0, 1.5, float("nan")])
def test_a_part_of_a_training_is_a_share(until: float) -> None:
    with pytest.raises(ValueError, match="until"):
        Candidate(genome={}, origin=ORIGIN, until=until)
