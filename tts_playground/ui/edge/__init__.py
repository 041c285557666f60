"""What stands between the network and the page: bounds, headers, validation, errors."""
