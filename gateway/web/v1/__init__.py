"""The unified dialect: HTTP of ``/v1`` to commands, results to HTTP. One handler for each route."""
