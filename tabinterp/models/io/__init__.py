"""Loading, saving, inspection and conversion of model files. Files are treated as untrusted: no code in them is run, and their
sizes are limited.
"""
