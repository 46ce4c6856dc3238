"""Adapters for model libraries, one module for each: they turn a model into an encoder and a torch module."""
