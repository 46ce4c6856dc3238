"""
Inside a network
================

What do the hidden units of a network do? This notebook looks inside a small network. It finds the units that matter,
describes what activates them in terms of the columns of the table, and checks whether these explanations can be
relied on.
"""

# %%
# A network with two hidden layers
# --------------------------------
#
# The table is a sample of 4,000 districts from the California housing data, without districts in which houses have
# unusually many rooms or occupants. The target is the median value of a house in a district.

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
network = MLPRegressor(hidden_layer_sizes=(12, 6), alpha=0.3, learning_rate_init=0.01, max_iter=120, random_state=1)
model = ti.wrap(make_pipeline(StandardScaler(), network).fit(rows.inputs, rows.y))
model

# %%
# How much of the network is linear?
# ----------------------------------
#
# Before you look inside a network, ask whether it contains anything that a linear model does not. ``decompose``
# splits the variance of the network's score into linear terms, curvature and interactions. It never uses the target.

parts = ti.decompose(model, table)
parts.frame().head(3).round(3)

# %%
# Which units matter?
# -------------------
#
# ``neurons`` describes every unit on real rows: how often it is active, whether it is dead or saturated, and how
# much the loss rises when it is removed.

units = ti.neurons(model, table)
frame = units.frame()
frame.head(8)

# %%
# Ablation replaces the output of a unit. Here, the output is replaced in three ways: by its mean, by zero, or by the
# output for another row. If the three results disagree, the importance of a unit depends on how it is removed.

ti.ablate(model, table).plot()
plt.show()

# %%
# What activates a unit?
# ----------------------
#
# Correlations with the columns give a first answer.

ti.neuron_correlations(model, table).plot()
plt.show()

# %%
# A better answer is the row within the domain of the data that activates the unit most. The result also says whether
# this row is like any real row. ``proof`` names the method that proves an upper bound on the activation. ``reached``
# gives the position of the activation on a scale from its mean over rows (0) to this bound (1).

best = ti.maximise(model, table, objective=ti.unit(layer=1, index=0))
print(best.proof)
best.frame()

# %%
# The card of a unit shows the mean value of the unit in four sets of real rows, from the lowest tenth of the values
# to the highest. It also shows the smallest and the largest value that the search found (the optima).

ti.card(model, table, objective=ti.unit(1, 0)).plot()
plt.show()

# %%
# From columns to the score
# -------------------------
#
# Conductance measures how much of the change in score, from a baseline to a row, flows through each unit. ReLU units
# divide the rows into regions, and in each region the network is exactly linear.

ti.conductance(model, table.evaluation_rows()).plot()
plt.show()

regions = ti.linear_regions(model, table)
regions.frame().head().round(3)

# %%
# Can these explanations be trusted?
# ----------------------------------
#
# An explanation of a network is worthless if a network with random weights gives the same explanation. ``trust``
# repeats the explanations with random weights, replaces the values of the columns that the explanations rank highest,
# and changes the background rows.

ti.trust(model, table).plot()
plt.show()
