"""The folder of an audit: its files, digests and signature, and their verification."""
