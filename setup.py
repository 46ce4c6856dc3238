"""Packages are found here, so that a new one needs no line; all else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["tabinterp", "tabinterp.*"]), "tabinterp.datasets"])
