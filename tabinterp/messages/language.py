"""The language in which sentences are shown. It is chosen by the code that renders the sentences, and does not depend on the
locale of the process.

Each language has a standard gettext catalogue (`locale/LANG/LC_MESSAGES/tabinterp.mo`). The context of an entry is the key, and
the message is the English template. A sentence that is not translated yet, or has changed since it was translated, appears in
English. The formats of numbers, lists and dates are also messages in the catalogue (`language.*`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable

from tabinterp.errors import LanguageError

SOURCE = "en"
DOMAIN = "tabinterp"
LOCALE = files("tabinterp.messages").joinpath("locale")

_SPOKEN: ContextVar[str] = ContextVar("language", default=SOURCE)


def languages() -> tuple[str, ...]:
    """Return the codes of the supported languages, with English first.

    >>> languages()
    ('en', 'ja')
    """
    return SOURCE, *sorted(one.name for one in LOCALE.iterdir() if _compiled(one.name).is_file())


def spoken() -> str:
    """Return the code of the current language."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use another language within the `with` block, in the current thread.

    Raises
    ------
    LanguageError
        If the language is not supported.

    >>> with speaking("ja"):
    ...     spoken()
    'ja'
    >>> spoken()
    'en'
    """
    if language not in languages():
        raise LanguageError(f"unsupported language {language!r}; choose one of {', '.join(languages())}")
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def translated(key: str, english: str) -> str:
    """Return the template for a key in the current language, or in English if there is no translation."""
    return _catalogue(_SPOKEN.get()).pgettext(key, english)


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    with _compiled(language).open("rb") as stream:
        return GNUTranslations(stream)


def _compiled(language: str) -> Traversable:
    return LOCALE.joinpath(language, "LC_MESSAGES", f"{DOMAIN}.mo")
