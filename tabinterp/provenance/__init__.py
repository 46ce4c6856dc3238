"""The folder of an audit, its digests and signature, and the verification of all of them."""
