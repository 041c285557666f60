"""One quiet theme for every tab: system fonts (nothing is fetched from elsewhere), one accent, light and dark."""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace")

THEME = Base(
    primary_hue=colors.blue,
    secondary_hue=colors.blue,
    neutral_hue=colors.slate,
    radius_size=sizes.radius_sm,
    spacing_size=sizes.spacing_md,
    text_size=sizes.text_md,
    font=FONTS,
    font_mono=MONO,
).set(
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    block_background_fill="white",
    block_background_fill_dark="*neutral_900",
    block_border_width="1px",
    block_border_color="*neutral_200",
    block_border_color_dark="*neutral_800",
    block_shadow="none",
    block_label_text_color="*neutral_600",
    block_label_text_color_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_400",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_500",
    button_primary_text_color="white",
    button_primary_text_color_dark="white",
    slider_color="*primary_700",
    slider_color_dark="*primary_400",
)
