"""The one typed API behind every door: window, service, terminal."""
