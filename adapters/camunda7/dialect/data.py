"""``…/variables/{name}/data`` in Camunda's language: content that streams, and forms around it.

The engine itself ignores parts that it does not know, and stores the name of a Java array for any type but Bytes and
File (recording ``form-string``). Here both are refused. Its deprecated form, JSON with the name of a class, means an
object where that class is a plain map or list; other classes are Java's business, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from gateway.errors import Fault, InvalidRequest, MethodNotAllowed, UnsupportedMediaType, ValueInvalid
from gateway.model import jsontext
from gateway.model.commands import Command, PatchVariables, ReadBinary, WriteBinary
from gateway.model.results import BinaryRead
from gateway.model.values import Value
from gateway.plan import Stream, VendorResponse
from gateway.port import DialectRequest, FormShape, UploadedForm

_CLASS = "type"
_TYPES = ("valueType", "variableType")
"""What engines read, and what the vendor's page says (``camunda-post-variable-binary``)."""
_JSON, _BYTES = "application/json", "application/octet-stream"
FORM = FormShape(content="data", fields=frozenset({*_TYPES, _CLASS}), held=_JSON)
_KINDS = {b"bytes": b"Bytes", b"Bytes": b"Bytes", b"file": b"File", b"File": b"File"}
"""As with all types, only the first letter's case is free."""
_ANY = r"java\.lang\.Object"
_PLAIN = re.compile(
    rf"java\.util\.(?:(?P<list>Collection|List|ArrayList)(?:<{_ANY}>)?"
    rf"|(?:Map|HashMap|LinkedHashMap)(?:<java\.lang\.(?:String|Object),\s*{_ANY}>)?)"
)
"""Classes that hold any JSON array or object as it is."""
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_PARAMETER = re.compile(r';\s*(encoding|transient)\s*=\s*(?:"([^"]*)"|([^\s;"]*))', re.IGNORECASE)


def decode_data(request: DialectRequest, instance: str, scope: str, name: str) -> Command:
    """Return the command that a request on content means.

    Raises:
        MethodNotAllowed, UnsupportedMediaType, InvalidRequest, ValueInvalid, InvalidJson, PayloadTooLarge: none.
    """
    match request.method:
        case "GET" | "HEAD":
            return ReadBinary(instance=instance, scope=scope, name=name)
        case "POST":
            return _write(request.form, instance, scope, name)
        case _:
            raise MethodNotAllowed


def _write(form: UploadedForm | None, instance: str, scope: str, name: str) -> Command:
    if form is None:
        raise UnsupportedMediaType("Give the content as multipart/form-data, in a part `data`.")
    if _CLASS in form.fields:
        values = {name: _object(form)}
        return PatchVariables(instance=instance, scope=scope, modifications=values, pointers={name: ""})
    kind, media_type = upload_kind(form), _media_type(form)
    return WriteBinary(
        instance=instance,
        scope=scope,
        name=name,
        content=form.content,
        kind=kind if form.is_complete else form.kind,
        filename=form.filename,
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else _BYTES,
        encoding=_parameters(form).get("encoding"),
    )


def upload_kind(form: UploadedForm) -> bytes:
    """Return what the content of a form is, ``Bytes`` or ``File``.

    Raises:
        InvalidRequest: it says something else, or two things. ValueInvalid: it says what a file cannot be.
    """
    if _CLASS in form.fields:
        raise InvalidRequest("A part `type` belongs to JSON that is no longer than a JSON body may be.")
    said = {_KINDS.get(form.fields[word]) for word in _TYPES if word in form.fields} or {b"Bytes"}
    kind = said.pop()
    if kind is None or said:
        raise InvalidRequest("`valueType` is Bytes or File; other types have no content that could be uploaded.")
    if kind == b"File":
        _check_file(form)
    return kind


def _check_file(form: UploadedForm) -> None:
    if not form.filename:
        raise _invalid("Cannot create file without filename! The part `data` has it.")
    if not _MEDIA_TYPE.fullmatch(_media_type(form)):
        raise _invalid("Invalid mime type given")
    if _parameters(form).get("transient", "false").lower() != "false":
        raise _invalid("A file that is transient cannot be uploaded here.")


def _media_type(form: UploadedForm) -> str:
    """Return the media type without parameters; what they mean here, ``encoding`` says and not ``charset``."""
    return _BYTES if form.content_type is None else form.content_type.partition(";")[0].strip()


def _parameters(form: UploadedForm) -> Mapping[str, str]:
    found = _PARAMETER.findall(form.content_type or "")
    return {name.lower(): quoted or plain for name, quoted, plain in found}


def _object(form: UploadedForm) -> Value:
    """Return the object that the deprecated form means; its class is the owner's own for plain maps and lists.

    Raises:
        InvalidRequest: another class, content that is not said to be JSON, or types beside it.
        InvalidJson, PayloadTooLarge: it is no such text. ValueInvalid: it does not fit the class.
    """
    if any(word in form.fields for word in _TYPES):
        raise InvalidRequest("`type` and `valueType` say two things.")
    if _JSON not in _media_type(form).lower():
        raise InvalidRequest("Unrecognized content type for serialized java type: the part `data` is application/json.")
    plain = _PLAIN.fullmatch(form.fields[_CLASS].decode("utf-8", "replace").strip())
    if plain is None:
        raise InvalidRequest("Of Java's classes only plain maps and lists can be said here.")
    if isinstance(form.content, Stream):
        raise InvalidRequest("A part `type` belongs to JSON that is no longer than a JSON body may be.")
    tree = jsontext.parse(form.content)
    if not isinstance(tree, list if plain["list"] else dict):
        raise _invalid("Could not deserialize JSON object: it is not what its class holds.")
    return Value(type="object", value=msgspec.Raw(form.content))


def _invalid(detail: str) -> ValueInvalid:
    return ValueInvalid(detail, errors=(Fault("", detail),))


def encode_data(result: BinaryRead) -> VendorResponse:
    """Return content as the engine answers it: a file with its name, bytes without.

    The name in quotes has an underscore for what no header carries; the vendor's own breaks on it.
    """
    headers = [("Content-Type", _shown_type(result.media_type)), ("Cache-Control", "no-cache")]
    if result.filename is not None:
        plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", result.filename)
        encoded = quote(result.filename, safe="")
        headers.append(("Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
    if isinstance(result.content, Stream) and result.size is not None:
        headers.append(("Content-Length", str(result.size)))
    return VendorResponse(200, tuple(headers), result.content)


def _shown_type(kind: str | None) -> str:
    """Return a media type as the engine spells it, ``text/plain;charset=UTF-8``; bytes for what no header carries."""
    if kind is None or not (kind.isascii() and kind.isprintable()):
        return _BYTES
    return re.sub(r";\s+", ";", kind)
