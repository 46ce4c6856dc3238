"""
Which columns does each model rely on?
======================================

Permutation importance is the rise in loss when the values of a column are permuted. It is computed for the columns
of the table, not for the encoded columns, so a column with ten levels is one column.
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
# Both models are evaluated on the same permutations, so chance favours neither model.

linear = ti.fit_counterpart(model, table)
held_out = table.evaluation_rows()
importance = ti.permutation_importance(model, held_out)
importance.plot(linear=ti.permutation_importance(linear, held_out))
plt.show()

# %%
# The frame also gives standard errors, and the share of permuted rows that are far from all real rows. If this share
# is large, the importance is measured mostly on unrealistic rows.

importance.frame().head()
