"""Pictures of pages, in Chromium: `python -m benchmarks.pictures [--of PAGE PICTURE PART ...]`.

Without a page those of the kept findings, from `build/findings` (`make pages`) to
`docs/findings/NAME/page.webp`. Of a page the parts that are named, by the id of their section.
"""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tests.analysis.page.browser import Page, browser

PARTS = {
    "act-blind-policy": ("answer", "episodes"),
    "act-image-norm": ("answer", "ranking", "episodes"),
    "act-ot-reference": ("answer", "lights", "paths"),
    "act-ot-transport": ("answer", "paths"),
    "bc-five-demos": ("answer", "episodes"),
    "bc-loss-jump": ("answer", "lights", "ranking"),
    "rdt-inverse": ("answer", "predictions", "paths"),
    "rdt-joint": ("answer", "predictions", "paths"),
    "rdt-position-scale": ("answer", "lights", "ranking"),
    "reflow-padding": ("answer", "lights", "ranking"),
}
WIDTH, HIGHEST = 1100, 1500
"""Pixels of the page."""
SHRUNK = 900 / WIDTH
COLOURS = 192
MOST_BYTES = 60_000
HIDE = """(() => {{
  const wanted = {parts};
  for (const part of document.querySelectorAll('main > *'))
    part.hidden = !wanted.includes(part.id);
  for (const part of document.querySelectorAll('details, h3, h3 ~ *')) part.hidden = true;
  for (const part of document.querySelectorAll('[hidden]')) part.style.display = 'none';
  return Math.ceil(document.querySelector('main').getBoundingClientRect().bottom) + 16;
}})()"""


def picture(page: Page, file: Path, parts: Sequence[str]) -> bytes:
    """A picture of some parts of a page."""
    size = {"width": WIDTH, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.send("Emulation.setDeviceMetricsOverride", **size)
    page.send("Emulation.setScrollbarsHidden", hidden=True)
    page.open(file)
    height = min(HIGHEST, int(page.value(HIDE.format(parts=list(parts)))))
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": SHRUNK}
    asked = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    return small(base64.b64decode(page.send("Page.captureScreenshot", **asked)["data"]))


def small(png: bytes) -> bytes:
    """A picture as WebP: without loss where it then is small enough, else in the best quality."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    flat = image.quantize(COLOURS).convert("RGB")
    tries: list[tuple[Image.Image, dict[str, Any]]] = [(flat, {"lossless": True})]
    tries += [(image, {"quality": quality}) for quality in range(90, 0, -10)]
    for drawn, options in tries:
        buffer = io.BytesIO()
        drawn.save(buffer, "WebP", method=6, **options)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--of", nargs="+", default=[], metavar="WORD", help="PAGE PICTURE PART ...")
    asked = parser.parse_args().of
    if 0 < len(asked) < 3:
        parser.error("--of: must be a page, a picture and a part or more")
    kept, to = Path("build/findings"), Path("docs/findings")
    todo = [(kept / n / "report.html", to / n / "page.webp", parts) for n, parts in PARTS.items()]
    if asked:
        todo = [(Path(asked[0]), Path(asked[1]), tuple(asked[2:]))]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        browser(Path(profile)) as page,
    ):
        for source, target, parts in todo:
            target.write_bytes(picture(page, source.absolute(), parts))
            print(f"{target}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
