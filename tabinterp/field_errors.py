"""Plain descriptions of invalid fields in files and settings, which replace the messages of pydantic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBER = "the value must be a number"
_WHOLE = "the value must be a whole number"
_TRUTH = "the value must be true or false"
_DATE = "the value must be a date without quotes, such as 2027-03-31"
_PARTS = "the value must have named fields"
PROBLEMS = {  # type of pydantic's error: what is wrong, with placeholders for values of the error's context
    "missing": "this field is required, but missing",
    "extra_forbidden": "this field is unknown; correct its name or remove it",
    "string_type": "the value must be text",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "the value must be a finite number",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "list_type": "the value must be a list",
    "tuple_type": "the value must be a list",
    "dict_type": _PARTS,
    "model_type": _PARTS,
    "model_attributes_type": _PARTS,
    "dataclass_type": _PARTS,
    "literal_error": "the value must be {expected}",
    "too_short": "the list is too short; the smallest allowed length is {min_length}",
    "too_long": "the list is too long; the largest allowed length is {max_length}",
    "string_too_short": "the text is too short; the smallest allowed length is {min_length}",
    "string_too_long": "the text is too long; the largest allowed length is {max_length}",
    "string_pattern_mismatch": "the text must match the pattern {pattern}",
    "greater_than": "the value must be greater than {gt}",
    "greater_than_equal": "the value must be at least {ge}",
    "less_than": "the value must be less than {lt}",
    "less_than_equal": "the value must be at most {le}",
    "value_error": "{error}",
    "assertion_error": "{error}",
}


def problem(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a field.

    Parameters
    ----------
    error : one of the errors of a pydantic `ValidationError`, from its method `errors()`.

    >>> problem({"type": "missing", "msg": "Field required"})
    'this field is required, but missing'
    >>> problem({"type": "bytes_type", "msg": "Input should be a valid bytes"})
    'the value must be a valid bytes'
    """
    known = PROBLEMS.get(error["type"])
    if known is None:
        return re.sub("^Input should", "the value must", error["msg"])
    return known.format(**error.get("ctx", {}))


def problem_in_toml(error: Mapping[str, Any]) -> str:
    """Return the place of an invalid field in a TOML file, what is wrong with it, and the value that was given.

    >>> problem_in_toml({"type": "missing", "loc": ("metric", 0, "owner"), "input": {"metric": "auc"}})
    'owner in [[metric]] number 1: this field is required, but missing; add a line such as owner = ...'
    >>> problem_in_toml({"type": "float_type", "loc": ("verdict", "limit"), "input": "0.5"})
    "limit in [verdict]: the value must be a number; received '0.5'"
    """
    place, found = toml_place(error["loc"]), problem(error)
    if error["type"] == "missing":
        found += f"; add a line such as {error['loc'][-1]} = ..."
    # The location of an unknown field says all; a table as the value means that the error is about one of its fields.
    elif place and error["type"] != "extra_forbidden" and not isinstance(error["input"], dict):
        found += f"; received {_short(error['input'])}"
    return f"{place}: {found}" if place else found


def toml_place(location: tuple[str | int, ...]) -> str:
    """Return the place of a field in a TOML file, in words. Tables of the same name are numbered from 1.

    >>> toml_place(("metric", 1, "at_least")), toml_place(("waiver", 0)), toml_place(("name",))
    ('at_least in [[metric]] number 2', '[[waiver]] number 1', 'name')
    """
    match location:
        case (table, int(number), *rest):
            where = f"[[{table}]] number {number + 1}"
        case (table, _, *_):
            where, rest = f"[{table}]", [*location[1:]]
        case _:
            return "".join(map(str, location))
    return f"{'.'.join(map(str, rest))} in {where}" if rest else where


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
