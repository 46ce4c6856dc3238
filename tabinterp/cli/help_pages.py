"""Help pages of commands, with grouped options, examples, and the meaning of exit codes."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

DATA = "Data and columns"
MODEL = "Model file"
ANALYSES = "Analyses"
DECISIONS = "Decisions and people"
OUTPUT = "Output"
COMPUTATION = "Computation"

EXIT_CODES = (
    "Exit codes of all commands: 0 success; 1 a gate failed or a difference was found; 2 invalid input; 3 nothing failed, but "
    "not everything could be checked; 70 a bug in tabinterp; 130 interrupted."
)


class Command(TyperCommand):
    """A command with grouped options on its help page. The examples in the epilog of the page are printed unchanged."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                group = "Arguments" if is_argument else getattr(parameter, "rich_help_panel", None)
                (others if group is None else groups.setdefault(group, [])).append(record)
        for name, records in [*groups.items(), ("Options", others)]:
            with formatter.section(name):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def examples(*lines: str) -> dict[str, Any]:
    """Return arguments for `app.command` that add these examples to the help page of a command."""
    return {"cls": Command, "epilog": "\n".join(lines)}
