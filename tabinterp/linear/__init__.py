"""The linear counterpart of a network: fitting, inference, separation of classes, and the terms of the linear predictor."""
