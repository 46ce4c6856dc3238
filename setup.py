"""Packages are found here, so that a new one needs no line; all else is in pyproject.toml."""

from setuptools import find_namespace_packages, setup

found = find_namespace_packages(include=["tabinterp", "tabinterp.*"], exclude=["*.__pycache__"])  # folders of data too
setup(packages=[*found, "tabinterp.datasets"])
