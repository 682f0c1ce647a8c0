"""The commands, a module an area. Each asks an endpoint and hands the answer to its picture."""
