"""
A validator's walk through a report
===================================

A colleague gives you a folder with an audit. You have neither the model nor the data. What can you conclude from the
audit? This notebook reads the audit of German credit that is part of the repository. The audit compares a network
with logistic regression on 1,000 loans.
"""

# %%
# Open the audit
# --------------
#
# ``audit.json`` contains everything that the report shows. Reading it does not run any code from the model.

from pathlib import Path

import pandas as pd

import tabinterp as ti

root = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "reports").is_dir())
audit = ti.Audit.from_json(root / "reports" / "german_credit" / "audit.json")
document = audit.document
audit

# %%
# What was audited?
# -----------------
#
# First, look at the size of the data: how many rows there are, how many are held out, and how many events the
# held-out rows contain. The number of events, not the number of rows, limits what can be learned.

data = document.data
print(
    f"{data.rows:,} rows, {data.held_out_rows:,} held out, {data.events} events among them; adverse class: {data.adverse}"
)

# %%
# Is the network better?
# ----------------------
#
# The verdict follows from the interval for the difference in loss and from the margin. Look at the interval
# yourself.

verdict = document.verdict
print(verdict.status)
print(
    f"{verdict.metric}: {verdict.difference.value:.4f} ({verdict.difference.low:.4f} to {verdict.difference.high:.4f})"
)
print(f"differences below {verdict.margin:.4f} are negligible; held-out rows needed: {verdict.rows_needed}")

# %%
# If the verdict is inconclusive, the network has not been shown to be better *or* worse. The burden of proof is on
# the more complex model.
#
# What is wrong?
# --------------
#
# The raised findings come first, in order of severity.

findings = audit.findings.frame()
findings[findings["status"] == "raised"][["severity", "slug", "claim"]]

# %%
# If a check passed, this means only that the check found nothing. Where possible, the document gives the smallest
# effect that the check would have detected with a probability of 80%. It does so for these checks:

for finding in document.findings:
    if finding.status == "cleared" and finding.power is not None:
        print(f"{finding.slug}: {finding.power.effect:.3g} ({finding.power.of}; n = {finding.power.rows:,})")

# %%
# These checks were not applicable. A validator should ask why.

findings[findings["status"] == "not_applicable"][["slug", "claim"]]

# %%
# What does the model rely on?
# ----------------------------
#
# The document contains all the numbers behind the figures of the report. This table shows the permutation importance
# of each column for both models, with the paired difference:

importance = pd.DataFrame(
    [
        (row.column, row.network.value, row.linear.value, row.difference.low, row.difference.high, row.off_support)
        for row in document.importance.columns
    ],
    columns=["column", "network", "linear", "difference_low", "difference_high", "off_support"],
)
importance.head(8).round(4)

# %%
# Is the document consistent?
# ---------------------------
#
# ``check`` recomputes the findings from the numbers in the document. If a finding had been removed or softened by
# hand, ``check`` would fail. Only the version of tabinterp that wrote the audit can recompute its findings. With any
# other version, the result is "incomplete".

decision = audit.check()
decision.frame().head(12)

# %%
# What was not assessed?
# ----------------------
#
# Copy this list into your memo.

for note in document.not_assessed[:8]:
    print("-", note)

# %%
# For which clauses is there evidence?
# ------------------------------------

import csv
from io import StringIO

clauses = list(csv.DictReader(StringIO(audit.evidence())))
{status: sum(row["status"] == status for row in clauses) for status in ("supplied", "partial", "not_supplied")}
