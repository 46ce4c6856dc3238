"""The run of an audit, from settings to document. `run.audit` is `tabinterp.audit`."""
