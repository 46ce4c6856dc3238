"""
Why did this applicant get this score?
======================================

Shapley values split the difference between the score of one row and the mean score of the background rows into
contributions of the columns. The score of logistic regression is explained for the same row with the same background.
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
# A bar to the right shows a column that raises the log-odds of "bad". If the network and logistic regression disagree
# on an important column, the reasons given to the applicant depend on the choice of the model.

one = ti.explain_row(model, table, 7)
one.plot()
plt.show()

# %%
# This is the same explanation in words. It names the columns whose order is uncertain because of sampling error.

print(one)
