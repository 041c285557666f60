"""Judges that pass or fail a sample and say why."""
