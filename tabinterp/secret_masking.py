"""Masking of secrets in text: passwords, tokens and user names in URLs, connection strings, queries and commands."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
# The whole text is one URL, perhaps as the value of an option. It ends where the text ends, whatever a password contains.
_WHOLE = re.compile(r"(?:--[\w-]+=)?[\w+.:-]*://.*", re.DOTALL)
_URL = re.compile(r"(?<![\w+.:-])[\w+.:-]*://[^\s'\"<>]*")
_WORD = re.compile(r"[^\s'\"<>]+")
_NO_PORT = re.compile(r":(?!\d*$)")
_AFTER = re.compile(r"[?#;]|%(?:3[FfBb]|23)")  # also percent-encoded
_QUERY = re.compile(r"\?[\w.%~+-]+=[^\s'\"]*")  # the query of a URL that is repeated without its scheme and host
# User and password of an address without a scheme, such as ann:x@bank; a drive such as C:\data does not match.
_USER = re.compile(r"(?<![\w.%+@-])[\w.%+-]{1,200}:(?![\\/])[^\s@'\"<>]{1,200}@(?=[\w\[/])")
_PEM = re.compile(r"(?<=-----BEGIN )(?P<name>[A-Z ]*PRIVATE KEY-----)(?P<value>[\s\S]*?)(?=-----END|$)")
_FOREIGN = (  # "password", "key" and "secret" in other languages
    "kennwort|schlüssel|geheimnis|mot[ _-]?de[ _-]?passe|contrase(?:ñ|n\u0303|n)a|palavra[ _-]?passe|senha|parola|wachtwoord|"
    "has[łl]o|heslo|jelsz[óo]|l[öo]senord|passord|adgangskode|salasana|[şs]ifre|парол[ья]|κωδικός|パスワード|暗証番号|密[码碼]|"
    "비밀번호|סיסמה|पासवर्ड"
)
_WORDS = (  # words for a secret, in settings and in sentences
    r"(?<![\w.-])[\w.-]*(?:password|passwort|passwd|passphrase|passcode|pwd|secret|token|credentials?|"
    rf"{_FOREIGN}|(?:access|account|api|private|encryption|master|signing)[ _-]?key)(?:[ _-]?id)?|"
    r"(?<![^\W_])(?:pw|mdp|otp|jwt)"
)
_NAMES = (
    rf"{_WORDS}|(?<![\w.-])[\w.-]*signature|(?<![^\W_])(?:pass|pin|salt|clave|auth|sig|sas|uid|user|username|user[ _]id|"
    r"key_id|authorization|cookie|odbc_connect)"
)
_KIND = r"(?!(?:numeric|categorical|boolean|ordinal)$)"  # --kind token=categorical: the kind of a column, not a secret
# A quoted value. A quote inside it is doubled in standard SQL and follows a backslash elsewhere. Where both readings are
# possible, and after an escaped or a dollar quote, the rest of the text is masked.
_QUOTED = (
    r"(?:[benx]|u&)?'(?:[^'\\]|\\+(?!['\\])|'')*'|\"(?:[^\"\\]|\\+(?![\"\\])|\"\")*\"|"
    r"(?:[benx]|u&)?\\*['\"][\s\S]*|\$\w*\$[\s\S]*"
)
_SETTING = re.compile(  # in a connection string: Driver={x};UID=ann;PWD=secret, host=h password='a b', "token": "x"
    rf"(?P<name>(?:{_NAMES}|pragma\s+\w*key|password\s+for\s+[^\s=]+)[\"']?\s*(?:[=＝：]|(?<=[\"']):)\s*)"
    rf"(?P<value>{_KIND}(?:\{{(?:[^}}]|\}}\}})*\}}|{_QUOTED}|[^;&\n'\"]+?(?=\s+\w[\w ]{{0,40}}=|[;&\n'\"]|$)))",
    re.IGNORECASE,
)
_KEY = re.compile(  # key=x and {"key": "x"}; not --key, which names a column or a file, and not a column of that name in SQL
    rf"(?P<name>(?<![\w.-])key(?:=|[\"']:\s*))(?P<value>{_QUOTED}|[^\s;&,'\"(){{}}]+)", re.IGNORECASE
)
_SPACED = re.compile(  # in a query or a mapping: SECRET 'x', IDENTIFIED BY 'x', 'footer_key': 'x'
    rf"(?P<name>(?:{_NAMES}|(?<![\w-])[\w-]*_key(?:_value)?|identified\s+by)[\"']?(?:\s*:\s*|\s+))(?P<value>{_QUOTED})",
    re.IGNORECASE,
)
_BARE = re.compile(  # in a command or a header: --password x, X-Api-Key: x, Authorization: Basic x
    rf"(?P<name>(?=--)(?:{_NAMES})\s+|(?:{_NAMES}):\s*|(?:bearer|identified\s+by)\s+)"
    rf"(?P<value>{_QUOTED}|(?:(?:bearer|basic|digest|token)\s+)?[^\s'\",;&)]+)",
    re.IGNORECASE,
)
# In a sentence: "the password is x1", "API key x1 expired". A word is treated as a secret only if it contains a letter and a
# digit: nothing else distinguishes a password from an ordinary word. A path or a file name, such as key1.pem, is not a secret.
_TOLD = re.compile(
    rf"(?P<name>(?:{_WORDS})は?(?:\s+(?:is|was|provided|given|used|value|of|the|key|ist|lautet|war|est|es|era|è|é|är)\b){{0,4}}"
    r"[:：\s]+[\"'`]?)(?P<value>(?![./~\\-]|[a-z]:\\)(?!\S{1,200}\.[a-z]\w{0,6}\b)(?=[^\s\"'`]{0,200}\d)(?=[^\s\"'`]{0,200}[^\W\d_])"
    r"[^\s\"'`,;()]{5,}[^\s\"'`,;().])",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?<!\w)(?:(?P<options>secret)[\w\s\"]{0,80}|(?P<function>\w+)\s*)\(", re.IGNORECASE)
_KEYED = re.compile(r"crypt|hmac|passphrase|parquet_key", re.IGNORECASE)  # functions that take a key
_ARGUMENT = re.compile(rf"[()]|{_QUOTED}", re.IGNORECASE)
LEAST, SURE = 3, 6  # minimum length of a masked piece of a secret: as a separate word, and inside longer words too


def hidden(text: str, *sources: str) -> str:
    """Mask the secrets in a text.

    In a URL, the parts before `@` and after `?`, `#` or `;` are masked. In connection strings, the values of secret settings are
    masked. Headers such as `Authorization: Bearer x` and options such as `--password x` are masked. In SQL, quoted passwords and
    secrets are masked, and so are all arguments of `CREATE SECRET` and of functions that take a key, such as `pgp_sym_decrypt`.
    The names of secret settings are recognised in about twenty languages. In a sentence, a word that follows "password", "token"
    or a similar term is masked if it contains a letter and a digit.

    Parameters
    ----------
    text : a URL, an argument of a command, a query, or any other text.
    sources : URLs, connection strings or queries. Their secrets are masked in the text too, because error messages of libraries
        often repeat them in full or in part.

    Examples
    --------
    >>> hidden("postgresql://ann:secret@bank/loans?sslpassword=x"), hidden("loans.csv")
    ('postgresql://***@bank/loans?***', 'loans.csv')
    >>> hidden("no driver for UID=ann;PWD=secret")
    'no driver for UID=***;PWD=***'
    >>> hidden("cannot log in with 'secret'", "https://bank/loans.csv?sig=secret")
    "cannot log in with '***'"
    """
    taken: list[str] = []
    for source in sources:
        text = text.replace(source, _masked(source, taken))
    for piece in sorted(_pieces(taken), key=len, reverse=True):
        found = re.escape(piece)
        text = re.sub(found if len(piece) >= SURE else rf"(?<![^\W_]){found}(?![^\W_])", MASK, text)
    return _masked(text, [])


def source_name(source: str) -> str:
    """Return the name of the table at a path or URL: the last part of the path, up to its first dot.

    >>> source_name("https://ann:x@bank/loans.csv.gz?sig=a/b"), source_name("mssql+pyodbc:///?odbc_connect=PWD%3Dx")
    ('loans', '')
    """
    path = source
    if "://" in source:
        url = next(part for part in source.split("::") if "://" in part)
        path = _AFTER.split(hidden(url).split("://", 1)[-1].removeprefix(f"{MASK}@"))[0].replace(MASK, "")
    name = path.rstrip("/").rsplit("/", 1)[-1].split(".")[0]
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a file name need not be valid UTF-8


def _masked(text: str, taken: list[str]) -> str:
    """Return the text with its secrets masked, and add the secrets to `taken`."""
    return _decoded(_plain(text, taken), taken)


def _plain(text: str, taken: list[str]) -> str:
    """Mask the secrets in a text, except those in words that are percent-encoded as a whole, and return the text."""

    def url(found: re.Match[str]) -> str:
        scheme, rest = found.group().split("://", 1)
        after = _AFTER.search(rest)
        head, tail = (rest, "") if after is None else (rest[: after.start()], rest[after.start() :])
        if "@" in tail:  # ambiguous: a password with one of these characters, or an address in the query
            taken.append(rest)
            return f"{scheme}://{MASK}"
        user, at, place = head.rpartition("@")
        taken.extend([user, tail])
        host, slash, path = place.partition("/")
        if _NO_PORT.search(host) and not host.startswith("["):  # a user name and the beginning of a password
            taken.append(host)
            place = f"{MASK}{slash}{path}"
        mark = "" if after is None else after.group()
        return f"{scheme}://{MASK if at else ''}{at}{place}{mark}{MASK if tail else ''}"

    def setting(found: re.Match[str]) -> str:
        taken.append(found["value"])
        return f"{found['name']}{MASK}"

    def query(found: re.Match[str]) -> str:
        taken.append(found.group())
        return f"?{MASK}"

    def user(found: re.Match[str]) -> str:
        taken.append(found.group())
        return f"{MASK}@"

    if _WHOLE.fullmatch(text):
        at = text.index("=") + 1 if text.startswith("--") else 0
        return text[:at] + re.sub(r".*", url, text[at:], count=1, flags=re.DOTALL)
    text = _USER.sub(user, _QUERY.sub(query, _URL.sub(url, _calls(text, taken))))
    for pattern in (_PEM, _SETTING, _KEY, _SPACED, _BARE, _TOLD):
        text = pattern.sub(setting, text)
    return text


def _decoded(text: str, taken: list[str]) -> str:
    """Mask the secrets in percent-encoded URLs and settings, and return the text. Words that contain a secret are decoded."""

    def word(found: re.Match[str]) -> str:
        given = found.group()
        if "%" not in given:
            return given
        plain = unquote(re.sub(r"%(?:25)+(?=[0-9A-Fa-f]{2})", "%", given))  # also text that was encoded more than once
        if all(plain.count(mark) == given.count(mark) for mark in ("://", "=")):
            return given
        masked = _plain(plain, taken)
        return given if masked == plain else masked

    return _WORD.sub(word, text)


def _calls(text: str, taken: list[str]) -> str:
    """Mask the arguments of CREATE SECRET and of functions that take a key, such as pgp_sym_decrypt(card, 'x'), and return the
    text.
    """
    parts, done = [], 0
    for call in _CALL.finditer(text):
        if call.start() < done or not (call["options"] or _KEYED.search(call["function"])):
            continue
        depth, end, quoted = 1, len(text), []
        for found in _ARGUMENT.finditer(text, call.end()):
            if found[0] not in ("(", ")"):
                quoted.append(found[0])
                continue
            depth += 1 if found[0] == "(" else -1
            if depth == 0:
                end = found.start()
                break
        taken.extend([text[call.end() : end]] if call["options"] else quoted)
        parts += [text[done : call.end()], MASK]
        done = end
    return "".join([*parts, text[done:]])


def _pieces(taken: list[str]) -> set[str]:
    """Return the forms in which a library may repeat the secrets in `taken`: each whole text, the values in it, and the parts of
    the values. Each form is included unchanged, percent-decoded and percent-encoded.
    """
    forms = {form for one in taken for form in (one, unquote(one), unquote_plus(one))}
    values = {re.sub(r"^[\w .-]+=(?=[^=])", "", part) for form in forms for part in re.split(r"[?#;&]", form)}
    parts = {part for value in values for part in re.split(r"[:/@,=\s{}()$\\'\"]+", value)}
    found = {one for one in forms | values | parts if len(one) >= LEAST and one != MASK}
    return found | {encode(one) for one in found for encode in (partial(quote, safe=""), quote_plus)}
