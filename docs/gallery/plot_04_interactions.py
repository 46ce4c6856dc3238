"""
Which columns act together?
===========================

Logistic and linear regression add up the effects of single columns. In a network, the effect of one column can also
depend on another column. All pairs of columns are screened, and the strongest pairs are analysed in more detail.
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
# The figure shows the strongest pairs. The strength of a pair is the variance of the joint effect of its two columns
# after their separate effects have been subtracted, as a share of the variance of the score.

pairs = ti.interactions(model, table.evaluation_rows(), top=5)
pairs.plot()
plt.show()

# %%
# The frame also gives other measures of interaction. If these measures disagree, report the disagreement.

pairs.frame().round(4)
