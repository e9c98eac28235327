"""What `reset` and `step` of an environment answer, refused where it has not gymnasium's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ilsweep.trainers.envs.gym.making import wrong
from ilsweep.trainers.envs.gym.observation import Raw

_FORM = "reset() -> (observation, info), step() -> five values"

Step = tuple[Raw, float, bool, bool, Mapping[str, Any]]
"""Observation, reward, terminated, truncated, info."""


def of_reset(answer: Any) -> tuple[Raw, Mapping[str, Any]]:
    """Observation and info.

    Raises:
        UnusableData: it is no such pair.
    """
    raw, info = _parts("reset", answer, 2)
    return raw, _info(info)


def of_step(answer: Any) -> Step:
    """The five values of a step.

    Raises:
        UnusableData: there are not five, or they are no such values.
    """
    raw, reward, terminated, truncated, info = _parts("step", answer, 5)
    return raw, _reward(reward), bool(terminated), bool(truncated), _info(info)


def _parts(of: str, answer: Any, count: int) -> tuple[Any, ...]:
    if not isinstance(answer, tuple):
        raise wrong("id", f"its {of} answers a {type(answer).__name__}", None, _FORM)
    if len(answer) != count:
        raise wrong("id", f"its {of} answers {len(answer)} values", None, _FORM)
    return answer


def _info(info: Any) -> Mapping[str, Any]:
    if not isinstance(info, Mapping):
        raise wrong("id", "its info is no dictionary", str(info), _FORM)
    return info


def _reward(reward: Any) -> float:
    try:
        return float(reward)
    except (TypeError, ValueError):
        raise wrong("id", "its reward is no number", str(reward), _FORM) from None
