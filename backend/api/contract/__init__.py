"""The request and result models of each area, imported when the area is used.

Every model is frozen and refuses unknown fields. The generated pages and types come from here.
"""
