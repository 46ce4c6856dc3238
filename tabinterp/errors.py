"""The classes of errors that tabinterp raises on purpose. Messages say what is wrong, what was given, what is allowed, and what
to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

_OPTIONS: list[Mapping[str, str]] = []  # Python argument -> option of the running command, if there is one


class TabinterpError(Exception):
    """Base class of all errors that are raised on purpose. The command line prints the message and exits with code 2."""


@contextmanager
def speaking_options(options: Mapping[str, str]) -> Iterator[None]:
    """Make `argument` return options of a command instead of Python arguments, within the `with` block."""
    _OPTIONS.append(options)
    try:
        yield
    finally:
        _OPTIONS.pop()


def on_command_line() -> bool:
    """Return whether a command is running. If so, messages must say what to do on the command line."""
    return bool(_OPTIONS)


def argument(name: str, *value: Any) -> str:
    """Return a setting, with its value if given, in the notation of the user's interface.

    For Python users, the notation is `name=value`. While a command runs, it is the command-line option. If the command has no
    such option, the text says that the setting is available only in Python. This function names the settings in all
    error messages. It is not used for sentences in a document, because a document must not depend on the interface with which it
    was created.

    >>> argument("positive"), argument("task", "count")
    ('positive=', "task='count'")
    >>> with speaking_options({"task": "--task", "kinds": "--kind"}):
    ...     argument("task", "count"), argument("kinds"), argument("stratify", True)
    ('--task count', '--kind', 'stratify=True (in Python)')
    """
    python = f"{name}={', '.join(map(repr, value))}"
    if not on_command_line():
        return python
    option = _OPTIONS[-1].get(name)
    if option is None:
        return f"{python} (in Python)"
    return " ".join([option, *(shlex.quote(str(one)) for one in value if one is not True)])


def first_line(error: BaseException) -> str:
    """Return the first line of the message of an error from another library. If the message is empty, return the class name of
    the error.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return " Did you mean ...?" with the most similar allowed name, or an empty string if no name is similar.

    >>> did_you_mean("defautl", ["age", "default"]), did_you_mean("x", ["age"])
    (" Did you mean 'default'?", '')
    """
    names = list(allowed)
    folded = {name.casefold().strip(): name for name in names}
    near = get_close_matches(given.casefold().strip(), folded, n=1, cutoff=0.65)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


class TableError(TabinterpError):
    """The table cannot be read as requested. For example, a column is missing, a value is out of range, or a kind is unknown."""


class ModelError(TabinterpError):
    """The model cannot be wrapped, does not fit the table, or gives different predictions after conversion."""


class UnsafeFileError(ModelError):
    """Loading the file could run code. It was not loaded, and no code in it was run."""


class NotApplicableError(TabinterpError):
    """The analysis does not apply to this model or table. The message states the reason.

    If an audit can raise the error, the message comes from the message catalogue (`document.message.why`), because the document
    stores it. If the error always results from a mistake of the caller, such as an unknown setting, the message is plain text.
    """

    @property
    def reason(self) -> Any:
        """The message of the error: plain text, or a message from the catalogue."""
        return self.args[0]


class DocumentError(TabinterpError):
    """A saved audit cannot be read: it is not JSON, has a different schema version, or has an invalid field."""


class PolicyError(TabinterpError):
    """A policy cannot be read: it is not TOML, has an unknown setting, or contains a demand that cannot be met."""


class SignatureError(TabinterpError):
    """An audit cannot be signed, or its signature cannot be checked, because a key cannot be read or a library is missing."""


class MissingError(TabinterpError):
    """An optional package or system library is required but not installed."""


class LanguageError(TabinterpError):
    """A text was requested in a language that is not supported."""
