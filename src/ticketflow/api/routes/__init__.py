"""One file for each resource. Every route names its scope, or says that it is public."""
