"""Run an audit, from settings to document. `run.audit` is `tabinterp.audit`."""
