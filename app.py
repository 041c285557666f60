"""The web app: ``python app.py``."""

from tts_playground.cli import main

if __name__ == "__main__":
    main(["app"])
