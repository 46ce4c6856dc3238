"""Running an audit and building its document. The function `run.audit` is available as `tabinterp.audit`."""
