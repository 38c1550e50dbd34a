from __future__ import annotations

from collections.abc import Callable

import pytest

from byeori.core.data import Prepared
from byeori.testing.data import prepared_diabetes, prepared_digits, prepared_iris
from byeori.testing.learners import LearnerConformance

FAMILY = "byeori.families.plain.majority:MAJORITY"


@pytest.mark.parametrize("write", [prepared_iris, prepared_diabetes, prepared_digits])
class TestMajority(LearnerConformance):
    @pytest.fixture
    def learner_path(self) -> str:
        return "byeori.learners.majority:Majority"

    @pytest.fixture
    def family_path(self) -> str:
        return FAMILY

    @pytest.fixture
    def write(self, request: pytest.FixtureRequest) -> Callable[..., Prepared]:
        return request.param  # type: ignore[no-any-return]
