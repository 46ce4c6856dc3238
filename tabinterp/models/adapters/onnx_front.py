"""Encoding steps of an ONNX pipeline: scalers, imputers and encoders of levels, computed in NumPy column by column.

Only the operators in `STEPS` are supported. The number of columns that an operator can create is limited by the size of its
inputs and of its lists of levels.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tabinterp.arrays import FloatArray
from tabinterp.errors import ModelError
from tabinterp.models.column_lineage import PartSources, Sources, Structured
from tabinterp.models.io.allocation_limits import ROWS, check_total, check_value
from tabinterp.table.coerce import shown

from .onnx_graph import Settings, Values

FLOAT, STRING, BOOL, DOUBLE = 1, 8, 9, 11
INT32 = 6
WHOLE = (INT32, 7)
Matrix = NDArray[Any]  # (n, c) numbers, or texts as objects


class NoStepError(Exception):
    """Raised for a node that is not an encoding step or that combines columns."""


@dataclass(frozen=True)
class Given:
    """An input of the pipeline, with `width` columns of an ONNX type."""

    name: str
    width: int
    type: int


@dataclass(frozen=True, eq=False)
class Step:
    """An operator with the names of its inputs and output; constant inputs are in `constants`."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    settings: Settings
    constants: Values

    def of(self, values: dict[str, Matrix]) -> Matrix:
        given = [self.constants[name] if name in self.constants else values[name] for name in self.inputs if name]
        return STEPS[self.kind](given, self.settings)


@dataclass(frozen=True)
class Texts:
    """The way in which the pipeline writes the values of a column as strings.

    `missing` is the string for a missing value. `is_whole` states whether whole numbers are written without ".0".
    """

    missing: str = "nan"
    is_whole: bool = False

    def of(self, column: pd.Series) -> NDArray[Any]:
        gone = column.isna().to_numpy()
        written = [self.missing if none else self._of(value) for value, none in zip(column, gone, strict=True)]
        return np.array(written, dtype=object)

    def _of(self, value: Any) -> str:
        return str(int(value)) if self.is_whole and value == int(value) else str(value)


class Front(Structured):
    """A transformer that applies the encoding steps of a pipeline to the pipeline's input columns.

    `places` maps the name of each intermediate value to a list of positions. Entry i is the position of the input column from
    which column i of the value is computed (-1 for a constant).
    """

    def __init__(
        self, given: Sequence[Given], steps: Sequence[Step], outputs: Sequence[str], places: dict[str, list[int]]
    ) -> None:
        self.given = tuple(given)
        self.steps = tuple(steps)
        self.outputs = tuple(outputs)
        self.places = places
        self.known: dict[str, NDArray[Any]] = {}
        self.texts: dict[int, Texts] = {}
        self.n_features_in_ = sum(one.width for one in given)

    @property
    def widths(self) -> list[int]:
        """The number of columns in each output of the encoding steps."""
        return [len(self.places[name]) for name in self.outputs]

    def of_columns(self, columns: Sequence[str], frame: pd.DataFrame) -> Front:
        """Return a `Front` with the same steps, which takes these columns of a table as input."""
        made = Front(self.given, self.steps, self.outputs, self.places)
        made.feature_names_in_ = np.array(columns, dtype=object)  # type: ignore[attr-defined]
        types = [one.type for one in self.given for _ in range(one.width)]
        levels = self._levels()
        for place, kind in enumerate(types):
            column, known = frame[columns[place]], levels.get(place)
            if kind == STRING:
                made.texts[place] = _texts(column, known)
            if known is None:
                continue
            if kind == FLOAT and pd.api.types.is_numeric_dtype(
                column.dtype
            ):  # numbers in the table that are levels after rounding to float32
                present = column.dropna().drop_duplicates().to_numpy(dtype=np.float64)
                own = present[np.isin(present.astype(np.float32), known.astype(np.float32))]
                known = np.array([*known, *own], dtype=object)
            if isinstance(known[0], str) != pd.api.types.is_numeric_dtype(column.dtype):
                made.known[columns[place]] = known
        return made

    def transform(self, rows: Any) -> FloatArray:
        return self.encoded(self.read(rows))

    def read(self, rows: Any) -> dict[str, Matrix]:
        """Convert rows to the inputs of the pipeline, with the types that the pipeline declares."""
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(np.asarray(rows))
        values: dict[str, Matrix] = {}
        first = 0
        for one in self.given:
            places = range(first, first + one.width)
            values[one.name] = np.column_stack(
                [_column(frame.iloc[:, i], one.type, self.texts.get(i, Texts())) for i in places]
            )
            first += one.width
        return values

    def encoded(self, inputs: dict[str, Matrix]) -> FloatArray:
        """Apply the encoding steps to the inputs that `read` returned. Return the encoded columns (n, d)."""
        values = {**inputs}
        for step in self.steps:
            values[step.output] = step.of(values)
        return np.concatenate([values[name].astype(np.float64) for name in self.outputs], axis=1)

    def get_feature_names_out(self, names: Any = None) -> NDArray[Any]:
        return np.array([f"column{i}" for i in range(sum(self.widths))], dtype=object)

    def sources(self, inputs: Sources, of: PartSources) -> Sources:
        places = [place for name in self.outputs for place in self.places[name]]
        return [inputs[place] if place >= 0 else frozenset() for place in places]

    def levels(self) -> dict[str, NDArray[Any]]:
        return self.known

    def _levels(self) -> dict[int, NDArray[Any]]:
        """Return a dict from column positions to known levels, for columns that are passed unchanged to an encoder of levels."""
        unchanged = {one.name for one in self.given}
        found: dict[int, NDArray[Any]] = {}
        for step in self.steps:
            if step.kind in UNCHANGED and all(name in {*unchanged, *step.constants} for name in step.inputs):
                unchanged.add(step.output)
            elif step.kind in ("OneHotEncoder", "LabelEncoder") and step.inputs[0] in unchanged:
                levels = _levels(step.settings) if step.kind == "OneHotEncoder" else _mapping(step.settings)[0]
                found |= {place: np.array(levels, dtype=object) for place in self.places[step.inputs[0]]}
        return found


def front(
    nodes: Sequence[Any], values: Values, attributes: Callable[[Any], Settings], given: Sequence[Given]
) -> tuple[Front, set[str]]:
    """Return a `Front` with all nodes that encode single columns, and the names of the values that are strings. The caller sets
    the outputs of the `Front`.
    """
    places, tried = dict[str, list[int]](), dict[str, Matrix]()
    check_value(ROWS * sum(one.width for one in given), True, "the ONNX pipeline: all inputs together")
    for one in given:
        first = sum(map(len, places.values()))
        places[one.name] = [*range(first, first + one.width)]
        tried[one.name] = np.empty((0, one.width), dtype=object if one.type == STRING else np.float64)
    steps = []
    for node in nodes:
        constants = {name: values[name] for name in node.input if name in values}
        computed = [name for name in node.input if name and name not in constants]
        if node.op_type not in STEPS or not computed or not all(name in places for name in computed):
            continue
        step = Step(node.op_type, tuple(node.input), node.output[0], attributes(node), constants)
        try:
            places[step.output], tried[step.output] = _traced(step, places, tried)
        except (
            NoStepError,
            ArithmeticError,
            ValueError,
            LookupError,
            TypeError,
        ):  # skl2onnx does not write this form
            continue
        steps.append(step)
    check_total(ROWS * sum(map(len, places.values())), "the ONNX pipeline")
    return Front(given, steps, [], places), {name for name, made in tried.items() if made.dtype == object}


def constant(node: Any, values: Values, settings: Settings) -> NDArray[Any] | None:
    """Return the result of an encoding step whose inputs are all constants, as one row. Return None for any other node.

    Raises
    ------
    ModelError
        The constant inputs together exceed the limit on the size of a value.
    """
    given = [values[name] for name in node.input if name in values]
    if node.op_type not in FOLDED or not given or len(given) < len([name for name in node.input if name]):
        return None
    check_value(ROWS * sum(one.size for one in given), True, f"the ONNX pipeline: the constant {node.output[0]!r}")
    if node.op_type in ("Cast", "Identity"):
        shape = given[0].shape
    elif all(one.ndim < 2 for one in given):
        shape = (-1,)
    elif all(one.ndim == 2 and len(one) == 1 for one in given):
        shape = (1, -1)
    else:
        return None
    try:
        return STEPS[node.op_type]([np.reshape(one, (1, -1)) for one in given], settings).reshape(shape)
    except (NoStepError, ArithmeticError, ValueError, LookupError, TypeError):
        return None


def columns_of(given: Sequence[Given], frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the table columns that a pipeline uses. They are matched by the names of the pipeline's inputs, or otherwise by
    their order.

    skl2onnx replaces characters that are not allowed in a name with `_`, and appends a number if two names would be equal. If the
    input of a pipeline is a single matrix, its columns are matched by their order, because they have no names.

    Raises
    ------
    ModelError
        An input matches no column, or more than one.
    """
    columns = [*map(str, frame.columns)]
    found = [_named(one.name, columns) for one in given]
    if all(one.width == 1 and names for one, names in zip(given, found, strict=True)):
        for one, names in zip(given, found, strict=True):
            if len(names) > 1:
                raise ModelError(
                    f"the input {one.name!r} of the ONNX pipeline matches several columns: {', '.join(map(repr, names))}. "
                    "Rename the input in the pipeline or the columns in the table, so that only one column matches"
                )
        single = [names[0] for names in found]
        matched = next((name for name in single if single.count(name) > 1), None)
        if matched is not None:
            inputs = [one.name for one, name in zip(given, single, strict=True) if name == matched]
            raise ModelError(
                f"the inputs {', '.join(map(repr, inputs))} of the ONNX pipeline all match the column {matched!r}. Rename the "
                "inputs in the pipeline or the columns in the table, so that each input matches a different column"
            )
        return tuple(single)
    total = sum(one.width for one in given)
    matrix = len(given) == 1 and given[0].width > 1
    if (matrix or len(columns) == 1) and total == len(columns):
        return tuple(columns)
    if matrix:
        raise ModelError(
            f"the input {given[0].name!r} of the ONNX pipeline needs {total} columns, but the table has {len(columns)} input "
            f"columns ({', '.join(map(repr, columns))}). Load the table with the columns that the pipeline was trained on, in "
            "the same order"
        )
    missing = [one.name for one, names in zip(given, found, strict=True) if not names or one.width > 1]
    raise ModelError(
        f"the ONNX pipeline reads inputs that are not input columns of this table: {', '.join(map(repr, missing))}. Load the "
        "table with these columns as inputs"
    )


def _named(name: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that match the name of an input, with or without the number at the end of the name."""
    found = [one for one in columns if name in (one, _written(one))]
    return found or [one for one in columns if _written(one) == name.rstrip("0123456789")]


def _written(name: str) -> str:
    made = re.sub(r"[^\w+]", "_", name)
    return f"_{made}" if re.match("[0-9]", made) else made


# ---- columns of a table


def _texts(column: pd.Series, levels: NDArray[Any] | None) -> Texts:
    """Determine how the pipeline writes the values of a column as strings. `levels` contains the levels that the pipeline lists
    for the column (None if it lists none).

    Raises
    ------
    ModelError
        The levels do not show whether whole numbers are written with ".0", or include two strings for missing values.
    """
    known = {*map(str, levels)} if levels is not None else set()
    name = str(column.name)
    if column.isna().any() and {"nan", "None"} <= known:
        raise ModelError(
            f"the ONNX pipeline has two levels, 'nan' and 'None', for missing values in column {name!r}. Replace the missing "
            "values in the table with one string, and train the pipeline with this string"
        )
    present = column.dropna()
    could = column.dtype.kind == "f" and bool((present == np.floor(present)).all()) and len(present) > 0
    is_whole = could and bool(known & {str(int(one)) for one in present.unique()})
    if could and (is_whole == bool(known & {str(one) for one in present.unique()})):
        raise ModelError(
            f"the ONNX pipeline reads column {name!r} as text, but the table contains numbers such as {shown(present.iloc[0])}, "
            "and tabinterp cannot determine how to write them as text. In the table, convert the column to text in the same way "
            "as for training"
        )
    return Texts("None" if "None" in known and "nan" not in known else "nan", is_whole)


def _column(column: pd.Series, kind: int, texts: Texts) -> NDArray[Any]:
    if kind == STRING:
        return texts.of(column)
    if kind in WHOLE and column.dtype.kind in "iu":  # floats cannot represent the largest exactly
        low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
        if kind == INT32 and len(column) and not low <= column.min() <= column.max() <= high:
            raise ModelError(
                f"the ONNX pipeline reads column {str(column.name)!r} as 32-bit integers, but the column contains "
                f"{shown(column.max() if column.max() > high else column.min())}, which is outside their range. Export the "
                "pipeline with an int64 input for this column"
            )
        return column.to_numpy(dtype=np.int64)
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        wrong = next((value for value in column if not _is_number(value)), None)
        raise ModelError(
            f"the ONNX pipeline reads column {str(column.name)!r} as numbers, but it contains the value {shown(wrong)}. Load the "
            "column with the type that the pipeline was trained on"
        ) from None
    if kind in (FLOAT, DOUBLE):
        return values.astype(np.float32).astype(np.float64) if kind == FLOAT else values
    wrong_rows = np.flatnonzero(~(np.isfinite(values) & (values == np.floor(values))))
    if len(wrong_rows):
        raise ModelError(
            f"the ONNX pipeline reads column {str(column.name)!r} as whole numbers, but row {int(wrong_rows[0])} contains the "
            f"value {shown(column.iloc[int(wrong_rows[0])])}. Remove rows with missing values, or export the pipeline with a "
            "float input for this column"
        )
    return values.astype(bool) if kind == BOOL else values.astype(np.int64)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return value is None or value is pd.NA
    return True


# ---- the table column from which each column of a value comes


def _traced(step: Step, places: dict[str, list[int]], tried: dict[str, Matrix]) -> tuple[list[int], Matrix]:
    """Return the position of the source column of each output column of a step, and the step's output for an input without rows.

    Raises
    ------
    NoStepError
        An output column depends on several columns, or the step has an unsupported form.
    """
    computed = [places[name] for name in step.inputs if name in places]
    entries = [sum(map(len, computed)), *(one.size for one in step.constants.values())]
    if step.kind == "OneHotEncoder":
        entries.append(len(computed[0]) * len(_levels(step.settings)))
    check_value(ROWS * max(entries), True, f"the ONNX pipeline: the value {step.output!r} ({step.kind})")
    rows = any(math.prod(one.shape[:-1]) != 1 for one in step.constants.values())
    if rows and step.kind not in MOVES:  # a constant with several rows
        raise NoStepError
    made = step.of(tried)
    if step.kind in MOVES:
        moved = step.of({name: np.array([places[name]]) for name in step.inputs if name in places})
        return [int(one) for one in moved[0]], made
    if step.kind == "ArgMax":
        single = {place for place in computed[0] if place >= 0}
        if len(single) != 1:
            raise NoStepError
        return [*single], made
    width, first = made.shape[1], computed[0]
    if any(one != first for one in computed) or width % len(first):
        raise NoStepError
    each = width // len(first)
    if each > 1 and len(first) > 1 and step.kind != "OneHotEncoder":
        raise NoStepError
    return [place for place in first for _ in range(each)], made


# ---- steps: matrices (n, c) and constants to a matrix


def _cast(given: list[Matrix], settings: Settings) -> Matrix:
    to, x = settings["to"], given[0]
    if x.dtype == object or to not in (FLOAT, DOUBLE, BOOL, *WHOLE):
        raise NoStepError
    if to == FLOAT:
        return x.astype(np.float32).astype(np.float64)
    return x.astype(np.float64 if to == DOUBLE else bool if to == BOOL else np.int64)


def _imputed(given: list[Matrix], settings: Settings) -> Matrix:
    x = given[0]
    kind = "floats" if "imputed_value_floats" in settings else "int64s"
    values = np.asarray(settings[f"imputed_value_{kind}"])
    missing = settings.get("replaced_value_float", 0.0) if kind == "floats" else settings.get("replaced_value_int64", 0)
    return np.where(np.isnan(x) if np.isnan(missing) else x == missing, np.broadcast_to(values, x.shape), x)


def _scaled(given: list[Matrix], settings: Settings) -> Matrix:
    shift, scale = (np.asarray(settings.get(name, [usual])) for name, usual in (("offset", 0.0), ("scale", 1.0)))
    return np.asarray((given[0] - shift) * scale)


def _levels(settings: Settings) -> list[Any]:
    found = _listed(settings, "cats_strings", "cats_int64s")
    if len({*found}) < len(found):
        raise NoStepError
    return found


def _listed(settings: Settings, *names: str) -> list[Any]:
    """Return the values of the first attribute among `names` that is set. Bytes are decoded to str."""
    found: Any = next((settings[name] for name in names if name in settings), [])
    values = [one.decode() if isinstance(one, bytes) else one for one in np.asarray(found, dtype=object).ravel()]
    if not values:
        raise NoStepError
    return values


def _one_hot(given: list[Matrix], settings: Settings) -> Matrix:
    x, levels = given[0], _levels(settings)
    found = pd.Index(levels).get_indexer(x.ravel())
    if not settings.get("zeros", 1) and (found < 0).any():
        place = int(np.argmax(found < 0))
        raise ModelError(
            f"the ONNX pipeline was not trained on the level {shown(x.ravel()[place])} (row {place // x.shape[1]}), only on "
            f"levels such as {', '.join(map(shown, levels[:8]))}. Remove the rows with other levels, or train the pipeline with "
            "OneHotEncoder(handle_unknown='ignore')"
        )
    encoded = np.zeros((x.size, len(levels)))
    encoded[np.flatnonzero(found >= 0), found[found >= 0]] = 1
    return encoded.reshape(len(x), x.shape[1] * len(levels))


def _labelled(given: list[Matrix], settings: Settings) -> Matrix:
    keys, values, otherwise = _mapping(settings)
    x = given[0]
    places = pd.Index(keys).get_indexer(x.ravel())
    kind = object if isinstance(otherwise, str) else np.float64
    made: Matrix = np.array([*values, otherwise], dtype=kind)[places].reshape(x.shape)
    return made


def _mapping(settings: Settings) -> tuple[list[Any], list[Any], Any]:
    """Return the keys of a LabelEncoder node, the values to which it maps them, and the value for all other keys."""
    keys = _listed(settings, "keys_strings", "keys_int64s", "keys_floats", "keys_tensor")
    values = _listed(settings, "values_strings", "values_int64s", "values_floats", "values_tensor")
    if len(keys) != len(values) or len({*keys}) < len(keys):
        raise NoStepError
    usual: dict[str, Any] = {"strings": "_Unused", "int64s": -1, "floats": 0.0}
    kind = next((one for one in usual if f"values_{one}" in settings), "tensor")
    stated = settings.get(f"default_{kind.removesuffix('s')}", usual.get(kind))
    return keys, values, _listed({"of": [stated] if kind != "tensor" else stated}, "of")[0]


def _taken(given: list[Matrix], settings: Settings) -> Matrix:
    if settings.get("axis", 0) not in (1, -1) or given[1].ndim > 1:
        raise NoStepError
    return np.take(given[0], np.ravel(given[1]), axis=1)


def _extracted(given: list[Matrix], settings: Settings) -> Matrix:
    return np.take(given[0], np.ravel(given[1]), axis=1)


def _beside(given: list[Matrix], settings: Settings) -> Matrix:
    if settings.get("axis", 1) not in (1, -1):
        raise NoStepError
    return np.concatenate(given, axis=1)


def _reshaped(given: list[Matrix], settings: Settings) -> Matrix:
    if [*np.ravel(given[1])][-1] not in (given[0].shape[1], -1) or len(given[1]) > 2:
        raise NoStepError
    return given[0]


def _same(given: list[Matrix], settings: Settings) -> Matrix:
    return given[0]


def _first(given: list[Matrix], settings: Settings) -> Matrix:
    if settings.get("axis", 0) not in (1, -1) or settings.get("select_last_index", 0):
        raise NoStepError
    return np.asarray(np.argmax(given[0], axis=1, keepdims=True))


def _where(given: list[Matrix], settings: Settings) -> Matrix:
    return np.where(*given)


def _threshold(given: list[Matrix], settings: Settings) -> Matrix:
    return np.asarray(given[0] > settings.get("threshold", 0.0), dtype=np.float64)


def _of(function: Callable[..., Any]) -> Callable[[list[Matrix], Settings], Matrix]:
    """Return a step that applies a function to each number."""

    def compute(given: list[Matrix], settings: Settings) -> Matrix:
        if any(one.dtype == object for one in given):
            raise NoStepError
        return np.asarray(function(*given))

    return compute


def _divided(one: Matrix, other: Matrix) -> Matrix:
    if not (np.issubdtype(one.dtype, np.integer) and np.issubdtype(other.dtype, np.integer)):
        return np.asarray(one / other)
    return np.asarray(np.sign(one) * np.sign(other) * (np.abs(one) // np.abs(other)))  # ONNX truncates towards zero


FOLDED = ("Cast", "Concat", "Identity", "LabelEncoder")  # steps that are also computed for constants
MOVES = ("ArrayFeatureExtractor", "Concat", "FeatureVectorizer", "Gather", "Identity", "Reshape")
UNCHANGED = (*MOVES, "Cast")
STEPS: dict[str, Callable[[list[Matrix], Settings], Matrix]] = {
    "Add": _of(operator.add),
    "ArgMax": _first,
    "ArrayFeatureExtractor": _extracted,
    "Binarizer": _threshold,
    "Cast": _cast,
    "Concat": _beside,
    "Div": _of(_divided),
    "FeatureVectorizer": _beside,
    "Gather": _taken,
    "Greater": _of(operator.gt),
    "Identity": _same,
    "Imputer": _imputed,
    "IsNaN": _of(np.isnan),
    "LabelEncoder": _labelled,
    "Less": _of(operator.lt),
    "Mul": _of(operator.mul),
    "Not": _of(np.logical_not),
    "OneHotEncoder": _one_hot,
    "Reshape": _reshaped,
    "Scaler": _scaled,
    "Sub": _of(operator.sub),
    "Where": _where,
}
