"""Loading, saving, inspection and conversion of model files. Files are untrusted: nothing in them is run, and sizes are
limited.
"""
