"""Messages: sentences of the message catalogue that are stored as a key and values. They are converted to text only when they are
shown.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tabinterp.messages import text
from tabinterp.messages.language import SOURCE, speaking

Scalar = str | int | float | bool | None
Value = Scalar | list[str]


class Message(BaseModel):
    """A sentence of the message catalogue (`tabinterp.messages`): its key, and the values of its placeholders. A value can be a
    message too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: str
    values: dict[str, Scalar | list[str] | Message] = {}

    def __str__(self) -> str:
        """Return the sentence in English, which is the language of errors, even if the current language is different."""
        with speaking(SOURCE):
            return text(self.key, self.values)


def why(reason: str, **values: Value | Message) -> Message:
    """Return a message that states why an analysis does not apply. If an analysis raises `NotApplicableError(why(...))`,
    the document can store the message.

    >>> str(why("interactions.pair", column="age"))
    "interactions need at least two columns; the only column is 'age'"
    """
    return Message(key=f"why.{reason}", values=values)
