"""Sentences of the message catalogue as data: a key and its values, which become text only when they are shown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tabinterp.messages import text
from tabinterp.messages.language import SOURCE, speaking

Scalar = str | int | float | bool | None
Value = Scalar | list[str]


class Message(BaseModel):
    """A sentence of the catalogue (`tabinterp.messages`), given by its key and the values that fill it, which may be messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: str
    values: dict[str, Scalar | list[str] | Message] = {}

    def __str__(self) -> str:
        """Return the sentence in English, whatever the current language, because errors are in English."""
        with speaking(SOURCE):
            return text(self.key, self.values)


def why(reason: str, **values: Value | Message) -> Message:
    """Return the reason why an analysis does not apply: `raise NotApplicableError(why(...))` is an error that a document
    can store.

    >>> str(why("interactions.pair", column="age"))
    "interactions need at least two columns; the only column is 'age'"
    """
    return Message(key=f"why.{reason}", values=values)
