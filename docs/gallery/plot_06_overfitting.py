"""
Does the network overfit, and where?
====================================

Every model predicts better on the rows that it was fitted to. The question is whether the network's loss rises more
from training rows to held-out rows than the loss of logistic regression, and in which part of the table it rises most.
"""

from importlib.resources import files

import matplotlib.pyplot as plt
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti

table = ti.read_table(
    files("tabinterp.datasets") / "german_credit.csv",
    target="credit_risk",
    positive="bad",
    adverse="bad",
    protected=["age"],
    labels=files("tabinterp.datasets") / "german_credit_labels.toml",
    split=0.25,
    stratify=True,
)
rows = table.training_rows()
encoder = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
network = MLPClassifier((16,), alpha=0.0, max_iter=400, random_state=0)
model = ti.wrap(make_pipeline(encoder, network).fit(rows.inputs, rows.codes), classes=table.schema.classes)

# %%
# This network was trained without regularisation, so it overfits. ``excess`` is the rise in the network's loss from
# training rows to held-out rows, minus the rise for logistic regression, with its standard error and interval.

gap = ti.overfitting(model, table)
print(gap.excess)
gap.plot()
plt.show()
