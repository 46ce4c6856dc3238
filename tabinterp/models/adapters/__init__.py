"""Adapters, one module per model library, that convert a model to an encoder and a torch module."""
