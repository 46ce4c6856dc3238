"""The linear counterpart: fitting, inference, separation, and the terms of a linear predictor."""
