"""The ComfyUIs that run: started, known for certain, found ready, read, and stopped."""
