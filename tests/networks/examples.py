"""The examples of docs/networks.md, and the comparison of a wrapped network with its package's own predictions."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import torch

import tabinterp as ti
from tabinterp.models import bind, probabilities

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "networks.md").read_text("utf-8")


def sections():
    """The titles of the page's sections that hold an example."""
    return [part.splitlines()[0] for part in PAGE.split("\n## ")[1:] if "```python" in part]


def run_example(title, monkeypatch, folder=ROOT):
    """Run the page's first lines and the example of a section, in a folder that holds the data sets; return its names."""
    monkeypatch.chdir(folder)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # what the packages draw from
    torch.manual_seed(0)
    (part,) = [part for part in PAGE.split("\n## ")[1:] if part.splitlines()[0] == title]
    names = {}
    for text in (PAGE.split("\n## ")[0], part):
        (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        exec(block, names)
    return names


def check_predictions(model, table, own):
    """Compare with `own`, a function from rows to the package's probabilities (n, k); return the bound model."""
    bound = bind(model, table)
    np.testing.assert_allclose(probabilities(bound.scores), own(table.inputs), atol=1e-5)
    return bound


def check_network(model, table, own, column="age"):
    """Compare the score and its gradient with the package's own probabilities; hidden units must be found."""
    bound = check_gradient(model, table, own, column)
    assert bound.activations()
    return bound


def check_gradient(model, table, own, column="age"):
    """Compare the scores with the package's own probabilities, and their slopes along a column with central differences."""
    bound = check_predictions(model, table, own)
    check_slopes(bound, lambda rows: _scores(own(rows)), column)
    return bound


def check_values(model, table, own, column="age"):
    """Compare the score of a regression with the package's own values, and its slope with their central differences."""
    bound = bind(model, table)
    np.testing.assert_allclose(bound.scores[:, 0], np.ravel(own(table.inputs)), rtol=1e-4, atol=1e-5)
    check_slopes(bound, lambda rows: np.asarray(own(rows), dtype=np.float64).reshape(-1, 1), column)
    return bound


def check_slopes(bound, own, column):
    """Compare slopes along a column with central differences of the package's own scores (n, k)."""
    rows = bound.table.inputs
    step = 0.005 * rows[column].std()
    up, down = (rows.assign(**{column: rows[column] + sign * step}) for sign in (1, -1))
    way = bound.encoding.transform(up) - bound.encoding.transform(down)
    said = np.einsum("ndk,nd->nk", bound.gradients(bound.x), way)
    found = own(up) - own(down)
    assert np.abs(found).max() > 0
    # In a few rows a ReLU bends between both points, where a central difference is no derivative.
    assert np.quantile(np.abs(said - found), 0.9) <= 0.03 * np.quantile(np.abs(found), 0.9) + 2e-6


def _scores(probabilities_):
    logs = np.log(np.asarray(probabilities_, dtype=np.float64))
    return np.diff(logs, axis=1) if logs.shape[1] == 2 else logs - logs.mean(axis=1, keepdims=True)


def of_numbers(names):
    """A table of numbers and levels whose target is a number."""
    frame = names["frame"][[*names["numbers"], *names["levels"]]]
    return ti.read_table(frame, target="hours-per-week", task="regression")


def of_classes(names):
    """A table of numbers and levels whose target has three classes."""
    levels = [one for one in names["levels"] if one != "marital-status"]
    married = names["frame"]["marital-status"].map({"Never-married": "single", "Married-civ-spouse": "married"})
    frame = names["frame"][[*names["numbers"], *levels]].assign(relationship=married.fillna("other"))
    return ti.read_table(frame, target="relationship", task="multiclass")


def of_table(classifier, table):
    """A classifier's own probabilities, in the table's order of classes."""
    known = [str(one) for one in classifier.classes_]
    order = [known.index(str(one)) for one in table.schema.classes]
    return lambda rows: np.asarray(classifier.predict_proba(rows))[:, order]


def of_logits(module, *encode):
    """A torch module's own probabilities (n, 2): of one logit, or of two."""

    def own(rows):
        with torch.no_grad():
            z = module.eval()(*[one(rows) for one in encode]).double()
        z = z.reshape(len(rows), -1)
        if z.shape[1] == 1:
            z = torch.cat([torch.zeros_like(z), z], dim=1)
        return torch.softmax(z, dim=1).numpy()

    return own


def floats(encoder):
    """What an encoder makes of the columns it was fitted on, as floats."""
    return lambda rows: torch.as_tensor(
        np.asarray(encoder.transform(rows[[*encoder.feature_names_in_]]), dtype="float32")
    )


def whole(encoder):
    """The same as whole numbers."""
    return lambda rows: floats(encoder)(rows).long()
