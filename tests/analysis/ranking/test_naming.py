"""No two configurations that differ read the same, in no table and no picture."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.plots.canvas import wrapped
from ilsweep.analysis.plots.groups import TEXT, groups_of
from ilsweep.analysis.ranking.naming import (
    by_last_name,
    differing,
    fitted,
    shortened,
    texts_of,
)
from ilsweep.analysis.report.data import gather
from ilsweep.analysis.report.output import ranking_text
from ilsweep.analysis.report.tables import configurations
from tests.analysis import strategies
from tests.analysis.strategies import sweep, trial

words = st.text("abcd/_", min_size=1, max_size=60)
configurations_of_four = st.lists(
    st.fixed_dictionaries(dict.fromkeys(("lr", "ot.reg", "ot.tau", "policy.type"), words)),
    min_size=1,
    max_size=8,
)


@given(configurations_of_four, st.integers(1, 200))
def test_settings_that_differ_read_differently(known: list[dict[str, str]], limit: int) -> None:
    texts = fitted(known, limit)
    different = {tuple(item.items()) for item in known}
    assert len(set(texts)) == len(different)
    assert len(set(zip(texts, map(str, known), strict=True))) == len(different)


@given(st.lists(words, max_size=8), st.integers(3, 40))
def test_cut_texts_stay_apart(texts: list[str], limit: int) -> None:
    cut = shortened(texts, limit)
    assert len(set(zip(cut, texts, strict=True))) == len(set(cut)) == len(set(texts))
    assert all(len(short) <= max(limit, len(text)) for short, text in zip(cut, texts, strict=True))


MODULE = "package.policies.imitation.of.two.arms.diffusion"


def eight(count: int = 12, **more: Any) -> Sweep:
    """Eight parameters; the first configurations differ in the last alone."""
    shared = {f"module.parameter_{k}": 0.123456 for k in range(3)}
    trials = [
        trial(
            {"train/loss": 1.0 + i},
            id=f"c{i}-s0",
            config=f"c{i}",
            searched={
                **shared,
                "data.episodes": 5 + i // 8,
                "lr": 1e-4 if i < 8 else 1e-4 + i * 1e-9,
                "ot.heuristic": i % 4 > 1,
                "ot.pairs": "dtw",
                "policy.type": f"{MODULE}:PolicyWith{'out' * (i % 2)}History{i // 4}",
                **more,
            },
        )
        for i in range(count)
    ]
    return sweep(trials)


def test_the_parameter_that_differs_is_in_the_picture() -> None:
    texts = [group.text for group in groups_of(analyse(eight()), 30)]
    assert len(set(texts)) == 12
    assert "type=packa…thHistory0" in texts[0]
    assert "type=packa…utHistory0" in texts[1]
    assert not any("parameter" in text or "pairs" in text for text in texts)
    assert all(len(text) <= TEXT for text in texts)
    assert all(len(line) <= 58 for text in texts for line in wrapped(f"#12  {text}", 58))
    assert "lr=0.000100008" in texts[8]
    assert "lr=0.000100009" in texts[9]


def test_with_too_many_parameters_those_that_separate_are_kept() -> None:
    many = {f"module.parameter_{k}": k for k in range(3, 40)}
    known = [
        {**{n: str(v + (n == "module.parameter_39") * (i % 2)) for n, v in many.items()},
         **{f"p{k}": f"{i}" for k in range(30)}, "which": f"{i // 2}"}
        for i in range(4)
    ]  # fmt: skip
    texts = fitted(known, 80)
    assert len(set(texts)) == 4
    assert all(len(text) <= 80 and text.endswith("…") for text in texts)


@pytest.mark.parametrize(
    ("values", "texts"),
    [([0.1, 0.25], ["0.1", "0.25"]), ([1, "1", 0.1], ["1", "1", "0.1"]),
     ([0.9999, 0.99991, 0.99999], ["0.9999", "0.99991", "0.99999"]),
     ([(0.1, 0.123456), (0.1, 0.123457)], ["(0.1,0.123456)", "(0.1,0.123457)"])],
)  # fmt: skip
def test_numbers_have_as_many_digits_as_it_takes(values: list[Any], texts: list[str]) -> None:
    assert texts_of(values) == texts


def test_what_all_share_is_left_out_and_names_are_their_last_part_where_that_is_enough() -> None:
    known = [{"ot.reg": "1", "bc.reg": "2", "ot.tau": "5", "lr": "3"}, {"ot.reg": "2", "lr": "3"}]
    assert differing(known) == [{"ot.reg": "1", "bc.reg": "2", "ot.tau": "5"}, {"ot.reg": "2"}]
    assert by_last_name(known)[0] == {"ot.reg": "1", "bc.reg": "2", "tau": "5", "lr": "3"}
    assert differing(known[:1]) == known[:1]


@given(strategies.sweeps())
@settings(max_examples=60, deadline=None)
def test_no_two_rows_read_the_same(given_sweep: Sweep) -> None:
    analysis = analyse(given_sweep)
    rows = analysis.ranking.rows
    texts = [group.text for group in groups_of(analysis, 30)]
    assert all(texts)
    assert len(set(texts)) == len(rows)
    assert len(set(configurations(rows, gather(analysis)))) == len(rows)
    lines = ranking_text(analysis).splitlines()[1 : len(rows) + 1]
    assert len(set(lines)) == len(rows)


def test_rows_of_a_report_with_long_values_differ() -> None:
    analysis = analyse(eight(3, path="/home/" + 400 * "x"))
    names = [
        name.partition(" ")[2] for name in configurations(analysis.ranking.rows, gather(analysis))
    ]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 160
