#!/usr/bin/env bash
# IBM's language by curl alone. Each answer is one line.
# Arguments: base URL of the front door; an instance; one of its tasks; a token (percent-encoded) and the step it goes to.
set -euo pipefail
door=$1 instance=$2 task=$3 token=$4 target=$5
process=$door/process/$instance
json='Content-Type: application/json'
ask() { curl -sS --fail-with-body "$@"; echo; }

ask "$process?parts=header%7Cdata"
ask -X PUT "$process/variables" -H "$json" -d '{"amount": 1300.50, "note": "checked", "lines": {"items": [{"text": "a"}]}}'
ask -X PUT "$process/variable/customer" -H "$json" -d '{"name": "Ada", "@metadata": {"className": "Customer"}}'
ask -X POST "$process/variable/customer" -H "$json" -H 'X-Method-Override: PUT' -d '{"name": "Bo"}'
ask "$process?parts=data" -H 'Accept: application/xml'
ask -X PUT "$door/task/$task?action=finish" --data-urlencode 'params={"outcome": "done"}'
ask -X POST "$process?action=moveToken&tokenId=$token&target=$target"
ask "$door/process?action=getdetails&instanceIds=$instance&parts=all"
ask -X POST "$door/process?action=start&bpdId=userTask" --data-urlencode 'params={"amount": 5}'
ask -X PUT "$process?action=suspend"
ask -X PUT "$process?action=resume"
