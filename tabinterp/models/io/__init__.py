"""Model files: loading, saving, inspection and conversion. Files are untrusted: nothing in them is run, and sizes are
limited.
"""
