"""Population-based training and promotions, end to end with learners that leave checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from byeori.core import events as ev
from byeori.core.data import Prepared
from byeori.core.deciders import default
from byeori.core.jobs import Candidate, Origin
from byeori.core.protocols import Executor, Stopper, Strategy
from byeori.core.space import Float, OneOf, Record, Space
from byeori.core.state import State
from byeori.engine.brief import FamilyBrief
from byeori.engine.budget import Budget
from byeori.engine.keeper import Keeper
from byeori.engine.loop import Loop, Parts
from byeori.executors.inline import Inline
from byeori.executors.local import Local
from byeori.families.images.chain import CHAIN
from byeori.stoppers.asha import ASHA
from byeori.stoppers.never import Never
from byeori.stores.memory import MemoryStore
from byeori.strategies.population import Population
from byeori.strategies.random import RandomSearch
from byeori.testing.data import prepared_digits
from byeori.testing.toys import FAMILY

TOYS = OneOf({"toy": Record({"x": Float(-1.0, 1.0), "y": Float(-1.0, 1.0)})})


def searched(
    study: Path,
    space: Space,
    strategy: Strategy,
    stopper: Stopper,
    *,
    paths: dict[str, tuple[str, str]],
    prepared: Prepared | None = None,
    trials: int,
    opening: Sequence[Candidate] = (),
    executor: Executor | None = None,
) -> tuple[State, MemoryStore]:
    """Search, by default in this process, every child trained by its learner into the study's folder."""
    store, state = MemoryStore(), State()
    brief = FamilyBrief(
        study=study,
        prepared=prepared.folder if prepared else study / "prepared",
        folds=prepared.validated if prepared else (0,),
        paths=paths,
    )
    parts = Parts(
        space=space,
        strategy=strategy,
        stopper=stopper,
        executor=executor or Inline(),
        store=store,
        brief=brief,
        keeper=Keeper(study),
    )
    Loop(parts, state, budget=Budget(trials=trials), opening=opening).run()
    return state, store


def toys(study: Path, strategy: Strategy, stopper: Stopper, trials: int) -> tuple[State, MemoryStore]:
    paths = {"toy": ("byeori.testing.toys:Skilled", FAMILY)}
    return searched(study, TOYS, strategy, stopper, paths=paths, trials=trials)


def test_skill_is_inherited_from_generation_to_generation(tmp_path: Path) -> None:
    state, _ = toys(tmp_path, Population(TOYS, size=4, step=0.5), Never(), 24)
    trials = list(state.trials())
    assert {t.reason for t in trials} == {ev.DONE}
    assert [round(t.progress, 3) for t in trials] == [0.5] * 4 + [1.0] * 20
    for trial in trials[4:]:
        donor = trials[trial.origin.parents[0]]
        assert trial.facts["began"] == donor.facts["began"] + round(10 * donor.progress)
    assert min(t.value for t in trials[-4:]) < min(t.value for t in trials[:4])


def test_promoted_trials_go_on_from_their_checkpoints(tmp_path: Path) -> None:
    stopper = ASHA(maximize=False, grace=0.1, eta=2.5, promote=True)
    state, store = toys(tmp_path, RandomSearch(TOYS), stopper, 30)
    again = [event.trial for event in store.read() if event.kind == ev.STARTED]
    assert again
    steps: dict[int, list[int]] = {}
    for event in store.read():
        if event.kind == ev.REPORTED:
            steps.setdefault(event.trial, []).extend(report["step"] for report in event.data["reports"])
    assert all(said == list(range(1, len(said) + 1)) for said in steps.values()), "a step was trained twice"
    assert state.progress(state.best or 0) == 1.0
    assert all((tmp_path / "trials" / "00" / f"{number:04d}" / "skill.json").exists() for number in state.paused)


def test_children_in_processes_are_paused_killed_and_gone_on_with(tmp_path: Path) -> None:
    space = OneOf({"toy": Record({"x": Float(-1.0, 1.0), "pause": Float(0.02, 0.03)})})
    stopper = ASHA(maximize=False, grace=0.1, eta=2.5, promote=True)
    paths = {"toy": ("byeori.testing.toys:Checkpointing", FAMILY)}
    with Local(workers=2) as executor:
        state, store = searched(
            tmp_path, space, RandomSearch(space), stopper, paths=paths, trials=12, executor=executor
        )
    assert {t.status for t in state.trials()} == {"paused", "ended"}
    assert {t.reason for t in state.trials()} == {ev.DONE, ""}
    last: dict[int, int] = {}
    for event in store.read():
        for report in event.data["reports"] if event.kind == ev.REPORTED else ():
            assert report["step"] > last.get(event.trial, 0), "a step was trained twice"
            last[event.trial] = report["step"]
    assert any(t.attempt > 1 and t.facts["began"] for t in state.trials())


def test_networks_inherit_weights_and_stop_where_they_are_told(tmp_path: Path) -> None:
    prepared = prepared_digits(tmp_path / "data", rows=300)
    space = OneOf({"chain": CHAIN.space(prepared.schema)})
    genome = default(space)
    genome["chain"]["recipe"] |= {"epochs": 8, "ema": "none", "augment": {"none": {}}}
    origin = Origin(strategy="population")
    opening = (
        Candidate(genome=genome, origin=origin, until=0.5),
        Candidate(genome=genome, origin=origin, until=0.25, weights_from=0),
        Candidate(genome=genome, origin=origin, until=0.25),
    )
    paths = {"chain": ("byeori.learners.nets:Nets", "byeori.families.images.chain:CHAIN")}
    study = tmp_path / "study"
    state, _ = searched(
        study, space, RandomSearch(space), Never(), paths=paths, prepared=prepared, trials=3, opening=opening
    )
    donor, heir, alone = state.trials()
    assert {t.reason for t in (donor, heir, alone)} == {ev.DONE}
    assert [round(t.progress, 2) for t in (donor, heir, alone)] == [0.5, 0.25, 0.25]
    assert heir.value > alone.value
    assert (study / "trials" / "00" / "0000" / "fold0" / "checkpoint.safetensors").exists()
