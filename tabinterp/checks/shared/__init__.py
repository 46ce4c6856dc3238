"""Code shared by several checks: names of groups, columns, held-out metrics, and the power of a check."""
