"""Writes the pages that follow from the code and from the bundled reports, into `docs/generated/`, before the site is built."""

from __future__ import annotations

import inspect
import re
import shutil
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path

import typer
from sphinx.util.typing import stringify_annotation

import tabinterp as ti
from tabinterp import messages
from tabinterp.analyses import ANALYSES
from tabinterp.checks.judge import explain_checks, labelled
from tabinterp.checks.manual import THEMES
from tabinterp.cli.commands import app as commands
from tabinterp.document.document import Document
from tabinterp.messages import word

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
OUT = DOCS / "generated"
REPORTS = sorted(path.parent.name for path in (ROOT / "reports").glob("*/report.html"))

TOPICS = {  # title of a list of public names: the modules, below `tabinterp`, that define them
    "Tables": ("table",),
    "Models": ("models", "linear", "network"),
    "Analyses": ("analyses",),
    "Audits and checks": ("auditing", "checks"),
    "Files, signatures and errors": ("provenance", "errors"),
}
METHODS = {  # analysis: the heading of its formulas in docs/methods.md, where that is not its own name
    "alternatives": "groups",
    "ablation": "hidden-units",
    "baselines": "gradients",
    "boosted_trees": "reference-model-and-stress-tests",
    "calibration": "the-verdict",
    "conditional_importance": "conditional-and-grouped-importance",
    "conformal": "reference-model-and-stress-tests",
    "constraints": "groups",
    "decision_curve": "the-verdict",
    "decomposition": "decomposition-of-the-gain",
    "disagreement": "the-verdict",
    "effects": "effect-curves",
    "extrapolation": "perturbed-rows-and-extrapolation",
    "ladder": "decomposition-of-the-gain",
    "maximisation": "activation-maximisation",
    "monotonicity": "groups",
    "off_support": "perturbed-rows-and-extrapolation",
    "overfitting": "reference-model-and-stress-tests",
    "path_weights": "path-products-and-garsons-shares",
    "perturbation": "reference-model-and-stress-tests",
    "proxies": "groups",
    "recalibration": "the-verdict",
    "resilience": "reference-model-and-stress-tests",
    "scorecard": "decomposition-of-the-gain",
    "slices": "the-verdict",
    "subgroup_gaps": "groups",
    "trust": "reliability-of-explanations",
    "unit_correlations": "correlations-of-hidden-units",
}


def setup(app):
    app.connect("builder-inited", lambda _: write_pages(), priority=100)
    app.connect("source-read", adapt)
    app.connect("build-finished", copy_reports)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages():
    """Write all pages. A page that did not change keeps its time, so that Sphinx does not read it again."""
    pages = checks() | analyses() | api() | cli() | document() | reports() | repository()
    for name, text in pages.items():
        path = OUT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for folder in {(OUT / name).parent for name in pages}:
        for path in folder.iterdir():
            if path.is_file() and str(path.relative_to(OUT)) not in pages:
                path.unlink()


def toctree(pages, options=("hidden",)):
    """Return a toctree directive of MyST."""
    return ["```{toctree}", *(f":{option}:" for option in options), *pages, "```", ""]


def table(head, rows):
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def escaped(text):
    """Return a text in which Markdown sees no markup and no end of a cell."""
    return re.sub(r"([\\`*_{}\[\]<>|$#~])", r"\\\1", text)


# Checks ------------------------------------------------------------------------------------------------------------------


def checks():
    """Return one page for each check: what it looks for, and what it says of the bundled tables."""
    findings = {name: audit.findings.frame().set_index("slug") for name, audit in bundled().items()}
    pages = {}
    for check in explain_checks():
        slug = check["slug"]
        lines = [
            f"# {check['title']}",
            "",
            f"`{slug}` · {check['code']} · {word('report.severity', check['severity'])}",
            "",
            *(f"- **{label}:** {escaped(text)}" for label, text in labelled(check)),
            "",
            "## In the bundled reports",
            "",
        ]
        for name, frame in findings.items():
            found = frame.loc[slug]
            lines.append(f"- [{name}](../reports/{name}.md), {status(found['status'])}: {escaped(found['claim'])}")
        lines.append("")
        lines += [
            "## Use it",
            "",
            f"`tabinterp checks {slug}` prints this manual page in the terminal. "
            f"To demand in a policy that this check is not raised, see [gate](../../gate.md):",
            "",
            "```toml",
            "[[finding]]",
            f'finding = "{slug}"',
            'owner = "Validation"',
            "```",
        ]
        pages[f"checks/{slug}.md"] = "\n".join(lines) + "\n"
    return pages


def status(name):
    return {"raised": "**raised**", "cleared": "passed", "not_applicable": "not applicable"}[name]


def index_of_checks():
    """Return the list of all checks by theme, which stands on the site in place of `docs/checks.md`."""
    lines = [
        "# Checks",
        "",
        "Every audit runs each of these checks once. The result of a check is raised, passed or not applicable.",
        "A policy may change a limit within its allowed range; see [gate](gate.md).",
        "[faults](faults.md) shows how often the checks give the right result.",
        "",
    ]
    found = explain_checks()
    for initial, theme in THEMES.items():
        of_theme = [check for check in found if check["code"].removeprefix("TI-")[0] == initial]
        lines += [f"## {theme}", ""]
        rows = [
            (
                f"[{check['title']}](generated/checks/{check['slug']}.md)",
                f"`{check['slug']}`",
                check["code"],
                word("report.severity", check["severity"]),
            )
            for check in of_theme
        ]
        lines += table(("check", "name", "code", "severity"), rows)
    return "\n".join([*lines, *toctree([f"generated/checks/{check['slug']}" for check in found])])


# Analyses ----------------------------------------------------------------------------------------------------------------


def analyses():
    """Return one page for each analysis of an audit, and their list."""
    rows, pages = [], {}
    for analysis in ANALYSES:
        package = import_module(f"tabinterp.analyses.{analysis.name}")
        question = str(package.__doc__).strip()
        title = word("step", analysis.title)
        title = title[0].upper() + title[1:]
        rows.append((f"[{title}]({analysis.name}.md)", f"`{analysis.name}`", question))
        pages[f"analyses/{analysis.name}.md"] = page_of_analysis(analysis, title, question)
    lines = [
        "# Analyses",
        "",
        "An audit runs these analyses in this order. `ti.audit(model, table, analyses=[...])` and `--analyses` run some of them,",
        "by the name in the second column. Performance and the verdict are part of every audit.",
        "",
        *table(("analysis", "name", "question"), rows),
        *toctree([analysis.name for analysis in ANALYSES]),
    ]
    pages["analyses/index.md"] = "\n".join(lines)
    return pages


def page_of_analysis(analysis, title, question):
    name = analysis.name
    public = [one for one in ti.__all__ if ti._PUBLIC[one].startswith(f"analyses.{name}.")]
    lines = [
        f"# {title}",
        "",
        f"**{question}**",
        "",
        "```{eval-rst}",
        f".. automodule:: tabinterp.analyses.{name}.{analysis.estimator}",
        "   :no-index:",
        "```",
        "",
    ]
    facts = [
        ("Run it alone", f'`ti.audit(model, table, analyses=["{name}"])`, `tabinterp audit ... --analyses {name}`')
    ]
    if public:
        facts.append(("In Python", ", ".join(f"[`ti.{one}`](../api/{one}.rst)" for one in public)))
    if analysis.needs:
        facts.append(("Needs the results of", ", ".join(f"[`{one}`]({one}.md)" for one in analysis.needs)))
    if analysis.uses:
        facts.append(("Arguments of its own", ", ".join(f"`{one}=`" for one in analysis.uses)))
    sums = "sums over all rows" if analysis.summed else "rows that are drawn"
    facts.append(("Larger than memory", sums))
    place = analysis.place or f"analyses.{name}"
    facts.append(("In `audit.json`", f"`{place}`"))
    facts.append(("Formulas", f"[Methods](../../methods.md#{METHODS.get(name, name.replace('_', '-'))})"))
    lines += [f"- **{label}:** {text}" for label, text in facts]
    sections = {one.section for one in analysis.on_page}
    judged = [check for check in explain_checks() if check["evidence"] in sections]
    if judged:
        lines += ["", "## Checks", "", "These checks point to the section of the report that shows this analysis:", ""]
        lines += [f"- [{check['title']}](../checks/{check['slug']}.md)" for check in judged]
    shown = [
        f"- [{report}](../reports/{report}.md): "
        f'<a href="../../reports/{report}.html#{section}">{messages.text(f"report.section.{section}")}</a>'
        for report in REPORTS
        for section in sorted(sections)
        if f'id="{section}"' in html_of(report)
    ]
    if shown:
        lines += ["", "## In the bundled reports", "", *shown]
    if analysis.record:
        lines += ["", "## Record", "", "Fields of its record in `audit.json`:", ""]
        lines += table(("field", "type"), fields_of(analysis.kind))
    return "\n".join(lines) + "\n"


def fields_of(record):
    """Return the names and the types of a record's fields, as cells of a table."""
    return [
        (f"`{name}`", f"`{short(field.annotation)}`".replace("|", "\\|")) for name, field in record.model_fields.items()
    ]


def short(annotation):
    """Return a type as text, without the modules of its names."""
    return re.sub(r"~?(?:\w+\.)+(?=\w)", "", stringify_annotation(annotation, "smart"))


# Reports -----------------------------------------------------------------------------------------------------------------


@cache
def bundled():
    """Return the audits of the bundled tables, by name."""
    return {name: ti.Audit.from_json(ROOT / "reports" / name / "audit.json") for name in REPORTS}


@cache
def html_of(report):
    return (ROOT / "reports" / report / "report.html").read_text("utf-8")


def reports():
    """Return a page for each bundled report, with what was found, and their list."""
    pages, rows = {}, []
    cards = tomllib.loads((ROOT / "datasets" / "tables.toml").read_text("utf-8"))
    for name, audit in bundled().items():
        data = audit.document.data
        findings = audit.findings.frame()
        raised = findings[findings["status"] == "raised"]
        counts = raised["severity"].value_counts()
        found = ", ".join(
            f"{counts[one]} {word('report.severity', one)}" for one in ("act", "check", "note") if one in counts
        )
        sentence = str(audit).split(". ", 1)[0].removesuffix(".") + "."
        rows.append(
            (
                f"[{name}]({name}.md)",
                f"{data.rows:,}",
                f"{data.held_out_rows:,}",
                word("task", data.task),
                escaped(sentence),
                found,
            )
        )
        titles = {check["slug"]: check["title"] for check in explain_checks()}
        lines = [
            f"# {name}",
            "",
            f"{data.rows:,} rows, of which {data.held_out_rows:,} are held out; target `{data.target}`. "
            f"[About the table](../project/{cards[name]['card']}). "
            f'<a href="../../reports/{name}.html">Open the report on a page of its own</a>.',
            "",
            "## Verdict",
            "",
            escaped(str(audit)),
            "",
            "## Findings",
            "",
        ]
        lines += table(
            ("finding", "severity", "what it says"),
            [
                (
                    f"[{titles[row.slug]}](../checks/{row.slug}.md)",
                    word("report.severity", row.severity),
                    escaped(row.claim),
                )
                for row in raised.itertuples()
            ],
        )
        lines += [
            f"Other checks: {(findings['status'] == 'cleared').sum()} passed, "
            f"{(findings['status'] == 'not_applicable').sum()} not applicable.",
            "",
            "## Report",
            "",
            f'<iframe class="report" src="../../reports/{name}.html" title="Report of {name}"></iframe>',
        ]
        pages[f"reports/{name}.md"] = "\n".join(lines) + "\n"
    lines = [
        "# Bundled reports",
        "",
        "Five public tables come with tabinterp. On each of them a reference network was trained and audited with two commands",
        "(`make reports` makes them again). The numbers below are read from `audit.json` when this page is built.",
        "",
        *table(("table", "rows", "held out", "task", "verdict", "findings"), rows),
        *toctree(REPORTS),
    ]
    return pages | {"reports/index.md": "\n".join(lines)}


def copy_reports(app, exception):
    """Put the reports beside the pages that embed them."""
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "reports"
        folder.mkdir(exist_ok=True)
        for name in REPORTS:
            shutil.copyfile(ROOT / "reports" / name / "report.html", folder / f"{name}.html")


# Reference ---------------------------------------------------------------------------------------------------------------


def api():
    """Return one page for each public name, and their list. The class of a result stands with the function that returns it."""
    pages, lines = {}, ["API", "===", "", "``import tabinterp as ti``, then:", ""]
    for topic, modules in TOPICS.items():
        names = [name for name in ti.__all__ if ti._PUBLIC[name].split(".")[0] in modules]
        lines += [topic, "-" * len(topic), "", ".. list-table::", "   :widths: 25 75", ""]
        for name in names:
            lines += [f"   * - :doc:`ti.{name} <{name}>`", f"     - {first_sentence(getattr(ti, name))}"]
        lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in names), ""]
        pages |= {f"api/{name}.rst": page_of_name(name) for name in names}
    missing = set(ti.__all__) - {Path(page).stem for page in pages}
    if missing:
        raise ValueError(f"no topic of the API holds {sorted(missing)}")
    return pages | {"api/index.rst": "\n".join(lines)}


def first_sentence(item):
    """Return the first sentence of a docstring."""
    paragraph = " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0]  # "et al. 2017" ends no sentence


def page_of_name(name):
    item = getattr(ti, name)
    title = f"ti.{name}"
    lines = [title, "=" * len(title), "", ".. currentmodule:: tabinterp", ""]
    if inspect.isclass(item):
        kind = "exception" if issubclass(item, Exception) else "class"
        return "\n".join([*lines, f".. auto{kind}:: {name}", "   :members:", ""])
    lines += [f".. autofunction:: {name}", ""]
    result = result_of(item)
    if result is not None and first_to_return(result) == name:
        lines += ["Result", "------", "", f".. autoclass:: {result.__module__}.{result.__name__}", "   :members:"]
        lines += ["   :inherited-members: BaseModel, object", "   :exclude-members: preview", ""]
    return "\n".join(lines)


def first_to_return(result):
    """Return the first public function that returns this class; None for a class that has a page of its own."""
    functions = [name for name in ti.__all__ if inspect.isfunction(getattr(ti, name))]
    return None if result.__name__ in ti.__all__ else next(n for n in functions if result_of(getattr(ti, n)) is result)


def result_of(function):
    """Return the class of tabinterp that a function is annotated to return; None if it returns something else."""
    annotation = inspect.signature(function).return_annotation
    found = import_module(function.__module__).__dict__.get(str(annotation))
    return found if inspect.isclass(found) and found.__module__.startswith("tabinterp.") else None


def cli():
    """Return the help pages of all commands."""
    group = typer.main.get_command(commands)
    lines = ["# Command line", "", "What `tabinterp COMMAND --help` prints.", ""]
    context = typer.Context(group, info_name="tabinterp", terminal_width=100)
    for name, command in group.commands.items():
        within = typer.Context(command, info_name=name, parent=context, terminal_width=100)
        lines += [f"## tabinterp {name}", "", "```text", command.get_help(within).strip(), "```", ""]
    lines += ["## Exit codes", "", group.epilog, ""]
    return {"cli.md": "\n".join(lines)}


def document():
    """Return the page of the document's fields."""
    lines = [
        "# The document",
        "",
        "`audit.json` holds all results of an audit. Reports, findings, gates and comparisons are made from it alone.",
        "Its JSON schema comes with the package: {download}`audit-1.schema.json "
        "<../../tabinterp/document/audit-1.schema.json>`. An audit of another version still opens in Python",
        "(`ti.Audit.from_json`) and renders.",
        "",
        "A record that an analysis makes is in the field that its [page](analyses/index.md) names, otherwise under `analyses`.",
        "",
        *table(("field", "type"), fields_of(Document)),
    ]
    return {"document.md": "\n".join(lines)}


# Pages from elsewhere in the repository -----------------------------------------------------------------------------------


def repository():
    """Return copies of the pages outside of `docs/`, whose links lead to the pages of the site."""
    pages = {name: ROOT / f"{name.upper()}.md" for name in ("contributing", "security", "changelog")}
    pages |= {path.stem: path for path in (ROOT / "datasets").glob("*.md") if path.name != "README.md"}
    pages["datasets"] = ROOT / "datasets" / "README.md"
    found = {}
    for name, path in pages.items():
        text = path.read_text("utf-8")
        text = re.sub(r"\]\((?:\.\./)?docs/", "](../../", text)
        text = re.sub(r"\]\((?:\.\./)?(CONTRIBUTING|SECURITY|CHANGELOG)\.md", lambda m: f"]({m[1].lower()}.md", text)
        text = re.sub(r"\]\((?:\.\./)?datasets/README\.md", "](datasets.md", text)
        text = re.sub(r"\]\((\w+\.toml)\)", r"](../../../datasets/\1)", text)
        found[f"project/{name}.md"] = text
    cards = sorted(path.stem for path in (ROOT / "datasets").glob("*.md") if path.name != "README.md")
    found["project/datasets.md"] += "\n".join(["", *toctree(cards)])
    return found


def adapt(app, name, source):
    """Lead links of a page of `docs/` out of that folder to the copies; put the list of checks in the place of their manual."""
    if name == "checks":
        source[0] = index_of_checks()
    elif not name.startswith("generated/"):
        depth = "../" * name.count("/")
        source[0] = re.sub(
            r"\]\((?:\.\./)+(CONTRIBUTING|SECURITY|CHANGELOG)\.md",
            lambda match: f"]({depth}generated/project/{match[1].lower()}.md",
            source[0],
        )
        source[0] = re.sub(r"\]\((?:\.\./)+datasets/(\w+)\.md", lambda m: link_to_card(m, depth), source[0])


def link_to_card(match, depth):
    name = "datasets" if match[1] == "README" else match[1]
    return f"]({depth}generated/project/{name}.md"
