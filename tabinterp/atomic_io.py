"""Reading and writing files safely, locking an output folder, and masking the secrets of URLs and connection strings."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident
from urllib.parse import unquote, unquote_plus

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

LARGEST = 1 << 30  # bytes of a file that is read whole
LARGEST_TEXT = 1 << 24  # bytes of a file that a person wrote: a policy, a card, a key
BLOCK = 1 << 20  # bytes that are read at a time
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700  # modes of what only its owner may read
RESUME = ".tabinterp-resume"  # in an output folder: what is kept of an audit that was stopped; it holds rows

_STAGED: set[str] = set()  # files that are being written
_LOCKED: dict[tuple[int, int], int] = {}  # device and inode of a locked folder -> the thread that locked it


def read_regular(path: Path, limit: int = LARGEST) -> bytes:
    """Return the bytes of a regular file; a link to one is followed.

    Parameters
    ----------
    path : the file. A pipe or a device is refused at once, without waiting for what it would give.
    limit : the most bytes that are read.

    Raises
    ------
    OSError
        The file cannot be opened, is not a regular file, or is larger than `limit`.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        data = bytearray()
        while block := os.read(handle, BLOCK):
            data += block
            if len(data) > limit:
                raise OSError(errno.EFBIG, f"File too large: at most {limit:,} bytes are read", str(path))
        return bytes(data)
    finally:
        os.close(handle)


@contextmanager
def output_folder(path: Path) -> Iterator[None]:
    """Create a folder, lock it, and check that files can be written there; all before the work whose result goes there.

    The lock is released when the block ends or the process dies. A folder that was created here and is still empty at the
    end is removed.

    Raises
    ------
    OSError
        The folder cannot be created or written to, or another process (or thread) is writing to it.
    """
    created = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(path):
            probe = _stage(path / "probe", b"\0")
            probe.unlink()
            _STAGED.discard(str(probe))
            yield
    finally:
        if created:
            with suppress(OSError):  # it holds files
                path.rmdir()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """An exclusive lock of a folder itself, so that no lock file is left in it."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        state = os.fstat(handle)
        inode = state.st_dev, state.st_ino
        if _LOCKED.get(inode) == get_ident():  # by a caller of this function
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                errno.EWOULDBLOCK,
                "Another audit is writing to this folder; wait for it, or choose another",
                str(folder),
            ) from None
        except OSError:  # some network file systems lock no folders
            yield
            return
        _LOCKED[inode] = get_ident()
        try:
            yield
        finally:
            del _LOCKED[inode]
    finally:
        os.close(handle)


def make_private(folder: Path) -> None:
    """Create a folder that only its owner may enter; one that is there must hold no link, and is closed to others.

    Raises
    ------
    OSError
        It cannot be created, or `check_private` refuses it.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
    except FileExistsError:
        check_private(folder)
        folder.chmod(PRIVATE_FOLDER)


def check_private(folder: Path) -> None:
    """Refuse a folder that could be somebody else's: a link, a folder of another user, or one that holds a link or a pipe.

    Raises
    ------
    OSError
        with the path that is refused.
    """
    for path in (folder, *folder.rglob("*")) if folder.is_dir() and not folder.is_symlink() else (folder,):
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            raise OSError(errno.ELOOP, "This is a link, where tabinterp keeps rows of its own; delete it", str(path))
        if not (stat.S_ISDIR(state.st_mode) or (path != folder and stat.S_ISREG(state.st_mode))):
            raise OSError(errno.EINVAL, "This is no folder or file that tabinterp keeps rows in; delete it", str(path))
        if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "Another user owns this; delete it, or choose another folder", str(path))


def remove_private(folder: Path) -> bool:
    """Delete a folder that `make_private` made, and what it holds; return whether there was one.

    Raises
    ------
    OSError
        It is a link, or cannot be deleted.
    """
    try:
        folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if folder.is_symlink() or not folder.is_dir():
        check_private(folder)
    shutil.rmtree(folder)
    return True


def write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file by a whole new one, so that a reader never sees half of it. The umask is taken off `mode`.

    Raises
    ------
    OSError
        It cannot be written, or something else than a file has its place: a folder, a device, a pipe, a socket or a link.
    """
    if path.is_symlink():  # such as /dev/stdout, which is there for others too
        raise OSError(errno.ELOOP, "This is a link, and a file would take its place; name a file", str(path))
    staged = _stage(path, data, mode)
    try:
        os.replace(staged, path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    finally:
        _STAGED.discard(str(staged))


def write_all(contents: Mapping[Path, bytes | None]) -> None:
    """Replace files that belong together; None: there is to be no such file.

    None is touched before all are on the disk, so that a full one leaves the old files. Then the old ones are set aside in the
    order given and the new ones put in place in the reverse order: whenever a run is killed, what is there is of one run, and
    the first file is there only when all are.
    """
    staged: dict[Path, Path] = {}
    aside: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            if data is not None:
                staged[path] = _stage(path, data)
        for path in contents:
            if path.is_file():
                aside[path] = path.with_name(f".{path.name}.{os.getpid()}.old")
                os.replace(path, aside[path])
        for path in reversed(staged):
            os.replace(staged[path], path)
    except BaseException:
        for path, old in aside.items():
            if old.exists():
                os.replace(old, path)
        for path, new in staged.items():
            if path not in aside and not new.exists():
                path.unlink(missing_ok=True)
            new.unlink(missing_ok=True)
        raise
    finally:
        _STAGED.difference_update(map(str, staged.values()))
    for old in aside.values():
        old.unlink(missing_ok=True)


def _stage(path: Path, data: bytes, mode: int = 0o666) -> Path:
    """Write the data beside the file's place, under a name of its own, and through to the disk."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "This is a device, a pipe or a socket; a file is to be written there", str(path))
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder; a file is to be written there")
    staged = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    _STAGED.add(str(staged))
    try:
        with os.fdopen(os.open(staged, flags, mode), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        _STAGED.discard(str(staged))
        if isinstance(error, OSError):  # named by its place: a full disk names no file
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
    return staged


def discard() -> None:
    """Delete files that are half written, before a process ends itself."""
    for name in [*_STAGED]:
        Path(name).unlink(missing_ok=True)


# ---- secrets

MASK = "***"
# The whole text is one URL, perhaps as the value of an option: it ends where the text ends, whatever a password holds.
_WHOLE = re.compile(r"(?:--[\w-]+=)?[\w+.:-]*://.*", re.DOTALL)
_URL = re.compile(r"(?<![\w+.:-])[\w+.:-]*://[^\s'\"<>]*")
_NO_PORT = re.compile(r":(?!\d*$)")
_AFTER = re.compile(r"[?#;]")
_QUERY = re.compile(r"\?[\w.%~+-]+=[^\s'\"]*")  # of a URL that is repeated without its scheme and host
_NAMES = (
    r"(?<![\w.-])[\w.-]*(?:password|passwort|passwd|passphrase|pwd|secret|token|signature|credentials?|"
    r"(?:access|account|api|private)[ _-]?key)(?:[ _-]?id)?|"
    r"(?<![^\W_])(?:pass|pw|sig|sas|uid|user|username|user[ _]id|key_id|authorization|cookie|odbc_connect)"
)
# A quoted value. A quote inside it is doubled in standard SQL and follows a backslash elsewhere. Where both readings are
# possible, and after an escaped or a dollar quote, the rest of the text is masked.
_QUOTED = (
    r"(?:[benx]|u&)?'(?:[^'\\]|\\+(?!['\\])|'')*'|\"(?:[^\"\\]|\\+(?![\"\\])|\"\")*\"|"
    r"(?:[benx]|u&)?\\*['\"][\s\S]*|\$\w*\$[\s\S]*"
)
_SETTING = re.compile(  # of a connection string: Driver={x};UID=ann;PWD=secret, host=h password='a b', "token": "x"
    rf"(?P<name>(?:{_NAMES}|pragma\s+\w*key)[\"']?\s*(?:=|(?<=[\"']):)\s*)"
    rf"(?P<value>\{{(?:[^}}]|\}}\}})*\}}|{_QUOTED}|[^;&\n'\"]+?(?=\s+\w[\w ]{{0,40}}=|[;&\n'\"]|$))",
    re.IGNORECASE,
)
_SPACED = re.compile(  # of a query or a mapping: SECRET 'x', IDENTIFIED BY 'x', 'footer_key': 'x'
    rf"(?P<name>(?:{_NAMES}|(?<![\w-])[\w-]*_key(?:_value)?|identified\s+by)[\"']?(?:\s*:\s*|\s+))(?P<value>{_QUOTED})",
    re.IGNORECASE,
)
_BARE = re.compile(  # of a command or a header: --password x, X-Api-Key: x, Authorization: Basic x
    rf"(?P<name>(?=--)(?:{_NAMES})\s+|(?:{_NAMES}):\s*|bearer\s+)"
    rf"(?P<value>{_QUOTED}|(?:(?:bearer|basic|digest|token)\s+)?[^\s'\",;&)]+)",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?<!\w)(?:(?P<options>secret)[\w\s\"]{0,80}|(?P<function>\w+)\s*)\(", re.IGNORECASE)
_KEYED = re.compile(r"crypt|hmac|passphrase|parquet_key", re.IGNORECASE)  # functions that are given a key
_ARGUMENT = re.compile(rf"[()]|{_QUOTED}", re.IGNORECASE)
LEAST, SURE = 3, 6  # letters of a piece of a secret that is looked for; of one that is replaced inside of words too


def hidden(text: str, *sources: str) -> str:
    """Mask the secrets in a text.

    Masked are, in URLs, what stands before `@` and after `?`, `#` or `;`; values of connection strings; headers such as
    `Authorization: Bearer x` and options such as `--password x`; quoted passwords and secrets of SQL, and all arguments of
    `CREATE SECRET` and of functions that take a key, such as `pgp_sym_decrypt`.

    Parameters
    ----------
    text : a URL, an argument of a command, a query, or any message.
    sources : URLs, connection strings or queries that the text may repeat, whole or in pieces, as a library's error does.

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
    """Return the name of the table at a path or URL: its last part, without what follows the first dot.

    >>> source_name("https://ann:x@bank/loans.csv.gz?sig=a/b"), source_name("mssql+pyodbc:///?odbc_connect=PWD%3Dx")
    ('loans', '')
    """
    path = source
    if "://" in source:
        url = next(part for part in source.split("::") if "://" in part)
        path = _AFTER.split(hidden(url).split("://", 1)[-1].removeprefix(f"{MASK}@"))[0].replace(MASK, "")
    name = path.rstrip("/").rsplit("/", 1)[-1].split(".")[0]
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a file's name need not be text


def _masked(text: str, taken: list[str]) -> str:
    """The text without its secrets, which are added to `taken`."""

    def url(found: re.Match[str]) -> str:
        scheme, rest = found.group().split("://", 1)
        after = _AFTER.search(rest)
        head, tail = (rest, "") if after is None else (rest[: after.start()], rest[after.start() :])
        if "@" in tail:  # a password that holds one of these, or an address in the query: nobody can tell
            taken.append(rest)
            return f"{scheme}://{MASK}"
        user, at, place = head.rpartition("@")
        taken.extend([user, tail])
        host, slash, path = place.partition("/")
        if _NO_PORT.search(host) and not host.startswith("["):  # a name and what begins a password
            taken.append(host)
            place = f"{MASK}{slash}{path}"
        return f"{scheme}://{MASK if at else ''}{at}{place}{tail[:1]}{MASK if tail else ''}"

    def setting(found: re.Match[str]) -> str:
        taken.append(found["value"])
        return f"{found['name']}{MASK}"

    def query(found: re.Match[str]) -> str:
        taken.append(found.group())
        return f"?{MASK}"

    if _WHOLE.fullmatch(text):
        at = text.index("=") + 1 if text.startswith("--") else 0
        return text[:at] + re.sub(r".*", url, text[at:], count=1, flags=re.DOTALL)
    text = _QUERY.sub(query, _URL.sub(url, _calls(text, taken)))
    for pattern in (_SETTING, _SPACED, _BARE):
        text = pattern.sub(setting, text)
    return text


def _calls(text: str, taken: list[str]) -> str:
    """The text without the arguments of functions that take a key, as pgp_sym_decrypt(card, 'x'), and of CREATE SECRET."""
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
    """What a library may repeat of masked text: all of it, its values and their parts, as they stand and decoded."""
    forms = {form for one in taken for form in (one, unquote(one), unquote_plus(one))}
    values = {re.sub(r"^[\w .-]+=(?=[^=])", "", part) for form in forms for part in re.split(r"[?#;&]", form)}
    parts = {part for value in values for part in re.split(r"[:/@,=\s{}$\\'\"]+", value)}
    return {one for one in forms | values | parts if len(one) >= LEAST and one != MASK}
