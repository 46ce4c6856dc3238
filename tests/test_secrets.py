"""Secrets in URLs and connection strings reach no message, no file and no page."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

import pandas as pd
import pytest

import tabinterp as ti
from tabinterp.errors import TabinterpError
from tabinterp.secret_masking import hidden, source_name
from tabinterp.table.checkpoints import Keeping
from tabinterp.table.executors import engine_of
from tabinterp.table.readers import identity
from tests.shared import every_nth

from .models import hostile
from .test_cli_files import command, data  # noqa: F401  # fixtures

SECRET = "sesame-8842"
ODBC = quote_plus(f"Driver={{ODBC Driver 18}};Server=bank;UID=annabel;PWD={SECRET};Encrypt=yes")
URLS = [
    f"postgresql://annabel:{SECRET}@bank/loans",
    f"postgresql+psycopg://bank/loans?password={SECRET}&user=annabel",
    f"postgresql://annabel:x@{SECRET}/y@bank/loans",
    f"postgresql://annabel:x?{SECRET}@bank/loans",
    f"postgresql://annabel:x#{SECRET}@bank",
    f"postgresql://annabel:x {SECRET}'\"@bank/loans",
    f"mssql+pyodbc:///?odbc_connect={ODBC}",
    f"jdbc:sqlserver://bank:1433;user=annabel;password={SECRET}",
    f"https://bank.blob.core.windows.net/c/loans.csv?sv=2024&user=annabel&sig={SECRET}%2Fabc%3D",
    f"https://annabel@bank/loans.csv#token={SECRET}",
    f"simplecache::s3://annabel:{SECRET}@bucket/loans.csv",
    f"abfs://annabel@bank/loans?account_key={SECRET}",
    f"sqlite:////tmp/loans.db?key={SECRET}&for=annabel",
]
SETTINGS = [
    f"Driver={{SQL Server}};Server=bank;UID=annabel;PWD={SECRET}",
    f"Driver={{SQL Server}};UID=annabel;PWD={{a;{SECRET}}}}}b}};Encrypt=yes",
    f"host=bank user=annabel password='a {SECRET}' dbname=loans",
    f"host=bank username = annabel sslpassword={SECRET}",
    f"DefaultEndpointsProtocol=https;UID=annabel;AccountKey={SECRET}==",
    f'{{"username": "annabel", "aws_secret_access_key": "{SECRET}"}}',
    f"SELECT * FROM read_csv('https://annabel@bank/x.csv?sig={SECRET}')",
    f"SELECT * FROM postgres_scan('host=bank user=annabel password={SECRET}', 'public', 'loans')",
]

QUERIES = [
    f"CREATE SECRET s (TYPE s3, KEY_ID 'AKIA', SECRET '{SECRET}')",
    f"CREATE PERSISTENT SECRET IF NOT EXISTS \"my s\" IN local_file (TYPE s3, SECRET {SECRET}); SELECT 1",
    f"CREATE SECRET (TYPE http, EXTRA_HTTP_HEADERS MAP {{'Cookie': 'session={SECRET}'}})",
    f"ALTER USER ann WITH PASSWORD '{SECRET}'",
    f'ALTER USER ann WITH PASSWORD "{SECRET}"',
    f"ALTER USER ann WITH PASSWORD E'a\\'{SECRET}'",
    f"ALTER USER ann WITH PASSWORD 'a''{SECRET}'",
    f"ALTER USER ann WITH PASSWORD 'a\\', VALID UNTIL '2030-01-01', SECRET '{SECRET}'",
    f"ALTER USER ann WITH PASSWORD $${SECRET}$$",
    f"ALTER USER ann IDENTIFIED BY '{SECRET}'",
    f"password = 'a''{SECRET}' host=bank",
    f"SET SESSION_TOKEN = \"{SECRET}\"",
    f"SET VARIABLE pw = '{SECRET}'",
    f"PRAGMA key = '{SECRET}'",
    f"{{footer_key_value: '{SECRET}'}}",
    f"SELECT pgp_sym_decrypt(card, '{SECRET}') FROM loans",
    f"SELECT x FROM loans WHERE decode(AES_DECRYPT(upper(card), \"{SECRET}\"), 'utf8') = 'a'",
    f"the driver can't do: SELECT pgp_sym_decrypt(card, '{SECRET}')",
    f"SELECT hmac(card, '{SECRET}', 'sha256') FROM loans",
    f"PRAGMA add_parquet_key('k', '{SECRET}')",
    f"SELECT aes_decrypt(card, '{SECRET}",
    f"SELECT aes_decrypt(card, $key$) {SECRET}$key$) FROM loans",
    f"SET PASSWORD FOR ann = '{SECRET}'",
    f"ALTER USER ann IDENTIFIED BY {SECRET}",
    f"ATTACH 'loans.db' AS loans (encryption_key={SECRET})",
    f"account=bank;user=annabel;passcode={SECRET}",
    f"annabel:{SECRET}@bank:5432/loans",
    f"no file 'jdbc:oracle:thin:annabel/{SECRET}@bank:1521:loans'",
    f"the key is -----BEGIN RSA PRIVATE KEY-----\nMIIE\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"https://bank/loans.csv%3Fsig%3D{SECRET}",
    f"Bearer {SECRET}",
    f"Authorization: Bearer {SECRET}",
    f"Authorization: Basic {SECRET}",
    f"X-Api-Key: {SECRET}",
    f"tool --password {SECRET} --out x",
]  # fmt: skip


SENTENCES = [
    f"the password is {SECRET}",
    f"login failed with password {SECRET} for ann",
    f"use token {SECRET} to log in.",
    f"the token was {SECRET}.",
    f"Incorrect API key provided: {SECRET}",
    f"API key {SECRET} is not valid",
    f"access token `{SECRET}` expired",
    f'the passphrase of the key is "{SECRET}"',
    f"pw {SECRET}",
    f"das Passwort lautet {SECRET}",
    f"le mot de passe est {SECRET}",
    f"パスワードは {SECRET}",
    f"パスワード：{SECRET}",
    f"key={SECRET}",
    f"host=bank key={SECRET} dbname=loans",
    f"account=bank;KEY={SECRET};",
    f"{{'key': '{SECRET}'}}",
    f"jwt={SECRET}",
    f"salt={SECRET}",
    f"pin={SECRET}",
    *(
        f"{word}={SECRET}"
        for word in (
            "Passwort", "Kennwort", "Schlüssel", "Geheimnis", "motdepasse", "mot_de_passe", "mdp", "contraseña", "contrasena",
            "contrasen\u0303a", "clave", "senha", "palavra-passe", "parola", "wachtwoord", "hasło", "haslo", "heslo", "jelszó",
            "lösenord", "losenord", "passord", "adgangskode", "salasana", "şifre", "sifre", "пароль", "κωδικός", "パスワード",
            "暗証番号", "密码", "密碼", "비밀번호", "סיסמה", "पासवर्ड",
        )
    ),
    quote(f"postgresql://annabel:{SECRET}@bank/loans", safe=""),
    quote(f"https://bank/loans.csv?sig={SECRET}", safe=""),
    quote(quote(f"https://bank/loans.csv?sig={SECRET}", safe=""), safe=""),
    quote(f"Driver=x;UID=annabel;PWD={SECRET}", safe=""),
    f"no file {quote(f'https://annabel:{SECRET}@bank/loans.csv', safe='')} there",
]  # fmt: skip


def is_clean(text: str) -> bool:
    """Whether neither the secret, nor its digits but within a longer number, nor the user's name is in a text."""
    return SECRET not in text and not re.search(r"(?<![\d.])8842", text) and "annabel" not in text


@pytest.mark.parametrize("source", URLS + SETTINGS)
def test_no_secret_is_left_of_a_source(source):
    assert not is_clean(source)
    for given in (source, f"--data={source}", repr(source)):
        assert is_clean(hidden(given, source)), hidden(given, source)
    assert is_clean(hidden(source))
    assert is_clean(source_name(source)) or "://" not in source
    message = f"cannot log in as annabel with {SECRET}, ('{SECRET}'), of {source}"
    assert is_clean(hidden(message, source)), hidden(message, source)


@pytest.mark.parametrize("query", QUERIES)
def test_no_secret_is_left_of_a_query_a_header_or_a_command(query):
    assert SECRET in query
    for given in (query, f"--query={query}", repr(query)):
        assert "8842" not in hidden(given), hidden(given)
    assert "8842" not in hidden(f"the password {SECRET} does not fit", query)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_secret_is_left_of_a_sentence_a_bare_key_another_language_or_an_encoded_url(sentence):
    for given in (sentence, f"--data={sentence}", f"it said {sentence}, and no more", repr(sentence)):
        assert "8842" not in hidden(given), hidden(given)


def test_a_secret_that_a_library_encodes_is_masked():
    assert hidden("cannot open Loan%21p%40ss+8842", "DRIVER={x};PWD=Loan!p@ss 8842") == "cannot open ***"
    assert hidden("cannot open Loan%21p%40ss%208842", "DRIVER={x};PWD=Loan!p@ss 8842") == "cannot open ***"


@pytest.mark.parametrize(
    "text",
    ["loans.csv", "s3://bucket/loans/", "postgresql://bank/loans", "tcp://10.0.0.5:8786", "--kind=SEX=categorical",
     "C:\\ann@bank\\loans.csv", "C:/ann@bank/loans.csv", "a ratio of 1:2 @ 5", "SELECT * FROM loans WHERE author = 5",
     "SELECT * FROM loans WHERE a = 'x?y'", "the key 'id' is missing in some rows", "mail ann@bank.example",
     "--key id", "--key=id", "--query-key=id", "a JOIN b ON a.key = b.key WHERE key = 5", "column 'key'", "primary key: id",
     "the password is missing", "the password is wrong", "a token is required in row 5", "the token count2.csv", "--drop token",
     "password /srv/ann1/key.pem", "secret_masking.py", "passwords2.csv", "--kind=token=categorical", "--kind=Passwort=ordinal",
     "the columns 'password', 'age_2019' and 'token'", "token_2019", "no column 'api_key'; did you mean 'api_id'?",
     "https://bank/a%20b/c%40d.csv", "loans%202026.csv", "100%", "clave.csv", "the secret is out", "12 tokens 345a",
     "SELECT count(*), decode(a, 'utf8') FROM loans WHERE b IN ('x', 'y') AND c <> '' -- foreign key (id)"],
)  # fmt: skip
def test_what_is_no_secret_stays(text):
    assert hidden(text) == text


@pytest.mark.parametrize(
    "part",
    every_nth(
        4,
        [
            "a",
            "a ",
            "token=a a ",
            "a://",
            "?a=",
            "user=",
            "aws_secret_",
            "'",
            "@",
            "_key",
            "key_",
            "crypt",
            "crypt(",
            "crypt('",
            "crypt(')",
            "secret ",
            "secret (",
            "pragma ",
            "token '",
            "token \\'",
            "token ''",
            "a:",
            "a:b@",
            "-----BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "password for ",
            "token $",
            "token $a$ ",
            "--token ",
            "pw:",
            "identified ",
            "key=",
            "password is ",
            "the password of the key is ",
            "token a.b",
            "token a1",
            "パスワードは",
            "%25",
            "%3A%2F%2F",
            "%3D ",
            "mot de ",
        ],
    ),
)
def test_a_long_text_is_masked_in_one_pass(part):
    """No pattern goes back over the text again and again: a hundred thousand letters would take hours."""
    hidden(part * (100_000 // len(part)))


def test_a_name_comes_without_what_follows_it():
    assert source_name("https://ann:x@bank/a/loans.csv.gz?sig=a/b") == "loans"
    assert source_name("/data/loans;1?.csv") == "loans;1?"
    assert source_name("mssql+pyodbc:///?odbc_connect=PWD%3Dx") == ""


class Refusing(BaseHTTPRequestHandler):
    """A store that has nothing, and repeats what it was asked for."""

    def do_GET(self) -> None:
        body = json.dumps({"RemoteException": {"message": f"no {self.path}", "exception": "FileNotFoundException"}})
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port():
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


CLOSED = 1  # a port of the loopback where nobody listens
QUERY = "SELECT * FROM loans"
UNREACHABLE = {
    "no server": (f"postgresql+psycopg://annabel:{SECRET}@127.0.0.1:{CLOSED}/loans?connect_timeout=2", QUERY),
    "a port that is none": (f"postgresql+psycopg://annabel:pass/{SECRET}:x@127.0.0.1:{SECRET}/loans", QUERY),
    "an unknown option": (f"postgresql+psycopg://127.0.0.1:{CLOSED}/loans?pasword={SECRET}&user=annabel", QUERY),
    "no driver": (f"mssql+pyodbc:///?odbc_connect={ODBC}", QUERY),
    "no such dialect": (f"oracel://annabel:{SECRET}@127.0.0.1/loans", QUERY),
    "no such table": (f"sqlite:///file:loans?mode=memory&uri=true&password={SECRET}&for=annabel", QUERY),
    "a connection string": (f"Driver={{X}};UID=annabel;PWD={SECRET}", QUERY),
    "a store that is not there": (f"webhdfs://annabel:{SECRET}@127.0.0.1:{CLOSED}/loans.csv?token={SECRET}", None),
    "a store that refuses": (f"webhdfs://annabel:{SECRET}@127.0.0.1:PORT/{SECRET}.csv?token={SECRET}", None),
    "no such store": (f"s33://annabel:{SECRET}@bucket/loans?key={SECRET}", None),
    "no such file": (f"file:///nowhere/loans.csv?for=annabel&sig={SECRET}", None),
    "a server of files": (f"ftp://annabel:{SECRET}@127.0.0.1:{CLOSED}/loans.csv", None),
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_what_a_library_says_of_a_url_repeats_no_secret(case, port, tmp_path):
    """Real libraries: psycopg, SQLAlchemy, requests and ftplib behind fsspec."""
    url, query = UNREACHABLE[case]
    url = url.replace("PORT", str(port))
    said: list[str] = []
    keep = Keeping(tmp_path / "kept", {}, say=said.append, every=0)
    with pytest.raises(TabinterpError) as error:
        ti.open_table(url, query=query, target="paid", keep=keep)
    path = case == "a store that refuses"  # what stands in the path itself is a name and no secret
    told = str(error.value).replace(f"{SECRET}.csv", "") if path else str(error.value)
    assert is_clean(told), told
    assert is_clean(" ".join(said))
    shown = "".join(traceback.format_exception(error.value, chain=True))
    assert case == "a store that refuses" or is_clean("\n".join(one for one in shown.splitlines() if "Error" in one))


def test_a_query_to_duckdb_repeats_no_secret_of_its_own(tmp_path):
    import duckdb  # noqa: PLC0415

    duckdb.connect(str(tmp_path / "x.duckdb")).close()
    query = f"SELECT * FROM read_csv('/nowhere/x.csv?sig={SECRET}') WHERE user = 'annabel' AND password = '{SECRET}'"
    with pytest.raises(TabinterpError) as error:
        ti.open_table(str(tmp_path / "x.duckdb"), query=query, target="y")
    assert SECRET not in str(error.value)


def test_the_address_of_a_cluster_repeats_no_secret(monkeypatch):
    import distributed  # noqa: PLC0415

    monkeypatch.setattr(distributed.comm.core, "connect", None, raising=False)
    with pytest.raises(TabinterpError) as error, engine_of("dask", f"nothing://annabel:{SECRET}@bank?token={SECRET}"):
        pass
    assert is_clean(str(error.value)), error.value


def test_what_is_kept_says_no_secret():
    for url in URLS:
        assert is_clean(identity(url, f"SELECT * FROM read_csv('{URLS[8]}')"))
    one, other = (identity(f"sqlite:///x.db?key={key}", "SELECT 1") for key in (SECRET, "another"))
    assert one == other  # a token that was renewed goes on


def test_an_audit_of_a_database_writes_and_says_no_secret(tmp_path, command):  # noqa: F811
    """The whole of it: command line, progress, document, page, run.json."""
    rows = pd.DataFrame(hostile.np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    base = sqlite3.connect(tmp_path / "loans.db")
    rows.assign(y=(rows.a > 0).astype(int)).to_sql("loans", base, index=False)
    base.close()
    model = ti.save_model(ti.wrap(hostile.estimator()), tmp_path / "model.zip")
    url = f"sqlite:///file:{tmp_path}/loans.db?mode=ro&uri=true&password={SECRET}&for=annabel"
    query = f"SELECT * FROM loans -- https://annabel@bank/x?sig={SECRET}"
    some = "calibration,data_quality,effects,permutation_importance"  # none of which knows where the rows are from
    asked = ("audit", model, "--query", query, "--target", "y", "--rows", 50, "--analyses", some, "--out")
    code, out, err = command(*asked, tmp_path / "out", f"--data={url}")
    assert code == 0, err
    assert is_clean(out + err)
    for path in (tmp_path / "out").rglob("*"):
        assert is_clean(path.read_text(encoding="utf-8")), path.name
    run = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert f"--data=sqlite:///file:{tmp_path}/loans.db?***" in run["command"]
    assert json.loads((tmp_path / "out" / "audit.json").read_bytes())["data"]["name"] == "loans"
    for wrong in ("nothing", "x y"):  # an option's value that typer repeats, and a driver's error
        code, out, err = command(*asked, tmp_path / "other", "--data", url, "--query", wrong, "--seed", f"{url}")
        assert code == 2
        assert is_clean(out + err), err
    code, out, err = command(*asked, tmp_path / "other", "--data", url, "--query", "SELECT nothing")
    assert code == 2
    assert is_clean(out + err), err


def test_a_bug_is_reported_without_secrets(tmp_path, command, monkeypatch):  # noqa: F811
    def broken(path: Path, **_: object) -> None:
        raise RuntimeError(f"cannot log in with {SECRET}")

    monkeypatch.setattr(ti, "load_model", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, out, err = command("audit", "m", "--data", URLS[0], "--target", "y", "--out", tmp_path / "out")
    assert (code, out) == (70, "")
    assert is_clean(err)
    (saved,) = tmp_path.glob("tabinterp-error-*.txt")
    assert str(saved) in err
    assert saved.stat().st_mode & 0o777 == 0o600
    assert is_clean(saved.read_text())
    assert "RuntimeError" in saved.read_text()
    assert os.listdir(tmp_path) == [saved.name]
