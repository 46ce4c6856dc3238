"""What can go wrong, in words: every error says what was allowed, what was received, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

_OPTIONS: list[Mapping[str, str]] = []  # of the command that runs, if one does: argument of Python -> option


class TabinterpError(Exception):
    """Base of every error raised on purpose; the command line turns it into exit code 2 and one message."""


@contextmanager
def speaking_options(options: Mapping[str, str]) -> Iterator[None]:
    """Make `argument` name these options of a command, by the arguments that they stand for in Python."""
    _OPTIONS.append(options)
    try:
        yield
    finally:
        _OPTIONS.pop()


def argument(name: str, *value: Any) -> str:
    """Return a setting, or a setting with its value, as whoever reads the error writes it.

    In Python that is `name=value`. A user of the commands is told the option; where the running command has none, that the
    setting exists in Python only. Every error names settings through this function; sentences of a document never do, because
    a document reads the same whoever made it.

    >>> argument("positive"), argument("task", "count")
    ('positive=', "task='count'")
    >>> with speaking_options({"task": "--task", "kinds": "--kind"}):
    ...     argument("task", "count"), argument("kinds"), argument("stratify", True)
    ('--task count', '--kind', 'stratify=True (in Python)')
    """
    python = f"{name}={', '.join(map(repr, value))}"
    if not _OPTIONS:
        return python
    option = _OPTIONS[-1].get(name)
    if option is None:
        return f"{python} (in Python)"
    return " ".join([option, *(shlex.quote(str(one)) for one in value if one is not True)])


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return a question that names what was probably meant, with a space before it; nothing where no name is near.

    >>> did_you_mean("defautl", ["age", "default"]), did_you_mean("x", ["age"])
    (" Did you mean 'default'?", '')
    """
    names = list(allowed)
    folded = {name.casefold().strip(): name for name in names}
    near = get_close_matches(given.casefold().strip(), folded, n=1, cutoff=0.65)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


class TableError(TabinterpError):
    """The rows cannot be read as asked: a column is missing, a value is out of range, a kind is unknown."""


class ModelError(TabinterpError):
    """The model cannot be wrapped, or does not reproduce its own predictions on this table."""


class UnsafeFileError(ModelError):
    """The file could run code when it is loaded; nothing of it was run."""


class NotApplicableError(TabinterpError):
    """The reading has no meaning for this model or table; the message says why.

    Where an audit may meet it the message is one of the catalogue (`document.message.why`), so that the document holds it as it
    holds every sentence; where only a caller can, as with a setting that there is not, it is plain text.
    """

    @property
    def reason(self) -> Any:
        """The message, as it was given."""
        return self.args[0]


class DocumentError(TabinterpError):
    """A saved audit cannot be read: not JSON, another schema version, or a field out of place."""


class PolicyError(TabinterpError):
    """A policy cannot be read: not TOML, a setting it does not know, or a demand that cannot be met."""


class SignatureError(TabinterpError):
    """Nothing can be signed or held to a signature: a key that cannot be read, a library that is missing."""


class MissingError(TabinterpError):
    """A package or a library of the system that is optional is needed here, and is not installed."""


class LanguageError(TabinterpError):
    """The text is asked for in a language that there is no catalogue for."""
