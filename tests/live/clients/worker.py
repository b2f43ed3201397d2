"""A worker on `pycamunda`: starts an instance, fetches its task, reads, sets, completes.

Standard input has the address, the credentials and the request that starts the instance; standard output says what the
worker saw.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pycamunda.externaltask
import pycamunda.processdef
import pycamunda.processinst
import requests


def ask(request: Any, session: requests.Session) -> Any:
    request.session = session
    return request()


def main() -> None:
    told = json.load(sys.stdin)
    url = told["url"]
    session = requests.Session()
    session.auth = (told["username"], told["password"])

    start = pycamunda.processdef.StartInstance(url, key="clientFlow", business_key=told["start"]["businessKey"])
    for name, given in told["start"]["variables"].items():
        start.add_variable(name, given["value"], given["type"], given.get("valueInfo"))
    instance = ask(start, session).id_

    fetch = pycamunda.externaltask.FetchAndLock(url, "python", 1, async_response_timeout=20_000)
    fetch.add_topic(told["topic"], 60_000)
    (task,) = ask(fetch, session)
    seen = {name: [each.type_, each.value] for name, each in task.variables.items()}
    content = ask(pycamunda.processinst.VariablesGet(url, instance, "scan", binary=True), session)
    seen["scan"] += [task.variables["scan"].value_info, content.decode()]
    listed = ask(pycamunda.processinst.VariablesGetList(url, instance), session)
    assert {name: each.value for name, each in listed.items()} == {n: each.value for n, each in task.variables.items()}

    ask(pycamunda.externaltask.ExtendLock(url, task.id_, 120_000, "python"), session)
    update = pycamunda.processinst.VariablesModify(url, instance, deletions=["note"])
    update.add_variable("count", 43, "Long")
    update.add_variable("order", '{"id": 2}', "Json")
    ask(update, session)
    part = ("receipt ä.txt", "bezahlt ✓".encode(), "text/plain; charset=UTF-8")
    ask(pycamunda.processinst.VariablesUpdate(url, instance, "receipt", part, "File"), session)
    complete = pycamunda.externaltask.Complete(url, task.id_, "python")
    complete.add_variable("by", "python")
    complete.add_variable("text", None, "String")
    complete.add_variable("when", "2026-01-01T00:00:00.250+0000", "Date")
    ask(complete, session)
    print(json.dumps({"instance": instance, "seen": seen}))


if __name__ == "__main__":
    main()
