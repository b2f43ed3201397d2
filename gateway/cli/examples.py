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
    "bridge plan create": (
        "varbridge bridge plan create hr-move --source hr --target claims --definition invoice --twins marker:origin",
        "varbridge bridge plan create hr-move --file changes.json",
    ),
    "bridge plan list": ("varbridge bridge plan list",),
    "bridge plan show": ("varbridge bridge plan show hr-move --json",),
    "bridge plan change": (
        "varbridge bridge plan change hr-move --stage live",
        "varbridge bridge plan change hr-move --policy value-too-long=skip-variable --policy '*=skip-instance'",
    ),
    "bridge plan remove": ("varbridge bridge plan remove hr-move",),
    "bridge link create": ("varbridge bridge link create hr:8f2c claims:1355 --plan hr-move",),
    "bridge link list": ("varbridge bridge link list --plan hr-move --state failed --all",),
    "bridge link show": ("varbridge bridge link show hr:8f2c",),
    "bridge link remove": ("varbridge bridge link remove hr:8f2c",),
    "bridge link by-rule": ("varbridge bridge link by-rule hr-move",),
    "bridge import": ("varbridge bridge import changes.json --format ndjson --plan hr-move --check",),
    "bridge assess": ("varbridge bridge assess hr-move", "varbridge bridge assess hr-move --no-wait --json"),
    "bridge copy": (
        "varbridge bridge copy hr-move --at-once 4 --per-second 20",
        "varbridge bridge copy hr-move --cancel",
    ),
    "bridge verify": ("varbridge bridge verify hr-move",),
    "bridge job list": ("varbridge bridge job list --plan hr-move",),
    "bridge job show": ("varbridge bridge job show 0197c1",),
    "bridge job wait": ("varbridge bridge job wait 0197c1",),
    "bridge job cancel": ("varbridge bridge job cancel 0197c1",),
    "bridge job results": ("varbridge bridge job results 0197c1 --json",),
    "bridge report": ("varbridge bridge report 0197c1", "varbridge bridge report --plan hr-move --html report.html"),
    "bridge explain": ("varbridge bridge explain hr:8f2c", "varbridge bridge explain hr:8f2c --plan hr-move --json"),
    "bridge cut-over": ("varbridge bridge cut-over hr:8f2c", "varbridge bridge cut-over --plan hr-move --at-once 8"),
    "bridge roll-back": ("varbridge bridge roll-back hr:8f2c", "varbridge bridge roll-back --plan hr-move"),
    "bridge finish": ("varbridge bridge finish hr:8f2c", "varbridge bridge finish --plan hr-move"),
    "bridge status": ("varbridge bridge status", "varbridge bridge status hr-move --json"),
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
