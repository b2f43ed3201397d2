"""Values, commands, results: frozen structs that every room speaks. Import from the submodules."""
