"""
Audit your pipeline
===================

You have a fitted scikit-learn pipeline and the table it was fitted on. This notebook shows how to get from there to
a report and a decision. The table is a sample of the Adult data, and the task is to predict whether a person earns
more than 50,000 dollars a year.
"""

# %%
# Read the table
# --------------
#
# Declare the target, the positive class, the outcome that is bad for the person, and the columns by which you want
# to compare people. A quarter of the rows are held out.

from importlib.resources import files

import pandas as pd

import tabinterp as ti

people = pd.read_csv(files("tabinterp.datasets") / "adult.csv.gz", keep_default_na=False).sample(6000, random_state=0)
table = ti.read_table(
    people.drop(columns="split"),
    target="income",
    positive=">50K",
    adverse="<=50K",
    drop=["fnlwgt"],
    protected=["sex", "race"],
    split=0.25,
    stratify=True,
    name="adult",
)
table

# %%
# Fit the pipeline on the training rows
# -------------------------------------
#
# ``training_rows()`` returns the rows that are not held out; ``codes`` contains their classes as numbers. This
# pipeline is only an example, so use your own.

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows = table.training_rows()
encoder = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
pipeline = make_pipeline(encoder, MLPClassifier((32,), alpha=1.0, max_iter=25, random_state=0))
pipeline.fit(rows.inputs, rows.codes)
model = ti.wrap(pipeline, classes=table.schema.classes)
model

# %%
# Audit
# -----
#
# Without ``analyses=``, an audit runs all analyses, which takes a few minutes. The analyses below are enough for a
# first look; the audit also runs the analyses that they need.

audit = ti.audit(
    model, table, analyses=["calibration", "ladder", "overfitting", "groups", "permutation_importance", "effects"]
)
print(audit)

# %%
# Every check is raised, passed or not applicable. These checks were raised:

findings = audit.findings.frame()
findings[findings["status"] == "raised"][["severity", "slug", "claim"]]

# %%
# The report is a single HTML file that opens offline. In a notebook, evaluating the audit displays a summary.

import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
audit.to_html(folder / "report.html")
audit

# %%
# Follow up
# ---------
#
# Each analysis is also available as a function. Which columns matter to the network and to logistic regression?

import matplotlib.pyplot as plt

linear = ti.fit_counterpart(model, table)
held_out = table.evaluation_rows()
importance = ti.permutation_importance(model, held_out)
importance.plot(linear=ti.permutation_importance(linear, held_out))
plt.show()

# %%
# How does the score change along the most important numeric column?

column = next(one for one in importance.frame()["column"] if table.schema[one].kind == "numeric")
ti.effects(model, held_out, columns=[column]).plot(linear=ti.effects(linear, held_out, columns=[column]))
plt.show()

# %%
# Decide
# ------
#
# A policy says what an audit must show. Write it before you look at the result, and apply it to every new model in
# continuous integration.

policy = folder / "policy.toml"
policy.write_text(
    """
name = "Income model"

[verdict]
owner = "Model risk"
allowed = ["better", "equivalent"]

[[severity]]
severity = "act"
owner = "Model risk"
"""
)
decision = audit.check(ti.read_policy(policy)[0])
print("passed" if decision.passed else "failed")
decision.frame()[["gate", "status"]]
