"""Readings of a table alone: copies, drift, predictive power, spikes, caps, levels."""

from .describe import DataReadings, describe_data

__all__ = ["DataReadings", "describe_data"]
