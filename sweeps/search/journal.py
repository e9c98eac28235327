"""The file of a sweep's Optuna study, which Optuna's own tools read while it grows."""

from __future__ import annotations

import json
from typing import Any

from optuna.storages.journal import JournalFileBackend


class Journal(JournalFileBackend):
    """Optuna's file, by its one writer: no lock, and no wait for the disk at each line.

    What a crash of the machine takes from it comes back when the study is derived anew.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with open(self._path, "ab", buffering=0) as file:
            file.write(lines.encode())
