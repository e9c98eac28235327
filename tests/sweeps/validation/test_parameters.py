"""A parameter that is not known is answered with the one that was meant."""

from __future__ import annotations

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from tests.sweeps.specs import regression


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("learning_rate", "lr"),
        ("batchsize", "batch_size"),
        ("Learning-Rate", "lr"),
        ("wdth", "width"),
    ],
)
def test_another_project_s_name_is_answered_with_ours(name: str, ours: str) -> None:
    trainer = "bc" if ours == "batch_size" else regression()["trainer"]
    with pytest.raises(SpecError) as caught:
        check(regression(trainer=trainer, space={name: {"choice": [1, 2]}}))
    told = str(caught.value).splitlines()
    (line,) = [line for line in told if line.startswith(f"space.{name}: not a parameter")]
    assert line.endswith(f"valid: {ours}")
