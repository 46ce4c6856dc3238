"""
Are groups of people treated alike?
===================================

Compare the rates of favourable decisions between the groups of a protected column, for both models. The reference
group is the largest group unless you name another.
"""

from importlib.resources import files

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tabinterp as ti

columns = ["age", "education-num", "hours-per-week", "occupation", "sex", "race", "income"]
people = pd.read_csv(files("tabinterp.datasets") / "adult.csv.gz", usecols=columns, keep_default_na=False)
table = ti.read_table(
    people.sample(8000, random_state=0),
    target="income",
    positive=">50K",
    adverse="<=50K",
    protected=["sex", "race"],
    split=0.5,
    stratify=True,
    name="adult",
)
rows = table.training_rows()
encoder = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
network = MLPClassifier((16,), alpha=1.0, max_iter=20, random_state=0)
model = ti.wrap(make_pipeline(encoder, network).fit(rows.inputs, rows.codes), classes=table.schema.classes)

# %%
# The figure shows the share of each group that receives the favourable prediction. The intervals for small groups
# are wide, so look at the interval, not only at the value.

linear = ti.fit_counterpart(model, table)
groups = ti.groups(model, linear, table)
groups.plot()
plt.show()

# %%
# ``ratio`` is the share of a group divided by the share of the reference group. Numbers that would disclose a count
# below ten are withheld, and their cells are empty.

groups.frame()[["group", "model", "rows", "rate", "ratio", "ratio_low", "ratio_high"]].round(2)
