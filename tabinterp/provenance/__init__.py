"""The folder of an audit: its files, their digests and signature, and their verification."""
