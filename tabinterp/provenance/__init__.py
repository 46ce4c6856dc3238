"""The folder of an audit: its files, digests and signature, and how they are verified."""
