"""The tables into which faults are planted: simulated ones, and bundled ones (at most 3,000 rows) without their true faults.

A seed uses table number (seed mod 10). Thresholds are set on the first five tables. Results are reported for the other five,
three of which follow rules on which no threshold was set.

Anything in the original table that an audit would rightly raise is removed here, so that a clean twin is clean: levels of fewer
than 30 rows are merged, one of two equal columns is dropped, rows at a cap are left out, and long tails are log-transformed.
California's latitude and longitude, each of which says little without the other, are added up, and their suppressor, the age, is
dropped.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import tabinterp as ti

from .simulated import OWN, simulate

FOLDER = Path(__file__).parents[2] / "datasets"
ENTRIES = tomllib.loads((FOLDER / "tables.toml").read_text(encoding="utf-8"))
TUNED = ("german_credit", "adult", "satellite", "friedman", "steps")
REPORTED = ("logic", "hills", "doses", "default_of_credit_card_clients", "california_housing")
ROWS, RARE, HELD_OUT = 3000, 30, 0.25
LATER = 10_000  # rows that neither a network nor a check sees
RARE_TASK, RARE_SHARE, RARE_ROWS = "rare", 0.03, 6000  # two classes, one of them rare: about 45 held-out events
KEPT = [f"x.{i}" for i in (1, 2, 3, 4, 17, 18, 19, 20, 33, 34, 35, 36)]  # Satellite: three of nine pixels
NUMBERS = {  # a number to predict, where a fault needs one
    "adult": "hours-per-week",
    "default_of_credit_card_clients": "LIMIT_BAL",
    "german_credit": "amount",
    "california_housing": "MedHouseVal",
    "satellite": "x.17",
}
ONE_SIDE = (
    "red soil",
    "damp grey soil",
)  # of Satellite: against the others no column nearly tells them (AUC at most 0.75)
WITHOUT = {  # columns that go with that number as a suppressor, or nearly tell it: the same band of other pixels
    "adult": ["age"],
    "satellite": ["x.1", "x.33"],
}


@dataclass(frozen=True)
class Rows:
    """A frame with the column `split`, and how it is to be read; `later` are further rows of the same table, without it."""

    frame: pd.DataFrame
    later: pd.DataFrame
    target: str
    task: str
    kinds: dict[str, str]
    name: str
    protected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def training(self) -> np.ndarray:
        return (self.frame["split"] == "train").to_numpy()

    @property
    def inputs(self) -> list[str]:
        return [c for c in self.frame if c not in (self.target, "split", *self.dropped)]

    def numeric(self) -> list[str]:
        return [c for c in self.inputs if self.kinds.get(c) is None and pd.api.types.is_numeric_dtype(self.frame[c])]

    def of(self, frame: pd.DataFrame) -> Rows:
        return replace(self, frame=frame)

    def unseen(self) -> Rows:
        """The further rows, all of them held out."""
        return self.of(self.later.assign(split="test"))

    def with_group(self, name: str, groups: np.ndarray, read: bool) -> Rows:
        """With a protected column, which models may read or not."""
        more = {"kinds": self.kinds | {name: "categorical"}, "protected": (name,), "dropped": () if read else (name,)}
        return replace(self, frame=self.frame.assign(**{name: groups}), **more)

    def table(self) -> ti.Table:
        kinds = {c: k for c, k in self.kinds.items() if c in self.frame}
        watched = {"protected": self.protected, "drop": self.dropped}
        adverse = min(self.frame[self.target].unique()) if self.task == "binary" else None
        return ti.read_table(
            self.frame,
            target=self.target,
            task=self.task,
            adverse=adverse,
            kinds=kinds,
            split="split",
            name=self.name,
            **watched,
        )

    def code(self) -> np.ndarray:
        """(n,) the target as a number of mean 0 and standard deviation 1."""
        y = self.frame[self.target]
        values = y.to_numpy(float) if self.task == "regression" else pd.factorize(y, sort=True)[0].astype(float)
        return (values - values.mean()) / values.std()


def is_tuned(seed: int) -> bool:
    """Is it of a table that thresholds are set on?"""
    return seed % 10 < len(TUNED)


def clean(seed: int, task: str | None = None) -> Rows:
    """Table number seed mod 10; `task` "binary" or "regression" where the table's own will not do.

    "rare": two classes with 3% positives, of a simulated rule from the same half of the tables.
    """
    name = (*TUNED, *REPORTED)[seed % 10]
    if task == RARE_TASK:
        rules = [rule for rule in (TUNED if is_tuned(seed) else REPORTED) if rule in OWN]
        return _drawn(rules[seed % len(rules)], seed, "binary", RARE_ROWS, RARE_SHARE)
    return _drawn(name, seed, task or OWN[name]) if name in OWN else _bundled(name, seed, task)


def _drawn(name: str, seed: int, task: str, rows: int | None = None, share: float | None = None) -> Rows:
    rng, rows = np.random.default_rng([seed, 5]), rows or ROWS
    frame = simulate(name, task, rows + LATER, rng, share)
    return _parted(frame, rng, "target", task, dict.fromkeys(("colour", "place"), "categorical"), name, rows)


def _parted(
    frame: pd.DataFrame,
    rng: np.random.Generator,
    target: str,
    task: str,
    kinds: dict[str, str],
    name: str,
    rows: int | None = None,
) -> Rows:
    """The first rows, by their index, and those that are for later."""
    inside = frame.index < (rows or ROWS)
    first, later = (frame[side].reset_index(drop=True) for side in (inside, ~inside))
    return Rows(first.assign(split=_split(len(first), rng)), later, target, task, kinds, name)


def _split(rows: int, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(rows) < HELD_OUT, "test", "train")


def _bundled(name: str, seed: int, task: str | None) -> Rows:
    entry, rng = ENTRIES[name], np.random.default_rng(seed)
    frame = _tidied(name, pd.read_csv(FOLDER / entry["file"]).drop(columns=[*entry["drop"], "split"], errors="ignore"))
    frame = frame.sample(frac=1, random_state=seed, ignore_index=True)[: ROWS + LATER]
    target, own, kinds = entry["target"], entry["task"], dict(entry["kinds"])
    if task == "regression" and own != "regression":
        target, frame = NUMBERS[name], frame.drop(columns=WITHOUT.get(name, [])).drop_duplicates()
    elif task == "binary" and own != "binary":
        y = frame[target]
        frame[target] = np.where(y > y[:ROWS].median() if own == "regression" else y.isin(ONE_SIDE), "yes", "no")
    if name in ("california_housing", "satellite"):  # neither has a column of levels
        frame["zone"] = pd.qcut(
            frame[frame.columns[0]] + rng.normal(size=len(frame)) * frame.iloc[:, 0].std(), 4
        ).cat.codes
        frame["zone"] = frame["zone"].map("zone {}".format)
    for column in frame:
        levels = column in kinds or not pd.api.types.is_numeric_dtype(frame[column])
        if column != target and levels:
            frame[column] = _together(frame[column].astype(str))
            kinds[column] = "categorical"
    frame = frame[[c for c in frame if frame.loc[frame.index < ROWS, c].nunique() > 1]]
    return _parted(frame, rng, target, task or own, kinds, name)


def _together(values: pd.Series) -> pd.Series:
    """Levels that are rare among the first rows as one; with the most frequent where even together they are rare."""
    counts = values[values.index < ROWS].value_counts()
    common = counts.index[counts >= RARE]
    rare = counts.sum() - counts[common].sum()
    return values.where(values.isin(common), "other" if rare >= RARE else counts.index[0])


def _tidied(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    if name == "adult":
        return frame[frame["capital-gain"] < 99999].drop(columns="education").drop_duplicates()
    if name == "california_housing":
        tails = ["AveRooms", "AveBedrms", "Population", "AveOccup"]
        frame = frame.assign(inland=frame["Latitude"] + frame["Longitude"], **{c: np.log(frame[c]) for c in tails})
        return frame[frame["MedHouseVal"] < 5].drop(columns=["Latitude", "Longitude", "HouseAge"])
    if name == "default_of_credit_card_clients":  # what is hoped for is the positive class, as in the others
        target = ENTRIES[name]["target"]
        return frame.assign(**{target: np.where(frame[target] == 1, "default", "paid")}).drop_duplicates()
    if name == "satellite":
        return frame[[*KEPT, "classes"]].drop_duplicates()
    return frame.drop_duplicates()
