"""Functions that several checks use, for values in the document (columns, groups, performance) and for the power of a check."""
