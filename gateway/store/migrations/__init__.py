"""The steps from an empty database to today's tables, in order; each a module with ``upgrade``.

A new step: copy the last one, give it the next number, name the one before in ``down_revision``, and add the table to
``gateway.store.tables``. A step only adds (tables, columns that may be null, indexes), so that gateways of the old and
the new version can run side by side while replicas are replaced; there is no way down for the same reason.
"""
