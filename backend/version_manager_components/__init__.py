"""The five mixins of the version manager, the context that they share, and their words."""
