"""LoRA and expert iteration on programs."""
