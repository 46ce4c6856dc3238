"""
What happens when values change a little?
=========================================

Production data are never quite like training data. Perturb the values of the held-out rows by increasing amounts,
and see how fast the performance of each model declines.
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
# At size 0.1, each value is replaced by the value that a training row has in the same column. Among the values of the
# training rows, the ranks of the two values differ by at most 10% of the number of rows.

perturbed = ti.robustness(model, table)
perturbed.plot()
plt.show()

# %%
# Two sizes are printed. From the first size on, the network is no longer significantly better than linear regression.
# From the second size on, it is significantly worse. ``None`` means that there is no such size.

print(perturbed.lost_at, perturbed.worse_from)
