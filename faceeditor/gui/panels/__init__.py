"""The docked panels and the status bar."""
