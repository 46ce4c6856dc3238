"""Maintenance of translations: `make messages`, or `python -m tabinterp.messages.catalogue [LANG FILE.json]`.

Every file `locale/LANG/LC_MESSAGES/tabinterp.po` is updated to contain exactly the keys of `english()`, in the same order. The
key is the context of an entry, the English template is the message, and the note for translators is the comment. If an English
sentence changes, its translation is marked fuzzy until someone reviews it and removes the mark. Translations whose key no longer
exists are deleted. Translations that are not fuzzy are compiled. Missing translations are printed as JSON (key -> English
sentence). To add translations, pass a file in the same format (key -> translation).

To add a language, create the folder `locale/LANG/LC_MESSAGES`. This module requires polib, which is installed with the extra
`test`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import polib

from tabinterp.messages import sentences
from tabinterp.messages.language import DOMAIN

LOCALE = Path(__file__).with_name("locale")


def updated(
    old: polib.POFile, english: Mapping[str, tuple[str, str]], given: Mapping[str, str] | None = None
) -> polib.POFile:
    """Return a catalogue that contains exactly the keys of `english`, with the translations in `old` and `given`.

    Parameters
    ----------
    english : key -> English sentence and note for translators.
    given : key -> translation, which replaces an existing translation.
    """
    known, new = {entry.msgctxt: entry for entry in old}, polib.POFile(wrapwidth=0)
    new.header, new.metadata = old.header, old.metadata
    for key, (sentence, note) in english.items():
        entry = polib.POEntry(msgctxt=key, msgid=sentence, comment=note)
        before = known.get(key)
        if given is not None and key in given:
            entry.msgstr = given[key]
        elif before is not None:
            entry.msgstr, entry.flags = before.msgstr, list(before.flags)
            if before.msgid != sentence and before.msgstr:
                entry.flags, entry.previous_msgid = ["fuzzy"], before.msgid
            elif entry.fuzzy:
                entry.previous_msgid = before.previous_msgid
        new.append(entry)
    return new


def missing(catalogue: polib.POFile) -> dict[str, str]:
    """Return a mapping (key -> English sentence) of all entries whose translation is missing or fuzzy."""
    return {entry.msgctxt: entry.msgid for entry in catalogue if not entry.translated()}


def main(language: str = "", translations: str = "") -> None:
    for folder in sorted(LOCALE.iterdir()):
        path = folder / "LC_MESSAGES" / f"{DOMAIN}.po"
        old = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)
        old.metadata = {
            "Language": folder.name,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
        }
        given = json.loads(Path(translations).read_text("utf-8")) if folder.name == language else None
        found = updated(old, sentences(), given)
        path.write_text(f"{found}\n", "utf-8")
        path.with_suffix(".mo").write_bytes(found.to_binary())
        print(json.dumps(missing(found), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
