"""Front doors in the vendors' own dialects: bytes in, bytes out."""
