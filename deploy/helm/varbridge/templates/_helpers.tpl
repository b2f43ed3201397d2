{{- define "varbridge.name" -}}
{{- contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "varbridge.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "varbridge.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{ include "varbridge.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Workers have a name of their own, so that nothing that selects gateways selects them. */}}
{{- define "varbridge.workerSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-worker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "varbridge.workerLabels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{ include "varbridge.workerSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "varbridge.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Seconds from "not ready" to closing the port: as long as the readiness probe may take to notice. */}}
{{- define "varbridge.drain" -}}
{{- $probe := .Values.readinessProbe -}}
{{- if kindIs "invalid" .Values.server.drainWaitSeconds -}}
{{ mul $probe.periodSeconds $probe.failureThreshold }}
{{- else -}}
{{- if lt (int .Values.server.drainWaitSeconds) (int $probe.periodSeconds) -}}
{{ fail "server.drainWaitSeconds: shorter than the period of the readiness probe, so requests would be refused" }}
{{- end -}}
{{ .Values.server.drainWaitSeconds }}
{{- end -}}
{{- end }}

{{/* What the callers' port speaks. */}}
{{- define "varbridge.protocol" -}}
{{- regexMatch `(?m)^\s*\[\s*server\s*\.\s*tls\s*\]` .Values.config | ternary "https" "http" -}}
{{- end }}

{{/* Refuses a configuration that names a folder of the first argument's kind that is not mounted. */}}
{{- define "varbridge.mounted" -}}
{{- $folder := printf "/run/%s/varbridge/" .kind -}}
{{- range regexFindAll (printf `%s[^/"'\s]+` $folder) .text -1 -}}
{{- $name := trimPrefix $folder . -}}
{{- if not (has $name $.names) }}{{ fail (printf "config: %s is not mounted; add %s to `%s`" . $name $.kind) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* gateway.toml: [server] from the values, then the text as it is. */}}
{{- define "varbridge.config" -}}
{{- $text := required "config: your gateway.toml, without [server]" .Values.config -}}
{{- if regexMatch `(?m)^\s*\[\s*server\s*\]` $text }}{{ fail "config: without [server], which the chart writes" }}{{ end -}}
{{- $several := or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- $onSqlite := or (not (regexMatch `(?m)^\s*\[\s*store\s*\]` $text)) (regexMatch `(?m)^\s*url\s*=.*sqlite:` $text) -}}
{{- if and .Values.workers.replicaCount $onSqlite -}}
{{ fail "config: workers need [store] with a PostgreSQL" }}
{{- end -}}
{{- if and $several $onSqlite -}}
{{ fail "config: several replicas need [store] with a PostgreSQL; SQLite is for one" }}
{{- end -}}
{{- include "varbridge.mounted" (dict "kind" "secrets" "names" .Values.secrets "text" $text) -}}
{{- include "varbridge.mounted" (dict "kind" "authorities" "names" .Values.authorities "text" $text) -}}
[server]
host = "0.0.0.0"
port = {{ .Values.server.port }}
admin_host = "0.0.0.0"
admin_port = {{ .Values.server.adminPort }}
grace_s = {{ .Values.server.graceSeconds }}.0
drain_wait_s = {{ include "varbridge.drain" . }}.0
{{ .Values.server.more }}

{{ $text }}
{{- end }}
