"""Networks that use their codes for more than lookups, or lose a part of their gradient: scores are the network's own, and a
gradient is that of the same network on one-hot columns, or there is none.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import tabinterp as ti
from tabinterp.auditing.streaming import sweep
from tabinterp.errors import NotApplicableError
from tabinterp.models import bind, untraced_lookups
from tabinterp.models.inputs import Levels
from tabinterp.models.untraced_lookups import Intercepted, own_inputs
from tests.shared import every_nth

from .test_several import Plain

COLUMNS = ["age", "income", "city", "grade"]
CITIES, GRADES = ["a", "b", "c", "rare"], ["x", "y", "z"]
ROWS = 280
SPECIAL = 260  # a row behind those whose gradient is taken at binding: its income is far from all others
LAST = np.arange(ROWS - 80, ROWS)  # these hold the special row, and all levels
FAR = 8.0


@pytest.fixture(scope="module")
def source():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"age": draw.normal(40, 10, ROWS), "income": draw.normal(10, 5, ROWS)})
    frame["city"] = np.where(np.arange(ROWS) < SPECIAL, draw.choice(CITIES[:3], ROWS), draw.choice(CITIES, ROWS))
    frame.loc[SPECIAL, "income"] = 200.0
    frame["grade"] = draw.choice(GRADES, ROWS)
    frame["y"] = np.where(frame.age + draw.normal(0, 5, ROWS) > 40, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def table(source):
    return ti.read_table(source, target="y", positive="yes")


@pytest.fixture(scope="module")
def encoders(source):
    numbers = ColumnTransformer([("n", StandardScaler(), COLUMNS[:2])]).fit(source[COLUMNS])
    return [numbers, OrdinalEncoder(dtype=np.int64, categories=[CITIES, GRADES]).fit(source[COLUMNS[2:]])]


@pytest.fixture(scope="module")
def given(source, encoders):
    numbers, codes = (one.transform(source[list(one.feature_names_in_)]) for one in encoders)
    return torch.as_tensor(numbers).float(), torch.as_tensor(codes)


class Network(Plain):
    """Embeddings of two columns; `kind` is the forward method, which checks its rows, so that it cannot be traced."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.register_buffer("offsets", torch.tensor([0, 4]))
        self.shared, self.bag = nn.Embedding(7, 3), nn.EmbeddingBag(7, 3, mode="sum")
        self.last, self.tables = nn.Linear(5, 1), nn.Linear(2, 8)

    def vectors(self, codes):
        return [e(codes[:, i]) for i, e in enumerate(self.embeddings)]

    def hot(self, hot):
        return [hot[:, :4] @ self.embeddings[0].weight, hot[:, 4:] @ self.embeddings[1].weight]

    def forward(self, x_num, x_cat):
        if len(x_num) == 0:
            raise ValueError("rows are needed")
        return self.kind(self, x_num, x_cat)


def own_scores(module, given):
    return module(*[one.clone() for one in given]).detach().reshape(len(given[0]), -1)


def with_grad_off(look_up):
    def kind(net, x, codes):
        with torch.no_grad():
            vectors = look_up(net, codes)
        return net.tail(x, vectors)

    return kind


def replaced(net, codes, city):
    return [net.embeddings[0](city), net.embeddings[1](codes[:, 1])]


def each_row(gain):
    def kind(net, x, codes):
        return net.tail(
            torch.stack([row * gain(row, code) for row, code in zip(x, codes, strict=True)]), net.vectors(codes)
        )

    return kind


def written(net, codes):
    codes = codes.clone()
    codes[:, 0] = 0
    return codes


def hot_levels(codes):
    return torch.cat([F.one_hot(codes[:, 0], 4), F.one_hot(codes[:, 1], 3)], 1)


def scattered(codes):
    return torch.zeros(len(codes), 4).scatter_(1, codes[:, :1], 1.0)


class TableOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx, codes, weight):
        return weight[codes]

    @staticmethod
    def backward(ctx, gradient):
        return None, None


@torch.jit.script
def compiled(weight: torch.Tensor, codes: torch.Tensor):
    return weight[codes]


def swallowing(net, x, codes):
    try:
        gain = (codes[:, :1] == 3).float()
    except Exception:
        gain = 0
    return net.tail(x + gain, net.vectors(codes))


def into_a_buffer(net, x, codes):
    buffer = torch.zeros(len(x), 2)
    with torch.no_grad():
        buffer[:, 0] = x[:, 0] * 3
    return net.tail(x + buffer, net.vectors(codes))


COMPARES, WHOLE, DETACHES = (
    "compares its inputs",
    "uses integer inputs for an operation",
    "detaches part of its computation",
)
ROUNDS, COMPILED = "rounds values to integers", "uses integers inside compiled or vectorised code"
OPAQUE = {
    "a mask": (lambda net, x, c: net.tail(x * (1 + (c[:, :1] == 3).float()), net.vectors(c)), COMPARES),
    "a mask of rows": (lambda net, x, c: net.tail(x.masked_fill((c > 2).any(1, keepdim=True), 0.0), net.vectors(c)), COMPARES),
    "where": (lambda net, x, c: net.tail(torch.where(c[:, :1] > 2, x * 2, x), net.vectors(c)), COMPARES),
    "codes that are set": (lambda net, x, c: net.tail(x, replaced(net, c, torch.where(c == 3, 0, c)[:, 0])), COMPARES),
    "an exception that is swallowed": (swallowing, COMPARES),
    "a branch for each row": (each_row(lambda row, code: 5 if code[0] == 3 else 1), COMPARES),
    "whether a code is zero": (lambda net, x, c: net.tail(x * c.bool().float(), net.vectors(c)), COMPARES),
    "a code in a name": (each_row(lambda row, code: {"0": 1, "1": 2, "2": 3, "3": 4}[f"{code[0]}"]), WHOLE),
    "a filled tensor": (each_row(lambda row, code: torch.full_like(row, code[0])), WHOLE),
    "a property": (lambda net, x, c: net.tail(x + c.H.T, net.vectors(c)), WHOLE),
    "a narrow type": (
        lambda net, x, c: net.tail(x + torch.linspace(0, 1, 256)[(c + 254).to(torch.uint8).long()], net.vectors(c)), WHOLE
    ),
    "a product of integers": (lambda net, x, c: net.tail(x * c[:, :1], net.vectors(c)), WHOLE),
    "a product of codes": (lambda net, x, c: net.tail(x, replaced(net, c, (c[:, 0] * c[:, 1]) % 4)), WHOLE),
    "a sum of codes": (lambda net, x, c: net.tail(x + c.sum(1, keepdim=True), net.vectors(c)), WHOLE),
    "another index": (lambda net, x, c: net.tail(x + net.tables.weight[c[:, 0] % 3], net.vectors(c)), WHOLE),
    "an integer table": (lambda net, x, c: net.tail(x, replaced(net, c, torch.tensor([0, 1, 2, 0])[c[:, 0]])), WHOLE),
    "a Python list": (each_row(lambda row, code: [1.0, 1.0, 1.0, 7.0][code[0]]), WHOLE),
    "a Python number": (each_row(lambda row, code: code[0].item()), WHOLE),
    "Python's int": (lambda net, x, c: net.tail(x * int(c.max() > 9), net.vectors(c)), COMPARES),
    "NumPy": (lambda net, x, c: net.tail(x + torch.as_tensor(c.numpy() == 3).float(), net.vectors(c)), WHOLE),
    "tolist": (lambda net, x, c: net.tail(x + torch.tensor(c.tolist()).float(), net.vectors(c)), WHOLE),
    "codes that are written": (lambda net, x, c: net.tail(x, net.vectors(written(net, c))), WHOLE),
    "clamped codes": (lambda net, x, c: net.tail(x, net.vectors(c.clamp(max=2))), WHOLE),
    "sorted codes": (lambda net, x, c: net.tail(x, replaced(net, c, c[:, :1].sort(1).values[:, 0])), WHOLE),
    "scatter": (lambda net, x, c: net.tail(x, [scattered(c) @ net.embeddings[0].weight, net.vectors(c)[1]]), WHOLE),
    "isin": (lambda net, x, c: net.tail(x + torch.isin(c, torch.tensor([3])).float(), net.vectors(c)), WHOLE),
    "arithmetic of one-hot levels": (lambda net, x, c: net.tail(x * (1 + F.one_hot(c[:, 0], 4)[:, 3:]), net.vectors(c)), WHOLE),
    "gather": (
        lambda net, x, c: net.tail(x, [net.embeddings[0].weight.gather(0, c[:, :1].expand(-1, 2)), net.vectors(c)[1]]), WHOLE
    ),
    "an embedding of limited norm": (
        lambda net, x, c: net.tail(x, [F.embedding(c[:, 0], net.embeddings[0].weight, max_norm=0.3), net.vectors(c)[1]]), WHOLE
    ),
    "the largest of a bag": (
        lambda net, x, c: net.last(torch.cat([x, F.embedding_bag(c + net.offsets, net.bag.weight, mode="max")], 1)), WHOLE
    ),
    "compiled code": (
        lambda net, x, c: net.tail(x, [compiled(net.embeddings[0].weight, c[:, 0]), net.vectors(c)[1]]), COMPILED
    ),
    "vectorised code": (
        lambda net, x, c: net.tail(x, [torch.vmap(net.embeddings[0])(c[:, 0]), net.vectors(c)[1]]), COMPILED
    ),
    "no_grad": (with_grad_off(Network.vectors), DETACHES),
    "no_grad of one-hot levels": (with_grad_off(lambda net, c: net.hot(hot_levels(c).float())), DETACHES),
    "detach": (lambda net, x, c: net.tail(x, [one.detach() for one in net.vectors(c)]), DETACHES),
    "data": (lambda net, x, c: net.tail(x, [one.data for one in net.vectors(c)]), DETACHES),
    "a variable of its own": (
        lambda net, x, c: net.tail(x, [one.detach().requires_grad_() for one in net.vectors(c)]), DETACHES
    ),
    "a detached number": (lambda net, x, c: net.tail(x, net.vectors(c)) * (1 + x[:, :1].detach()), DETACHES),
    "a number in Python": (each_row(lambda row, code: float(row[0])), DETACHES),
    "a number in NumPy": (lambda net, x, c: net.tail(x + torch.as_tensor(np.tanh(x.detach().numpy())), net.vectors(c)), DETACHES),
    "a buffer": (into_a_buffer, DETACHES),
    "a function with a gradient of its own": (
        lambda net, x, c: net.tail(x, [TableOf.apply(c[:, 0], net.embeddings[0].weight), net.vectors(c)[1]]), DETACHES
    ),
    "a straight-through estimator": (lambda net, x, c: net.tail((x.round() - x).detach() + x, net.vectors(c)), ROUNDS),
    "bins": (lambda net, x, c: net.tail(x + torch.bucketize(x.contiguous(), torch.tensor([0.0, 1.0])), net.vectors(c)), ROUNDS),
    "checkpoints": (
        lambda net, x, c: checkpoint(lambda a, b: net.tail(a, net.vectors(b)), x, c, use_reentrant=True), DETACHES
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad", "ignore:.*torch.jit.script")
@pytest.mark.parametrize("kind", OPAQUE)
def test_any_other_use_of_a_code_has_the_network_s_own_scores_and_no_gradient(kind, table, encoders, given):
    forward, reason = OPAQUE[kind]
    module = Network(forward).eval()
    bound = bind(ti.wrap(module, encoder=encoders, outputs="logits"), table)
    np.testing.assert_allclose(bound.scores, own_scores(module, given), atol=1e-6)
    with pytest.raises(NotApplicableError, match=f"{reason}.*so its gradients cannot be computed"):
        ti.gradient_importance(bound, table)


def looked_up(one, other):
    """A forward method that looks up, and its oracle on one-hot columns."""
    return lambda net, x, c: net.tail(x, one(net, x, c)), lambda net, x, hot: net.tail(x, other(net, x, hot))


def same(look_up):
    return looked_up(lambda net, x, c: look_up(net, c), lambda net, x, hot: net.hot(hot))


def tables(net, x):
    return net.tables(x).reshape(-1, 4, 2)


def codes_of(hot):
    return torch.stack([hot[:, :4] @ torch.arange(4.0), hot[:, 4:] @ torch.arange(3.0)], 1)


def bags(net, hot):
    return hot[:, :4] @ net.bag.weight[:4], hot[:, 4:] @ net.bag.weight[4:]


def checked(net, codes):
    assert (codes[:, 0] < 4).all()
    if (codes < 0).any() or codes.max() > 3:
        raise ValueError("unknown level")
    return net.vectors(codes)


def with_another_token(net, codes):
    """A token beside the codes, as transformers have one for the whole row."""
    tokens = torch.cat([torch.full((len(codes), 1), 5), codes + net.offsets], 1)
    return net.shared(tokens)


def doubled(net, x, codes):
    numbers = torch.zeros_like(x)
    numbers[:, 0], numbers[:, 1] = x[:, 0] * 2, x[:, 1]
    return net.tail(numbers, net.vectors(codes))


EXACT = {
    "checks": same(checked),
    "rows in another order": same(lambda net, c: [one.flip(0) for one in net.vectors(c.flip(0))]),
    "columns in another order": same(lambda net, c: [e(c.flip(1)[:, 1 - i]) for i, e in enumerate(net.embeddings)]),
    "frozen, with padding": same(
        lambda net, c: [
            nn.Embedding.from_pretrained(e.weight, padding_idx=0, scale_grad_by_freq=True)(c[:, i])
            for i, e in enumerate(net.embeddings)
        ]
    ),
    "index_select": same(lambda net, c: [e.weight.index_select(0, c[:, i]) for i, e in enumerate(net.embeddings)]),
    "an index": same(lambda net, c: [e.weight[c[:, i], :] for i, e in enumerate(net.embeddings)]),
    "torch.embedding": same(lambda net, c: [torch.embedding(e.weight, c[:, i]) for i, e in enumerate(net.embeddings)]),
    "one-hot levels": same(
        lambda net, c: [F.one_hot(c[:, i], len(e.weight)).float() @ e.weight for i, e in enumerate(net.embeddings)]
    ),
    "take": looked_up(
        lambda net, x, c: [torch.take(net.tables.bias, c[:, :1]).expand(-1, 2), net.vectors(c)[1]],
        lambda net, x, hot: [(hot[:, :4] @ net.tables.bias[:4])[:, None].expand(-1, 2), net.hot(hot)[1]],
    ),
    "a table that a number scales": looked_up(
        lambda net, x, c: [
            torch.stack([F.embedding(c[i, 0], net.embeddings[0].weight * x[i, 0]) for i in range(len(x))]),
            net.vectors(c)[1],
        ],
        lambda net, x, hot: [net.hot(hot)[0] * x[:, :1], net.hot(hot)[1]],
    ),
    "a table that a network makes": looked_up(
        lambda net, x, c: [torch.stack([tables(net, x[i])[0][c[i, 0]] for i in range(len(x))]), net.vectors(c)[1]],
        lambda net, x, hot: [torch.einsum("nv,nve->ne", hot[:, :4], tables(net, x)), net.hot(hot)[1]],
    ),
    "codes that are numbers": (
        lambda net, x, c: net.tail(x * c[:, :1].float() + c.float(), net.vectors(c)),
        lambda net, x, hot: net.tail(x * codes_of(hot)[:, :1] + codes_of(hot), net.hot(hot)),
    ),
    "codes and one-hot levels among numbers": (
        lambda net, x, c: net.tail(torch.cat([x, c], 1)[:, 1:3], net.hot(torch.cat([x, hot_levels(c)], 1)[:, 2:])),
        lambda net, x, hot: net.tail(torch.cat([x[:, 1:], codes_of(hot)[:, :1]], 1), net.hot(hot)),
    ),
    "a mean of a bag": (
        lambda net, x, c: net.last(torch.cat([x, F.embedding_bag(c + net.offsets, net.bag.weight, mode="mean")], 1)),
        lambda net, x, hot: net.last(torch.cat([x, sum(bags(net, hot)) / 2], 1)),
    ),
    "a weighted bag": (
        lambda net, x, c: net.last(torch.cat([x, net.bag(c + net.offsets, per_sample_weights=x)], 1)),
        lambda net, x, hot: net.last(torch.cat([x, sum(one * x[:, i : i + 1] for i, one in enumerate(bags(net, hot)))], 1)),
    ),
    "another token": (
        lambda net, x, c: net.last(torch.cat([x, with_another_token(net, c).prod(1)], 1)),
        lambda net, x, hot: net.last(
            torch.cat([x, net.shared.weight[5] * (hot[:, :4] @ net.shared.weight[:4]) * (hot[:, 4:] @ net.shared.weight[4:])], 1)
        ),
    ),
    "numbers that are written": (doubled, lambda net, x, hot: net.tail(x * torch.tensor([2.0, 1.0]), net.hot(hot))),
    "a branch on numbers": (
        lambda net, x, c: net.tail(torch.where(x > 0, x, torch.zeros_like(x)), net.vectors(c)),
        lambda net, x, hot: net.tail(x.relu(), net.hot(hot)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXACT)
def test_a_lookup_has_the_gradient_of_a_product_with_one_hot_levels(kind, table, encoders, given):
    forward, oracle = EXACT[kind]
    module = Network(forward).eval()
    bound = bind(ti.wrap(module, encoder=encoders, outputs="logits"), table.take(LAST))
    np.testing.assert_allclose(bound.scores, own_scores(module, [one[LAST] for one in given]), atol=1e-6)
    assert bound.x.shape[1] == 2 + 4 + 3
    between = 0.5 * (bound.x + bound.x[::-1])
    for rows in (bound.x, between):
        x = torch.as_tensor(rows).float().requires_grad_()
        scores = oracle(module, x[:, :2], x[:, 2:])
        (gradient,) = torch.autograd.grad(scores.sum(), x)
        np.testing.assert_allclose(bound.score(rows), scores.detach(), atol=2e-5)
        np.testing.assert_allclose(bound.gradients(rows)[:, :, 0], gradient, atol=2e-5)


@pytest.mark.parametrize("branches", [True, False])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (lambda x, y: y + (x[:, 2:3] > 2).float(), COMPARES),
        (lambda x, y: y + x[:, 2:3].detach(), DETACHES),
        (lambda x, y: y * (1 + x[:, :1].detach()), DETACHES),
        (lambda x, y: y + x[:, :1].round(), ROUNDS),
    ],
)
def test_one_tensor_of_numbers_and_codes(kind, reason, branches, source, table):
    class One(Plain):
        def forward(self, x):
            if branches and len(x) == 0:
                raise ValueError("rows are needed")
            return kind(x, self.tail(x[:, :2], [e(x[:, 2 + i].long()) for i, e in enumerate(self.embeddings)]))

    parts = [("n", StandardScaler(), COLUMNS[:2]), ("c", OrdinalEncoder(categories=[CITIES, GRADES]), COLUMNS[2:])]
    encoder, module = ColumnTransformer(parts).fit(source[COLUMNS]), One()
    bound = bind(ti.wrap(module, encoder=encoder, outputs="logits"), table)
    own = module(torch.as_tensor(encoder.transform(source[COLUMNS])).float()).detach()
    np.testing.assert_allclose(bound.scores, own, atol=1e-6)
    with pytest.raises(NotApplicableError, match=reason):
        ti.gradient_importance(bound, table)


def test_a_number_that_is_cut_to_a_code_is_no_lookup_of_the_number(source, table):
    class Cut(Plain):
        def forward(self, x):
            return self.tail(
                x[:, :2],
                [self.embeddings[0](x[:, 0].abs().long().clamp(max=3)), self.embeddings[1](x[:, 0].long() * 0)],
            )

    encoder, module = StandardScaler().fit(source[COLUMNS[:2]]), Cut()
    bound = bind(
        ti.wrap(module, encoder=encoder, outputs="logits"), ti.read_table(source[[*COLUMNS[:2], "y"]], target="y")
    )
    own = module(torch.as_tensor(encoder.transform(source[COLUMNS[:2]])).float()).detach()
    np.testing.assert_allclose(bound.scores, own, atol=1e-6)
    assert not bound.has_gradient


def without_a_gradient_in_numbers(net, x):
    with torch.no_grad():
        gain = x[:, :1] * 2
    return net(x).tanh() * (1 + gain)


@pytest.mark.parametrize(
    "kind", [without_a_gradient_in_numbers, lambda net, x: net(x).tanh() * (1 + x[:, :1].detach())]
)
def test_numbers_that_are_detached_in_a_network_without_codes(kind, source):
    class Numbers(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(2, 1)

        def forward(self, x):
            return kind(self.net, x)

    numbers = ti.read_table(source[[*COLUMNS[:2], "y"]], target="y")
    model = ti.wrap(Numbers(), encoder=StandardScaler().fit(source[COLUMNS[:2]]), outputs="logits")
    with pytest.raises(NotApplicableError, match=DETACHES):
        ti.gradient_importance(model, numbers)


# ---- what a later row shows


LATE = {
    "a code that is compared": (each_row(lambda row, code: 2 if row[1] > FAR and code[0] > 1 else 1), COMPARES),
    "a code that is a number": (each_row(lambda row, code: code[1] + 1 if row[1] > FAR else 1), WHOLE),
    "a number that is rounded": (each_row(lambda row, code: row[0].round() if row[1] > FAR else 1), ROUNDS),
    "a check of rare levels": (
        lambda net, x, c: net.tail(x * 1.0 if c.max() > 2 else x, net.vectors(c)), "runs different code for different rows"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", every_nth(2, LATE))
def test_a_later_row_that_takes_another_branch_has_no_gradient(kind, table, encoders, given, monkeypatch):
    forward, reason = LATE[kind]
    module, table, before = Network(forward).eval(), table.take(LAST), int(np.sum(LAST < SPECIAL))
    monkeypatch.setattr(untraced_lookups, "TRIED", before)
    bound = bind(ti.wrap(module, encoder=encoders, outputs="logits"), table)
    np.testing.assert_allclose(bound.scores, own_scores(module, [one[LAST] for one in given]), atol=1e-6)
    assert bound.gradients(bound.x[:before]).shape == (before, 9, 1)
    with pytest.raises(NotApplicableError, match=f"{reason}.*so its gradients cannot be computed"):
        ti.gradient_importance(bound, table)
    assert len(ti.permutation_importance(bound, table, n_repeats=2).frame()) == 4


def test_an_audit_of_rows_that_take_another_branch(source, encoders):
    rows = ti.read_table(source, target="y", positive="yes", split=0.5, seed=0)
    model = ti.wrap(Network(LATE["a check of rare levels"][0]), encoder=encoders, outputs="logits")
    audit = ti.audit(model, rows, analyses=["gradients", "permutation_importance"])
    assert (
        "runs different code for different rows, depending on their integer codes, so its gradients cannot be computed"
        in audit.to_markdown()
    )
    assert audit.document.gradients.methods == []


@pytest.mark.parametrize("rows", every_nth(2, [SPECIAL, ROWS]))
def test_sums_over_batches_of_rows_that_take_another_branch(rows, source, table, encoders, tmp_path):
    source.to_parquet(tmp_path / "rows.parquet")
    scan = ti.scan_table(tmp_path / "rows.parquet", target="y", positive="yes")
    drawn = table.take(np.arange(rows))
    model = ti.wrap(Network(LATE["a code that is compared"][0]), encoder=encoders, outputs="logits")
    bound = bind(model, drawn)
    sums = sweep(bound, bind(ti.fit_counterpart(bound, drawn), drawn), scan)
    assert "performance" in sums
    assert not {"gradients", "hidden_units"} & set(sums)


def test_a_later_row_that_looks_up_what_was_a_number(source):
    class Late(Plain):
        def forward(self, x):
            scores = self.body(torch.cat([x, torch.zeros(len(x), 5)], 1))
            far = x[:, :1] > FAR
            if not bool(far.any()):
                return scores
            return torch.where(far, self.embeddings[0](x[:, 1].abs().long())[:, :1], scores)

    frame = pd.DataFrame({"age": np.tile([0.0, 1.0], 2500), "income": np.tile([0.0, 1.0, 3.0, 1.0], 1250)})
    frame["y"] = np.tile(["yes", "no", "no"], 1667)[:5000]
    looked_at = np.linspace(0, 4999, num=4096).astype(int)
    frame.loc[(set(range(5000)) - set(looked_at)).pop(), "age"] = 2 * FAR
    module, table = Late(), ti.read_table(frame, target="y")
    bound = bind(ti.wrap(module, encoder="passthrough", outputs="logits"), table)
    own = module(torch.as_tensor(frame[["age", "income"]].to_numpy(copy=True)).float()).detach()
    np.testing.assert_allclose(bound.scores, own, atol=1e-6)
    with pytest.raises(NotApplicableError, match=ROUNDS):
        bound.gradients(bound.x)


# ---- hidden units


class Units(nn.Module):
    """A network of numbers; `kind` returns its scores, and the list of its hidden layers' outputs."""

    def __init__(self, kind, branches):
        super().__init__()
        torch.manual_seed(1)
        self.kind, self.branches = kind, branches
        self.first, self.again, self.last = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)
        self.scale = nn.Parameter(torch.randn(500, 4))

    def forward(self, x):
        if self.branches and len(x) == 0:
            raise ValueError("rows are needed")
        return self.kind(self, x)[0]


def twice(net, x):
    one = net.first(x).relu()
    two = net.again(one).relu()
    three = net.again(two).tanh()
    return net.last(three), [one, two, three]


def over_weights(net, x):
    one = F.relu(net.first(x))
    return net.last(one * F.softplus(net.scale)[:3].sum(0) + torch.tanh(net.scale).mean(0)), [one]


def across(net, x):
    one = torch.tanh(net.first(x))
    return net.last(torch.sigmoid(one.T).T), [one]


def added_to(net, x):
    hidden = F.silu(net.first(x))
    one = hidden.clone()
    hidden += net.again(one)
    two = hidden.tanh()
    return net.last(two), [one, two]


@pytest.mark.parametrize("branches", [True, False])
@pytest.mark.parametrize("kind", [twice, over_weights, across, added_to])
def test_a_hidden_layer_is_one_row_for_each_row(kind, branches, source):
    module = Units(kind, branches)
    numbers = ti.read_table(source[[*COLUMNS[:2], "y"]], target="y")
    bound = bind(ti.wrap(module, encoder=StandardScaler().fit(source[COLUMNS[:2]]), outputs="logits"), numbers)
    expected = kind(module, torch.as_tensor(bound.x).float())[1]
    for rows in (slice(None), slice(0, 1)):
        mine = bound.activations(bound.x[rows])
        assert len(mine) == len(expected)
        for one, other in zip(mine.values(), expected, strict=True):
            np.testing.assert_allclose(one, other.detach()[rows], atol=1e-6)


@pytest.mark.parametrize("outputs", [None, "probabilities"])
def test_the_network_s_own_sigmoid_is_no_hidden_layer(outputs, source):
    module = Units(lambda net, x: (torch.sigmoid(net.last(net.first(x).relu())).squeeze(1), []), branches=True)
    numbers = ti.read_table(source[[*COLUMNS[:2], "y"]], target="y")
    encoder = StandardScaler().fit(source[COLUMNS[:2]])
    bound = bind(ti.wrap(module, encoder=encoder, outputs=outputs), numbers)
    assert [one.shape[1] for one in bound.activations().values()] == [4]


def test_rows_that_run_other_activations_have_no_hidden_units_in_common(source):
    def more(net, x):
        hidden = net.first(x).relu()
        return net.last(hidden.relu() if bool((x[:, 1] > FAR).any()) else hidden), []

    numbers = ti.read_table(source[[*COLUMNS[:2], "y"]], target="y")
    model = ti.wrap(Units(more, branches=True), encoder=StandardScaler().fit(source[COLUMNS[:2]]), outputs="logits")
    with pytest.raises(NotApplicableError, match="applies different activation functions to different rows"):
        ti.neurons(model, numbers)


@pytest.mark.parametrize("levels", [(None, None), (None, Levels(-2, 3), None, Levels(5, 4)), (Levels(0, 1),)])
def test_rows_are_read_as_real_only_where_each_column_holds_one_level(levels):
    module = Intercepted(nn.Linear(len(levels), 1), [(len(levels),)], [False], levels, "network")
    draw = torch.Generator().manual_seed(0)
    codes = torch.stack(
        [torch.randint(*((-9, 9) if a is None else (a.low, a.low + a.size)), (50,), generator=draw) for a in levels], 1
    )
    columns = [
        codes[:, j : j + 1].float() if a is None else torch.eye(a.size)[codes[:, j] - a.low]
        for j, a in enumerate(levels)
    ]
    x = torch.cat(columns, dim=1)
    for rows in (50, 1, 0):
        assert torch.equal(module._real(x[:rows]), codes[:rows])
    for change in (0.5, 1.0, float("nan"), float("inf")) if any(levels) else ():
        between = x.clone()
        between[-1, -1] += change
        assert module._real(between) is None


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "levels", [(None, None), (None, Levels(-2, 3), None, Levels(5, 4)), (Levels(0, 1),), (Levels(2**25 + 1, 3), None)]
)
def test_own_inputs_are_the_whole_numbers_of_one_hot_levels(levels, whole):
    module = Intercepted(nn.Identity(), [(len(levels),)], [whole], levels, "network")
    draw = torch.Generator().manual_seed(0)
    numbers = torch.randn(50, len(levels), generator=draw)
    numbers = numbers.round() if whole else numbers
    codes = [None if a is None else torch.randint(a.low, a.low + a.size, (50,), generator=draw) for a in levels]
    kind = torch.int64 if whole else torch.float32
    own = torch.stack([(numbers[:, j] if one is None else one).to(kind) for j, one in enumerate(codes)], 1)
    hot = [
        numbers[:, j : j + 1] if a is None else F.one_hot(one - a.low, a.size).float()
        for j, (a, one) in enumerate(zip(levels, codes, strict=True))
    ]
    weight, network = own_inputs(module)
    read = torch.cat(hot, dim=1) @ weight.T.float()
    assert torch.equal(network(read), own)
    noise = torch.tensor([0.0 if a is None else 0.01 for a in levels])
    assert torch.equal(network(read - noise), own)


@pytest.mark.parametrize("kind", ["checks", "codes that are numbers", "a branch on numbers"])
def test_permutation_importance_asks_for_the_network_s_own_inputs(kind, table, encoders, given, monkeypatch):
    module = Network(EXACT[kind][0]).eval()
    bound = bind(ti.wrap(module, encoder=encoders, outputs="logits"), table)
    numbers, codes = given

    def loss(codes):
        scores, y = own_scores(module, (numbers, codes))[:, 0].double(), torch.as_tensor(table.y)
        return F.binary_cross_entropy_with_logits(scores, y.double(), reduction="none").numpy()

    def with_code(j, code):
        changed = codes.clone()
        changed[:, j] = code
        return loss(changed)

    monkeypatch.setattr(Intercepted, "forward", lambda *_: pytest.fail("it was asked for one-hot levels"))
    found = ti.permutation_importance(bound, table, n_repeats=2)
    for j, column in enumerate(COLUMNS[2:]):
        shares = np.bincount(codes[:, j]) / len(codes)
        expected = np.mean(sum(share * with_code(j, code) for code, share in enumerate(shares)) - loss(codes))
        assert found.exact[COLUMNS.index(column)]
        assert found.importance[COLUMNS.index(column)] == pytest.approx(expected, abs=1e-6)
