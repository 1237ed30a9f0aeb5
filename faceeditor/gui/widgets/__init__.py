"""Building blocks of panels and dialogs."""
