"""The sections of the report that belong to no analysis, one module for each."""
