"""The web app: ``python app.py``."""

from tts_playground.cli.serve import app

if __name__ == "__main__":
    app()
