"""Demonstrations recorded by a world's expert: once, in parallel, and kept by content.

cache_dir/WORLD-<hash>/          the hash covers the configuration, the recipe and the versions
    manifest.json                every file's size, and its checksum where it is small
    source/action.npy ...        the arrays of a `Domain`
    source/observation.images.NAME.npy    memory-mapped: processes of a node share them
    target/..., alignment/...    where the configuration asks for a second domain
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields
from importlib.metadata import version
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ilsweep.trainers.core.child import begin
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.data import array_cache
from ilsweep.trainers.data.alignment import RECIPE, Alignment, align
from ilsweep.trainers.data.dataset import Array, Demonstrations, Domain, Int
from ilsweep.trainers.data.features import ACTION, ControlModes
from ilsweep.trainers.data.mistakes import Mistake, UnusableData
from ilsweep.trainers.data.source import Progress, RecordedSource, Say, Variant
from ilsweep.trainers.envs.rendering import check_opengl

_WORTH_A_PROCESS = 4
"""Episodes to record for each process that is started."""
_ATTEMPTS_PER_EPISODE = 5
"""The recording is given up after so many; an expert mostly succeeds at once."""
_HOPELESS = 20
"""Attempts after which an expert that never succeeded is given up."""


@dataclass(frozen=True)
class Episode:
    """One successful run of an expert, of n frames."""

    seed: int
    arrays: dict[str, Array]
    """The features of `Domain`, and `phase`."""


@dataclass(frozen=True)
class Recorder:
    """How a world's demonstrations are made."""

    name: str
    """Before the hash of its folder in the cache."""
    recipe: int
    """One more whenever the same configuration gives other arrays."""
    packages: tuple[str, ...]
    """Those whose versions decide the arrays."""
    record: Callable[[Any, Variant, int], Episode | None]
    """Let the expert try the episode of a seed; None where it fails. Picklable."""
    controls: ControlModes
    aligned_by: tuple[str, ...]
    """Features of both domains that are compared to align them."""
    environment: Callable[[Any], EnvironmentSpec]
    """Where a policy of a configuration is rolled out."""
    depends_on: tuple[str, ...] = ()
    """What else decides the arrays."""
    opengl: bool = True
    """Images are drawn by `trainers/envs/rendering.py`."""

    def load(
        self, config: RecordedSource, cache_dir: Path, progress: Progress, say: Say
    ) -> Demonstrations:
        """The demonstrations of a configuration, recorded now unless they are in the cache.

        Any number of processes may ask for the same at once: one records, the others wait. `say` is
        given one line where a damaged cache is recorded anew.

        Raises:
            NoOpenGL: images are asked for, and there is no OpenGL, which rollouts need even where
                the images are in the cache.
            OSError: the cache cannot be written.
            UnusableData: the expert fails nearly everywhere.
        """
        if self.opengl and config.observation == "images":
            check_opengl()
        folder = cache_dir / f"{self.name}-{self.fingerprint(config)}"

        def make() -> None:
            about = {"config": config.model_dump(mode="json"), "versions": self._versions()}
            array_cache.write(folder, self._arrays(config, progress), about)

        def damaged(problem: str) -> None:
            say(f"demonstrations in {folder} are recorded again: {problem}")

        return self._assembled(config, array_cache.kept(folder, make, damaged))

    def fingerprint(self, config: RecordedSource) -> str:
        """Sixteen hexadecimal digits that change whenever the demonstrations would."""
        aligned = [RECIPE] if "target" in config.domains else []
        about = [config.model_dump(mode="json"), self._versions(), self.recipe]
        facts = [*about, *self.depends_on, *aligned]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def _versions(self) -> dict[str, str]:
        return {package: version(package) for package in self.packages}

    def _arrays(self, config: RecordedSource, progress: Progress) -> dict[str, Any]:
        """All arrays of the demonstrations by their place in the cache."""
        episodes = self._episodes(config, progress)
        arrays: dict[str, Any] = {}
        for name, kept in episodes.items():
            arrays |= {f"{name}/{part}": values for part, values in _joined(kept).items()}
        if "target" in episodes:
            aligned = self._aligned(config, arrays)
            arrays |= {f"alignment/{f.name}": getattr(aligned, f.name) for f in fields(aligned)}
        return arrays

    def _episodes(self, config: RecordedSource, progress: Progress) -> dict[Variant, list[Episode]]:
        """The first successful episodes of each domain, in the order of their attempts."""
        kept: dict[Variant, list[Episode]] = {name: [] for name in config.domains}
        untried = {name: _seeds(config, name) for name in kept}
        attempts = dict.fromkeys(kept, 0)
        total = config.episodes * len(kept)
        pool = _pool(total)
        try:
            while (done := sum(map(len, kept.values()))) < total:
                progress(done, total, "recording demonstrations")
                for name, job in self._submit(pool, config, kept, untried):
                    attempts[name] += 1
                    if episode := job.result():
                        kept[name].append(episode)
                    progress(sum(map(len, kept.values())), total, "recording demonstrations")
                for name, episodes in kept.items():
                    _must_be_worth_it(config, len(episodes), attempts[name])
        except BrokenProcessPool:
            rule = "a process that recorded demonstrations was ended, as by a crash in C code"
            raise UnusableData(Mistake("source", rule, config.source)) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return kept

    def _submit(
        self,
        pool: Executor,
        config: RecordedSource,
        kept: Mapping[Variant, list[Episode]],
        untried: Mapping[Variant, Iterator[int]],
    ) -> list[tuple[Variant, Future[Episode | None]]]:
        """Start as many attempts as episodes are missing."""
        jobs = []
        for name, episodes in kept.items():
            missing = config.episodes - len(episodes)
            seeds = islice(untried[name], missing)
            jobs += [(name, pool.submit(self.record, config, name, seed)) for seed in seeds]
        return jobs

    def _aligned(self, config: RecordedSource, arrays: Mapping[str, Any]) -> Alignment:
        """The alignment of the training episodes of both domains."""
        sides = []
        for name in config.domains:
            states = np.concatenate([arrays[f"{name}/{key}"] for key in self.aligned_by], axis=1)
            sides.append((states, arrays[f"{name}/episode_starts"], _split(config, name)[0]))
        source, target = sides
        return align(*source, *target)

    def _assembled(self, config: RecordedSource, arrays: Mapping[str, Any]) -> Demonstrations:
        """The demonstrations from the arrays of the cache."""
        parts: dict[str, dict[str, Any]] = defaultdict(dict)
        for place, values in arrays.items():
            group, name = place.split("/")
            parts[group][name] = values
        domains = [_domain(config, name, parts[name]) for name in config.domains]
        aligned = None
        if (kept := parts.get("alignment")) is not None:  # earlier versions kept more
            aligned = Alignment(**{field.name: kept[field.name] for field in fields(Alignment)})
        target = domains[1] if aligned else None
        environment = self.environment(config)
        return Demonstrations(config, self.controls, domains[0], target, aligned, environment)


def _must_be_worth_it(config: RecordedSource, successes: int, attempts: int) -> None:
    """The expert is given up where it mostly fails."""
    most = _ATTEMPTS_PER_EPISODE * config.episodes
    hopeless = successes == 0 and attempts >= _HOPELESS
    if successes < config.episodes and (attempts >= most or hopeless):
        rule = f"the expert succeeded in {successes} of {attempts} attempts"
        valid = "an expert that succeeds more often" + (
            f", or at most {successes}" if successes > 1 else ""
        )
        raise UnusableData(Mistake("episodes", rule, config.episodes, valid))


def _pool(episodes: int) -> Executor:
    """Processes of their own for many episodes; a thread suffices for a few."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    processes = min(cores, episodes // _WORTH_A_PROCESS)
    if processes <= 1:
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(processes, get_context("spawn"), begin)


def _seeds(config: RecordedSource, name: Variant) -> Iterator[int]:
    """The seeds of a domain's attempts, all below those that `rollout.py` keeps for evaluation."""
    index = get_args(Variant).index(name)
    for attempt in range(_ATTEMPTS_PER_EPISODE * config.episodes):
        state = np.random.SeedSequence((config.seed, index, attempt)).generate_state(1)
        yield int(state[0] >> 1)


def _joined(episodes: Sequence[Episode]) -> dict[str, Any]:
    """The arrays of some episodes as those of one `Domain`."""
    lengths = [len(episode.arrays["phase"]) for episode in episodes]
    joined: dict[str, Any] = {
        "episode_starts": np.cumsum([0, *lengths]),
        "seeds": np.array([episode.seed for episode in episodes]),
    }
    for part in episodes[0].arrays:
        joined[part] = np.concatenate([episode.arrays[part] for episode in episodes])
    return joined


def _split(config: RecordedSource, name: Variant) -> tuple[Int, Int]:
    """Episodes for training and held-out ones of a domain, each ascending."""
    index = get_args(Variant).index(name)
    order = np.random.default_rng((config.seed, index)).permutation(config.episodes)
    return np.sort(order[config.heldout_episodes :]), np.sort(order[: config.heldout_episodes])


def _domain(config: RecordedSource, name: Variant, arrays: Mapping[str, Any]) -> Domain:
    features = {part: v for part, v in arrays.items() if part.startswith(("observation.", ACTION))}
    return Domain(
        name=name,
        features=features,
        train_episodes=_split(config, name)[0],
        heldout_episodes=_split(config, name)[1],
        **{part: values for part, values in arrays.items() if part not in features},
    )
