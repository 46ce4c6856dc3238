"""
Are groups of people treated alike?
===================================

Compare the rate of favourable decisions between groups of a protected column, for both models. The reference
group is the largest one, unless you name another.
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
# Ratios of the rates to that of the reference group. The intervals of small groups are wide: read the interval
# and not the value.

linear = ti.fit_counterpart(model, table)
groups = ti.groups(model, linear, table, threshold=0.5)
groups.plot()
plt.show()

# %%
# Numbers that would disclose a count below ten are withheld, and empty here.

groups.frame()[["group", "model", "rows", "rate", "ratio", "ratio_low", "ratio_high"]].round(2)
