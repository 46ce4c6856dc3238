"""One audit: settings to document. `run.audit` is `tabinterp.audit`."""
