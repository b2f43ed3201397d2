"""What IBM's answers mean, in every spelling that has been seen, and what a write sends."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from adapters.ibm_bpm.dialect import NUMBERS, IbmBpmDialect
from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.model.commands import DescribeInstance, GetVariable, ListVariables, PatchVariables
from gateway.model.values import Value
from gateway.plan import VendorResponse
from gateway.port import Credentials, DialectRequest, RequestFacts
from tests.house.matrix import error_classes
from tests.unit.scripts import answer, played

ENGINE = IbmBpmEngine("claims", Settings(), Credentials())
DONE = answer(200, {"status": "200", "data": {"message": "Successfully updated."}})
LOGIN_PAGE = answer(200, b"<html>login</html>", "text/html")
NAMESPACE = "http://rest.bpm.ibm.com/v1/data/exception"


def read(variables, state: str = "Active"):
    return answer(200, {"status": "200", "data": {"piid": "1", "executionState": state, "variables": variables}})


def nested(number: str, *parameters: str):
    data = {
        "status": "error",
        "errorNumber": number,
        "errorMessage": f"{number}: x",
        "errorMessageParameters": parameters,
    }
    return {"status": "error", "Data": data}


def xml(number: str) -> bytes:
    return (
        f'<RestRuntimeException xmlns="{NAMESPACE}"><status>error</status><Data><errorNumber>{number}</errorNumber>'
        "</Data></RestRuntimeException>"
    ).encode()


def patch(**values: bytes):
    modifications = {name: Value(value=Raw(raw)) for name, raw in values.items()}
    return ENGINE.patch_variables(PatchVariables(instance="1", modifications=modifications))


SPELLINGS = {
    "nested": answer(404, nested("CWTBG0059E")),
    "flat": answer(404, {"status": "error", "errorNumber": "CWTBG0059E"}),
    "newer": answer(404, {"error_number": "CWTBG0059E", "error_message": "x"}),
    "message-only": answer(404, {"status": "error", "Data": {"errorMessage": "CWTBG0059E: não"}}),
    "xml": answer(404, xml("CWTBG0059E"), "application/xml"),
    "wrapped-in-200": answer(200, nested("CWTBG0059E")),
    "other-status": answer(500, nested("CWTBG0059E")),
    "null-parameters": answer(404, {"Data": {"errorMessage": "CWTBG0059E: não", "errorMessageParameters": None}}),
    "newer-message-only": answer(404, {"error_message": "CWTBG0059E: x"}),
    "lower-case-data": answer(404, {"status": "error", "data": {"errorNumber": "CWTBG0059E"}}),
    "numeric-status": answer(404, {"status": 404, "data": {"errorNumber": "CWTBG0059E"}}),
    "numeric-status-in-200": answer(200, {"status": 404, "data": {"errorNumber": "CWTBG0059E"}}),
    "data-in-200": answer(200, {"Data": {"errorMessage": "CWTBG0059E: x"}}),
    "xml-with-white-space": answer(404, xml("\n  CWTBG0059E\n"), "application/xml"),
}


@pytest.mark.parametrize("status", ["200", 200, "OK", None, "ok"], ids=repr)
def test_success_is_one_whatever_its_status_is_spelled_like(status) -> None:
    data = {
        "executionState": "Active",
        "errorMessage": "a member",
        "variables": {"errorNumber": "CWTBG0059E", "Data": 1},
    }
    given = answer(200, {"status": status, "data": data, "more": {}})
    result, _ = played(ENGINE.list_variables(ListVariables(instance="1")), given)
    assert [each.name for each in result.variables] == ["errorNumber", "Data"]


@pytest.mark.parametrize("given", SPELLINGS.values(), ids=SPELLINGS)
def test_error_number_is_found_in_every_spelling(given) -> None:
    with pytest.raises(errors.InstanceNotFound) as failed:
        _ = played(ENGINE.list_variables(ListVariables(instance="1")), given)
    assert failed.value.engine_code == "CWTBG0059E"


READS = {
    "log-in-page": (LOGIN_PAGE, errors.EngineMisbehaved),
    "cut-off": (answer(200, b'{"status": "200", "data": {'), errors.EngineMisbehaved),
    "empty": (answer(200, b""), errors.EngineMisbehaved),
    "empty-401": (answer(401), errors.EngineCredentialsRejected),
    "page-401": (answer(401, b"<html>", "text/html"), errors.EngineCredentialsRejected),
    "not-visible": (answer(401, nested("CWTBG0595E")), errors.EngineForbidden),
    "page-404": (answer(404, b"<html>", "text/html"), errors.EngineMisbehaved),
    "redirection": (answer(302), errors.EngineMisbehaved),
    "no-id": (answer(400, nested("CWTBG0553E")), errors.InvalidRequest),
    "page-503": (answer(503, b"<html>", "text/html"), errors.EngineUnavailable),
    "entity": (
        answer(200, b'<!DOCTYPE x [<!ENTITY e "e">]><RestRuntimeException/>', "text/xml"),
        errors.EngineMisbehaved,
    ),
    "completed": (read({}, "Completed"), errors.InstanceNotFound),
    "terminated": (read({}, "Terminated"), errors.InstanceNotFound),
}


@pytest.mark.parametrize(("given", "kind"), READS.values(), ids=READS)
def test_answer_to_a_read_is_told_apart(given, kind) -> None:
    with pytest.raises(errors.VarbridgeError) as failed:
        _ = played(ENGINE.list_variables(ListVariables(instance="1")), given)
    assert failed.type is kind


def test_500_that_stands_for_not_found_is_confirmed_by_a_read() -> None:
    broken = answer(500, nested("CWTBG0019E"))
    describe = DescribeInstance(instance="1")
    with pytest.raises(errors.InstanceNotFound):
        _ = played(ENGINE.describe_instance(describe), broken, answer(404, nested("CWTBG0059E")))
    with pytest.raises(errors.EngineError) as failed:
        _ = played(ENGINE.describe_instance(describe), broken, broken)
    assert failed.value.retryable is False


def test_map_that_is_no_json_is_read_without_its_comment() -> None:
    raw = b'{"status":"200","data":{"executionState":"Active","variables":{"m":null /* ERROR: " */,"t":"/* kept */"}}}'
    result, _ = played(ENGINE.list_variables(ListVariables(instance="1")), answer(200, raw))
    assert [(each.name, each.value.text) for each in result.variables] == [("m", b"null"), ("t", b'"/* kept */"')]


@pytest.mark.parametrize(("values", "pointers"), [({"a": b"7"}, ["/modifications/a"]), ({"a": b"7", "b": b"8"}, [])])
def test_value_refused_without_a_name_is_pointed_at_where_it_can_be_no_other(values, pointers) -> None:
    refused = answer(400, nested("CWTBG0029E", "params", "Integer"))
    with pytest.raises(errors.ValueInvalid) as failed:
        _ = played(patch(**values), read({"a": 1, "b": 2}), refused, read({"a": 1, "b": 2}))
    assert [fault.pointer for fault in failed.value.errors] == pointers


WRITES = {
    "undeclared": (answer(400, nested("CWTBG0543E", "a")), errors.VariableNotFound),
    "misfit": (answer(400, nested("CWTBG0029E", "params", "Integer")), errors.ValueInvalid),
    "unknown-number": (answer(400, nested("CWTBG9999E")), errors.ValueInvalid),
    "broken": (answer(500, nested("CWTBG0019E")), errors.EngineError),
    "broken-in-200": (answer(200, nested("CWTBG0019E")), errors.EngineError),
}


@pytest.mark.parametrize(("given", "kind"), WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    ("after", "outcome", "applied"),
    [
        ({"a": 1, "b": 2}, "not_applied", ()),
        ({"a": 7, "b": 2}, "partial", ("a",)),
        ({"a": 7, "b": 8}, "applied", ("a", "b")),
    ],
    ids=["none", "one", "all"],
)
def test_refused_write_is_settled_by_a_read(given, kind, after, outcome, applied) -> None:
    with pytest.raises(errors.VarbridgeError) as failed:
        _ = played(patch(a=b"7", b=b"8"), read({"a": 1, "b": 2}), given, read(after))
    assert (failed.type, failed.value.outcome, failed.value.applied) == (kind, outcome, applied)
    if kind is errors.VariableNotFound:
        assert [fault.pointer for fault in failed.value.errors] == ["/modifications/a"]


def test_refused_write_on_an_instance_that_is_gone_or_out_of_reach() -> None:
    refused = answer(500, nested("CWTBG0019E"))
    with pytest.raises(errors.InstanceNotFound):
        _ = played(patch(a=b"7"), read({"a": 1}), refused, answer(404, nested("CWTBG0059E")))
    with pytest.raises(errors.EngineError) as failed:
        _ = played(patch(a=b"7"), read({"a": 1}), refused, errors.EngineTimeout())
    assert failed.value.outcome == "unknown"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Active", errors.EngineForbidden),
        ("Did_not_Start", errors.InstanceStateConflict),
        ("Completed", errors.InstanceStateConflict),
    ],
)
def test_not_now_is_a_permission_or_a_state_as_a_read_shows(state: str, kind: type) -> None:
    refused = answer(401, nested("CWTBG0549E", "update"))
    with pytest.raises(errors.VarbridgeError) as failed:
        _ = played(patch(a=b"7"), read({"a": 1}), refused, read({"a": 1}, state))
    assert (failed.type, failed.value.outcome) == (kind, "not_applied")


@pytest.mark.parametrize(
    "given",
    [LOGIN_PAGE, answer(200, b""), answer(200, b"{"), answer(302)],
    ids=["page", "empty", "cut-off", "redirection"],
)
def test_write_that_is_answered_by_nonsense_is_unknown(given) -> None:
    with pytest.raises(errors.EngineMisbehaved) as failed:
        _ = played(patch(a=b"7"), read({"a": 1}), given)
    assert failed.value.outcome == "unknown"


def test_write_of_a_hundred_names_is_one_read_and_one_put() -> None:
    values = {f"v{number}": b"%d" % number for number in range(100)}
    _, (first, second) = played(patch(**values), read(dict.fromkeys(values, 0)), DONE)
    assert (first.method, first.query) == ("GET", (("parts", "header|data"),))
    assert (second.method, second.path) == ("PUT", ("process", "1", "variables"))
    assert json.loads(second.body) == {f"v{number}": number for number in range(100)}


def test_merge_keeps_metadata_wrappers_and_untouched_elements() -> None:
    stored = {
        "bo": {
            "n": 1,
            "list": {
                "selected": [1, 5],
                "items": [{"k": 1, "@metadata": {"objectID": "x", "className": "K"}}, {"k": 2}],
                "@metadata": {"objectID": "l"},
            },
            "@metadata": {"objectID": "o", "className": "B"},
        },
        "items": {"items": 3, "@metadata": {"className": "Odd"}},
    }
    command = PatchVariables(instance="1", merges={"bo": b'{"n": 2}', "items": b'{"items": 4}'})
    _, (_, write) = played(ENGINE.patch_variables(command), read(stored), DONE)
    stored["bo"]["n"], stored["items"]["items"] = 2, 4
    stored["bo"]["list"]["selected"] = [1]
    assert json.loads(write.body) == stored


def test_value_that_cannot_be_said_is_refused_before_anything_is_sent() -> None:
    for value in (
        Value(type="integer", format="int64", value=Raw(b"2147483648")),
        Value(type="number", value=Raw(b'"NaN"')),
        Value(type="date-time", value=Raw(b'"2026-01-01T00:00:00.5Z"')),
        Value(type="bytes", value=Raw(b'"AA=="')),
        Value(type="string", value=Raw(b'"x"'), transient=True),
        Value(type="json", value=Raw(b"5")),
    ):
        plan = ENGINE.patch_variables(PatchVariables(instance="1", modifications={"a": value}))
        with pytest.raises(errors.Refusal) as failed:
            _ = next(plan)
        assert (failed.value.status, failed.value.errors[0].pointer) == (422, "/modifications/a")


def test_lossy_steps_that_are_allowed_carry_their_rule() -> None:
    lax = IbmBpmEngine("c", Settings(int64="string", fractions="truncate", binary="base64"), Credentials())
    values = {
        "i": Value(type="integer", format="int64", value=Raw(b"2147483648")),
        "d": Value(type="date-time", value=Raw(b'"2026-01-01T01:00:00.5+01:00"')),
        "b": Value(type="bytes", value=Raw(b'"AA=="')),
    }
    plan = lax.patch_variables(PatchVariables(instance="1", modifications=values, deletions=("x",)))
    result, (_, write) = played(plan, read({}), DONE)
    assert json.loads(write.body) == {"i": "2147483648", "d": "2026-01-01T00:00:00Z", "b": "AA==", "x": None}
    assert [(rule.id, rule.name) for rule in result.rules] == [
        ("int64-to-string", "i"),
        ("date-truncated-to-seconds", "d"),
        ("date-time-to-string", "d"),
        ("binary-to-base64", "b"),
        ("delete-set-null", "x"),
    ]


def test_envelope_reads_back_as_the_file_it_was() -> None:
    keeps = IbmBpmEngine("c", Settings(binary="envelope"), Credentials())
    value = Value(type="file", value=Raw(b'"AAEC"'), filename="a.bin", media_type="x/y", encoding="UTF-8")
    _, (_, write) = played(
        keeps.patch_variables(PatchVariables(instance="1", modifications={"f": value})), read({}), DONE
    )
    result, _ = played(keeps.get_variable(GetVariable(instance="1", name="f")), read(json.loads(write.body)))
    assert result.variable.value == value


def login(*answers, mode: str = "auto"):
    engine = IbmBpmEngine("c", Settings(login=mode), Credentials(kind="ibm_session", username="u", password="p"))
    return played(engine.log_in(), *answers)


NEWER = VendorResponse(
    201,
    (("set-cookie", "LtpaToken2=t; Path=/"), ("set-cookie", "XSRF-TOKEN=x")),
    b'{"csrf_token":"c","expiration":7200}',
)
OLDER = VendorResponse(200, (("set-cookie", "LtpaToken2=t; Path=/; HttpOnly"),), b'{"status":"200","data":{}}')


def test_log_in_gives_cookies_and_csrf_tokens() -> None:
    session, (request,) = login(NEWER)
    assert session.headers == (("Cookie", "LtpaToken2=t; XSRF-TOKEN=x"), ("BPMCSRFToken", "c"), ("X-XSRF-TOKEN", "x"))
    assert (request.path, request.above, dict(request.headers)["Authorization"]) == (
        ("bpm", "system", "login"),
        4,
        "Basic dTpw",
    )


@pytest.mark.parametrize(
    ("expiration", "lifetime_s"),
    [("7200", 7200.0), ('"soon"', None), ("null", None), ("0", None), ("true", None)],
    ids=["seconds", "text", "null", "zero", "boolean"],
)
def test_log_in_says_how_long_the_session_lives(expiration: str, lifetime_s: float | None) -> None:
    body = f'{{"csrf_token":"c","expiration":{expiration}}}'.encode()
    session, _ = login(VendorResponse(201, NEWER.headers, body))
    assert (session.lifetime_s, ("BPMCSRFToken", "c") in session.headers) == (lifetime_s, True)


def test_older_server_is_logged_in_to_by_asking_who_i_am() -> None:
    session, (_, second) = login(answer(404), OLDER)
    assert (session.headers, second.path) == ((("Cookie", "LtpaToken2=t"),), ("user", "current"))


PAGE = VendorResponse(
    200, (("content-type", "text/html"), ("set-cookie", "JSESSIONID=0000x:-1")), b"<html>log in</html>"
)
BARE = VendorResponse(200, (("set-cookie", "JSESSIONID=0000x:-1"),), b"\n<!DOCTYPE HTML>log in")


@pytest.mark.parametrize("page", [PAGE, BARE], ids=["by-its-type", "by-its-text"])
def test_log_in_that_is_answered_by_a_page_is_none(page) -> None:
    session, (_, second) = login(page, OLDER)
    assert (session.headers, second.path) == ((("Cookie", "LtpaToken2=t"),), ("user", "current"))
    for answers, mode in (((page,), "system_login"), ((page,), "user_current"), ((page, page), "auto")):
        with pytest.raises(errors.EngineCredentialsRejected):
            _ = login(*answers, mode=mode)


@pytest.mark.parametrize(
    "answers",
    [(answer(401),), (answer(404), answer(401)), (answer(404), answer(200, {}))],
    ids=["newer", "older", "no-cookie"],
)
def test_log_in_that_is_refused_says_so(answers) -> None:
    with pytest.raises(errors.EngineCredentialsRejected):
        _ = login(*answers)


EXPIRED = {
    "empty-401": (answer(401), True),
    "page-401": (answer(401, b"<html>", "text/html"), True),
    "not-now": (answer(401, nested("CWTBG0549E")), False),
    "csrf": (answer(403, {"error_number": "CWTBG0651E"}), True),
    "start-failed": (answer(403, nested("CWTBG0570E")), False),
    "log-in-page": (LOGIN_PAGE, True),
    "xhtml": (answer(200, b"<p/>", "application/xhtml+xml"), True),
    "page-without-type": (answer(200, b"\r\n<!doctype HTML><html>", ""), True),
    "page-said-to-be-json": (answer(200, b"<html>", "application/json"), True),
    "xml": (answer(200, b'<?xml version="1.0"?><RestResponse/>', "application/xml"), False),
    "redirection": (answer(302), True),
    "done": (DONE, False),
}


@pytest.mark.parametrize(("given", "over"), EXPIRED.values(), ids=EXPIRED)
def test_session_is_over_only_when_the_container_says_so(given, over: bool) -> None:
    assert ENGINE.expired(given) is over


@pytest.mark.parametrize("text", ["1", "2072.1", "BPDInstance.1", "0001"])
def test_every_spelling_of_an_id_is_the_same_instance(text: str) -> None:
    assert ENGINE.native_id(text) == "1"


def test_every_error_has_a_number_of_its_own_in_the_dialect() -> None:
    codes = {kind.code for kind in error_classes()}
    assert codes <= set(NUMBERS)
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_method_that_is_overridden_decides() -> None:
    overridden = {"x-http-method-override": "PUT"}
    request = DialectRequest(method="POST", segments=("process", "1", "variables"), query=overridden)
    assert IbmBpmDialect().facts(request) == RequestFacts(scope="variables:write", writes=True, instance="1")
    request = DialectRequest(method="POST", segments=("process", "1"), headers={"X-Method-Override": "GET"})
    assert IbmBpmDialect().facts(request) == RequestFacts(scope="variables:read", writes=False, instance="1")
