"""Controllers: between the widgets on one side and portrait and engine on the other."""
