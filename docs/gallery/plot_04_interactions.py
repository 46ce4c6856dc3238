"""
Which columns act together?
===========================

Logistic and linear regression add up columns. A network can also use pairs: the effect of one column depends on
another. All pairs are screened, and the strongest are evaluated in full.
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
# Strength is measured by the variance of the score that only the pair explains.

pairs = ti.interactions(model, table.evaluation_rows(), top=5)
pairs.plot()
plt.show()

# %%
# The frame adds other definitions of interaction. If they disagree, report that.

pairs.frame().round(4)
