"""The web app: ``python app.py``."""

from tts_playground.ui.shell import launch

if __name__ == "__main__":
    launch()
