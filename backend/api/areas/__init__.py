"""The methods behind the endpoints, a small class per area."""
