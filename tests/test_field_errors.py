"""Errors of pydantic become plain sentences, which do not repeat its own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from tabinterp.field_errors import PROBLEMS, problem


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = "x"


class Needed(BaseModel):
    name: str


class Strict(BaseModel):
    model_config = ConfigDict(from_attributes=True)


@dataclass
class Plain:
    name: str = "x"


def refused(value: Any) -> Any:
    raise ValueError("the name is taken")


def asserted(value: Any) -> Any:
    raise AssertionError("the name is taken")


CASES = {  # type of pydantic's error: type of the value, a wrong value, the sentence
    "missing": (Needed, {}, "this field is required, but missing"),
    "extra_forbidden": (Part, {"owner": "me"}, "this field is unknown; correct its name or remove it"),
    "string_type": (str, 3, "the value must be text"),
    "float_type": (float, [], "the value must be a number"),
    "float_parsing": (float, "x", "the value must be a number"),
    "finite_number": (FiniteFloat, float("nan"), "the value must be a finite number"),
    "int_type": (int, [], "the value must be a whole number"),
    "int_parsing": (int, "x", "the value must be a whole number"),
    "int_from_float": (int, 0.5, "the value must be a whole number"),
    "bool_type": (bool, [], "the value must be true or false"),
    "bool_parsing": (bool, "x", "the value must be true or false"),
    "date_type": (date, [], "the value must be a date without quotes, such as 2027-03-31"),
    "date_from_datetime_parsing": (date, "soon", "the value must be a date without quotes, such as 2027-03-31"),
    "list_type": (list, 3, "the value must be a list"),
    "tuple_type": (tuple, 3, "the value must be a list"),
    "dict_type": (dict, 3, "the value must have named fields"),
    "model_type": (Part, 3, "the value must have named fields"),
    "model_attributes_type": (Strict, 3, "the value must have named fields"),
    "dataclass_type": (Plain, 3, "the value must have named fields"),
    "literal_error": (Literal["a", "b"], "c", "the value must be 'a' or 'b'"),
    "too_short": (Annotated[list, Field(min_length=1)], [], "the list is too short; the smallest allowed length is 1"),
    "too_long": (Annotated[list, Field(max_length=1)], [1, 2], "the list is too long; the largest allowed length is 1"),
    "string_too_short": (Annotated[str, Field(min_length=1)], "", "the smallest allowed length is 1"),
    "string_too_long": (Annotated[str, Field(max_length=1)], "ab", "the largest allowed length is 1"),
    "string_pattern_mismatch": (Annotated[str, Field(pattern="^a")], "b", "the text must match the pattern ^a"),
    "greater_than": (Annotated[int, Field(gt=0)], 0, "the value must be greater than 0"),
    "greater_than_equal": (Annotated[int, Field(ge=0)], -1, "the value must be at least 0"),
    "less_than": (Annotated[int, Field(lt=0)], 0, "the value must be less than 0"),
    "less_than_equal": (Annotated[int, Field(le=0)], 1, "the value must be at most 0"),
    "value_error": (Annotated[str, AfterValidator(refused)], "x", "the name is taken"),
    "assertion_error": (Annotated[str, AfterValidator(asserted)], "x", "the name is taken"),
    "none_required": (None, 3, "the value must be None"),  # one that has no sentence of its own
}


@pytest.mark.parametrize("kind", CASES)
def test_each_error_has_a_plain_sentence(kind):
    form, value, said = CASES[kind]
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(form).validate_python(value)
    (error,) = raised.value.errors()
    assert error["type"] == kind
    assert problem(error).endswith(said)


def test_every_sentence_is_tested():
    assert set(PROBLEMS) - set(CASES) <= {"date_parsing", "date_from_datetime_inexact"}  # as the other ones about dates
