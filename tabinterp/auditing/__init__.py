"""Run an audit and build its document. `run.audit` is `tabinterp.audit`."""
