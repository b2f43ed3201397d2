"""The unified side of the gateway; it knows no vendor word."""
