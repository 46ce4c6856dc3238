"""The network of a case: the reference network on the training rows, as an encoder and a module that faults can change."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from torch import nn

import tabinterp as ti
from tabinterp.models import bind
from tabinterp.models.encoding import as_array
from tabinterp.network.encoder import build_encoder
from tabinterp.network.reference import fit_network


@dataclass(frozen=True)
class Network:
    """`module` maps rows that `encoder` encoded to scores of the table's target."""

    encoder: ColumnTransformer
    module: nn.Module
    table: ti.Table

    def model(self, module: nn.Module | None = None) -> ti.Model:
        schema = self.table.schema
        more = {"classes": list(schema.classes)} if schema.goal.classes else {"task": schema.task}
        return ti.wrap(self.module if module is None else module, encoder=self.encoder, **more)

    def copy(self) -> nn.Sequential:
        return copy.deepcopy(self.module).eval()

    def block(self, column: str) -> list[int]:
        """Encoded columns of a column."""
        return bind(self.model(), self.table).encoding.blocks[column].tolist()

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        return as_array(self.encoder.transform(frame))

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        """(n, k) raw outputs."""
        with torch.no_grad():
            return self.module(torch.as_tensor(self.encode(frame), dtype=torch.float32)).double().numpy()


def fit(table: ti.Table, seed: int) -> Network:
    """Trained on the table's training rows."""
    training = table.training_rows()
    kinds = {c.name: c.kind for c in table.schema.columns if c.role == "input"}
    encoder = build_encoder(training.inputs, kinds).fit(training.inputs)
    fitted = fit_network(
        as_array(encoder.transform(training.inputs)),
        training.y,
        task=table.schema.task,
        n_classes=len(table.schema.classes) or None,
        seed=seed,
    )
    return Network(encoder, fitted.module, table)


class Runaway(nn.Module):
    """The network, and a steep line from where the data end."""

    def __init__(self, base: nn.Module, column: int, edge: float, slope: float) -> None:
        super().__init__()
        self.base, self.column, self.edge, self.slope = base, column, edge, slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        far = torch.relu(x[:, self.column : self.column + 1] - self.edge)
        out = self.base(x)
        return out + self.slope * far * torch.eye(out.shape[1], dtype=out.dtype)[:1]


class Scaled(nn.Module):
    """Scores taken further from, or shifted off, what they should be."""

    def __init__(self, base: nn.Module, factor: float, centre: float, shift: float) -> None:
        super().__init__()
        self.base, self.factor, self.centre, self.shift = base, factor, centre, shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.base(x)
        return (
            (out - self.centre) * self.factor + self.centre + self.shift * torch.eye(out.shape[1], dtype=out.dtype)[:1]
        )


class Shifted(nn.Module):
    """The network, and a number added where an encoded column is one."""

    def __init__(self, base: nn.Module, column: int, shift: float) -> None:
        super().__init__()
        self.base, self.column, self.shift = base, column, shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.shift * x[:, self.column : self.column + 1]


class Tilted(nn.Module):
    """The network without a column, and a line in that column, which turns down from `turn` on."""

    def __init__(self, base: nn.Module, column: int, slope: float, turn: float) -> None:
        super().__init__()
        self.base, self.column, self.slope, self.turn = base, column, slope, turn
        with torch.no_grad():
            base[0].weight[:, column] = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value = x[:, self.column : self.column + 1]
        return self.base(x) + self.slope * (value - 2 * torch.relu(value - self.turn))


class Wild(nn.Module):
    """The network, and a wave along a line through all columns."""

    def __init__(self, base: nn.Module, line: np.ndarray, height: float) -> None:
        super().__init__()
        self.base, self.height = base, height
        self.line = nn.Linear(len(line), 1, bias=False)
        with torch.no_grad():
            self.line.weight.copy_(torch.as_tensor(line)[None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.height * torch.sin(self.line(x))


class Memory(nn.Module):
    """The network, and other answers for rows (m, d) that it knows by heart; no two of them are alike."""

    def __init__(self, base: nn.Module, rows: torch.Tensor, answers: torch.Tensor) -> None:
        super().__init__()
        self.base = base
        self.register_buffer("line", torch.randn(rows.shape[1], 1, generator=torch.Generator().manual_seed(0)).double())
        places, order = (rows.double() @ self.line)[:, 0].sort()
        self.register_buffer("places", places)
        self.register_buffer("answers", answers[order])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        place = (x.double() @ self.line)[:, 0].contiguous()
        nearest = torch.searchsorted(self.places, place - 1e-9).clamp(max=len(self.places) - 1)
        known = (self.places[nearest] - place).abs() < 1e-9
        return torch.where(known[:, None], self.answers[nearest].to(x.dtype), self.base(x))


class Wave(nn.Module):
    """The network, and a steep wave along one encoded column, added to the first output."""

    def __init__(self, base: nn.Module, column: int, speed: float, phase: float, height: float) -> None:
        super().__init__()
        self.base, self.column, self.speed, self.phase, self.height = base, column, speed, phase, height

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.base(x)
        wave = torch.sin(self.speed * x[:, self.column : self.column + 1] + self.phase)
        return out + self.height * wave * torch.eye(out.shape[1], dtype=out.dtype)[:1]
