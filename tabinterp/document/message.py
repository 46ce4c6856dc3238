"""A sentence of the catalogue as data: its key and the values that fill it. It is a text only where it is shown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tabinterp.messages import text
from tabinterp.messages.language import SOURCE, speaking

Scalar = str | int | float | bool | None
Value = Scalar | list[str]


class Message(BaseModel):
    """A sentence of the catalogue (`tabinterp.messages`): its key and the values that fill it, which may be messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: str
    values: dict[str, Scalar | list[str] | Message] = {}

    def __str__(self) -> str:
        """In English, whatever is spoken here: as the text of an error it reads the same everywhere."""
        with speaking(SOURCE):
            return text(self.key, self.values)


def why(reason: str, **values: Value | Message) -> Message:
    """Why a reading does not apply: `raise NotApplicableError(why(...))` is an error that a document can hold.

    >>> str(why("interactions.pair", column="age"))
    "a pair needs two columns; the only one is 'age'"
    """
    return Message(key=f"why.{reason}", values=values)
