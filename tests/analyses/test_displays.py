"""Every public result has a frame, a picture and a fragment of HTML, whichever reading it is of."""

from __future__ import annotations

import base64
import dataclasses
import re
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import tabinterp as ti
from tabinterp.analyses.calibration.estimator import calibration
from tabinterp.analyses.display import Shown
from tabinterp.analyses.performance.estimator import compare
from tabinterp.analyses.plot_specs import SHOWN, Dots, Heat
from tabinterp.analyses.plots import LINEAR, NETWORK, PAPER, Series, look_of
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind
from tests import cases

from .test_plots import intervals, marks, names


@cache
def many():
    """A table with enough rows for what a validator tests."""
    frame = cases.mixed_frame(1200, 2).assign(part=np.where(np.arange(1200) % 2 == 0, "test", "train"))
    return cases.mixed_table(frame, split="part", protected=["city"])


# A new public reading needs a line here: a test below compares this list with the public names.
RESULTS = {
    "coefficients": lambda m, c, t: ti.coefficients(c, t),
    "gradient_importance": lambda m, c, t: ti.gradient_importance(m, t, method="integrated_gradients"),
    "baselines": lambda m, c, t: ti.baselines(m, t, background=8),
    "permutation_importance": lambda m, c, t: ti.permutation_importance(m, t, n_repeats=2),
    "families": lambda m, c, t: ti.families(t, threshold=0.1),
    "effects": lambda m, c, t: ti.effects(m, t, grid=5),
    "interactions": lambda m, c, t: ti.interactions(m, t, top=3),
    "describe_data": lambda m, c, t: ti.describe_data(t),
    "shapley_values": lambda m, c, t: ti.shapley_values(m, t, 8),
    "compare_explanation": lambda m, c, t: ti.compare_explanation(ti.shapley_values(m, t, 8).to_shap(), m, t, 12),
    "explain_row": lambda m, c, t: ti.explain_row(m, t, 3, counterpart=c, background=8),
    "neuron_correlations": lambda m, c, t: ti.neuron_correlations(m, t),
    "neurons": lambda m, c, t: ti.neurons(m, t),
    "conductance": lambda m, c, t: ti.conductance(m, t, background=4),
    "ablate": lambda m, c, t: ti.ablate(m, t, n_repeats=2),
    "linear_regions": lambda m, c, t: ti.linear_regions(m, t, counterpart=c),
    "probe_rows": lambda m, c, t: ti.probe_rows(m, t, grid=4),
    "path_weights": lambda m, c, t: ti.path_weights(m, t),
    "maximise": lambda m, c, t: ti.maximise(m, t, objective=[ti.unit(1, 0), -ti.unit(2, 1)], starts=4),
    "facets": lambda m, c, t: ti.facets(m, t, objective=ti.unit(2, 1), number=2, starts=4),
    "card": lambda m, c, t: ti.card(m, t, objective=ti.unit(1, 0)),
    "pareto": lambda m, c, t: ti.pareto(m, t, objective=ti.unit(2, 1), budgets=[0.5, None], starts=4),
    "drop_and_refit": lambda m, c, t: ti.drop_and_refit(c, t),
    "decompose": lambda m, c, t: ti.decompose(m, t),
    "groups": ti.groups,
    "ladder": lambda m, c, t: ti.ladder(m, t),
    "trust": lambda m, c, t: ti.trust(m, t, draws=2, orders=2, backgrounds=2, rows=10, background=5),
    "reason_codes": lambda m, c, t: ti.reason_codes(m, c, t, rows=60),
    "recourse": lambda m, c, t: ti.recourse(m, t, c, rows=np.arange(60)),
    "crossvalidate": lambda m, c, t: ti.crossvalidate(lambda _: m, t, folds=2),
    "overfitting": lambda m, c, t: ti.overfitting(m, many(), c),
    "robustness": lambda m, c, t: ti.robustness(m, many(), c, sizes=(0.1, 0.5), draws=1),
    "conformal": lambda m, c, t: ti.conformal(m, many(), c),
    "resilience": lambda m, c, t: ti.resilience(m, many(), c),
    "regional_effects": lambda m, c, t: ti.regional_effects(m, many()),
    "performance": lambda m, c, t: compare(bind(m, t), bind(c, t), held_out=True),
    "calibration": lambda m, c, t: calibration(bind(m, t)),
}
NO_RESULT = {  # public names of something else: a table, a model, an objective, an audit, a command's work
    "discrimination", "residuals", "monotonicity",
    "read_table", "Table", "Schema", "Column", "Split", "wrap", "Model", "fit_counterpart", "save_model", "save_others",
    "save_null", "load_null",
    "load_model", "load_counterpart", "load_others", "table_settings", "inspect_model", "train", "unit", "direction", "layer",
    "output", "interpolation", "read_constraints", "audit", "explain_checks", "list_checks", "Audit", "compare_audits",
    "write_folder", "file_digest", "verify", "sign", "read_policy", "read_card", "read_mapping", "format_decision",
    "scan_table", "open_table", "in_batches", "Scan", "engine_of", "dask_engine", "keeping",
    "TabinterpError", "CalibrationDisplay", "CoefficientsDisplay", "EffectsDisplay", "GradientImportanceDisplay",
    "PermutationImportanceDisplay", "ShapleyValuesDisplay",
}  # fmt: skip


@pytest.fixture(scope="module")
def results():
    frame = cases.mixed_frame(220, 2).assign(part=np.where(np.arange(220) % 3 == 0, "test", "train"))
    model, linear = ti.wrap(cases.network_pipeline(frame)), ti.wrap(cases.linear_pipeline(frame))
    table = cases.mixed_table(frame, split="part", protected=["city"])
    return {name: make(model, linear, table) for name, make in RESULTS.items()}


def test_the_list_holds_every_public_reading():
    assert set(ti.__all__) - NO_RESULT == set(RESULTS) - {"calibration"}


def axes():
    return Figure().add_subplot()


class Words(HTMLParser):
    """Tags, pictures and the cells of tables."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.cells, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_has_frame_picture_and_fragment_and_changes_nothing(name, results):
    result = results[name]
    assert dataclasses.is_dataclass(result)
    assert len(result.frame())
    before, figures = dict(mpl.rcParams), plt.get_fignums()
    ax = axes()
    assert result.plot(ax=ax) is ax
    fragment = result.to_html()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures
    assert ax.has_data()
    assert ax.get_xlabel() or ax.get_title(loc="left")
    read = Words(fragment)
    assert read.open == []
    assert not set(read.tags) & {"script", "style", "link", "iframe", "svg"}
    assert len(read.images) == read.tags.count("table") == len(result.pictures())
    for image in read.images:
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert ET.fromstring(base64.b64decode(data)).tag.endswith("svg")
        assert image["alt"]
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize("name", RESULTS)
def test_a_frame_holds_the_same_cells_in_other_libraries(name, results):
    frame = results[name].frame()
    for backend in ("polars", "pyarrow"):
        made = nw.from_native(results[name].frame(backend=backend), eager_only=True)
        assert made.columns == list(frame.columns)
        for column in made.columns:
            cells, wanted = made[column].to_list(), frame[column].tolist()
            mixed = {type(one) for one in cells} - {type(None)} == {str}
            for cell, value in zip(cells, wanted, strict=True):
                if cell is None:
                    assert pd.isna(value)
                elif isinstance(cell, list):
                    assert cell == list(value)
                else:
                    assert cell == (str(value) if mixed else value)


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_drawn_is_in_the_table(name, results):
    """Every dot of a picture stands in the table of its fragment; the picture's numbers are those of the frame."""
    for picture in results[name].pictures():
        if not isinstance(picture, Dots):
            continue
        ax = picture.draw(axes())
        table = picture.table()
        for place, one in enumerate(picture.series):
            wanted = table[one.name].to_numpy(dtype=float)[:SHOWN]
            np.testing.assert_array_equal(marks(ax, look_of(one, place))[:, 0], wanted[~np.isnan(wanted)])
        assert np.isfinite(np.concatenate([one.value for one in picture.series])).any()


def test_a_fragment_is_the_same_again(results):
    assert results["shapley_values"].to_html() == results["shapley_values"].to_html()


def test_a_new_figure_is_made_only_when_asked(results):
    before = plt.get_fignums()
    made = results["shapley_values"].plot().figure
    assert plt.get_fignums() == [*before, made.number]
    plt.close(made)


# ---- what the numbers are


def drawn(result, **more):
    """Label -> value of each row of the picture."""
    ax, picture = result.plot(ax=axes(), **more), result.pictures()[0]
    looks = [look_of(one, place) for place, one in enumerate(picture.series)]
    return [{names(ax)[round(y)]: x for x, y in marks(ax, look)} for look in looks]


def test_attributions_are_means_in_the_order_of_their_size(results):
    for name in ("gradient_importance", "shapley_values"):
        values = results[name].values[:, :, 0]
        (found,) = drawn(results[name])
        order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")
        assert list(found) == [cases.INPUTS[j] for j in order]
        np.testing.assert_allclose(list(found.values()), values.mean(axis=0)[order])


def test_coefficients_are_for_one_standard_deviation(results):
    frame = results["coefficients"].frame()
    (found,) = drawn(results["coefficients"])
    for _, row in frame.dropna(subset="estimate").iterrows():
        label = f"{row['column']}: {row['level']}" if isinstance(row["level"], (str, bool)) else row["column"]
        label = "grade, per encoded value" if label == "grade" else label
        assert found[label] == pytest.approx(row["per_sd"] if row["sd"] > 0 else row["estimate"])
    assert (np.diff(np.abs(list(found.values()))) <= 0).all()


def test_both_models_stand_beside_each_other(results):
    row = results["explain_row"]
    network, linear = drawn(row)
    for j, column in enumerate(row.network.columns):
        at = next(label for label in network if label.startswith(f"{column} = "))
        assert network[at] == pytest.approx(row.network.values[0, j, 0])
        assert linear[at] == pytest.approx(row.linear.values[0, j, 0])


def test_differences_of_all_units_are_in_standard_errors(results):
    performance = results["performance"]
    (found,) = drawn(performance)
    wanted = [m.difference[0] / m.difference[1] for m in performance.metrics]
    np.testing.assert_allclose(list(found.values()), wanted)
    ends = intervals(performance.plot(ax=axes()))
    resolved = (ends.min(axis=1) > 0) | (ends.max(axis=1) < 0)
    assert resolved.tolist() == [m.resolved != "no" for m in performance.metrics]


def test_a_validator_sees_both_models_on_each_group(results):
    network, linear = drawn(results["overfitting"])
    frame = results["overfitting"].frame().head(SHOWN)
    np.testing.assert_allclose(list(network.values()), frame["network_gap"])
    np.testing.assert_allclose(list(linear.values()), frame["linear_gap"])
    assert next(iter(network)) == "all rows"
    network, linear = drawn(results["resilience"])
    frame = results["resilience"].frame().set_index("kind")
    assert network["All"] == frame.loc["all", "network"]
    assert linear["All"] == frame.loc["all", "linear"]


def test_coverage_is_compared_with_its_level(results):
    found = results["conformal"]
    (shown,) = drawn(found)
    assert shown.pop("all rows") == found.level == results["conformal"].pictures()[0].at
    np.testing.assert_allclose(list(shown.values()), [one.coverage[0] for one in found.slices][: len(shown)])


def test_losses_are_drawn_over_the_size_of_the_perturbation(results):
    found = results["robustness"]
    ax = found.plot(ax=axes())
    frame = found.frame()
    for look, name in ((NETWORK, "network"), (LINEAR, "linear")):
        np.testing.assert_allclose(np.sort(marks(ax, look), axis=0), np.sort(frame[["size", name]], axis=0))
    with pytest.raises(NotApplicableError, match="already shows the linear model"):
        found.plot(ax=axes(), linear=found)


def test_an_optimum_is_in_standard_deviations_of_its_objective(results):
    found = results["maximise"]
    optimum, real = drawn(found)
    shown = len(optimum)
    np.testing.assert_allclose(list(optimum.values()), ((found.value - found.mean) / found.sd)[:shown])
    np.testing.assert_allclose(list(real.values()), ((found.real - found.mean) / found.sd)[:shown])


def test_a_linear_model_is_drawn_beside_any_reading_of_the_same_kind(results):
    frame = cases.mixed_frame(240, 2)
    table, linear = cases.mixed_table(frame), ti.wrap(cases.linear_pipeline(frame))
    network = ti.gradient_importance(ti.wrap(cases.network_pipeline(frame)), table, method="saliency")
    other = ti.gradient_importance(linear, table, method="saliency")
    ax = network.plot(ax=axes(), linear=other)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["network", "linear"]
    for look, one in ((NETWORK, network), (LINEAR, other)):
        np.testing.assert_allclose(marks(ax, look)[:, 0], one.frame().set_index("column")["mean"][names(ax)])
    hollow = {line.get_markerfacecolor() for line in ax.get_lines() if line.get_marker() == "D"}
    assert hollow == {PAPER}
    with pytest.raises(NotApplicableError, match="columns, groups, method"):
        network.plot(ax=axes(), linear=ti.gradient_importance(linear, table, method="integrated_gradients"))
    with pytest.raises(NotApplicableError, match="heat maps cannot be drawn"):
        results["families"].plot(ax=axes(), linear=results["families"])


def test_an_output_of_several_is_named():
    frame = cases.mixed_frame(60, 3, "multiclass")
    table = cases.mixed_table(frame, "multiclass")
    found = ti.gradient_importance(ti.wrap(cases.network_pipeline(frame, "multiclass")), table, method="saliency")
    ax = found.plot(ax=axes(), output="c")
    assert ax.get_xlabel().endswith("(output c)")
    told = found.frame().query("output == 'c'").set_index("column")["mean"]
    np.testing.assert_allclose(marks(ax)[:, 0], told[names(ax)])
    assert len(found.pictures()) == 3
    with pytest.raises(NotApplicableError, match="output must be one of"):
        found.plot(ax=axes(), output="d")


# ---- names and numbers of columns


NAMES = ["$x$", "<b>a</b>", "a\nb", "_{2}$\\frac$", "日本語の列", "x" * 120, "&amp;", ""]


def dots(labels, **more):
    value = np.linspace(1.0, -1.0, len(labels))
    return Dots(tuple(labels), (Series("network", "network", value, value - 0.1, value + 0.1),), "axis", **more)


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_text():
    """No mathematics, no line breaks, cut to fit; the table holds them whole."""
    made = dots(NAMES)
    ax = made.draw(axes())
    shown = [label.get_text() for label in ax.get_yticklabels()]
    assert not any(label.get_parse_math() for label in ax.get_yticklabels())
    assert shown[0] == "$x$"
    assert all(len(label) <= 28 and "\n" not in label for label in shown)
    ax.figure.canvas.draw()
    assert made.table().iloc[:, 0].tolist() == NAMES


def test_hostile_names_are_escaped_in_a_fragment():
    class Made(Shown):
        def pictures(self):
            return [dots(NAMES)]

    read = Words(Made().to_html())
    assert "b" not in read.tags
    assert "<b>a</b>" in read.cells
    assert "&amp;" in read.cells
    assert "x" * 120 in read.cells


def test_at_most_twenty_rows_are_drawn_and_the_rest_is_counted():
    ax = dots([f"c{i}" for i in range(55)]).draw(axes())
    shown = [label.get_text() for label in ax.get_yticklabels()]
    assert len(shown) == SHOWN + 1
    assert shown[-1] == "other (35 columns)"
    assert len(marks(ax)) == SHOWN
    values = np.random.default_rng(0).uniform(-1, 1, (40, 33))
    values[7, 5] = 1.0
    heat = Heat(tuple(f"u{i}" for i in range(40)), tuple(f"c{i}" for i in range(33)), values, "axis")
    ax = heat.draw(axes())
    rows, columns = ([label.get_text() for label in labels] for labels in (ax.get_yticklabels(), ax.get_xticklabels()))
    assert (rows[-1], columns[-1]) == ("other (20 units)", "other (13 columns)")
    assert "u7" in rows
    assert "c5" in columns
    assert ax.get_images()[0].get_array().shape == (SHOWN, SHOWN)
    assert heat.table().shape == (40, 34)


def test_one_wide_interval_leaves_the_others_legible():
    value = np.array([1.0, 0.5, -0.5])
    reach = np.array([0.1, 0.1, 500.0])
    wide = Series("network", "network", value, value - reach, value + reach)
    low, high = Dots(("a", "b", "c"), (wide,), "axis").draw(axes()).get_xlim()
    assert high - low < 6


def test_the_cells_of_a_heat_map_can_be_read():
    """WCAG's contrast of 4.5 between a cell's colour and its number."""
    values = np.linspace(-1, 1, 20)[None]
    ax = Heat(("unit",), tuple(f"c{i}" for i in range(20)), values, "axis").draw(axes())
    image = ax.get_images()[0]
    for colour, text in zip(image.to_rgba(image.get_array())[0], ax.texts, strict=True):
        channels = np.where(colour[:3] <= 0.04045, colour[:3] / 12.92, ((colour[:3] + 0.055) / 1.055) ** 2.4)
        luminance = channels @ [0.2126, 0.7152, 0.0722]
        ink = 1.0 if text.get_color() == "white" else 0.0
        assert (max(luminance, ink) + 0.05) / (min(luminance, ink) + 0.05) >= 4.5
    assert not re.search(r"-", "".join(text.get_text() for text in ax.texts))
