"""The sections of the report that do not belong to an analysis. There is one module for each section."""
