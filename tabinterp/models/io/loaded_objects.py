"""Checks of objects loaded from a skops archive. No object may read or write files, run code, or declare impossible sizes.

The objects themselves are checked, because the text of an archive does not show what skops builds from it. It is not enough that
every type is on the list of safe types. skops sets attributes without the checks that a constructor would make, and
scikit-learn's compiled code relies on these attributes.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import skops.io._trusted_types as known_to_skops
from scipy.interpolate import BSpline, interp1d
from sklearn.preprocessing import OneHotEncoder
from skops.io._sklearn import ALLOWED_LOSSES

from tabinterp.errors import ModelError, UnsafeFileError

from .allocation_limits import count_text

# Packages that types may come from. skops must know the types too: it lists scikit-learn's public estimators one by one.
PACKAGES = (
    "sklearn.calibration.", "sklearn.compose.", "sklearn.decomposition.", "sklearn.feature_selection.", "sklearn.impute.",
    "sklearn.isotonic.", "sklearn.kernel_approximation.", "sklearn.linear_model.", "sklearn.model_selection.",
    "sklearn.neural_network.", "sklearn.pipeline.", "sklearn.preprocessing.", "sklearn.random_projection.", "sklearn._loss.",
)  # fmt: skip
# Types that skops does not trust by default and that we have reviewed: they contain data and run nothing when they are built.
TRUSTED = {
    "builtins.object",
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.interpolate._bsplines._BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._metadata_requests.MetadataRequest",  # in searches fitted by scikit-learn before 1.8, like the next
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
# Compiled losses, by the module that they state: `_loss` with scikit-learn before 1.9, which sets this name itself.
LOSSES = {f"{kind.__module__}.{kind.__name__}" for kind in ALLOWED_LOSSES}
# Their compiled code uses indices from the object without a check, and no encoder of a table needs them.
EXCLUDED = {"sklearn.preprocessing._label.MultiLabelBinarizer"}
ASARRAY = "scipy._lib.array_api_compat.numpy._aliases.asarray"
NUMPY = ("scipy._external.array_api_compat.numpy", "scipy._lib.array_api_compat.numpy")
# Attributes whose value may be a function or a module. The modules are not in the file: a spline of SciPy 1.18 adds them itself.
HELD = {"_asarray": (ASARRAY,), "_xp": NUMPY, "_xp_internal": NUMPY}
UFUNCS = {*known_to_skops.NUMPY_UFUNC_TYPE_NAMES, *known_to_skops.SCIPY_UFUNC_TYPE_NAMES}
STATE_LENGTH = 624  # numbers in the state of the Mersenne twister
PLAIN = (type(None), bool, int, float, complex, str, slice, np.dtype, np.random.RandomState)
CONTAINERS = (dict, OrderedDict, list, tuple, set, np.ndarray, np.ma.MaskedArray)
VALUES = (np.number, np.bool_, np.str_, np.datetime64)  # NumPy's types of single values, without bytes and objects
MEMORY = re.compile(r"(^|_)memory$")
PLACES = re.compile(r"(^|_)(path|file|filename|folder|directory|dir|location|cache|url)(_|$)")
FUNCTIONS = ("func", "inverse_func")
# Attributes that determine the number of columns of a transformer, or the size of its intermediate arrays.
SIZES = (
    "n_output_features_", "_n_out_full", "n_features_out_", "_n_features_out", "_n_features_outs", "n_components",
    "n_components_", "_n_components", "n_bins_", "sample_steps", "degree", "_max_degree", "n_knots",
)  # fmt: skip
# Parameters that determine the memory or the number of steps of an estimator when it is refitted after a target encoder.
COUNTS = {
    "n_bins": 4096, "Cs": 1000, "alphas": 1000, "n_alphas": 1000, "cv": 1000, "n_splits": 1000, "n_repeats": 1000,
    "n_init": 1000, "n_knots": 4096, "degree": 1000, "sample_steps": 1000, "iterated_power": 1000,
    "n_quantiles": 200_000, "n_components": 65_536, "n_oversamples": 65_536, "max_fun": 1_000_000,
    "max_no_improvement": 100_000, "batch_size": 1_000_000, "max_n_alphas": 1000, "thresholds": 1000,
    "max_trials": 100_000, "max_skips": 100_000, "max_subpopulation": 100_000, "n_candidates": 1000,
}  # fmt: skip
# Steps of a loop in any estimator: some estimators also iterate when they transform, separately for each row.
STEPS = re.compile(r"(^|_)iter(_no_change)?$")
MOST_STEPS_OF = {"max_doc_update_iter": 10_000, "transform_max_iter": 10_000}  # for each row
MOST_STEPS_IN_ALL = 100_000
# Parameters of these that repeat a whole fit: if estimators are nested, the steps multiply.
REPEATED = (
    "Cs", "alphas", "n_alphas", "cv", "n_splits", "n_repeats", "n_init", "max_iter", "n_iter", "max_trials", "n_candidates",
)  # fmt: skip
# Estimators that fit an inner estimator once per column, or once per pair of columns -> power of the number of columns.
OVER_COLUMNS = {"IterativeImputer": 1, "RFE": 1, "RFECV": 1, "SequentialFeatureSelector": 2}
MOST_STEPS = 10_000_000  # of a refit, with nested steps multiplied
MOST_COLUMNS = 1 << 17  # of all parts of a model together
LONGEST = 1 << 16  # length of a numeric array along any dimension
# Arrays whose length is a number of rows or levels, not of columns.
LONG = re.compile(
    r"_fit_X|_mask_fit_X|[Xy]_thresholds_|cv_results_|categories_?|encodings_|classes_?|"
    r"_default_to_infrequent_mappings|_infrequent_indices|inlier_mask_"
)


def is_value_type(name: str) -> bool:
    """Return whether a name refers to a type of plain values, in Python or NumPy."""
    module, _, kind = name.rpartition(".")
    if module == "builtins":
        return kind in ("bool", "int", "float", "str", "object")
    return module == "numpy" and _is_numpy_value(getattr(np, kind, None))


def _is_numpy_value(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, VALUES)


def is_function(name: str) -> bool:
    """Return whether a name refers to a universal function of NumPy or SciPy."""
    return name in UFUNCS or name == ASARRAY


def check(value: Any, file: str) -> None:
    """Check a loaded object and all objects inside it, and prevent them from starting processes.

    Raises
    ------
    UnsafeFileError
        An object has a type or function that is not on the list of safe types, or an attribute that replaces a method. The error
        is also raised if an object refers to a cache folder, a file or an address, or contains array indices that are out of
        range.
    ModelError
        The parts of the model would create more columns or longer arrays than allowed.
    """
    seen: dict[tuple[int, str], Any] = {}  # keeps the objects, so that their ids are not reused
    waiting = [(value, "", "")]
    while waiting:
        found, owner, name = waiting.pop()
        this_object = f"{file!r}: the attribute {owner}.{name}" if owner else f"{file!r}: the {type(found).__name__}"
        _check_kind(found, name, this_object)
        inside = [*_inside(found, owner, name)]
        if (id(found), name) in seen or not (inside or isinstance(found, np.ndarray)):
            continue
        seen[id(found), name] = found
        if isinstance(found, np.ndarray):
            _check_array(found, name, this_object)
        elif _is_object(found):
            _check_object(found, this_object)
        waiting += inside
    total = columns(value)
    if total > MOST_COLUMNS:
        raise ModelError(
            f"{file!r}: the parts of this model create {total:,} columns in total; the limit is {MOST_COLUMNS:,}. Encode fewer "
            "levels, or fewer products of columns"
        )


def check_fit(encoder: Any, name: str) -> None:
    """Check that refitting an encoder does not take more steps than the limit.

    Raises
    ------
    ModelError
        The number of steps exceeds the limit. Nested searches and iterations could otherwise take hours, even with few rows.
    """
    width = columns(encoder)
    known: dict[int, int] = {}

    def of(value: Any) -> int:
        if id(value) not in known:
            known[id(value)] = steps(value)
        return known[id(value)]

    def steps(value: Any) -> int:
        if isinstance(value, dict):
            return sum(map(of, value.values()))
        if isinstance(value, (list, tuple)):
            return sum(map(of, value))
        if not _is_object(value):
            return 0
        settings = value.get_params(deep=False) if hasattr(value, "get_params") else vars(value)
        return _repeats(type(value).__name__, settings, width) * (1 + sum(map(of, settings.values())))

    total = of(encoder)
    if total > MOST_STEPS:
        raise ModelError(
            f"{name}: refitting the encoder would take {count_text(total)} steps; the limit for a model from a file is "
            f"{MOST_STEPS:,}. Use an encoder that searches fewer settings or allows fewer iterations"
        )


def _repeats(kind: str, settings: Mapping[str, Any], width: int) -> int:
    """Return how many times an estimator with these parameters fits an inner estimator or repeats a step of its own fit."""
    numbers = [len(value) if isinstance(value, (list, np.ndarray)) else value for value in map(settings.get, REPEATED)]
    grid = settings.get("param_grid") or []
    candidates = sum(math.prod(map(_choices, one.values())) for one in (grid if isinstance(grid, list) else [grid]))
    over_columns: int = width ** OVER_COLUMNS.get(kind, 0)
    repeats = [max(1, int(one)) for one in numbers if isinstance(one, (int, float)) and math.isfinite(one)]
    return max(1, candidates) * over_columns * math.prod(repeats)


def _choices(values: Any) -> int:
    return len(values) if isinstance(values, (list, tuple, np.ndarray)) else 1


def columns(value: Any) -> int:
    """Return the total number of columns that the parts of an encoder create. A part that is used twice counts twice."""
    known: dict[int, int] = {}

    def of(value: Any) -> int:
        if id(value) not in known:
            parts = sum(of(part) for part, _, _ in _inside(value, "", ""))
            known[id(value)] = parts + (max(1, _made(value)) if _is_object(value) else 0)  # each object costs time
        return known[id(value)]

    return of(value)


def _inside(value: Any, owner: str, name: str) -> Iterator[tuple[Any, str, str]]:
    """Yield the parts of a value, each with the class of its owner and the attribute or key under which it is stored."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key, owner, name
            yield part, owner, key if isinstance(key, str) and not isinstance(part, (slice, int, float)) else name
    elif isinstance(value, (list, tuple, set)):
        yield from ((part, owner, name) for part in value)
    elif isinstance(value, np.ma.MaskedArray):
        yield from ((np.asarray(part), owner, name) for part in (value.data, np.ma.getmaskarray(value)))
    elif isinstance(value, np.ndarray):
        yield from ((part, owner, name) for part in value.ravel()) if value.dtype.hasobject else ()
    elif _is_object(value):
        yield from ((part, type(value).__name__, attribute) for attribute, part in vars(value).items())


def _is_object(value: Any) -> bool:
    return hasattr(value, "__dict__") and _listed(type(value))


def _listed(kind: type) -> bool:
    known = f"{kind.__module__}.{kind.__qualname__}"
    return known in TRUSTED or known in LOSSES or (known.startswith(PACKAGES) and known not in EXCLUDED)


def _check_kind(value: Any, name: str, this_object: str) -> None:
    """Check one value, by its type and the attribute under which it is stored."""
    if value is not None and MEMORY.search(name):
        raise UnsafeFileError(
            f"{this_object} sets a cache folder. Pickles would be read from the folder, and rows would be written to it. Set "
            "its cache folder to None, and save the model again"
        )
    if isinstance(value, (str, bytes)) and PLACES.search(name):
        raise UnsafeFileError(
            f"{this_object} refers to another file or to an address ({str(value)[:60]!r}), but a model must not read or write "
            "other files. Remove the reference, and save the model again"
        )
    if (
        isinstance(value, np.random.RandomState)
        and not 0 <= value.get_state(legacy=False)["state"]["pos"] <= STATE_LENGTH
    ):
        raise UnsafeFileError(
            f"{this_object} is a NumPy random state with an invalid position. Fit the model again with an integer as "
            "random_state, and save it"
        )
    if not _may_hold(value, name):
        what = getattr(value, "__name__", type(value).__qualname__)
        raise UnsafeFileError(
            f"{this_object} contains {what}, which is not one of the types and functions that are allowed in this place. If you "
            "trust the file, load it in Python with skops.io.load, and pass the model to ti.wrap"
        )


def _may_hold(value: Any, name: str) -> bool:
    kind = type(value)
    if kind in PLAIN or isinstance(value, (*VALUES, np.dtype)):
        return True
    if isinstance(value, type):
        return "type" in name and is_value_type(f"{value.__module__}.{value.__name__}")
    if name in FUNCTIONS:
        return isinstance(value, np.ufunc) or kind.__module__.startswith("scipy.special")
    if name == "f_" and isinstance(value, (interp1d, FunctionType)):  # made by IsotonicRegression
        return True
    if isinstance(value, (FunctionType, ModuleType)):
        known = value.__name__ if isinstance(value, ModuleType) else f"{value.__module__}.{value.__name__}"
        return known in HELD.get(name, ())
    return kind in CONTAINERS or _listed(kind)


def _check_array(value: np.ndarray[Any, Any], name: str, this_object: str) -> None:
    if value.dtype.kind not in "biufcOUSMm":
        raise UnsafeFileError(
            f"{this_object} is an array of type {value.dtype}; only arrays of numbers, Booleans, strings, dates, times and "
            "objects are allowed. Remove or convert the array, and save the model again"
        )
    longest = max(value.shape, default=0)
    if value.dtype.kind in "biufc" and longest > LONGEST and not LONG.fullmatch(name):
        raise ModelError(
            f"{this_object} is an array of shape {value.shape}; the limit for one dimension is {LONGEST:,}. Use a "
            "smaller model"
        )


def _check_object(value: Any, this_object: str) -> None:
    attributes = vars(value)
    for name in attributes:
        if callable(getattr(type(value), name, None)):
            raise UnsafeFileError(
                f"{this_object} has an attribute {name!r} that replaces its method {name}. Remove the attribute, and save the "
                "model again"
            )
    for name in attributes:
        if (most := _most(name)) is not None:
            _check_count(attributes[name], name, most, this_object)
    if "n_jobs" in attributes:
        value.n_jobs = None  # otherwise processes would start, and rows would be passed to them through files
    if "verbose" in attributes:
        value.verbose = False  # otherwise names of steps would be printed unescaped
    if type(value).__module__ == BSpline.__module__:
        _check_spline(value, this_object)
    if isinstance(value, OneHotEncoder):
        _check_one_hot(value, this_object)


def _most(name: str) -> int | None:
    """Return the largest allowed value of an estimator's attribute that sets a number of steps or parts, such as `max_iter`.
    Return None for any other attribute.
    """
    known = name.removeprefix("_")  # scikit-learn stores derived parameters under such names
    return MOST_STEPS_OF.get(known, MOST_STEPS_IN_ALL) if STEPS.search(known) else COUNTS.get(known)


def _check_count(value: Any, name: str, most: int, this_object: str) -> None:
    """Check a parameter that sets a number of steps or parts. If the parameter is a list with one number per column, each number
    is checked. A list of penalties or thresholds to try is not checked.
    """
    numbers = np.ravel(value).tolist() if name not in ("Cs", "alphas", "thresholds") or np.ndim(value) == 0 else []
    found = [one for one in numbers if isinstance(one, (int, float)) and one > most]
    if found:
        raise ModelError(
            f"{this_object} has {name}={str(found[0])[:40]}; the limit for this parameter is {most:,}. Fit the model with a "
            "smaller value"
        )


def _made(value: Any) -> int:
    """Return the number of columns that an object creates. For some kinds of object, intermediate results are counted too."""
    kind, attributes = type(value).__name__, vars(value)
    arrays = [part for name, part in attributes.items() if isinstance(part, np.ndarray) and not LONG.fullmatch(name)]
    sizes = {name: _size(attributes.get(name)) for name in (*SIZES, "n_features_in_")}
    columns = max(*(sizes[name] for name in SIZES), *(max(part.shape, default=0) for part in arrays), 0)
    if kind == "PolynomialFeatures":
        degree = max(sizes["_max_degree"], sizes["degree"])
        columns = max(columns, min(math.comb(sizes["n_features_in_"] + degree, degree), 2 * MOST_COLUMNS))
    if kind == "PolynomialCountSketch":
        columns += sizes["degree"] * sizes["n_components"]
    if kind == "AdditiveChi2Sampler":
        columns += 2 * sizes["sample_steps"] * sizes["n_features_in_"]
    if kind == "FactorAnalysis":  # it creates an identity matrix of its components
        components = len(attributes.get("components_", ()))
        columns += components**2 // LONGEST
    return columns


def _size(value: Any) -> int:
    """Return the sum of the whole numbers in an attribute, each limited to twice the maximum number of columns."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return min(abs(int(value)), 2 * MOST_COLUMNS) if isinstance(value, (int, np.integer)) else 0


def _check_spline(spline: Any, this_object: str) -> None:
    """Check that the knots, coefficients and degree of a spline are consistent, because compiled code does not check them.

    Since SciPy 1.18, a `BSpline` delegates its computation to an inner spline object (`_BSpline`) with these values. This
    object is rejected if it is itself a `BSpline`, or if its class is not defined in the same module.
    """
    try:
        inner = vars(spline).get("_delegate_to")
        if type(spline) is BSpline and inner is not None:
            _want(
                type(inner) is not BSpline and type(inner).__module__ == BSpline.__module__,
                "the object it computes with",
            )
            return
        _want(inner is None, "the object it delegates to")
        knots, values, degree = spline.t, spline.c, spline.k
        _want(isinstance(knots, np.ndarray) and knots.dtype == np.float64 and knots.ndim == 1, "its knots")
        _want(bool(np.isfinite(knots).all() and (np.diff(knots) >= 0).all()), "the order of its knots")
        _want(isinstance(values, np.ndarray) and values.dtype.kind in "fc" and values.ndim > 0, "its coefficients")
        _want(type(degree) is int and 0 <= degree < len(knots) - degree - 1 <= len(values), "its degree")
        _want(spline.axis == 0 and knots.flags.c_contiguous and values.flags.c_contiguous, "its arrays")
    except Exception as error:  # missing or invalid attributes can raise any error
        raise UnsafeFileError(
            f"{this_object} contains an inconsistent spline (invalid: {error}). Save the model again"
        ) from None


def _check_one_hot(encoder: OneHotEncoder, this_object: str) -> None:
    """Check that all codes refer to columns that the encoder has, because codes are used as indices without a check."""
    if not hasattr(encoder, "categories_"):
        return
    try:
        _check_codes(encoder)
    except Exception as error:  # missing or invalid attributes can raise any error
        raise UnsafeFileError(
            f"{this_object} contains a OneHotEncoder whose levels and columns do not match (invalid: {error}). Save the model "
            "again"
        ) from None


def _check_codes(encoder: Any) -> None:
    levels, widths, dropped = encoder.categories_, encoder._n_features_outs, encoder._drop_idx_after_grouping
    _want(type(widths) is list and len(levels) == len(widths) == encoder.n_features_in_, "its number of columns")
    _want(dropped is None or np.shape(dropped) == (len(levels),), "the levels that it drops")
    for i, (known, width) in enumerate(zip(levels, widths, strict=True)):
        _want(known.ndim == 1 and _in_order(known), "the order of its levels")
        codes = len(known)
        if encoder._infrequent_enabled:
            rare, mapping = encoder._infrequent_indices[i], encoder._default_to_infrequent_mappings[i]
            _want((rare is None) == (mapping is None), "its rare levels")
            if mapping is not None:
                _want(mapping.dtype.kind == rare.dtype.kind == "i" and mapping.shape == known.shape, "its rare levels")
                _want(
                    mapping.min() >= 0 and mapping.max() < codes and 0 <= rare[0] < codes,
                    "the positions of rare levels",
                )
                codes = int(mapping.max()) + 1
        if dropped is not None and dropped[i] is not None:
            _want(0 <= int(dropped[i]) < codes, "the position of a level that it drops")
            codes -= 1
        _want(type(width) is int and width == codes, f"{codes} levels, {width} columns")


def _want(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _in_order(known: np.ndarray[Any, Any]) -> bool:
    """Return whether levels are sorted. A binary search in unsorted numbers can return an index beyond the last level."""
    if known.dtype.kind not in "biuf":
        return known.dtype.kind in "OUS"
    numbers = known[~np.isnan(known)] if known.dtype.kind == "f" else known
    tail = known[len(numbers) :]
    return bool(np.all(numbers[1:] > numbers[:-1])) and (known.dtype.kind != "f" or bool(np.isnan(tail).all()))
