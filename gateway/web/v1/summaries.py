"""One sentence an operation, for people who read the API page; the parts of the path give the headings."""

from __future__ import annotations

SUMMARIES = {
    "list_engines": "Engines: vendor, version, health, capabilities, limits",
    "describe_engine": "One engine",
    "find_instances": "Instances by business key or definition, of all engines",
    "start_instance": "Start an instance with variables, on the engine that start routing or the caller names",
    "describe_instance": "One instance: definition, business key, state",
    "list_activities": "Where the tokens of an instance are",
    "modify_instance": "Cancel and start activities, in order, with variables",
    "list_variables": "Variables of an instance, typed, with entity tags",
    "patch_variables": "Set and delete variables in one call; updates precede deletions",
    "get_variable": "One variable",
    "put_variable": "Set one variable",
    "patch_value": "Change part of a structured variable: merge patch or JSON patch",
    "delete_variable": "Delete one variable",
    "read_data": "Content of a bytes or file variable, streamed",
    "write_data": "Write the content of a bytes or file variable, streamed; raw or as a form",
    "post_data": "The same as PUT, for clients that post forms",
    "complete_task": "Complete a task with variables",
    "correlate_message": "Correlate a message with variables",
    "patch_batch": "Many instances in one call; each stands for itself",
    "query_variables": "Variables of any instance, by name, value and place, of all engines, page by page",
    "count_variables": "How many variables a query finds",
    "start_operation": "Set and delete variables of all instances that a query finds, in the background",
    "describe_operation": "How far an operation is",
    "cancel_operation": "Begin no further item of an operation",
    "operation_results": "How each instance of an operation went, one line of JSON each",
    "openapi_document": "This document",
}


def heading(template: str) -> str:
    """Give what an operation is listed under: its last plain part that names a kind of thing."""
    if "/variables" in template:
        return "variables"
    parts = template.strip("/").split("/")
    return parts[1] if len(parts) > 1 else "document"
