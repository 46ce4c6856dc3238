"""
How wide are valid prediction intervals?
========================================

For any model, about 90% of split-conformal intervals contain the true value. Models differ in the width of these
intervals: a better model has narrower intervals.
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
# These are the mean widths of the intervals for both models, and the paired difference.

intervals = ti.conformal(model, table)
print("network", intervals.network)
print("linear regression", intervals.linear)
print("difference", intervals.difference)

# %%
# Even if 90% of the intervals contain the true value over all rows, coverage may be lower in some slices of the rows.
# The figure shows coverage and width by slice.

intervals.plot()
plt.show()
