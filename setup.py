"""The folders of this repository as the packages that they install as.

The rest is in `pyproject.toml`, which cannot say that every folder below `sweeps` is one of
`ilsweep.sweeps`.
"""

from setuptools import find_packages, setup

PARTS = ("sweeps", "trainers", "analysis")

setup(
    packages=[
        f"ilsweep.{package}"
        for package in find_packages(include=[*PARTS, *(f"{part}.*" for part in PARTS)])
    ],
    package_dir={f"ilsweep.{part}": part for part in PARTS},
)
