"""Checks: what an audit judges from its document alone, one module per check.

Each module holds a check's function, limits and every sentence of it, and is named after its slug. To add a check, write its
module and put it in this list, which is the order in which checks are listed.
"""

from __future__ import annotations

from . import (
    classes_swapped,
    constant_column,
    constraint_violated,
    dead_units,
    disparate_impact,
    duplicate_columns,
    extrapolates,
    groups_split,
    interaction_only,
    label_leak,
    methods_disagree,
    miscalibrated,
    near_leak,
    no_signal,
    not_converged,
    off_support_behaviour,
    overfit,
    penalised_inference,
    protected_reasons,
    proxy,
    rare_level,
    reason_codes_unstable,
    redundant_units,
    row_identifier,
    row_overlap,
    saturated,
    secretly_linear,
    sentinel_value,
    shortcut,
    sign_conflict,
    suppressor,
    target_capped,
    train_test_shift,
    trees_win,
    unsafe_model_file,
    unseen_level,
    unstable_ranking,
    unused_column,
    weak_subgroup,
    worse_than_linear,
)
from .base import Check

CHECKS: tuple[Check, ...] = (
    # performance
    worse_than_linear.CHECK,
    secretly_linear.CHECK,
    no_signal.CHECK,
    miscalibrated.CHECK,
    classes_swapped.CHECK,
    trees_win.CHECK,
    overfit.CHECK,
    # explanation
    sign_conflict.CHECK,
    methods_disagree.CHECK,
    unused_column.CHECK,
    unstable_ranking.CHECK,
    interaction_only.CHECK,
    suppressor.CHECK,
    extrapolates.CHECK,
    off_support_behaviour.CHECK,
    # fit
    not_converged.CHECK,
    saturated.CHECK,
    dead_units.CHECK,
    penalised_inference.CHECK,
    unsafe_model_file.CHECK,
    redundant_units.CHECK,
    # data
    constant_column.CHECK,
    label_leak.CHECK,
    near_leak.CHECK,
    row_identifier.CHECK,
    shortcut.CHECK,
    duplicate_columns.CHECK,
    train_test_shift.CHECK,
    row_overlap.CHECK,
    sentinel_value.CHECK,
    target_capped.CHECK,
    unseen_level.CHECK,
    rare_level.CHECK,
    groups_split.CHECK,
    # groups
    disparate_impact.CHECK,
    proxy.CHECK,
    weak_subgroup.CHECK,
    constraint_violated.CHECK,
    reason_codes_unstable.CHECK,
    protected_reasons.CHECK,
)
