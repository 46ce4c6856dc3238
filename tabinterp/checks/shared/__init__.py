"""Functions that several checks use: names of groups, columns, held-out metrics, and the power of a check."""
