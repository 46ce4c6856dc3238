"""The linear counterpart: fitting, inference, separated classes, and the terms of its linear predictor."""
