"""What all versions share: models, custom nodes, input, output, user data, and each one's view."""
