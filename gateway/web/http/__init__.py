"""The HTTP server towards callers: boundary, bodies, headers, answers; knows no resource and no dialect."""
