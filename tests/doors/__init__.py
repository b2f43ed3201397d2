"""Every path of Camunda's REST API that carries variables: the ways past a mask, if there were any."""
