"""Token maths and one decoding step of a language model over many rows."""
