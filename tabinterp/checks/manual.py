"""The manual of all checks, `docs/checks.md`: python -m tabinterp.checks.manual > docs/checks.md."""

from __future__ import annotations

from .judge import explain_checks

THEMES = {"P": "Performance", "E": "Explanation", "F": "Fit", "D": "Data", "G": "Groups of people"}
SEVERITIES = {"act": "action required", "check": "review", "note": "note"}  # as reports show them
ASPECTS = {
    "measures": "Measures",
    "threshold": "Raised when",
    "blind": "Limitations",
    "next": "Next",
    "limits": "Limits",
}


def manual() -> str:
    """Return the manual as Markdown: every check by theme, with what its module says of it."""
    lines = [
        "# Checks",
        "",
        "Every audit answers each of these checks once: raised, passed or not applicable. The text below comes from the modules",
        "in `tabinterp/checks/`; `tabinterp checks SLUG` prints it in the terminal. A policy may move the limits within the",
        "ranges in brackets ([gate](gate.md)). How often the checks are right is in [faults](faults.md).",
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
            f"`{check['slug']}` · {check['code']} · {SEVERITIES[check['severity']]}",
            "",
        ]
        lines += [f"- **{name}:** {check[aspect]}" for aspect, name in ASPECTS.items() if check[aspect]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(manual(), end="")
