"""Reading and writing the options of `tabinterp audit` as a TOML file, for `--config` and `--print-config`.

Each key is the name of an option without the leading dashes; the key `model` is the path of the model. Values are written as on
the command line. Options on the command line take precedence over options in the file. Paths are relative to the working
directory, not to the file.
"""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from tabinterp.atomic_io import LARGEST_TEXT, read_regular
from tabinterp.errors import TabinterpError, did_you_mean
from tabinterp.secret_masking import hidden

OWN = ("config", "print_config", "help")  # options that cannot be set in a file


def read_config(ctx: Any, path: Path | None) -> Path | None:
    """Read the options in a file, and use them as defaults for the command that is being parsed.

    Raises
    ------
    TabinterpError
        The file cannot be read, is not TOML, or contains an unknown option or an invalid value.
    """
    if path is not None:
        try:
            given = tomllib.loads(read_regular(path, LARGEST_TEXT).decode("utf-8"))
        except (OSError, ValueError) as error:
            raise TabinterpError(f"the configuration file {str(path)!r} cannot be read: {error}") from error
        known = _options(ctx)
        for name in given:
            if name not in known:
                raise TabinterpError(
                    f"unknown option {name!r} in the configuration file {str(path)!r}.{did_you_mean(name, known)} The "
                    f"options are {', '.join(known)}"
                )
        ctx.default_map = {known[name].name: _value(name, known[name], value) for name, value in given.items()}
    return path


def config_text(ctx: Any) -> str:
    """Return the options of a command as TOML. Options without a value are left out, and passwords are masked."""
    lines = []
    for name, parameter in _options(ctx).items():
        value = ctx.params[parameter.name]
        if value not in (None, [], ()):
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines)


def _options(ctx: Any) -> dict[str, Any]:
    """Return a mapping from the names used in a configuration file to the parameters of a command."""
    found = (one for one in ctx.command.params if one.name not in OWN)
    return {max(one.opts, key=len).lstrip("-").lower(): one for one in found if not getattr(one, "hidden", False)}


def _value(name: str, parameter: Any, value: Any) -> Any:
    flag, repeatable = bool(getattr(parameter, "is_flag", False)), bool(getattr(parameter, "multiple", False))
    if repeatable:
        values = value if isinstance(value, list) else [value]
        if all(isinstance(one, str) for one in values):
            return values
        expected = "a list of strings"
    elif flag:
        if isinstance(value, bool):
            return value
        expected = "true or false"
    else:
        if isinstance(value, (str, int, float, date)) and not isinstance(value, bool):
            return str(value)
        expected = "a string or a number"
    raise TabinterpError(f"the option {name!r} in the configuration file must be {expected}; got {value!r}")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(hidden(str(value)), ensure_ascii=False)  # a JSON string is also TOML, except for one character
    return text.replace("\x7f", "\\u007f")
