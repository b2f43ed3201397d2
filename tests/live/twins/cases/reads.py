"""What can be read without changing anything: paths, filters in a query, filters in a body."""

from __future__ import annotations

READS = (
    "",
    *"""
/engine
/engine/default/version
/version
/
//
/nope
/engine/nope/process-instance
/a?b
/engine/default/process-instance/@r@/variables
/engine/default//process-instance/@r@/variables/string
/process-instance/@r@
/process-instance/@r@/
/process-instance/nope
/process-instance//@r@
/process-instance/@r@/activity-instances
/process-instance/@r@/variables
/process-instance/@r@/nope
/process-instance?processInstanceIds=@r@
/process-instance/count?businessKey=@key@
/process-instance/count
/process-instance?businessKey=@key@&sortBy=businessKey&sortOrder=asc
/process-instance?variables=integer_eq_42&businessKey=@key@
/process-instance?variables=bad
/process-instance
/process-instance/@r@/variables?deserializeValues=true
/process-instance/@r@/variables?deserializeValues=false
/process-instance/@r@/variables?deserializeValues=x
/process-instance/@r@/variables?deserializeValues=
/process-instance/@r@/variables?deserializeValues=false&a=b
/process-instance/@r@/variables/nope
/process-instance/nope/variables
/process-instance/nope/variables/a
/process-instance/@r@/variables/nope/data
/process-instance/@broken@/variables
/process-instance/@past@
/process-instance/@broken@/variables?deserializeValues=false
/process-instance/@p@/variables
/process-instance/@past@/variables
/process-instance/@m@/activity-instances
/execution/@inner@
/execution/@inner@/localVariables
/execution/@inner@/localVariables/scopeVar
/execution/@inner@/localVariables/nope
/execution/@inner@/localVariables/scopeVar/data
/execution/nope
/execution/nope/localVariables
/execution?processInstanceId=@r@
/execution/count?processInstanceId=@p@
/execution/@r@/localVariables/file/data
/execution/@r@/localVariables/bytes/data
/execution/@inner@/nope
/execution/@m@/messageSubscriptions/Paid
/execution/@m@/messageSubscriptions/nope
/task?processInstanceId=@r@
/task/count?processInstanceId=@r@
/task/@task@
/task/nope
/task/@task@/form
/task/@task@/variables
/task/@task@/variables/integer
/task/@task@/variables?deserializeValues=false
/task/@task@/localVariables
/task/@task@/localVariables/t
/task/@task@/localVariables/nope
/task/@task@/localVariables/tf/data
/task/@task@/variables/file/data
/task/nope/variables
/task/@task@/identity-links
/task/@task@/comment
/task/@task@/form-variables
/task/@task@/rendered-form
/task/@task@/comment/nope
/task/@task@/attachment
/task/@task@/deployed-form
/process-definition/key/userTask
/process-definition/key/userTask/xml
/process-definition/key/nope
/process-definition?key=userTask
/process-definition/count
/process-definition/key/userTask/statistics
/process-definition/key/userTask/diagram
/process-definition/key/userTask/startForm
/process-definition/nope
/process-definition?sortBy=key&sortOrder=asc&maxResults=2
/process-definition/key/userTask/form-variables
/deployment
/deployment/count
/deployment/@d@
/deployment/@d@/resources
/deployment/nope
/deployment/@d@/resources/@res@
/deployment/@d@/resources/@res@/data
/deployment/@d@/resources/nope/data
/external-task?processInstanceId=@x@
/external-task/@external@
/external-task/nope
/external-task/count
/external-task/topic-names
/external-task/@external@/errorDetails
/incident
/job
/job/count
/batch
/history/process-instance/@r@
/history/process-instance/@past@
/history/process-instance/nope
/history/process-instance?processInstanceId=@r@
/history/process-instance/count?processInstanceId=@past@
/history/process-instance?processInstanceBusinessKey=@key@&sortBy=startTime&sortOrder=asc
/history/nope
/history/variable-instance?processInstanceId=@r@&sortBy=variableName&sortOrder=asc
/history/variable-instance?processInstanceId=@r@&deserializeValues=false&sortBy=variableName&sortOrder=desc
/history/variable-instance/count?processInstanceId=@past@
/history/variable-instance/nope
/history/variable-instance?processInstanceId=@past@&includeDeleted=true&sortBy=variableName&sortOrder=asc
/history/variable-instance/@vfile@/data
/history/variable-instance/@vbytes@/data
/variable-instance/nope
/history/activity-instance?processInstanceId=@r@
/history/task?processInstanceId=@r@
/history/detail/count
/history/task/count?processInstanceId=@past@
/history/external-task-log/count
/history/incident
/variable-instance/@vfile@
/variable-instance/@vfile@/data
/variable-instance/@vbytes@/data
/variable-instance/@vbytes@?deserializeValue=false
/identity/groups?userId=x
/user
/group
/filter
/metrics/sum
/schema/log
/telemetry/configuration
/event-subscription?processInstanceId=@m@
/decision-definition
/case-definition
/authorization
/tenant
/modification
/migration
""".split(),
)

FILTERS = (
    "",
    *"""
&variableName=integer
&variableNameLike=%25o%25
&variableNameLike=n%5C_%25
&variableValues=integer_eq_42
&variableValues=integer_gt_41
&variableValues=integer_neq_42
&variableValues=string_like_pl%25
&variableValues=date_lt_2014-01-01T00:00:00.000%2B0000
&variableValues=bad
&variableValues=a_nope_1
&variableNamesIgnoreCase=true&variableName=INTEGER
&variableValuesIgnoreCase=true&variableValues=string_eq_PLAIN
&executionIdIn=@r@
&executionIdIn=@r@,nope
&taskIdIn=@task@
&activityInstanceIdIn=@r@
&tenantIdIn=x
&batchIdIn=x
&caseInstanceIdIn=x
&caseExecutionIdIn=x
&variableScopeIdIn=@r@
&unknown=1
&&
&=
&deserializeValues=false
&firstResult=2&maxResults=3
&maxResults=0
&maxResults=x
&firstResult=-1
&variableName=a%20b
&variableName=a+b
&variableName=a%2Bb
&variableName=%
&a=%zz
&variableName=integer&variableName=long
&variableName
&variableName=
&sortBy=variableType
&a=b;c=d
?
""".split(),
)

UNREADABLE = (
    "/process-instance/@r@/variables/é",
    "/process-instance/@r@/variables/😀",
    "/variable-instance?variableName=é",
)
"""Bytes that stand in no target of HTTP: each server refuses them in its own words."""

SORTED = "sortBy=variableName&sortOrder=asc"

BODY_FILTERS: tuple[object, ...] = (
    *({}, {"variableName": "integer"}, {"variableNameLike": "%o%"}, {"unknown": 1}, {"executionIdIn": ["@r@"]}),
    *({"taskIdIn": ["@task@"]}, {"variableScopeIdIn": ["@r@"]}, {"tenantIdIn": []}, {"variableValues": []}),
    *(
        {"variableValues": [{"name": name, "operator": operator, "value": of}]}
        for name, operator, of in (
            *(("integer", "eq", 42), ("integer", "eq", "42"), ("integer", "neq", None), ("integer", "lteq", 42.0)),
            *(("string", "like", "p%"), ("string", "notLike", "p%"), ("boolean", "gt", True), ("unicode", "eq", "ä😀")),
            *(("date", "gt", "2013-01-01T00:00:00.000+0000"), ("integer", "nope", 1), ("long", "gteq", 1 << 62)),
        )
    ),
    *({"variableNamesIgnoreCase": True, "variableName": "INTEGER"}, {"variableName": 5}, {"variableName": None}),
    {"sorting": [{"sortBy": "variableType", "sortOrder": "desc"}, {"sortBy": "variableName", "sortOrder": "asc"}]},
    *(
        {"sorting": [{"sortBy": "nope", "sortOrder": "asc"}]},
        {"sorting": {}},
        {"sorting": [{}]},
        {"processInstanceIdIn": "x"},
    ),
)
