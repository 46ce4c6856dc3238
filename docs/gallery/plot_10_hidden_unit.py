"""
What does a hidden unit respond to?
===================================


A hidden unit is a direction in the space of encoded columns. These panels say what activates it, in columns of
the table, and what the loss would be without it.
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
network = MLPClassifier((16,), alpha=3.0, max_iter=80, random_state=0)
model = ti.wrap(make_pipeline(encoder, network).fit(rows.inputs, rows.codes), classes=table.schema.classes)

# %%
# Six panels of one unit: layers count from 1, units from 0.

ti.card(model, table, objective=ti.unit(1, 3)).plot()
plt.show()

# %%
# All hidden units at once: their correlation with every column.

ti.neuron_correlations(model, table).plot()
plt.show()
