"""The sections of the report that do not belong to an analysis, one module for each."""
