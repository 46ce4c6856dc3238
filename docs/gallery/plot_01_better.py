"""
Is the network better than logistic regression?
===============================================

Compare both models on the held-out rows. For every metric, the paired difference is given with a 95% interval. The
verdict follows from the difference in the first metric, which is the loss.
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
# The table of metrics has columns for the network, for logistic regression, and for the difference (network minus
# linear).

scores = ti.performance(model, table)
print(scores.status)
scores.frame()[["metric", "network", "linear", "difference", "difference_low", "difference_high"]].round(3)

# %%
# The figure shows the ROC curves of both models with 95% confidence bands. To decide which model is better, use the
# differences in the table above: the models can differ significantly even if the bands overlap.

ti.discrimination(model, table).plot()
plt.show()
