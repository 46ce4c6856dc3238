"""The reference network that `tabinterp.train` fits."""
