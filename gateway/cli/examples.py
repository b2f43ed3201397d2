"""What ``--help`` shows below the options of a command: lines to paste. Every command has some."""

from __future__ import annotations

from collections.abc import Mapping

import click

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "serve": (
        "varbridge serve --config /etc/varbridge/gateway.toml",
        "varbridge serve --config gateway.toml --workers 4",
    ),
    "worker": (
        "varbridge worker --config /etc/varbridge/gateway.toml",
        "varbridge worker --config gateway.toml --admin-port 9091",
    ),
    "reload": ("varbridge reload --status --config gateway.toml",),
    "check": ("varbridge check gateway.toml", "varbridge check gateway.toml --reach --json"),
    "demo": ("varbridge demo", "varbridge demo --once --port 0 --admin-port 0"),
    "engines": ("varbridge engines", "varbridge engines --engine hr --json"),
    "instances activities": ("varbridge instances activities hr:8f2c",),
    "instances find": ("varbridge instances find --business-key order-7 --variables",),
    "instances show": ("varbridge instances show hr:8f2c", "varbridge instances show hr:8f2c --ended --json"),
    "instances start": ("varbridge instances start invoice --business-key order-7 --set amount=1300",),
    "vars list": ("varbridge vars list hr:8f2c", "varbridge vars list hr:8f2c --names amount,due --json"),
    "vars get": ("varbridge vars get hr:8f2c amount",),
    "vars set": (
        "varbridge vars set hr:8f2c amount 1300",
        "varbridge vars set claims:1355 due 2026-03-01T10:30:00Z --type date-time",
    ),
    "vars patch": ("varbridge vars patch hr:8f2c --set amount=1300 --set 'note=\"checked\"' --delete obsolete",),
    "vars merge": ('varbridge vars merge claims:1355 customer \'{"tier": "gold"}\'',),
    "vars delete": ("varbridge vars delete hr:8f2c obsolete draft",),
    "modify": ("varbridge modify hr:8f2c --cancel review --start-before approve --dry-run",),
    "tasks complete": ("varbridge tasks complete hr:41aa --set approved=true",),
    "messages send": ("varbridge messages send paid --business-key order-7 --set amount=1300",),
    "batch": ("varbridge batch changes.json", "varbridge batch changes.json --dry-run"),
    "operations start": ("varbridge operations start --where 'tier eq \"old\"' --set 'tier=\"gold\"' --wait",),
    "operations show": ("varbridge operations show 0197c1",),
    "operations wait": ("varbridge operations wait 0197c1",),
    "operations results": ("varbridge operations results 0197c1 --json",),
    "operations cancel": ("varbridge operations cancel 0197c1",),
    "query": ("varbridge query --where 'amount gteq 1300' --engine hr", "varbridge query --name-like 'inv%' --count"),
    "audit list": (
        "varbridge audit list --config gateway.toml --subject plan:hr-move",
        "varbridge audit list --config gateway.toml --caller ada --since 2026-03-01 --json",
    ),
    "audit verify": (
        "varbridge audit verify --config gateway.toml",
        "varbridge audit verify --config gateway.toml --head-file /mnt/elsewhere/varbridge.head",
    ),
    "audit head": ("varbridge audit head --config gateway.toml > /mnt/elsewhere/varbridge.head",),
    "openapi": ("varbridge openapi > openapi.json",),
    "completion": (
        "source <(varbridge completion bash)",
        "varbridge completion fish > ~/.config/fish/completions/varbridge.fish",
    ),
}
"""Of each command that does something; `vars set` is `set` in the group `vars`."""


def add_examples(command: click.Command, path: str) -> click.Command:
    """Return the command with its examples below its options; those of a group are its commands'."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            _ = add_examples(each, f"{path} {name}")
    elif path in EXAMPLES:
        command.epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in EXAMPLES[path])
    return command
