"""What loads, and what is refused with file and key path."""

from __future__ import annotations

import codecs
import hashlib
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import config
from gateway.app import VENDORS
from gateway.config import ConfigError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
HR = '[engines.hr]\nvendor = "camunda7"\nurl = "http://127.0.0.1:8081/engine-rest"\n'
OPEN = "[auth]\nopen = true\n"
DOOR = '[dialects.one]\nvendor = "camunda7"\nprefix = "/engine-rest"\nengine = "hr"\n'
KEY = f'key_sha256 = "{"a" * 64}"\n'


def load(tmp_path: Path, text: str, **environ: str) -> config.Config:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return config.load(path, environ, VENDORS)


def refused(tmp_path: Path, text: str, **environ: str) -> str:
    """The message of the refusal, without the file's name, which every message begins with."""
    with pytest.raises(ConfigError) as caught:
        _ = load(tmp_path, text, **environ)
    start = f"{tmp_path / 'gateway.toml'}: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def by_message(*cases: tuple[str, str]) -> list[Any]:
    """Cases of a text and what is said of it, each called by where that is."""
    return [pytest.param(text, said, id=said.replace(" ", "-")) for text, said in cases]


def caller(more: str = "", name: str = "x") -> str:
    return f'[[auth.callers]]\nname = "{name}"\n{more}\n'


@pytest.mark.parametrize("path", [ROOT / "config/gateway.toml", HERE / "contract.toml"], ids=["documented", "contract"])
def test_shipped_file_without_any_environment_loads(path: Path) -> None:
    read = config.load(path, {}, VENDORS)

    assert (read.server.host, read.server.port, read.server.admin_port, read.server.workers) == (
        "127.0.0.1", 8080, 9090, 1,
    )  # fmt: skip
    assert read.auth.open
    assert [each.name for each in read.auth.callers] == ["portal"]
    assert (read.engines["hr"].vendor, read.engines["claims"].vendor) == ("camunda7", "ibm_bpm")
    assert read.engines["hr"].auth.password == "env:HR_PASSWORD"
    assert read.engines["claims"].settings.deletions == "set_null"
    assert {name: each.engine for name, each in read.dialects.items()} == {"camunda7": "hr", "ibm_bpm": "claims"}
    assert [(each.definition, each.engine) for each in read.routing.start] == [("invoice", "claims")]
    assert (read.store.url, read.bridge.enabled, read.cors.origins) == ("sqlite:///varbridge.db", True, [])


def test_documented_values_are_the_defaults_where_they_say_so() -> None:
    read = config.load(ROOT / "config/gateway.toml", {}, VENDORS)

    for documented in (read.server, read.store, read.cors, read.bridge, read.limits, read.log, read.tracing):
        assert documented == type(documented)(), type(documented).__name__
    assert read.engines["hr"].settings == VENDORS["camunda7"].settings()
    settings = read.engines["claims"].settings
    assert msgspec.structs.replace(settings, types={}) == VENDORS["ibm_bpm"].settings()


def test_empty_file_loads_with_safe_defaults(tmp_path: Path) -> None:
    read = load(tmp_path, "")

    assert (read.server.host, read.server.admin_host, read.auth.open, read.engines) == (
        "127.0.0.1", "127.0.0.1", False, {},
    )  # fmt: skip


def test_engine_url_with_slash_at_its_end_loses_it(tmp_path: Path) -> None:
    assert load(tmp_path, HR.replace("engine-rest", "engine-rest/")).engines["hr"].url.endswith("/engine-rest")


@pytest.mark.parametrize(
    ("text", "path"),
    by_message(
        ("nope = 1", "nope"),
        ("[nope]\nx = 1", "nope"),
        ("[server]\nnope = 1", "server.nope"),
        ("[auth]\nbogus = 1", "auth.bogus"),
        (caller("nope = 1"), "auth.callers[0].nope"),
        (caller(KEY) + caller("nope = 1", "y"), "auth.callers[1].nope"),
        (caller('basic = {username = "u", password = "env:P", nope = 1}'), "auth.callers[0].basic.nope"),
        ("[store]\nnope = 1", "store.nope"),
        (HR + "nope = 1", "engines.hr.nope"),
        (HR + '[engines.hr.auth]\nkind = "basic"\nwrongly = 1', "engines.hr.auth.wrongly"),
        (HR + DOOR + "nope = 1", "dialects.one.nope"),
        (HR + DOOR + DOOR.replace("one", "two") + "nope = 1", "dialects.two.nope"),
        ("[routing]\nnope = 1", "routing.nope"),
        ('[[routing.start]]\ndefinition = "a"\nengine = "hr"\nnope = 1', "routing.start[0].nope"),
        ("[cors]\nnope = []", "cors.nope"),
        ("[bridge]\nnope = 1", "bridge.nope"),
        ("[limits]\nnope = 1", "limits.nope"),
        ("[log]\nnope = 1", "log.nope"),
        ("[tracing]\nnope = 1", "tracing.nope"),
    ),
)
def test_unknown_key_is_refused_with_its_path(tmp_path: Path, text: str, path: str) -> None:
    assert refused(tmp_path, text) == f"{path}: unknown key"


MISSPELLED = {
    "table": ("[servers]\nport = 1", "servers: unknown key; did you mean `server`?"),
    "key": ("[server]\nprot = 1", "server.prot: unknown key; did you mean `port`?"),
    "key-in-camel-case": ("[limits]\nmaxBodyBytes = 1", "limits.maxBodyBytes: unknown key; did you mean `max_body_bytes`?"),
    "key-of-a-caller": (caller('scope = ["admin"]'), "auth.callers[0].scope: unknown key; did you mean `scopes`?"),
    "key-of-a-callers-table": (
        caller('basic = {user = "u", password = "env:P"}'),
        "auth.callers[0].basic.user: unknown key; did you mean `username`?",
    ),
    "key-of-every-engine": (HR + "timeout = 1", "engines.hr.timeout: unknown key; did you mean `timeout_s`?"),
    "key-of-the-vendor": (HR + "keepType = true", "engines.hr.keepType: unknown key; did you mean `keep_type`?"),
    "key-below-the-vendors": (
        HR.replace("camunda7", "ibm_bpm") + '[engines.hr.starts.Claim]\nbpdId = "25.1"',
        "engines.hr.starts.Claim.bpdId: unknown key; did you mean `bpd_id`?",
    ),
    "key-of-a-log-in": (
        HR + '[engines.hr.auth]\nkind = "basic"\nuser = "u"',
        "engines.hr.auth.user: unknown key; did you mean `username`?",
    ),
    "key-of-a-front-door": (HR + DOOR + 'hosts = "x"', "dialects.one.hosts: unknown key; did you mean `host`?"),
    "key-of-a-start-rule": (
        '[[routing.start]]\ndefinitions = "a"', "routing.start[0].definitions: unknown key; did you mean `definition`?"
    ),
    "choice": (HR + 'json = "Text"', "engines.hr.json: one of Json, Object, refuse"),
    "choice-or-truth": ('[log]\njson = "yes"', "log.json: one of true, false, auto"),
    "choice-in-a-table-of-the-users": (
        HR.replace("camunda7", "ibm_bpm") + 'types = {a = "date"}',
        "engines.hr.types.a: one of boolean, date-time, integer, number, string, xml",
    ),
    "scope": (
        caller(KEY + 'scopes = ["variables:reed"]'),
        "auth.callers[0].scopes: unknown scope variables:reed; did you mean `variables:read`?",
    ),
    "engine-of-a-caller": (
        HR + caller(KEY + 'engines = ["HR"]'), "auth.callers[0].engines: no engine of the name HR; did you mean `hr`?"
    ),
    "engine-of-a-front-door": (
        HR + DOOR.replace('"hr"', '"hrr"'), "dialects.one.engine: no engine of this name; did you mean `hr`?"
    ),
    "engine-of-a-start-rule": (
        HR + '[[routing.start]]\ndefinition = "a"\nengine = "hrr"',
        "routing.start[0].engine: no engine of this name; did you mean `hr`?",
    ),
    "engine-of-a-pattern": (
        HR + '[routing]\npatterns = {hrr = "x"}', "routing.patterns.hrr: no engine of this name; did you mean `hr`?"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISSPELLED.values(), ids=MISSPELLED)
def test_misspelled_name_is_refused_with_the_one_that_is_meant(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text) == message


@pytest.mark.parametrize(
    ("text", "path"),
    by_message(
        ('[server]\nport = "8080"', "server.port"),
        ("[server]\nport = true", "server.port"),
        ("[server]\nport = 65536", "server.port"),
        ("[server]\nport = -1", "server.port"),
        ("[server]\nport = 80.5", "server.port"),
        ("[server]\nworkers = 0", "server.workers"),
        ("[server]\ngrace_s = 0", "server.grace_s"),
        ("[server]\nhost = 1", "server.host"),
        ("server = 1", "server"),
        ('[auth]\nopen = "yes"', "auth.open"),
        ("[auth]\ncallers = 1", "auth.callers"),
        (caller('scopes = "variables:read"'), "auth.callers[0].scopes"),
        (caller("masked = [1]"), "auth.callers[0].masked[0]"),
        ("engines = []", "engines"),
        ("[engines]\nhr = 1", "engines.hr"),
        (HR + 'timeout_s = "30"', "engines.hr.timeout_s"),
        (HR + "timeout_s = inf", "engines.hr.timeout_s"),
        (HR + "timeout_s = nan", "engines.hr.timeout_s"),
        (HR + "timeout_s = -1", "engines.hr.timeout_s"),
        (HR + "max_connections = 0", "engines.hr.max_connections"),
        (HR + "keep_type = 1", "engines.hr.keep_type"),
        (HR + "string_length = 0", "engines.hr.string_length"),
        (HR + 'json = "Text"', "engines.hr.json"),
        (HR + "[engines.hr.auth]\nkind = 1", "engines.hr.auth.kind"),
        (HR.replace("camunda7", "ibm_bpm") + 'types = {a = "date"}', "engines.hr.types.a"),
        (HR + DOOR + 'debug = "no"', "dialects.one.debug"),
        (HR + DOOR + 'host = "nobody"', "dialects.one.host"),
        (HR + DOOR + 'objects = "xml"', "dialects.one.objects"),
        (HR + DOOR + "accept_primitives = 1", "dialects.one.accept_primitives"),
        ("[routing]\npatterns = {hr = 1}", "routing.patterns.hr"),
        ("[cors]\norigins = [1]", "cors.origins[0]"),
        ("[limits]\nmax_depth = 5000", "limits.max_depth"),
        ('[log]\nlevel = "loud"', "log.level"),
        ('[log]\njson = "yes"', "log.json"),
    ),
)
def test_wrong_type_or_range_is_refused_with_its_path(tmp_path: Path, text: str, path: str) -> None:
    assert refused(tmp_path, text).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    by_message(
        ("[[auth.callers]]\nscopes = []", "auth.callers[0]: Object missing required field `name`"),
        ('[engines.hr]\nvendor = "camunda7"', "engines.hr: Object missing required field `url`"),
        ('[engines.hr]\nurl = "http://a"', "engines.hr.vendor: one of camunda7, ibm_bpm"),
        (HR.replace("camunda7", "camunda8"), "engines.hr.vendor: one of camunda7, ibm_bpm"),
        *((HR.replace("engines.hr", f'engines."{name}"'), f"engines.{name}: a name is of letters, digits, '.', '_' and '-'")
          for name in ("h:r", "", "a,b", "*", "a b", "a/b", "é")),
        (HR + DOOR.replace('"camunda7"', '"soap"'), "dialects.one.vendor: one of camunda7, ibm_bpm"),
        (HR + DOOR.replace('"hr"', '"gone"'), "dialects.one.engine: no engine of this name"),
        (HR + DOOR + "accept_primitives = true",
         "dialects.one.accept_primitives: has no meaning in the language of camunda7"),
        (HR + DOOR.replace("camunda7", "ibm_bpm") + 'objects = "object"',
         "dialects.one.objects: has no meaning in the language of ibm_bpm"),
        (HR + DOOR + DOOR.replace("one", "two"), "dialects: two front doors have the same prefix"),
        ('[[routing.start]]\ndefinition = "a"\nengine = "gone"', "routing.start[0].engine: no engine of this name"),
        (HR + 2 * '[[routing.start]]\ndefinition = "a"\nengine = "hr"\n',
         "routing.start: two rules for the same definition"),
        ('[routing]\npatterns = {gone = "x"}', "routing.patterns.gone: no engine of this name"),
        ("[server]\nadmin_port = 8080", "server.admin_port: the same as server.port"),
        ('[server]\nhost = "0.0.0.0"\n' + OPEN, "auth.open: allowed on a loopback host only"),
        ('[server]\nhost = ""\n' + OPEN, "auth.open: allowed on a loopback host only"),
        ('[server]\nhost = "127.0.0.1.example"\n' + OPEN, "auth.open: allowed on a loopback host only"),
        ('[server]\nhost = "::"\n', "server.host: without callers only a loopback host may be bound"),
        (caller(KEY + 'scopes = ["everything"]'), "auth.callers[0].scopes: unknown scope everything"),
        (caller(KEY + 'engines = ["gone"]'), "auth.callers[0].engines: no engine of the name gone"),
        (caller(f'key_sha256 = "{hashlib.sha256().hexdigest()}"'), "auth.callers[0].key_sha256: of an empty key"),
        (caller('basic = {username = "a:b", password = "env:P"}'), "auth.callers[0].basic.username: has no colon"),
        (HR + '[engines.hr.auth]\nkind = "basic"\nusername = "a:b"\npassword = "env:P"',
         "engines.hr.auth.username: has no colon"),
        (caller('key_sha256 = "abc"'), "auth.callers[0].key_sha256: 64 hexadecimal digits"),
        (caller(), "auth.callers[0]: exactly one of key_sha256, basic, jwt, forward, certificate"),
        (caller(KEY + "forward = true"), "auth.callers[0]: exactly one of key_sha256, basic, jwt, forward, certificate"),
        (caller(KEY) + caller(KEY.upper().replace("KEY_SHA256", "key_sha256"), "y"),
         "auth.callers: two callers have the same key_sha256"),
        (caller("forward = true") + caller("forward = true"), "auth.callers: two callers have the same forward"),
        ('[store]\nurl = "postgresql+psycopg://me:hunter2@db/varbridge"',
         "store.url: holds a password; give the whole URL as env:NAME or file:PATH"),
        ('[store]\njobs = "elsewhere"',
         "store.jobs: elsewhere needs PostgreSQL; with SQLite jobs run in the gateway"),
    ),
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == said


@pytest.mark.parametrize(
    "prefix", ["engine-rest", "/", "/x/", "/a b", "/a?b", "", "/v1", "/v1/x", "/openapi.json"], ids=repr
)
def test_prefix_that_cannot_be_one_is_refused(tmp_path: Path, prefix: str) -> None:
    said = refused(tmp_path, HR + DOOR.replace("/engine-rest", prefix))

    assert said.startswith("dialects.one.prefix: ")


@pytest.mark.parametrize(
    "url",
    ["", "engine", "ftp://a/b", "http://", "http:///x", "http://:80/x", "http://a:99999/", "http://a:0/", "http://a b/",
     "http://a/?x=1", "http://a/\\u0000", "http://é/", "http://a\\\\b/", "http://a/../b", "http://a/.", "http://a/#x", "http://me:hunter2@a/", "http://[::1/"],
    ids=repr,
)  # fmt: skip
def test_engine_url_that_cannot_be_one_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    said = refused(tmp_path, f'[engines.hr]\nvendor = "camunda7"\nurl = "{url}"')

    assert said == "engines.hr.url: an http or https URL without user, query and fragment"


@pytest.mark.parametrize("origin", ["*", "null", "portal.example", "https://a.example/", "https://A.example"], ids=repr)
def test_origin_that_no_browser_sends_is_refused(tmp_path: Path, origin: str) -> None:
    said = refused(tmp_path, f'[cors]\norigins = ["https://a.example:8443", "{origin}"]')

    assert (
        said == "cors.origins[1]: as browsers send it: https://HOST or http://HOST:PORT, in lower case, without a path"
    )


@pytest.mark.parametrize("host", ["127.0.0.999", "127.1", "[::1]"])
def test_host_that_only_looks_like_loopback_is_not_open(tmp_path: Path, host: str) -> None:
    assert refused(tmp_path, f'[server]\nhost = "{host}"\n' + OPEN) == "auth.open: allowed on a loopback host only"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "localhost", "::1"])
def test_loopback_host_may_be_open(tmp_path: Path, host: str) -> None:
    assert load(tmp_path, f'[server]\nhost = "{host}"\n' + OPEN).server.host == host


def test_other_host_with_callers_loads(tmp_path: Path) -> None:
    assert load(tmp_path, '[server]\nhost = "0.0.0.0"\n' + caller(KEY)).server.host == "0.0.0.0"


def test_kind_of_login_that_is_not_offered_is_named_before_its_unknown_keys(tmp_path: Path) -> None:
    table = '[engines.hr.auth]\nkind = "zen"\napi_key = "env:A"\n'

    assert refused(tmp_path, HR + table) == (
        "engines.hr.auth.kind: zen is not offered for camunda7 (offered: basic, bearer, forward, none, oauth2)"
    )


def test_kind_of_login_that_does_not_exist_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = refused(tmp_path, HR + '[engines.hr.auth]\nkind = "hunter2"')

    assert said.startswith("engines.hr.auth.kind: one of none, basic, ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("vendor", "kind", "given", "missing"),
    [
        ("camunda7", "basic", 'password = "env:P"', "username"),
        ("camunda7", "basic", 'username = "u"', "password"),
        ("camunda7", "bearer", "", "token"),
        ("ibm_bpm", "ibm_session", 'username = "u"', "password"),
        ("ibm_bpm", "zen", 'username = "u"', "token"),
    ],
    ids=lambda each: each.partition(" ")[0] or "nothing",
)
def test_login_without_what_it_needs_is_refused(
    tmp_path: Path, vendor: str, kind: str, given: str, missing: str
) -> None:
    text = HR.replace("camunda7", vendor) + f'[engines.hr.auth]\nkind = "{kind}"\n{given}'

    assert refused(tmp_path, text) == f"engines.hr.auth.{missing}: {kind} needs it"


@pytest.mark.parametrize(
    "text",
    ["[server", "a = ", "[server]\nport = 1\nport = 2", "[a]\n[a]", "a = " + "[" * 5000],
    ids=["open-bracket", "no-value", "key-twice", "table-twice", "nested-too-deeply"],
)
def test_text_that_is_not_toml_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).startswith("not TOML: ")


def test_file_with_a_byte_order_mark_is_read_as_one_without(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(codecs.BOM_UTF8 + b"[server]\r\nport = 8088\r\n")

    assert config.load(path, {}, VENDORS).server.port == 8088


def test_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(b'[server]\nhost = "\xff"')

    with pytest.raises(ConfigError, match="not TOML"):
        _ = config.load(path, {}, VENDORS)


def test_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        _ = config.load(tmp_path / "gone.toml", {}, VENDORS)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        _ = config.load(tmp_path, {}, VENDORS)


def test_open_gateway_warns_of_each_front_door_whose_engine_is_not_sent_the_callers_credentials(tmp_path: Path) -> None:
    second = DOOR.replace("one", "two").replace("/engine-rest", "/other")
    forwarding = HR.replace("engines.hr", "engines.ops") + '[engines.ops.auth]\nkind = "forward"\n'
    third = DOOR.replace("one", "three").replace("/engine-rest", "/third").replace('"hr"', '"ops"')
    text = HR + forwarding + DOOR + second + third

    warned = config.warnings(load(tmp_path, OPEN + text))
    assert [each.removeprefix(f"{tmp_path / 'gateway.toml'}: ").split(": ")[0] for each in warned] == [
        "dialects.one",
        "dialects.two",
    ]
    assert 'the engine hr is not sent them (its auth.kind is not "forward")' in warned[0]
    assert config.warnings(load(tmp_path, text)) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('endpoint = "collector:4318"', "tracing.endpoint: an http or https URL without user, query and fragment"),
        ('endpoint = "http://u:p@c:4318"', "tracing.endpoint: an http or https URL without user, query and fragment"),
        ("sample = 1.5", "tracing.sample: Expected `float` <= 1.0"),
        ("sample = -0.1", "tracing.sample: Expected `float` >= 0.0"),
        ("sample = nan", "tracing.sample: Expected `float` >= 0.0"),
    ],
    ids=["no-url", "password", "above-all", "below-none", "no-number"],
)
def test_tracing_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, f"[tracing]\n{text}") == said


def test_traces_without_the_extra_are_refused_and_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[tracing]\nendpoint = "http://127.0.0.1:4318"'
    assert load(tmp_path, text).tracing.sample == 1.0
    for name in [each for each in sys.modules if each.startswith("opentelemetry.exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    assert refused(tmp_path, text) == "tracing.endpoint: needs the extra otel: pip install 'varbridge[otel]'"
    assert load(tmp_path, "[tracing]\nsample = 0.5").tracing.endpoint == ""
