"""How answers look to people, a module an area. Programs get the answers themselves."""
