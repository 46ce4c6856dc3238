"""How well do both models predict, and is the difference significant? Metrics and the verdict."""
