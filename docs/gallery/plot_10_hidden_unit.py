"""
What does a hidden unit respond to?
===================================

A hidden unit in the first layer is a direction in the space of encoded columns. Here, hidden units are described in
terms of the columns of the table: by the real rows that activate them, by the rows that maximise their activation,
and by their correlations with columns.
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
network = MLPClassifier((8,), alpha=3.0, max_iter=80, random_state=0)
model = ti.wrap(make_pipeline(encoder, network).fit(rows.inputs, rows.codes), classes=table.schema.classes)

# %%
# For every hidden unit, the table gives how often the unit is active, whether it is dead or saturated (``health``), and
# how the loss changes without the unit.
# Layers are numbered from 1, units from 0.

units = ti.neurons(model, table).frame()
units.T

# %%
# The card of a unit shows the mean value of the unit, before its activation function, in four sets of real rows. The
# panels "minimum" and "maximum" are the tenths of the rows with the lowest and the highest values. The two optima are
# the rows, not necessarily real ones, that minimise or maximise the value.

card = ti.card(model, table, objective=ti.unit(1, 3))
card.plot()
plt.show()

# %%
# The last figure shows the correlation of every hidden unit with every column.

figure, ax = plt.subplots(figsize=(12, 5), layout="constrained")
ti.neuron_correlations(model, table).plot(ax=ax)
plt.show()
