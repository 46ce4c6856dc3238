"""
Are errors larger where values are larger?
==========================================

A mean error does not show where a model is wrong. Bin the held-out rows by their prediction, and compare the mean
residuals of both models.
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
# A residual is the observed value minus the prediction. A curve that departs from zero indicates a systematic
# error.

errors = ti.residuals(model, table)
errors.plot()
plt.show()

# %%
# This table gives quantiles of the absolute errors of both models.

errors.errors().round(3)
