"""Front doors in the vendors' own dialects: bytes in, bytes out. ``relay`` is read first; ``door`` says what one is."""
