"""
What is the simplest model that predicts as well as the network?
================================================================

The ladder fits a series of simpler models to the target: an intercept, a linear model, curves for single columns,
and then pairs of columns. If one of these models predicts as well as the network, deploy that model instead.
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
# The figure shows the loss of each model on held-out rows, with its 95% interval.

ladder = ti.ladder(model, table)
print("simplest model that is as good as the network:", ladder.shortest)
ladder.plot()
plt.show()

# %%
# ``best()`` returns the simplest model as a fitted scikit-learn pipeline. If the target has two classes,
# ``scorecard()`` converts it into a scorecard with integer points. The table gives the difference between each
# model's loss and the network's loss, with its interval.

ladder.frame()[
    ["rung", "parameters", "loss", "against_network", "against_network_low", "against_network_high", "status"]
].round(3)
