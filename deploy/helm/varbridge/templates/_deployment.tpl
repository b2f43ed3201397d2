{{/* The Deployment of the gateways or, with `worker`, of processes that carry jobs out. */}}
{{- define "varbridge.deployment" -}}
{{- $worker := .worker -}}
{{- $labels := .worker | ternary "varbridge.workerLabels" "varbridge.labels" -}}
{{- $selector := .worker | ternary "varbridge.workerSelector" "varbridge.selector" -}}
{{- with .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "varbridge.name" . }}{{ if $worker }}-worker{{ end }}
  labels: {{- include $labels . | nindent 4 }}
spec:
  {{- if $worker }}
  replicas: {{ .Values.workers.replicaCount }}
  {{- else if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels: {{- include $selector . | nindent 6 }}
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  template:
    metadata:
      labels:
        {{- include $labels . | nindent 8 }}
        {{- with .Values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        checksum/config: {{ .Values.restartOnChange | ternary (include "varbridge.config" .) "" | sha256sum }}
        {{- with .Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      # drain_wait_s and grace_s, and some more for what is closed then
      terminationGracePeriodSeconds: {{ add (include "varbridge.drain" .) .Values.server.graceSeconds 10 }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ $worker | ternary "worker" "gateway" }}
          image: {{ include "varbridge.image" . | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          {{- if $worker }}
          args: [worker, --config, /etc/varbridge/gateway.toml]
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          ports:
            {{- if not $worker }}
            - {name: http, containerPort: {{ .Values.server.port }}}
            {{- end }}
            - {name: admin, containerPort: {{ .Values.server.adminPort }}}
          startupProbe:
            httpGet: {path: /healthz, port: admin}
            {{- toYaml .Values.startupProbe | nindent 12 }}
          readinessProbe:
            httpGet: {path: /readyz, port: admin}
            {{- toYaml .Values.readinessProbe | nindent 12 }}
          livenessProbe:
            httpGet: {path: /healthz, port: admin}
            {{- toYaml .Values.livenessProbe | nindent 12 }}
          resources: {{- toYaml ($worker | ternary .Values.workers.resources .Values.resources) | nindent 12 }}
          volumeMounts:
            - {name: config, mountPath: /etc/varbridge, readOnly: true}
            - {name: state, mountPath: /var/lib/varbridge}
            - {name: tmp, mountPath: /tmp}
            {{- range .Values.secrets }}
            - {name: "secret-{{ . }}", mountPath: "/run/secrets/varbridge/{{ . }}", readOnly: true}
            {{- end }}
            {{- range .Values.authorities }}
            - {name: "authority-{{ . }}", mountPath: "/run/authorities/varbridge/{{ . }}", readOnly: true}
            {{- end }}
      volumes:
        - name: config
          configMap: {name: {{ include "varbridge.name" . }}}
        - name: state
          emptyDir: {}
        - name: tmp
          emptyDir: {medium: Memory, sizeLimit: 16Mi}
        {{- range .Values.secrets }}
        - name: secret-{{ . }}
          secret: {secretName: {{ . | quote }}, defaultMode: 0440}
        {{- end }}
        {{- range .Values.authorities }}
        - name: authority-{{ . }}
          configMap: {name: {{ . | quote }}}
        {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include $selector . | nindent 14 }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end }}
