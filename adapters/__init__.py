"""One package a vendor: pure translation, no input or output, no clock, no log. How to add one: ADDING.md."""
