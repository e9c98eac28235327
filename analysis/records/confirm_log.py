"""Episodes that `ilsweep confirm` tried on fresh seeds: `confirm.jsonl` in the sweep's folder.

A line a configuration and a round of episodes: `time`, `config_id`, and `episodes`, from the
simulator's seed to the trial whose policy was tried and whether it succeeded. Lines are only ever
added, so that what an interrupted call found is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Episodes = dict[int, bool]
"""Seed of the simulator to success, in the order of the seeds."""


@dataclass(frozen=True)
class ConfirmEpisodes:
    """All fresh episodes of a sweep so far."""

    episodes: dict[str, Episodes] = field(default_factory=dict)
    """By configuration."""
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """(successes, episodes) of each policy, by trial."""
    time: str = ""
    """When the last of them was tried, ISO 8601."""

    def of(self, config_id: str) -> Episodes:
        """A configuration's fresh episodes; none where it was not tried."""
        return self.episodes.get(config_id, {})

    @property
    def seeds(self) -> set[int]:
        """Seeds of the simulator that any configuration has met."""
        return {seed for tried in self.episodes.values() for seed in tried}


def confirm_episodes_of(rows: Iterable[Mapping[str, Any]]) -> ConfirmEpisodes:
    """The episodes in the lines of `confirm.jsonl`; what is damaged is skipped."""
    episodes: dict[str, Episodes] = {}
    counts: dict[str, tuple[int, int]] = {}
    time = ""
    for row in rows:
        config, tried = row.get("config_id"), row.get("episodes")
        if not isinstance(config, str) or not isinstance(tried, dict):
            continue
        time = max(time, str(row.get("time") or ""))
        known = episodes.setdefault(config, {})
        for seed, found in tried.items():
            success = found.get("success") if isinstance(found, dict) else None
            if not seed.isdecimal() or not isinstance(success, bool) or int(seed) in known:
                continue
            known[int(seed)] = success
            k, n = counts.get(trial := str(found.get("trial")), (0, 0))
            counts[trial] = k + success, n + 1
    return ConfirmEpisodes(
        {config: dict(sorted(tried.items())) for config, tried in episodes.items()}, counts, time
    )


def to_row(time: str, config_id: str, tried: Mapping[int, tuple[str, bool]]) -> dict[str, Any]:
    """One line; `tried` is seed to (trial, success)."""
    return {
        "time": time,
        "config_id": config_id,
        "episodes": {
            str(seed): {"trial": trial, "success": success}
            for seed, (trial, success) in tried.items()
        },
    }
