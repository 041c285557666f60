"""tiny:flow, a small SANA: its parts, its autoencoder, its latents and its lesson."""
