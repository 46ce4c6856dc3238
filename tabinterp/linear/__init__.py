"""The linear counterpart: its fit, its inference, separated classes, and the terms of its linear predictor."""
