"""Reads the docstrings of tabinterp: `name : description` in lists of parameters, and types in signatures."""

from __future__ import annotations

import re

import tabinterp as ti

LISTS = {"Parameters", "Attributes", "Returns"}
ENTRY = re.compile(r"^(\w[\w, *]*) : (.+)$")


def setup(app):
    app.connect("autodoc-process-docstring", describe, priority=100)
    app.connect("autodoc-process-signature", hide_fields)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def describe(app, what, name, item, options, lines):
    """Move what follows the colon below the name: NumPy's style has the type there, and most of these docstrings a description.

    A type is followed by an indented sentence, which begins with a capital letter.
    """
    found, section = [], ""
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if following and set(following) == {"-"}:
            section = line
        entry = ENTRY.match(line) if section in LISTS else None
        if entry and not re.match(r"    [A-Z`]", following):
            found += [entry[1], f"    {entry[2]}"]
        else:
            found.append(line)
    lines[:] = found


def hide_fields(app, what, name, item, options, signature, returned):
    """Hide the fields of a result in its signature; the docstring describes them."""
    return ("", None) if what == "class" else None


def resolve(app, env, node, contnode):
    """Lead a type in a signature to the page of a public name. A type without a page is shown without a link."""
    if node.get("refdomain") != "py" or node.get("reftype") not in {"class", "obj", "exc", "data"}:
        return None
    target = node["reftarget"]
    name = target.rsplit(".", 1)[-1]
    if name in ti.__all__:
        return env.get_domain("py").resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], f"tabinterp.{name}", node, contnode
        )
    return contnode
