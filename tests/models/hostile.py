"""Files that must never be loaded: each builder writes one below a folder and returns its path.

A file that would run code would write `marker`.
"""

import bz2
import copy
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import shutil
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import safetensors.torch
import skops.io
import torch
from onnx import helper
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import tabinterp as ti

COLUMNS = 3


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (Path.touch, (Path(self.marker),))


def estimator():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, COLUMNS))
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, (x[:, 0] + 0.5 * x[:, 1] > 0).astype(int))


def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(COLUMNS, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))


LAYERS = [
    {"kind": "Linear", "settings": {"in_features": COLUMNS, "out_features": 4}},
    {"kind": "ReLU"},
    {"kind": "Linear", "settings": {"in_features": 4, "out_features": 1}},
]


def architecture(folder, **changed):
    path = Path(folder) / "architecture.json"
    path.write_text(json.dumps({"layers": LAYERS, "task": "binary"} | changed))
    return path


# ---- sound files, to be spoilt


@cache
def skops_bytes():
    return skops.io.dumps(estimator())


@cache
def safetensors_bytes():
    return safetensors.torch.save(module().state_dict())


@cache
def state_bytes():
    buffer = io.BytesIO()
    torch.save(module().state_dict(), buffer)
    return buffer.getvalue()


@cache
def bundle_bytes():
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"tabinterp-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    try:
        return ti.save_model(ti.wrap(estimator()), folder / "sound.zip").read_bytes()
    finally:
        shutil.rmtree(folder)


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in parts.items() if isinstance(parts, dict) else parts:
            archive.writestr(name, data)
    return buffer.getvalue()


def unpack(folder, data=None):
    target = folder / "bundle"
    for name, part in members(data or bundle_bytes()).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(part)
    return target


def with_schema(change):
    parts = members(skops_bytes())
    schema = json.loads(parts["schema.json"])
    change(schema)
    return zipped(parts | {"schema.json": json.dumps(schema)})


def with_header(change, data=None):
    """The safetensors file under a changed header."""
    data = data or safetensors_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def with_json(change, resigned=None):
    """The zip bundle under a changed model.json; `resigned`: a member replaced together with its digest."""
    parts = members(bundle_bytes())
    header = json.loads(parts["model.json"])
    for name, data in (resigned or {}).items():
        parts[name] = data
        header["sha256"][name] = hashlib.sha256(data).hexdigest()
    change(header)
    return zipped(parts | {"model.json": json.dumps(header)})


def nothing(_header):
    pass


# ---- pickles under every extension

EXTENSIONS = ("pkl", "joblib", "pt", "pth", "skops", "safetensors", "onnx", "zip", "json", "bin", "model", "csv")


def payload(marker, protocol=None):
    return pickle.dumps(Payload(marker), protocol)


def compressed_joblib(marker, method):
    buffer = io.BytesIO()
    joblib.dump({"weights": np.arange(9.0), "model": Payload(marker)}, buffer, compress=method)
    return buffer.getvalue()


def whole_module(marker):
    buffer = io.BytesIO()
    torch.save({"model": Payload(marker)}, buffer)
    return buffer.getvalue()


def old_torch(marker):
    buffer = io.BytesIO()
    torch.save({"model": Payload(marker)}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def real_module():
    buffer = io.BytesIO()
    torch.save(module(), buffer)
    return buffer.getvalue()


def torchscript():
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(module(), torch.zeros(2, COLUMNS)), buffer)
    return buffer.getvalue()


PICKLES = {
    **{f"pickle as .{end}": (f"model.{end}", payload) for end in EXTENSIONS},
    **{f"pickle protocol {n}": ("model.pkl", lambda marker, n=n: payload(marker, n)) for n in range(6)},
    "joblib with arrays": ("model.joblib", lambda marker: compressed_joblib(marker, 0)),
    "joblib zlib": ("model.joblib", lambda marker: compressed_joblib(marker, ("zlib", 3))),
    "joblib gzip": ("model.joblib", lambda marker: compressed_joblib(marker, ("gzip", 3))),
    "joblib bz2": ("model.joblib", lambda marker: compressed_joblib(marker, ("bz2", 3))),
    "joblib xz": ("model.joblib", lambda marker: compressed_joblib(marker, ("xz", 3))),
    "joblib lzma": ("model.joblib", lambda marker: compressed_joblib(marker, ("lzma", 3))),
    "gzip pickle": ("model.pkl.gz", lambda marker: gzip.compress(payload(marker))),
    "bz2 pickle": ("model.pkl.bz2", lambda marker: bz2.compress(payload(marker))),
    "xz pickle": ("model.pkl.xz", lambda marker: lzma.compress(payload(marker))),
    "zlib pickle": ("model.pkl.z", lambda marker: zlib.compress(payload(marker))),
    "torch pickle": ("model.pt", whole_module),
    "torch pickle as .skops": ("model.skops", whole_module),
    "torch pickle as .safetensors": ("model.safetensors", whole_module),
    "torch pickle before 1.6": ("model.pt", old_torch),
    "whole module": ("model.pt", lambda marker: real_module()),
    "TorchScript": ("model.pt", lambda marker: torchscript()),
    "pickle beside tensors": (
        "model.pt",
        lambda marker: zipped(members(state_bytes()) | {"archive/extra.pkl": payload(marker)}),
    ),
    "pickle in a state dict's place": (
        "model.pt",
        lambda marker: zipped(members(state_bytes()) | {"archive/data.pkl": payload(marker, 2)}),
    ),
    "pickle before an archive": ("model.zip", lambda marker: payload(marker) + bundle_bytes()),
    "pickle as a bundle's weights": (
        "model.zip",
        lambda marker: with_json(nothing, {"model.safetensors": payload(marker)}),
    ),
    "pickle as a bundle's encoder": (
        "model.zip",
        lambda marker: with_json(nothing, {"encoder.skops": payload(marker)}),
    ),
    "pt2": (
        "model.pt2",
        lambda marker: zipped({"model/archive_format": b"pt2", "model/data/weights/a.pt": payload(marker)}),
    ),
    "numpy archive of pickles": ("model.npz", lambda marker: zipped({"a.npy": payload(marker)})),
}


# ---- archives, headers, bundles


def node(loader, module, name, content=None):
    return {"__loader__": loader, "__module__": module, "__class__": name, "content": content, "__id__": 1}


def step(schema):
    """The node of the scaler in the pipeline's schema."""
    steps = schema["content"]["content"]["steps"]["content"]
    return steps[0]["content"][1]


def method_node(schema):
    scaler = copy.deepcopy(step(schema))
    bound = node("MethodNode", scaler["__module__"], scaler["__class__"], {"func": "fit", "obj": scaler})
    step(schema)["content"]["content"]["with_mean"] = bound


def memory(schema):
    folder = {"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "content": '"/tmp/cache"'}
    schema["content"]["content"]["memory"] = folder


def shared_id(schema):
    """A cache folder that the text does not show: the node at `memory` says null, under the id of a node with a folder."""
    node_of = {"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "__id__": 77}
    attributes = schema["content"]["content"]
    schema["content"]["content"] = {"note": node_of | {"content": '"/tmp/cache"'}} | attributes | {
        "memory": node_of | {"content": "null"}
    }  # fmt: skip
    types = schema["content"]["key_types"]["content"]
    types.append(types[0])


def newer_opset():
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", 1, ["n", COLUMNS])],
        [helper.make_tensor_value_info("y", 1, ["n", COLUMNS])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9999)], ir_version=9)
    return model.SerializeToString()


def untrusted():
    return skops.io.dumps(make_pipeline(FunctionTransformer(os.path.join), LogisticRegression()))


def bomb():
    parts = members(skops_bytes()) | {"zeros.npy": bytes(1 << 24)}
    return zipped(parts, zipfile.ZIP_DEFLATED)


def many():
    return zipped({f"{n}.npy": b"" for n in range(20_001)} | {"schema.json": b"{}"})


def linked():
    entry = zipfile.ZipInfo("model.safetensors")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    parts = members(bundle_bytes())
    return zipped([("model.json", parts["model.json"]), (entry, "/etc/passwd")])


def doubled():
    parts = members(bundle_bytes())
    return zipped([*parts.items(), ("model.json", parts["model.json"])])


def encrypted():
    data = bytearray(zipped({"schema.json": b"{}"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def lying_array():
    parts = members(skops_bytes())
    name = next(name for name in parts if name.endswith(".npy"))
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    return zipped(parts | {name: buffer.getvalue() + bytes(8)})


def object_array(marker):
    parts = members(skops_bytes())
    name = next(name for name in parts if name.endswith(".npy"))
    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload(marker)], dtype=object), allow_pickle=True)
    return zipped(parts | {name: buffer.getvalue()})


def set_entry(name, **changed):
    return with_header(lambda header: header[name].update(changed))


def nan_weights():
    state = module().state_dict()
    state["0.weight"][0, 0] = float("nan")
    return state


def saved(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def spoilt(**attributes):
    """A pipeline of types that are all safe, whose attributes do not fit together: `step__name` or `step__del_name`."""
    pipeline = estimator()
    for name, value in attributes.items():
        place, _, attribute = name.partition("__")
        if attribute.startswith("del_"):
            delattr(pipeline[int(place[1:])], attribute.removeprefix("del_"))
        else:
            setattr(pipeline[int(place[1:])], attribute, value)
    return skops.io.dumps(pipeline)


def expanded():
    """A tensor of 2**40 values on a storage of one."""
    return saved({"0.weight": torch.zeros(1).expand(1 << 40)})


def deep(depth=100_000):
    return b'{"layers":' + b"[" * depth + b"]" * depth + b"}"


def layers(*given):
    return lambda header: header.update(layers=list(given))


class Skip(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.out = torch.nn.Linear(COLUMNS, COLUMNS), torch.nn.Linear(COLUMNS, 1)
        self.scale = torch.nn.Parameter(torch.ones(COLUMNS))

    def forward(self, x):
        return self.out(torch.cat([torch.relu(self.fc(x))], dim=1) + self.scale * x)


@cache
def graph_bytes():
    """A sound bundle of a network with a skip connection: x, fc, relu, cat, scale, mul, add, out."""
    torch.manual_seed(0)
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"tabinterp-graph-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    try:
        model = ti.wrap(Skip(), encoder="passthrough", task="binary")
        return ti.save_model(model, folder / "sound.zip").read_bytes()
    finally:
        shutil.rmtree(folder)


def with_graph(change):
    """That bundle under a changed model.json."""
    parts = members(graph_bytes())
    header = json.loads(parts["model.json"])
    change(header)
    return zipped(parts | {"model.json": json.dumps(header)})


def at(name, /, **changed):
    """A node of the graph changed."""

    def change(header):
        next(node for node in header["graph"]["nodes"] if node["name"] == name).update(changed)

    return change


def whole(**changed):
    return lambda header: header["graph"].update(changed)


def new(*nodes):
    """Nodes put between the layers, so that the output reads them."""

    def change(header):
        graph = header["graph"]
        graph["nodes"] = [
            *graph["nodes"],
            *({"name": f"new{i}"} | node for i, node in enumerate(nodes)),
        ]
        graph["output"] = f"new{len(nodes) - 1}"

    return change


X, FC = {"node": "x"}, {"node": "fc"}
BIG = 1 << 30
GRAPHS = {  # what -> (change of model.json, words)
    "unknown operation": (
        at("relu", op="os.system"),
        r"the node 'relu' has the unknown operation 'os\.system'; the allowed operations are layer, tensor, add",
    ),
    "an attribute for an operation": (at("relu", op="__class__"), "the unknown operation '__class__'"),
    "an operation of torch that is not ours": (at("relu", op="load"), "the unknown operation 'load'"),
    "too few values": (
        at("add", values=[FC]),
        "total number of values and settings must be at least 2, .*; got 1 values",
    ),
    "too many values": (
        at("relu", values=[FC, X, X]),
        "relu, the number of values must be from 1 to 1, .*; got 3 values",
    ),
    "another setting": (
        at("relu", settings={"out": FC}),
        r"the operation relu allows the settings \[\]; got \['out'\]",
    ),
    "a missing tensor": (
        at("scale", of="nowhere"),
        r"the weights do not match the architecture \(missing from the weights: nowhere",
    ),
    "a tensor left over": (
        lambda h: h["graph"].update(nodes=[n for n in h["graph"]["nodes"] if n["name"] != "out"], output="add"),
        "layers that no node uses: out",
    ),
    "an attribute for a tensor": (at("scale", of="__class__.__init__"), "missing from the weights: __class__.__init__"),
    "a layer that is not described": (
        at("fc", of="nowhere"),
        "the layer 'nowhere', which is not in the list of layers",
    ),
    "a layer of two values": (
        at("fc", values=[X, X]),
        "'of' must name a layer, its list 'values' must have the length 1",
    ),
    "an unknown layer": (
        lambda h: h["graph"]["layers"]["fc"].update(kind="LSTM"),
        "a layer of unknown kind 'LSTM'",
    ),
    "a layer larger than memory": (
        lambda h: h["graph"]["layers"]["fc"]["settings"].update(in_features=1 << 23, out_features=1 << 23),
        "in_features of Linear must be a whole number from 1 to 65,536; got 8388608",
    ),
    "a cycle": (at("fc", values=[{"node": "add"}]), "uses 'add', but there is no input or earlier node"),
    "itself": (at("relu", values=[{"node": "relu"}]), "uses 'relu', but there is no input or earlier node"),
    "an unknown name": (at("add", values=[FC, {"node": "/etc/passwd"}]), "uses '/etc/passwd'"),
    "a name twice": (at("add", name="mul"), "two nodes or inputs named 'mul'"),
    "no output": (whole(output="nowhere"), "the output 'nowhere' is not the name of a node or an input"),
    "an output that is no score": (
        whole(output="scale"),
        r"the output must be scores of shape \(n,\), \(n, 1\) or \(n, k\)",
    ),
    "no nodes": (whole(nodes=[]), "describes 0 nodes"),
    "nodes without end": (
        lambda h: h["graph"].update(nodes=[{"name": f"n{i}", "op": "relu", "values": [X]} for i in range(3000)]),
        "describes 3000 nodes",
    ),
    "a huge repeat": (
        new({"op": "repeat", "values": [X, 1, BIG]}),
        "new0' .repeat. would have .* entries for 4,096 rows; the limit is",
    ),
    "a repeat beyond numbers": (new({"op": "repeat", "values": [X, BIG, BIG]}), r"new0' \(repeat\) cannot be computed"),
    "a huge expand": (
        new({"op": "unsqueeze", "values": [X, 1]}, {"op": "expand", "values": [{"node": "new0"}, -1, BIG, -1]}),
        "new1' .expand. would have",
    ),
    "a huge reshape": (new({"op": "reshape", "values": [X, BIG, BIG]}), r"new0' \(reshape\) cannot be computed"),
    "rows times rows": (
        new(
            {"op": "transpose", "values": [X, 0, 1]},
            {"op": "matmul", "values": [X, {"node": "new0"}]},
            {"op": "reshape", "values": [{"node": "new1"}, -1, 1]},
            {"op": "mul", "values": [{"node": "new2"}, {"node": "scale"}]},
            {"op": "reshape", "values": [{"node": "new3"}, -1, 1]},
            {"op": "transpose", "values": [{"node": "new4"}, 0, 1]},
            {"op": "matmul", "values": [{"node": "new4"}, {"node": "new5"}]},
        ),
        "new6' .matmul. would have",
    ),
    "a huge one-hot": (
        new({"op": "long", "values": [X]}, {"op": "one_hot", "values": [{"node": "new0"}, BIG]}),
        "new1' .one_hot. would have",
    ),
    "numbers that grow": (
        new(
            {"op": "size", "values": [X, 0]},
            *({"op": "mul", "values": [{"node": f"new{i}"}, {"node": f"new{i}"}]} for i in range(9)),
        ),
        "returns a number larger than 2,147,483,648",
    ),
    "a power of numbers": (
        new({"op": "size", "values": [X, 0]}, {"op": "pow", "values": [{"node": "new0"}, BIG]}),
        "pow. needs a tensor",
    ),
    "several values times a number": (
        new({"op": "unbind", "values": [X, 1]}, {"op": "mul", "values": [{"node": "new0"}, BIG]}),
        "mul. needs tensors or numbers",
    ),
    "many constants": (
        new(
            *[{"op": "repeat", "values": [{"node": "scale"}, 1 << 24]}] * 2,
            {"op": "sum", "values": [{"node": "new0"}]},
            {"op": "add", "values": [X, {"node": "new2"}]},
        ),
        "all constants together would have",
    ),
    "more columns for fewer rows": (
        new(
            {"op": "size", "values": [X, 0]},
            {"op": "sub", "values": [4097, {"node": "new0"}]},
            {"op": "repeat", "values": [X, 1, {"node": "new1"}]},
        ),
        "new1' .sub. computes with the number of rows",
    ),
    "columns for one number of rows": (
        new(
            {"op": "size", "values": [X, 0]},
            {"op": "eq", "values": [{"node": "new0"}, 300]},
            {"op": "mul", "values": [{"node": "new1"}, BIG]},
            {"op": "add", "values": [{"node": "new2"}, 1]},
            {"op": "repeat", "values": [X, 1, {"node": "new3"}]},
        ),
        "computes with the number of rows",
    ),
    "each of many places with each other": (
        new(
            {"op": "repeat", "values": [X, 1, 20_000]},
            {"op": "unsqueeze", "values": [{"node": "new0"}, 2]},
            {"op": "attention", "values": [{"node": "new1"}] * 3},
            {"op": "amax", "values": [{"node": "new2"}, 1]},
        ),
        "new2' .attention. would have",
    ),
    "a number beyond all": (
        new({"op": "mul", "values": [X, 10**30]}),
        "contains the number 1000000000000000000000000000000; numbers must be finite",
    ),
    "a text": (new({"op": "to", "values": [X, "cuda"]}), "has the invalid value .cuda"),
    "another dtype": (new({"op": "to", "values": [X, {"dtype": "object"}]}), "the dtype must be one of float32"),
    "a value of two kinds": (new({"op": "relu", "values": [{"node": "x", "slice": []}]}), "has the invalid value"),
    "nested values": (
        new({"op": "reshape", "values": [X, [[[[[[[[[[1]]]]]]]]]]]}),
        "contains values nested too deeply",
    ),
    "no tensor first": (new({"op": "reshape", "values": [3, 1]}), "needs a tensor as its first value"),
    "a huge input": (lambda h: h["graph"]["inputs"][0].update(width=1 << 40), "the width must be between 1 and 65,536"),
    "an input of nothing": (
        lambda h: h["graph"]["inputs"][0].update(width=-1),
        "the width must be between 1 and 65,536",
    ),
    "layers and a graph": (lambda h: h.update(layers=[]), "either in the field 'layers' or in the field 'graph'"),
    "neither": (lambda h: h.pop("graph"), "either in the field 'layers' or in the field 'graph'"),
    "a field more": (at("relu", code="print()"), "graph.nodes.*code': this field is unknown"),
}

LOUD = ("unknown operation", "too few values", "a missing tensor", "a huge repeat", "a huge reshape", "a cycle")
WIDE = {"kind": "Linear", "settings": {"in_features": 1 << 23, "out_features": 1 << 23}}
HOSTILE = {  # what -> (name of the file, its bytes)
    "untrusted function in skops": ("model.skops", untrusted),
    "bound method in skops": ("model.skops", lambda: with_schema(method_node)),
    "cache folder in skops": ("model.skops", lambda: with_schema(memory)),
    "cache folder behind a shared id in skops": ("model.skops", lambda: with_schema(shared_id)),
    "newer opset of ONNX": ("model.onnx", newer_opset),
    "untrusted object in skops": (
        "model.skops",
        lambda: with_schema(lambda s: step(s).update(__module__="subprocess", __class__="Popen")),
    ),
    "call in skops": (
        "model.skops",
        lambda: with_schema(
            lambda s: step(s).update(node("OperatorFuncNode", "operator", "methodcaller"), attrs=step(s)["content"])
        ),
    ),
    "tree in skops": (
        "model.skops",
        lambda: with_schema(lambda s: step(s).update(__module__="sklearn.tree._classes", __class__="DecisionTreeClassifier")),
    ),
    "unknown node in skops": ("model.skops", lambda: with_schema(lambda s: step(s).update(__loader__="EvilNode"))),
    "nameless node in skops": ("model.skops", lambda: with_schema(lambda s: step(s).update(__class__=["x"]))),
    "deep schema": ("model.skops", lambda: zipped({"schema.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000})),
    "schema nested by objects": (
        "model.skops",
        lambda: zipped({"schema.json": b'{"a":' * 400 + b"1" + b"}" * 400}),
    ),
    "schema that is a list": ("model.skops", lambda: zipped({"schema.json": b"[]"})),
    "array whose header lies": ("model.skops", lying_array),
    "zip bomb": ("model.skops", bomb),
    "too many members": ("model.skops", many),
    "encrypted member": ("model.skops", encrypted),
    "path up": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"../evil.txt": b"x"})),
    "path up by backslash": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"..\\evil.txt": b"x"})),
    "absolute path": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"/tmp/evil.txt": b"x"})),
    "drive": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"C:evil.txt": b"x"})),
    "link in zip": ("model.zip", linked),
    "folder in zip": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"counterpart/": b""})),
    "two members with the same name": ("model.zip", doubled),
    "extra member": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"hook.py": b"print()"})),
    "member not in the list": (
        "model.zip",
        lambda: with_json(lambda header: header["sha256"].pop("encoder.skops")),
    ),
    "missing weights": (
        "model.zip",
        lambda: zipped({n: d for n, d in members(bundle_bytes()).items() if n != "model.safetensors"}),
    ),
    "list that leads out": ("model.zip", lambda: with_json(lambda h: h["sha256"].update({"../../etc/passwd": "0" * 64}))),
    "changed byte in zip": (
        "model.zip",
        lambda: zipped({n: d[:-1] + b"\x01" if n == "model.safetensors" else d for n, d in members(bundle_bytes()).items()}),
    ),
    "huge JSON": ("model.zip", lambda: with_json(lambda header: header.update(name="x" * (1 << 24)))),
    "deep JSON": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"model.json": deep()})),
    "not a JSON": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"model.json": b"\xff\xfe"})),
    "name twice in JSON": (
        "model.zip",
        lambda: zipped(members(bundle_bytes()) | {"model.json": b'{"format": 1, "format": 1}'}),
    ),
    "number without end": ("model.zip", lambda: zipped(members(bundle_bytes()) | {"model.json": b"9" * 100_000})),
    "other format number": ("model.zip", lambda: with_json(lambda header: header.update(format=2))),
    "unknown field": ("model.zip", lambda: with_json(lambda header: header.update(hook="os.system"))),
    "unknown task": ("model.zip", lambda: with_json(lambda header: header.update(task="evil"))),
    "unknown outputs": ("model.zip", lambda: with_json(lambda header: header.update(outputs="evil"))),
    "unknown split": ("model.zip", lambda: with_json(lambda header: header.update(split={"kind": "evil"}))),
    "unknown layer": ("model.zip", lambda: with_json(layers({"kind": "Lambda", "settings": {}}))),
    "layer with other settings": ("model.zip", lambda: with_json(layers({"kind": "Linear", "settings": {"device": "cuda"}}))),
    "layers larger than memory": ("model.zip", lambda: with_json(layers(WIDE, WIDE))),
    **{f"{what} in a graph": ("model.zip", lambda what=what: with_graph(GRAPHS[what][0])) for what in LOUD},
    "negative width": (
        "model.zip",
        lambda: with_json(layers({"kind": "Linear", "settings": {"in_features": -1, "out_features": 1}})),
    ),
    "text for a number": ("model.zip", lambda: with_json(layers({"kind": "ELU", "settings": {"alpha": "1"}}))),
    "only weights": ("model.zip", lambda: with_json(layers())),
    "too many layers": ("model.zip", lambda: with_json(layers(*[{"kind": "ReLU", "settings": {}}] * 1001))),
    "weights of another network": ("model.zip", lambda: with_json(nothing, {"model.safetensors": safetensors_bytes()})),
    "NaN in a bundle": (
        "model.zip",
        lambda: with_json(
            nothing,
            {
                "model.safetensors": safetensors.torch.save(
                    {"0.weight": torch.full((1, 3), float("nan")).double(), "0.bias": torch.zeros(1).double()}
                )
            },
        ),
    ),
    "header longer than the file": ("m.safetensors", lambda: struct.pack("<Q", 10**6) + safetensors_bytes()[8:]),
    "header longer than any file": ("m.safetensors", lambda: struct.pack("<Q", 2**39) + safetensors_bytes()[8:]),
    "overlapping tensors": ("m.safetensors", lambda: set_entry("2.bias", data_offsets=[0, 4])),
    "gap between tensors": (
        "m.safetensors",
        lambda: with_header(lambda h: h.pop("2.bias")),
    ),
    "offsets backwards": ("m.safetensors", lambda: set_entry("2.bias", data_offsets=[4, 0])),
    "negative offsets": ("m.safetensors", lambda: set_entry("2.bias", data_offsets=[-4, 0])),
    "wrong dtype": ("m.safetensors", lambda: set_entry("2.bias", dtype="F64")),
    "unknown dtype": ("m.safetensors", lambda: set_entry("2.bias", dtype="OBJECT")),
    "shape larger than its bytes": ("m.safetensors", lambda: set_entry("0.weight", shape=[1 << 20, 1 << 20])),
    "shape that overflows": ("m.safetensors", lambda: set_entry("0.weight", shape=[2**32, 2**32, 0])),
    "shape of text": ("m.safetensors", lambda: set_entry("0.weight", shape="34")),
    "tensor without offsets": ("m.safetensors", lambda: with_header(lambda h: h["2.bias"].pop("data_offsets"))),
    "deep safetensors header": (
        "m.safetensors",
        lambda: struct.pack("<Q", len(deep())) + deep() + safetensors_bytes()[-80:],
    ),
    "NaN weights": ("m.safetensors", lambda: safetensors.torch.save(nan_weights())),
    "NaN in a state dict": ("model.pt", lambda: saved(nan_weights())),
    "state dict in a checkpoint": ("model.pt", lambda: saved({"state_dict": module().state_dict(), "epoch": 3})),
    "state dict of a number": ("model.pt", lambda: saved({"0.weight": 3})),
    "state dict that is a list": ("model.pt", lambda: saved([torch.zeros(2)])),
    "tensor larger than its storage": ("model.pt", expanded),
    "storage cut short": (
        "model.pt",
        lambda: zipped({n: d[:4] if "data/0" in n else d for n, d in members(state_bytes()).items()}),
    ),
    "state dict without a pickle": (
        "model.pt",
        lambda: zipped({n: d for n, d in members(state_bytes()).items() if not n.endswith(".pkl")}),
    ),
    "Keras archive": ("model.keras", lambda: zipped({"config.json": b"{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n"})),
    "HDF5": ("model.h5", lambda: b"\x89HDF\r\n\x1a\n" + bytes(64)),
    "nothing at all": ("model.bin", lambda: b""),
    "one byte": ("model.bin", lambda: b"\x80"),
    "text": ("model.txt", lambda: b"weights: 1, 2, 3\n"),
    "archive behind an archive": ("model.zip", lambda: zipped({"a.txt": b"x"}) + bundle_bytes()),
    "archive inside a truncated one": ("model.zip", lambda: bundle_bytes()[: bundle_bytes().rindex(b"PK\x03\x04")]),
    "bytes after an archive": ("model.zip", lambda: bundle_bytes() + b"\x80\x04N."),
    "empty zip": ("model.zip", lambda: zipped({})),
    "unknown zip": ("model.zip", lambda: zipped({"a.txt": b"x"})),
    "start of a zip": ("model.zip", lambda: b"PK\x03\x04"),
    "name that steers a terminal": ("model.skops", lambda: with_schema(lambda s: step(s).update(__class__="\x1b[2Jx"))),
    **{f"truncated {name}": (name, lambda data=data: data()[: len(data()) * 2 // 3]) for name, data in (
        ("model.skops", skops_bytes),
        ("m.safetensors", safetensors_bytes),
        ("model.pt", state_bytes),
        ("model.zip", bundle_bytes),
    )},
}  # fmt: skip


SPOILT = {  # safe to load, and no model: only an audit can tell some of them
    "scaler of another width": lambda: spoilt(s0__mean_=np.zeros(7)),
    "scaler of text": lambda: spoilt(s0__scale_=np.array(["a", "b", "c"])),
    "scaler with a word for a switch": lambda: spoilt(s0__mean_="x"),
    "scaler of NaN": lambda: spoilt(s0__mean_=np.full(3, np.nan)),
    "scaler without a scale": lambda: spoilt(s0__del_scale_=None),
    "coefficients of another width": lambda: spoilt(s1__coef_=np.zeros((1, 9))),
    "coefficients of NaN": lambda: spoilt(s1__coef_=np.full((1, 3), np.nan)),
    "coefficients of text": lambda: spoilt(s1__coef_=np.array([["a", "b", "c"]])),
    "coefficients of three dimensions": lambda: spoilt(s1__coef_=np.zeros((1, 3, 2))),
    "no coefficients": lambda: spoilt(s1__del_coef_=None),
    "one class": lambda: spoilt(s1__classes_=np.array([0])),
    "classes of text": lambda: spoilt(s1__classes_=np.array(["a", "b"])),
    "no classes": lambda: spoilt(s1__del_classes_=None),
    "names of other columns": lambda: spoilt(s0__feature_names_in_=np.array(["x", "y", "z"], dtype=object)),
    "names that are numbers": lambda: spoilt(s0__feature_names_in_=3),
    "iterations of text": lambda: spoilt(s1__n_iter_="many"),
    "an encoder alone": lambda: skops.io.dumps(StandardScaler().fit(np.eye(3))),
    "a number": lambda: skops.io.dumps(3),
    "a list": lambda: skops.io.dumps([1, 2]),
    "nothing": lambda: skops.io.dumps(None),
    "a pipeline that is not fitted": lambda: skops.io.dumps(make_pipeline(StandardScaler(), LogisticRegression())),
}


# ---- folders


def link_out(folder):
    bundle = unpack(folder)
    secret = folder / "outside.safetensors"
    (bundle / "model.safetensors").rename(secret)
    (bundle / "model.safetensors").symlink_to(secret)
    return bundle


def linked_header(folder):
    bundle = unpack(folder)
    (bundle / "model.json").rename(folder / "outside.json")
    (bundle / "model.json").symlink_to(folder / "outside.json")
    return bundle


def linked_counterpart(folder):
    bundle = unpack(folder)
    unpack(folder / "other")
    (bundle / "counterpart").symlink_to(folder / "other" / "bundle", target_is_directory=True)
    return bundle


def broken_link(folder):
    bundle = unpack(folder)
    (bundle / "encoder.skops").unlink()
    (bundle / "encoder.skops").symlink_to(folder / "nowhere")
    return bundle


def pipe(folder):
    bundle = unpack(folder)
    (bundle / "encoder.skops").unlink()
    os.mkfifo(bundle / "encoder.skops")
    return bundle


def changed_byte(folder):
    bundle = unpack(folder)
    data = bytearray((bundle / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (bundle / "model.safetensors").write_bytes(bytes(data))
    return bundle


def missing_member(folder):
    bundle = unpack(folder)
    (bundle / "encoder.skops").unlink()
    return bundle


def unlisted_member(folder):
    return unpack(folder, with_json(lambda header: header["sha256"].pop("encoder.skops")))


def member_is_folder(folder):
    bundle = missing_member(folder)
    (bundle / "encoder.skops").mkdir()
    return bundle


def no_header(folder):
    bundle = unpack(folder)
    (bundle / "model.json").unlink()
    return bundle


def empty(folder):
    (folder / "bundle").mkdir()
    return folder / "bundle"


def hostile_counterpart(folder):
    bundle = unpack(folder)
    shutil.copytree(bundle, folder / "copy")
    (folder / "copy").rename(bundle / "counterpart")
    (bundle / "counterpart" / "model.safetensors").write_bytes(b"\x80\x04N.")
    return bundle


FOLDERS = {
    f.__name__: f
    for f in (
        link_out, linked_header, linked_counterpart, broken_link, pipe, changed_byte, missing_member, unlisted_member,
        member_is_folder, no_header, empty, hostile_counterpart,
    )
}  # fmt: skip

CASES = {
    **{
        what: (lambda folder, marker, n=n, make=make: _file(folder / n, make(marker)))
        for what, (n, make) in PICKLES.items()
    },
    **{what: (lambda folder, marker, n=n, make=make: _file(folder / n, make())) for what, (n, make) in HOSTILE.items()},
    "array of objects in skops": lambda folder, marker: _file(folder / "model.skops", object_array(marker)),
    **{what: (lambda folder, marker, make=make: make(folder)) for what, make in FOLDERS.items()},
}


def _file(path, data):
    path.write_bytes(data)
    return path
