"""
What happens when values change a little?
=========================================

Production data are never quite like training data. Perturb the values of the held-out rows by growing amounts,
and see how fast each model loses what it was better at.
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
# At size 0.1 a number is replaced by that of a row up to 10% of the rows away in the order of the column.

perturbed = ti.robustness(model, table)
perturbed.plot()
plt.show()

# %%
# The size from which on the network is no longer better than linear regression, and the size from which on it is
# worse. ``None``: at none of the sizes tried.

print(perturbed.lost_at, perturbed.worse_from)
