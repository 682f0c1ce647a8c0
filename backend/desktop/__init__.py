"""The door with a window: which engine opens it here, and what the page may ask of the desktop."""
