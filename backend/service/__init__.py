"""The HTTP door: the endpoints of backend/api for pages and programs of this machine.

Start it with `python -m backend.service`. Nothing here decides anything about ComfyUI.
"""
