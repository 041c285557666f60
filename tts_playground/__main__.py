"""``python -m tts_playground VERB``."""

from tts_playground.cli import main

if __name__ == "__main__":
    main()
