"""Check whether loading the model ran code from the model file."""

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
        title="Model file executed code",
        measures="whether loading the model files executed code that they contain.",
        limitations="Does not show what the executed code did.",
        raised_when="a model file was loaded by executing code that it contains.",
        next="Convert the model to a bundle with tabinterp convert on an isolated machine, and audit the bundle.",
        claims={
            "raised": (
                (
                    "Loading a model file executed code that the file contains ({models}). The model and "
                    "this report are only as trustworthy as that file. A bundle made by tabinterp "
                    "convert executes no code."
                ),
                "models: names; 'tabinterp convert' is a command and stays",
            ),
            "cleared": "No code from a model file was executed for this audit.",
        },
    ),
)
