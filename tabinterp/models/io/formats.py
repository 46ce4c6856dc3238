"""Recognition of model file formats, from the first bytes of a file and the names of its members. The file name is not used."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .archive import Archive, open_archive
from .pickles import COMPRESSED, is_pickle
from .reading import Content
from .safetensors_file import looks_like

PIPELINE = (
    "save a scikit-learn pipeline with skops.io.dump(pipeline, 'model.skops'), a torch network with "
    "torch.save(module.state_dict(), 'model.pt') and an architecture.json, or wrap the model in Python and save "
    "it with ti.save_model(model, 'model')"
)
PICKLE = (
    f"in the program that created the file, {PIPELINE}. If you trust the file, convert it: tabinterp convert FILE "
    "--unsafe-pickle --sha256=HASH --out model"
)


@dataclass(frozen=True)
class Kind:
    """A file format. `words` describes the format. `runs` describes the code that would run if such a file were loaded. `way`
    states how to save the model in a safe format.
    """

    words: str
    runs: str = ""
    way: str = PIPELINE
    pickle: bool = False  # can be loaded with unsafe_pickle=True

    @property
    def refused(self) -> bool:
        return bool(self.runs)


UNKNOWN = "unknown code"
KINDS: dict[str, Kind] = {
    "bundle": Kind("a tabinterp bundle"),
    "skops": Kind("a skops archive"),
    "safetensors": Kind("a safetensors file"),
    "torch": Kind("a zip archive written by torch.save", pickle=True),
    "onnx": Kind("an ONNX graph"),
    "pickle": Kind(
        "a pickle (joblib files are pickles too), which runs code when it is loaded",
        "any code that its imports and calls specify, when it is loaded",
        PICKLE,
        pickle=True,
    ),
    "compressed": Kind(
        "a compressed file, such as a pickle that joblib has compressed",
        "any code that the imports and calls of the pickle inside specify, when it is loaded",
        PICKLE,
        pickle=True,
    ),
    "torch-old": Kind(
        "a pickle written by torch.save before torch 1.6",
        "any code that its imports and calls specify, when it is loaded",
        "if you trust the file, load it, save the weights with torch.save(module.state_dict(), 'model.pt'), and describe the "
        "layers in architecture.json",
        pickle=True,
    ),
    "torchscript": Kind(
        "a TorchScript archive, which contains a program",
        "the program in the archive, when the model is called; the pickles in the archive, when it is loaded",
        "build the module in Python, load its weights, save them with torch.save(module.state_dict(), 'model.pt'), and describe "
        "the layers in architecture.json",
    ),
    "pt2": Kind(
        "an archive written by torch.export (.pt2), which contains a program and may contain pickles",
        "the pickles in the archive, when it is loaded; the program in the archive, when the model is called",
        "build the module in Python, load its weights, save them with torch.save(module.state_dict(), 'model.pt'), and describe "
        "the layers in architecture.json",
    ),
    "keras": Kind(
        "a Keras archive, whose configuration may contain code",
        "Lambda layers and any class that its configuration names, when it is loaded",
        "load the model in Python and pass it to ti.wrap",
    ),
    "hdf5": Kind(
        "an HDF5 file",
        "Lambda layers, when it is loaded as a Keras model",
        "load the model in Python and pass it to ti.wrap",
    ),
    "zip": Kind("a zip archive of unknown content", UNKNOWN),
    "unknown": Kind("a file of unknown format", UNKNOWN),
}

TORCH_OLD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
STARTS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda data: data.startswith((b"PK\x03\x04", b"PK\x05\x06")), "zip"),
    (looks_like, "safetensors"),
    (lambda data: data.startswith(TORCH_OLD), "torch-old"),
    (lambda data: data.startswith(b"\x89HDF"), "hdf5"),
    (is_pickle, "pickle"),
    (lambda data: data.startswith(tuple(COMPRESSED)) or data.startswith(b"\x04\x22\x4d\x18"), "compressed"),
    (lambda data: bool(re.match(rb"\x08[\x01-\x1f][\x12\x1a\x22\x28\x32\x3a\x42]", data)), "onnx"),
)
MEMBERS: tuple[tuple[str, str], ...] = (  # a member name in archives of this kind; the first match counts
    (r"model\.json", "bundle"),
    (r"([^/]+/)?archive_format|serialized_exported_program\.json|serialized_state_dict\.(pt|json)", "pt2"),
    (r"[^/]+/(constants\.pkl|code/.*)", "torchscript"),
    (r"[^/]+/data\.pkl", "torch"),
    (r"schema\.json", "skops"),
    (r"model\.weights\.h5", "keras"),
)


def kind_of(content: Content) -> str:
    """Return the format of a file, as a key of `KINDS`. Zip archives are also checked, and an error is raised for malicious
    archives.
    """
    found = next((kind for test, kind in STARTS if test(content.data)), "unknown")
    return _member_kind(open_archive(content)) if found == "zip" else found


def _member_kind(archive: Archive) -> str:
    for pattern, kind in MEMBERS:
        if any(re.fullmatch(pattern, name) for name in archive.sizes):
            return kind
    return "zip"


def refusal(content: Content, kind: str) -> str:
    """Return a sentence that states why a file is not loaded, and what to do instead."""
    known = KINDS[kind]
    return f"{content.name!r} is {known.words}. It was not loaded, and no code in it was run. Instead, {known.way}"
