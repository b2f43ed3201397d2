"""``Gateway-Rules``: the lossy steps that were allowed and taken, in every dialect."""

from __future__ import annotations

from urllib.parse import quote

from gateway.model.results import Rule

_PRINTABLE = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"


def rules_header(rules: tuple[Rule, ...]) -> tuple[tuple[str, str], ...]:
    """Return ``Gateway-Rules``; names are percent-encoded beyond printable ASCII, so no header can be split."""
    if not rules:
        return ()
    listed = ", ".join(f'{rule.id};name="{quote(rule.name, safe=_PRINTABLE)}"' for rule in rules)
    return (("Gateway-Rules", listed),)
