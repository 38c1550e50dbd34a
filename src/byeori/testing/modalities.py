"""The conformance suite of modalities: inherit `ModalityConformance`, give a modality and a source, run pytest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from byeori._util.json import dumps, loads
from byeori.core.data import TEST, UNUSED, Encoded, Prepared
from byeori.core.protocols import Modality
from byeori.core.schema import Health, Schema, Source


class ModalityConformance:
    """What every modality must do; a test class inherits it and overrides the fixtures.

    Override `modality` and `source`; also `own_test` where the modality takes a test set of the user's own. The source
    must be clean (every item readable, no test set of its own) and quick to prepare.

    Example:
        class TestImages(ModalityConformance):
            @pytest.fixture
            def modality(self) -> Modality:
                return Images()

            @pytest.fixture
            def source(self, tmp_path: Path) -> Source:
                return Source(data=make_folder(tmp_path / "data"))
    """

    @pytest.fixture
    def modality(self) -> Modality:
        """The modality under test."""
        raise NotImplementedError("Override the fixture `modality`.")

    @pytest.fixture
    def source(self) -> Source:
        """A small clean training source."""
        raise NotImplementedError("Override the fixture `source`.")

    @pytest.fixture
    def own_test(self) -> Any:
        """Data for `Source.test` in a form the modality takes, or None to leave the tests of it out."""
        return None

    @pytest.fixture
    def schema(self, modality: Modality, source: Source) -> Schema:
        """What the modality infers of the source."""
        return modality.infer(source)

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        """An empty folder in which preparations are made."""
        folder = tmp_path / "conformance home"
        folder.mkdir()
        return folder

    @pytest.fixture
    def prepared(self, modality: Modality, source: Source, schema: Schema, home: Path) -> Prepared:
        """The source, prepared with seed 0."""
        return modality.prepare(source, schema, home / "prepared", seed=0)

    def test_the_schema_survives_json(self, schema: Schema) -> None:
        assert Schema.from_json(loads(dumps(schema.to_json()))) == schema

    def test_the_health_survives_json(self, modality: Modality, source: Source, schema: Schema) -> None:
        health = modality.check(source, schema)
        assert Health.from_json(loads(dumps(health.to_json()))) == health

    def test_inferring_twice_gives_the_same(self, modality: Modality, source: Source, schema: Schema) -> None:
        assert modality.infer(source) == schema

    def test_what_is_prepared_opens_again(self, prepared: Prepared, home: Path) -> None:
        assert prepared.folder == home / "prepared"
        assert Prepared.open(prepared.folder) == prepared
        assert [p.name for p in home.iterdir()] == ["prepared"]

    def test_everything_has_one_row_an_item(self, prepared: Prepared) -> None:
        rows = len(prepared.names())
        assert rows == len(prepared.arrays()) == len(prepared.target()) == len(prepared.folds()) > 0

    def test_targets_are_label_indices_or_finite_values(self, prepared: Prepared) -> None:
        target = np.asarray(prepared.target())
        if prepared.schema.labels:
            assert target.dtype == np.int64
            assert set(target.tolist()) <= set(range(len(prepared.schema.labels)))
        else:
            assert target.dtype == np.float64
            assert np.isfinite(target).all()

    def test_splits_are_disjoint_and_add_up(self, prepared: Prepared) -> None:
        folds, test = np.asarray(prepared.folds()), set(prepared.test_rows().tolist())
        for fold in prepared.validated:
            train, valid = set(prepared.train_rows(fold).tolist()), set(prepared.valid_rows((fold,)).tolist())
            assert train
            assert valid
            assert not train & valid
            assert not (train | valid) & test
            assert len(train) + len(valid) + len(test) + int((folds == UNUSED).sum()) == len(folds)
        assert prepared.sizes["test"] == len(test) == int((folds == TEST).sum())
        assert prepared.sizes["valid"] == len(prepared.valid_rows())

    def test_a_test_split_is_kept_when_asked_for(self, prepared: Prepared, source: Source) -> None:
        assert (prepared.sizes["test"] > 0) == (source.test_fraction > 0)

    def test_no_test_split_is_kept_when_not_asked_for(
        self, modality: Modality, source: Source, schema: Schema, home: Path
    ) -> None:
        prepared = modality.prepare(replace(source, test_fraction=0.0), schema, home / "all", seed=0)
        assert prepared.sizes["test"] == 0

    def test_the_test_set_of_the_user_is_the_test_split(
        self, modality: Modality, source: Source, own_test: Any, home: Path
    ) -> None:
        if own_test is None:
            pytest.skip("no test set of the user's own is given to this suite")
        both = replace(source, test=own_test)
        prepared = modality.prepare(both, modality.infer(both), home / "both", seed=0)
        encoded = modality.encode(replace(source, data=own_test), prepared.schema, prepared.fitted)
        rows = prepared.test_rows()
        _assert_same(prepared, rows, encoded, np.arange(len(rows)))

    def test_encoding_the_training_data_gives_the_prepared_arrays(
        self, modality: Modality, source: Source, prepared: Prepared
    ) -> None:
        encoded = modality.encode(source, prepared.schema, prepared.fitted)
        where = {name: i for i, name in enumerate(encoded.names)}
        names = prepared.names()
        assert len(where) == len(encoded.names)
        assert set(names) <= set(where)
        _assert_same(prepared, np.arange(len(names)), encoded, np.array([where[name] for name in names]))

    def test_what_is_fitted_survives_json(self, modality: Modality, source: Source, prepared: Prepared) -> None:
        again = loads(dumps(prepared.fitted))
        first = modality.encode(source, prepared.schema, prepared.fitted)
        second = modality.encode(source, Schema.from_json(loads(dumps(prepared.schema.to_json()))), again)
        for name, array in first.arrays.parts.items():
            np.testing.assert_array_equal(array, second.arrays[name])

    def test_a_preparation_that_fits_is_used_again(
        self, modality: Modality, source: Source, schema: Schema, prepared: Prepared
    ) -> None:
        before = {p: p.stat().st_mtime_ns for p in prepared.folder.rglob("*")}
        again = modality.prepare(source, schema, prepared.folder, seed=0)
        assert again == prepared
        assert {p: p.stat().st_mtime_ns for p in prepared.folder.rglob("*")} == before

    def test_the_same_seed_gives_the_same_preparation(
        self, modality: Modality, source: Source, schema: Schema, prepared: Prepared, home: Path
    ) -> None:
        other = modality.prepare(source, schema, home / "other", seed=0)
        assert other.fingerprint == prepared.fingerprint
        assert other.fitted == prepared.fitted
        np.testing.assert_array_equal(other.folds(), prepared.folds())
        assert other.names() == prepared.names()

    def test_another_seed_gives_another_fingerprint_and_takes_the_place(
        self, modality: Modality, source: Source, schema: Schema, prepared: Prepared
    ) -> None:
        other = modality.prepare(source, schema, prepared.folder, seed=1)
        assert other.fingerprint != prepared.fingerprint
        assert Prepared.open(prepared.folder).fingerprint == other.fingerprint

    def test_an_interrupted_preparation_leaves_nothing_behind(
        self,
        modality: Modality,
        source: Source,
        schema: Schema,
        home: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupt(*args: object, **kwargs: object) -> Prepared:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Prepared, "write", staticmethod(interrupt))
            with pytest.raises(KeyboardInterrupt):
                modality.prepare(source, schema, home / "prepared", seed=0)
        assert list(home.iterdir()) == []
        assert modality.prepare(source, schema, home / "prepared", seed=0).sizes["train"] > 0

    def test_what_a_killed_preparation_left_is_overwritten(
        self, modality: Modality, source: Source, schema: Schema, prepared: Prepared
    ) -> None:
        (prepared.folder / "prepared.json").unlink()
        (prepared.folder / "fold.npy").write_bytes(b"half")
        again = modality.prepare(source, schema, prepared.folder, seed=0)
        assert again.sizes == prepared.sizes
        assert again.fingerprint == prepared.fingerprint


def _assert_same(
    prepared: Prepared, rows: npt.NDArray[np.int64], encoded: Encoded, where: npt.NDArray[np.int64]
) -> None:
    """The prepared rows are the encoded items: arrays, targets, and as many parts."""
    arrays = prepared.arrays()
    assert set(arrays.parts) == set(encoded.arrays.parts)
    for name, array in arrays.parts.items():
        assert array.dtype == encoded.arrays[name].dtype
        np.testing.assert_array_equal(array[rows], encoded.arrays[name][where])
    assert encoded.target is not None
    np.testing.assert_array_equal(prepared.target()[rows], encoded.target[where])
