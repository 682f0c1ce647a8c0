"""Stand-ins for what the launcher drives, true to the protocols of the real ones."""
