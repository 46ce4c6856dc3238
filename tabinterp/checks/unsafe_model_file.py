"""Was code inside a model file run to load a model?"""

from __future__ import annotations

from tabinterp.document.document import Document

from .base import Check, Limits, Outcome, Text, cleared, raised


def evaluate(document: Document, limits: Limits) -> Outcome:
    models = (document.network, document.linear)
    unsafe = [model.name for model in models if any(note.key == "model.unsafe" for note in model.notes)]
    return raised(models=unsafe) if unsafe else cleared()


CHECK = Check(
    code="TI-F05",
    slug="unsafe-model-file",
    severity="act",
    section="method",
    evaluate=evaluate,
    text=Text(
        title="Code of a model file was run",
        measures="how the model files were loaded",
        limitations="What that code did.",
        raised_when="A file was loaded by running code inside it.",
        next="Convert the model to a bundle, in a place where nothing can be lost, and audit the bundle.",
        claims={
            "raised": (
                (
                    "Code inside a model file was run to load it ({models}): the model, and this report, are as "
                    "trustworthy as that file. tabinterp convert makes a bundle that runs none."
                ),
                "models: names; 'tabinterp convert' is a command and stays",
            ),
            "cleared": "No code inside a model file was run for this audit.",
        },
    ),
)
