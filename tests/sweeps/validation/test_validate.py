"""A spec is taken whole or refused with every mistake, each with its place and what is valid."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from tests.sweeps.specs import regression, regression_plan


def mistakes(data: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        check(data)
    return str(caught.value).splitlines()


def test_a_plan_knows_its_size_and_its_configurations() -> None:
    plan = regression_plan(seeds=[0, 1, 2])
    assert (plan.configurations, plan.trials) == (3, 9)
    config = plan.config({"lr": 0.25}).model_dump()
    assert (config["lr"], config["steps"]) == (0.25, 40)


def test_a_race_has_a_least_and_a_most() -> None:
    space, race = {"lr": {"choice": [0.1, 0.2, 0.3]}}, {"at_least": 2, "at_most": 5}
    grid = regression_plan(space=space, seeds=race)
    assert (grid.trials, grid.most_trials, grid.work) == (6, 15, (240, 600))
    drawn = regression_plan(seeds=race, search={"num_trials": 20})
    assert (drawn.trials, drawn.most_trials) == (40, 40 + 8 * 3)
    assert drawn.spec.race is not None
    assert drawn.spec.race.finalists == 8
    assert mistakes(regression(seeds={"at_leest": 2, "at_most": 5}))[-1].startswith(
        "seeds.at_leest: unknown key"
    )


def test_a_grid_is_the_product_of_its_lists() -> None:
    space = {"lr": {"grid_search": [0.1, 0.2]}, "width": {"choice": [4, 8, 16]}}
    params = {"steps": 40}
    assert regression_plan(space=space, params=params, search={"algorithm": "grid"}).trials == 6
    random = {"algorithm": "random", "num_trials": 2}
    assert regression_plan(space=space, params=params, search=random).trials == 4


def test_every_mistake_is_said_at_once() -> None:
    lines = mistakes(
        {
            "nmae": "x",
            "trainer": "act_ott",
            "params": {"stepz": 3},
            "space": {"lr": {"uniform": [2, 1]}},
            "seeds": [1, 1],
            "scheduler": {"type": "ahsa"},
            "wandb": {"mod": "offline"},
        }
    )
    text = "\n".join(lines)
    for expected in (
        "nmae: unknown key", "valid: name", "name: is missing", "act_ot", "seeds:", "twice",
        "space.lr: the lower bound", "scheduler.type:", "asha", "wandb.mod: unknown key",
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trainer": "atc"}, "did you mean act"),
        ({"trainer": "nowhere:Thing"}, "cannot import"),
        ({"params": {"widht": 3}}, "params.widht: not a parameter of"),
        ({"params": {"width": 0}}, "params.width: must be greater than 0, got 0"),
        ({"params": {"width": "wide"}}, "params.width: must be a whole number"),
        ({"space": {"lrr": {"uniform": [0, 1]}}}, "valid: lr"),
        ({"space": {"lr": {"uniform": [-1, 1]}}}, "greater than 0 (uniform(-1.0, 1.0)), got -1.0"),
        ({"space": {"lr": {"randn": [0.1, 1]}}}, "space.lr: must be greater than 0"),
        ({"space": {"width": {"uniform": [1.5, 2.5]}}}, "must be a whole number"),
        ({"space": {}}, "space: is empty"),
        ({"objective": {"metric": "eval/los", "mode": "min"}}, "valid: eval/loss"),
        ({"objective": {"metric": "eval/loss", "mode": "smallest"}}, "objective.mode"),
        ({"search": {"num_trials": 10_001}}, "means too many trials, got 10001"),
        ({"search": {"num_trials": 0}}, "search.num_trials"),
        ({"search": {"algorithm": "grid"}}, "a grid needs a list"),
        ({"seeds": []}, "seeds:"),
        ({"seeds": ["0"]}, "seeds.0: must be a whole number"),
        ({"params": {"lr": 0.1}}, "params.lr: is fixed here and varied in space"),
        ({"params": {"steps": float("nan")}}, "params.steps"),
        ({"name": "../up"}, "name:"),
        ({"warm_start": [{"lr": 9.0}]}, "lies outside the space"),
        ({"warm_start": [{"width": 3}]}, "not in the space"),
        ({"hypotheses": [{"claim": "c", "param": "xx", "metric": "eval/loss",
                          "expect": "increase"}]}, "hypotheses.0.param"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place_rule_and_value(changes: dict[str, Any], expected: str) -> None:
    lines = mistakes(regression(**changes))
    assert any(expected in line for line in lines), lines


def test_of_thousands_of_mistakes_the_first_are_shown() -> None:
    with pytest.raises(SpecError) as refused:
        check(regression(warm_start=[1] * 3000))
    lines = str(refused.value).split("\n")
    assert len(lines) == 51
    assert lines[-1] == "and 2950 more mistakes"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seeds": [2**63]}, "seeds.0: must be less than"),
        ({"params": {"steps": 10**400}}, "params.steps: steps are not counted so far"),
        ({"params": {}, "space": {"steps": {"choice": [10, 10**400]}}}, "space.steps"),
        ({"space": {"lr": {"choice": ["0.1", 0.2]}}}, "text that looks like a number, got '0.1'"),
        ({"space": {"lr": {"choice": [1, 1.0]}}}, "two values that train the same, 1 and 1.0"),
        ({"space": {"lr": {"choice": [0.1, math.nan]}}}, "finite"),
        ({"space": {"lr": {"grid_search": [True, 1.0]}}}, "must be a number"),
        ({"scheduler": {"type": "asha", "reduction_factor": 1.0000001}}, "reduction_factor"),
        ({"scheduler": {"type": "asha", "grace_steps": 41}}, "a training has 40 steps, got 41"),
        ({"scheduler": {"type": "median", "grace_steps": 41}}, "valid: up to 40"),
        ({"trainer": ""}, "trainer: is missing"),
        ({"params": {"width": {}}}, "params.width: must be a whole number, got {}"),
        ({"thresholds": {"overfitting.rise": True}}, "thresholds: must hold numbers"),
        ({"params": {"width": "1.5"}}, "params.width: must be a whole number, got '1.5'"),
        ({"question": 3}, "question: must be text, got 3"),
        ({"question": None}, "question: must be text, not empty"),
        ({"name": "a b"}, "name: must be text of another form, got 'a b'; valid: letters, digits"),
        ({"wandb": {"mode": "Offline"}}, "wandb.mode: must be offline, online or disabled, got "),
    ],
)  # fmt: skip
def test_what_would_do_nothing_or_harm_is_refused(changes: dict[str, Any], expected: str) -> None:
    lines = mistakes(regression(**changes))
    assert any(expected in line for line in lines), lines
    assert all(len(line) < 400 for line in lines)


def test_values_that_a_command_is_told_alike_are_refused() -> None:
    spec = {"name": "c", "trainer": "command", "params": {"steps": 1},
            "command": {"argv": ["python", "-c", "1", "{x}"], "metrics": "json_lines"},
            "objective": {"metric": "eval/x", "mode": "min"}}  # fmt: skip
    assert "train the same" in mistakes({**spec, "space": {"x": {"choice": [True, "true"]}}})[0]
    assert "looks like a number" in mistakes({**spec, "space": {"x": {"choice": [1, "1"]}}})[0]
    plan = check({**spec, "space": {"x": {"choice": [1, True, 1.0, "007"]}}})
    assert plan.configurations == 4
    assert len({plan.configuration({"x": x}) for x in (1, True, 1.0)}) == 3


def test_a_whole_number_written_for_a_float_is_the_same_training() -> None:
    plan = regression_plan()
    assert plan.configuration({"lr": 1}) == plan.configuration({"lr": 1.0})
    assert plan.configuration({"lr": 1}) != plan.configuration({"lr": 1.5})


class TestPointsOfASpace:
    """A parameter that varies needs no default, and the fixed part alone no sense."""

    def needs(self, **space: Any) -> dict[str, Any]:
        return regression(trainer="tests.sweeps.points:Needs", params={"steps": 40}, space=space)

    def test_required_parameters_may_be_searched(self) -> None:
        gamma, kind = {"uniform": [0.5, 0.9]}, {"choice": ["a", "b"]}
        assert check(self.needs(gamma=gamma, kind=kind)).configurations == 3
        assert mistakes(self.needs(gamma=gamma)) == ["params.kind: field required"]
        wrong = mistakes(self.needs(gamma={"uniform": [-1, 1]}, kind=kind))
        assert wrong == ["space.gamma: must be greater than 0 (uniform(-1.0, 1.0)), got "
                         "-1.0"]  # fmt: skip
        wrong = mistakes(self.needs(gamma=gamma, kind={"choice": ["a", "c"]}))
        assert len(wrong) == 1
        assert "space.kind" in wrong[0]

    def divides(self, params: dict[str, Any], **space: Any) -> dict[str, Any]:
        space = space or {"lr": {"choice": [0.1, 0.2]}}
        params = {"steps": 40, **params}
        return regression(trainer="tests.sweeps.points:Divides", params=params, space=space)

    def test_rules_over_several_are_asked_of_whole_points(self) -> None:
        """100 is no multiple of the default's 3; what is searched mends it."""
        assert check(self.divides({}, heads={"choice": [2, 4]}))
        assert check(self.divides({"heads": 4}, dim={"choice": [64, 128]}))
        assert check(self.divides({"heads": 3}, dim={"choice": [30, 60]}))
        whole = mistakes(self.divides({}))
        assert whole == ["space: dim must be a multiple of heads"]
        assert "dim must be" in mistakes(self.divides({"heads": 4}, dim={"choice": [63, 65]}))[0]

    def test_a_value_that_no_point_takes_is_named(self) -> None:
        wrong = mistakes(self.divides({"dim": 64}, heads={"choice": [2, 7]}))
        assert len(wrong) == 1
        assert "space.heads: dim must be a multiple of heads" in wrong[0]
        assert wrong[0].endswith("got 7")


def test_a_configuration_that_does_not_read_back_is_refused() -> None:
    assert mistakes(regression(trainer="tests.sweeps.points:Computes", params={"steps": 40})) == [
        "tests.sweeps.points:Computes.Config.half: is not read back as it was dumped; "
        "valid: a field of plain data"
    ]


def test_a_finite_space_caps_the_plan() -> None:
    space = {"lr": {"choice": [0.1, 0.2]}, "batch_size": {"qrandint": [4, 12, 4]}}
    plan = regression_plan(space=space, search={"num_trials": 10}, seeds=[0, 1])
    assert (plan.points, plan.requested, plan.configurations, plan.trials) == (6, 10, 6, 12)
    plan = regression_plan(space={**space, "lr": {"uniform": [0.1, 0.2]}})
    assert (plan.points, plan.configurations) == (None, 3)


def test_large_specs_are_checked_in_linear_time() -> None:
    began = time.process_time()
    space = {"lr": {"choice": [i / 10_000 for i in range(1, 20_001)]}}
    assert regression_plan(space=space, search={"num_trials": 3}).points == 20_000
    with pytest.raises(SpecError, match="too many trials"):
        check(regression(seeds=list(range(100_000))))
    assert time.process_time() - began < 8


def test_a_grid_of_a_million_is_refused_before_it_is_made() -> None:
    space = {"lr": {"choice": [i / 1000 for i in range(1, 1001)]},
             "width": {"choice": list(range(1, 1001))}}  # fmt: skip
    lines = mistakes(regression(space=space, params={}, search={"algorithm": "grid"}))
    assert any("got 1000000" in line for line in lines)


@given(
    st.dictionaries(
        st.sampled_from(["name", "trainer", "params", "space", "seeds", "objective", "search",
                         "scheduler", "resources", "wandb", "data", "hypotheses", "zzz"]),
        st.recursive(
            st.none() | st.integers() | st.text("ab.{}[]", max_size=4),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(st.text("lrab.", max_size=4), inner, max_size=3),
            max_leaves=6,
        ),
    )
)  # fmt: skip
def test_any_data_is_a_plan_or_lines_of_mistakes(data: dict[str, Any]) -> None:
    try:
        check({"trainer": "benchmarks.regression:Regression", "name": "x", **data})
    except SpecError as error:
        assert error.problems


def test_a_point_that_the_trainer_refuses_has_parameters_and_a_length() -> None:
    """Its trial fails, with the rule as its error; the sweep goes on."""
    space = {"dim": {"randint": [60, 70]}, "heads": {"choice": [2, 3]}}
    plan = check(
        regression(trainer="tests.sweeps.points:Divides", params={"steps": 40}, space=space)
    )
    refused = {"dim": 61, "heads": 2}
    assert plan.parameters(refused) == {"steps": 40, **refused}
    assert plan.steps(refused) == 40
    assert plan.configuration(refused) != plan.configuration({"dim": 62, "heads": 2})
