"""Episodes outlive a worker that is killed between its checkpoint and its report."""

from __future__ import annotations

from ilsweep.sweeps.store.checkpoints import pack, unpack
from ilsweep.sweeps.worker.kept_episodes import episode_of, row_of
from ilsweep.trainers.core.episode import Episode


def test_an_episode_comes_through_a_checkpoint() -> None:
    for episode in (
        Episode(2**31, "none", True, 40, 4.0, b"film", b"still", ((0.0, 1.0, 2.0),)),
        Episode(3, "demonstration", None, 7, 0.0),
    ):
        [row] = unpack(pack({"episodes": [row_of(episode)]}))["episodes"]
        assert episode_of(row) == episode
