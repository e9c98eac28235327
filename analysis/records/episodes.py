"""A trial's evaluation episodes: `episodes.parquet`, one row an episode, and films beside it.

    seed       int64    of the environment
    variant    text     `none`, a lesion's name, `target`, or `demonstration`
    success    bool     as the configuration counts it; null for a demonstration
    steps      int64    actions until the first success, or until the end
    reward     float64  highest until then, in the environment's range; null where not known
    film       text     file in the folder `episodes`, empty where none was taken
    thumbnail  bytes    the last picture, a JPEG file; empty without a film
    path       list     positions of the end effector, in m, one after the other
    dims       int64    numbers in a position, 2 or 3; 0 without a path

Folders of earlier versions have none.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import MOST_BYTES, read_regular, write_atomic
from ilsweep.analysis.records.paths import TrialPaths

INTACT = "none"
DEMONSTRATION = "demonstration"
TARGET = "target"


@dataclass(frozen=True)
class Episode:
    """One episode of a trial."""

    seed: int
    variant: str
    success: bool | None
    steps: int
    reward: float
    film: Path | None = None
    thumbnail: bytes = b""
    path: tuple[tuple[float, ...], ...] = ()
    """Positions of the end effector, in m."""


def write_episodes(paths: TrialPaths, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a trial's episodes: each a mapping of the fields above, `film` the file's bytes.

    Films are written before the table that names them.

    Raises:
        OSError: the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = []
    for row in rows:
        film = ""
        if row["film"]:
            film = film_name(int(row["seed"]), str(row["variant"]))
            write_atomic(paths.films / film, row["film"])
        points = row["path"]
        table.append({
            **{name: row[name] for name in ("seed", "variant", "success", "steps", "thumbnail")},
            "reward": row["reward"] if math.isfinite(row["reward"]) else None,
            "film": film,
            "path": [float(number) for point in points for number in point],
            "dims": len(points[0]) if points else 0,
        })  # fmt: skip
    schema = pa.schema({
        "seed": pa.int64(), "variant": pa.string(), "success": pa.bool_(), "steps": pa.int64(),
        "reward": pa.float64(), "film": pa.string(), "thumbnail": pa.binary(),
        "path": pa.list_(pa.float32()), "dims": pa.int64(),
    })  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(table, schema), buffer)
    write_atomic(paths.episodes, buffer.getvalue())


def film_name(seed: int, variant: str) -> str:
    """`SEED.mp4` of the policy as it is, `SEED-VARIANT.mp4` of others."""
    return f"{seed}.mp4" if variant == INTACT else f"{seed}-{variant}.mp4"


def read_episodes(paths: TrialPaths) -> list[Episode]:
    """A trial's episodes; none where none were kept, and no row that is damaged."""
    if not paths.episodes.exists():
        return []
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(io.BytesIO(read_regular(paths.episodes, MOST_BYTES))).to_pylist()
    except (OSError, pa.ArrowException, ValueError):
        return []
    return [found for row in rows if (found := _episode(paths, row))]


def _episode(paths: TrialPaths, row: Mapping[str, Any]) -> Episode | None:
    seed, variant, steps, success = (row.get(k) for k in ("seed", "variant", "steps", "success"))
    if not (isinstance(seed, int) and isinstance(variant, str) and isinstance(steps, int)):
        return None
    reward, still = row.get("reward"), row.get("thumbnail")
    # Only the name that we give: a record's text is no way out of its folder.
    film = paths.films / film_name(seed, Path(variant).name)
    return Episode(
        seed,
        variant,
        success if isinstance(success, bool) else None,
        steps,
        float(reward) if isinstance(reward, int | float) else math.nan,
        film if row.get("film") == film.name and film.is_file() else None,
        still if isinstance(still, bytes) else b"",
        _path(row.get("path"), row.get("dims")),
    )


def _path(numbers: object, dims: object) -> tuple[tuple[float, ...], ...]:
    if not isinstance(numbers, list) or dims not in (2, 3) or not isinstance(dims, int):
        return ()
    finite = [n for n in numbers if isinstance(n, float) and math.isfinite(n)]
    if len(finite) != len(numbers) or len(numbers) % dims:
        return ()
    return tuple(tuple(finite[i : i + dims]) for i in range(0, len(finite), dims))
