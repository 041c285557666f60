"""As an installed package does it: the module that ``TTS_PLAYGROUND_PLUGINS`` names registers when it is imported."""

import outside_plugins

outside_plugins.register()
