"""Long runs by hand: see CONTRIBUTING."""
