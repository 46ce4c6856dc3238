"""
What shape did the network learn?
=================================

Effect curves show how the prediction changes along a column. The curve of a linear model is a straight line. Where
the network's curve departs from this line, the network has learned something that the linear model cannot express.
"""

from importlib.resources import files

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tabinterp as ti

districts = pd.read_csv(files("tabinterp.datasets") / "california_housing.csv.gz")
districts = districts.query("AveOccup < 6 and AveRooms < 12").sample(4000, random_state=0)
table = ti.read_table(districts, target="MedHouseVal", split=0.25, name="california_housing")
rows = table.training_rows()
network = MLPRegressor(hidden_layer_sizes=(32,), alpha=0.3, learning_rate_init=0.01, max_iter=120, random_state=0)
model = ti.wrap(make_pipeline(StandardScaler(), network).fit(rows.inputs, rows.y))

# %%
# There is one figure for each column. It shows the curves of the network and of linear regression on the same rows.
# The solid line is the partial dependence for the network, and the dotted line is the accumulated local effect. If
# the two lines differ, the column is correlated with other columns. In that case, rely on the dotted line.

linear = ti.fit_counterpart(model, table)
held_out = table.evaluation_rows()
columns = ["MedInc", "AveOccup", "Latitude"]
curves = ti.effects(model, held_out, columns=columns)
lines = ti.effects(linear, held_out, columns=columns)
figure, axes = plt.subplots(3, figsize=(7, 10), layout="constrained")
for ax, column in zip(axes, columns, strict=True):
    curves.plot(column, linear=lines, ax=ax)
plt.show()
