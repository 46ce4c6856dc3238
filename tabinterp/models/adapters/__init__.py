"""Adapters for model libraries, one module for each, that convert a model to an encoder and a torch module."""
