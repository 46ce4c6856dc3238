"""Generator of the documentation page on all checks. Usage: python -m tabinterp.checks.manual > docs/checks.md."""

from __future__ import annotations

from tabinterp.messages import word

from .judge import explain_checks, labelled

THEMES = {"P": "Performance", "E": "Explanation", "F": "Fit", "D": "Data", "G": "Groups of people"}


def manual() -> str:
    """Return the Markdown page that describes every check, ordered by theme."""
    lines = [
        "# Checks",
        "",
        "Every audit runs each of these checks once. The result of a check is raised, passed or not applicable.",
        "This page is generated from the modules in `tabinterp/checks/`.",
        "The command `tabinterp checks SLUG` prints the same text in the terminal.",
        "A policy may change a limit within its allowed range; see [gate](gate.md).",
        "[faults](faults.md) shows how often the checks give the right result.",
    ]
    theme = ""
    for check in explain_checks():
        if (initial := check["code"].removeprefix("TI-")[0]) != theme:
            theme = initial
            lines += ["", f"## {THEMES[theme]}"]
        lines += [
            "",
            f"### {check['title']}",
            "",
            f"`{check['slug']}` · {check['code']} · {word('report.severity', check['severity'])}",
            "",
        ]
        lines += [f"- **{label}:** {text}" for label, text in labelled(check)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(manual(), end="")
