"""One adapter for each library: what it wraps becomes an encoder and a torch module."""
