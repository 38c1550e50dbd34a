from __future__ import annotations

import json
from pathlib import Path

from byeori.core.jobs import PREDICT, TRAIN, Job
from byeori.engine.brief import Errand, FamilyBrief

PATHS = {"mlp": ("a.nets:Nets", "a.mlp:MLP"), "linear": ("a.linear:Linear", "a.plain:LINEAR")}
BRIEF = FamilyBrief(study=Path("s"), prepared=Path("s/prepared"), folds=(0, 1), paths=PATHS, seed=4, precision="bf16")


def test_a_job_is_for_the_family_of_the_genome() -> None:
    job = BRIEF.job(Errand(trial=1234, genome={"linear": {"strength": 1.0}}, attempt=2, seconds=3.0, weights_from=7))
    assert (job.learner, job.family, job.genome) == (*PATHS["linear"], {"strength": 1.0})
    assert (job.what, job.trial, job.attempt, job.seconds) == (TRAIN, 1234, 2, 3.0)
    assert (job.folds, job.precision) == ((0, 1), "bf16")
    assert job.out == "s/trials/01/1234"
    assert job.weights_from == "s/trials/00/0007"


def test_the_seed_depends_on_study_and_trial_and_not_on_the_attempt() -> None:
    seeds = [BRIEF.job(Errand(trial=n, genome={"mlp": {}}, attempt=a)).seed for n, a in ((0, 1), (0, 2), (1, 1))]
    assert seeds[0] == seeds[1] != seeds[2]
    assert all(0 <= seed < 1 << 31 for seed in seeds)


def test_a_refit_has_no_folds_and_the_seed_of_its_trial() -> None:
    job = BRIEF.refit(3, {"mlp": {"w": 1}}, Path("work/refit-3"), 9.0)
    assert job.folds == ()
    assert job.seed == BRIEF.job(Errand(trial=3, genome={"mlp": {"w": 1}})).seed
    assert job.out == "work/refit-3"


def test_a_prediction_is_of_a_trained_folder_and_no_training_reaches_its_attempt() -> None:
    job = BRIEF.predict(3, {"mlp": {}}, Path("trained"), Path("work/test-3"))
    assert (job.what, job.split, job.weights_from) == (PREDICT, "test", "trained")
    assert job.attempt > 1000
    assert job.attempt != BRIEF.refit(3, {"mlp": {}}, Path("x"), None).attempt


def test_every_job_travels_as_json() -> None:
    for job in (BRIEF.job(Errand(trial=0, genome={"mlp": {}})), BRIEF.predict(0, {"mlp": {}}, Path("a"), Path("b"))):
        assert Job.from_json(json.loads(json.dumps(job.to_json()))) == job
