"""What several checks share: names of groups, columns, held-out metrics, and the power of a check."""
