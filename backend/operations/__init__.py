"""Everything that takes time is one kind of Operation, seen through one stream of events."""
