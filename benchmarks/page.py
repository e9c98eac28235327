"""How large a sweep's page is and how long it takes: `python -m benchmarks.page [EPISODES ...]`.

Makes up sweeps whose episodes all have a film, larger than one of a robot, writes the page, and
draws it in Chromium where that is installed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.page import write_page
from tests.analysis.page.browser import PROGRAM, browser
from tests.analysis.page.filmed import write_noisy

DRAWN_MS = "performance.getEntriesByType('navigation')[0].domComplete"
SHOWN = "document.querySelectorAll('#grid .film').length"


def drawn_s(file: Path, profile: Path, episodes: int) -> float:
    """Seconds until a page is drawn.

    Raises:
        SystemExit: not all of it was, and its time would say nothing.
    """
    with browser(profile) as page:
        page.open(file)
        shown = page.value(SHOWN)
        if page.errors or shown != episodes:
            raise SystemExit(f"{shown} of {episodes} episodes shown; {page.errors}")
        return float(page.value(DRAWN_MS)) / 1000


def measure(folder: Path, episodes: int) -> tuple[float, float, float]:
    """MB of a page, seconds to write it, seconds to draw it (nan without Chromium)."""
    analysis = analyse(write_noisy(folder / "sweep", episodes // 20, 2, 10))
    began = time.perf_counter()
    file = write_page(analysis)
    wrote = time.perf_counter() - began
    drawn = drawn_s(file, folder / "profile", episodes) if PROGRAM else float("nan")
    return file.stat().st_size / 1e6, wrote, drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("episodes", type=int, nargs="*", default=[100, 500], metavar="EPISODES")
    counts = parser.parse_args().episodes
    print("episodes     MB  write s  draw s")
    for episodes in counts:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            size, wrote, drawn = measure(Path(folder), episodes)
        print(f"{episodes:8d} {size:6.1f} {wrote:8.2f} {drawn:7.2f}")


if __name__ == "__main__":
    main()
