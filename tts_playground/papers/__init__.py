"""The papers behind the library: which strategy or feature each of them became, and a person's own list beside them."""
