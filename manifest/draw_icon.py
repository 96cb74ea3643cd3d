# SPDX-License-Identifier: AGPL-3.0-only
"""Draws ``icon.png``: three layers of memory on a blue ground. Needs Pillow: ``draw_icon.py``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = 512
SCALE = 4
TOP, BOTTOM = (79, 70, 229), (14, 165, 233)
LAYERS = ((352, 90), (284, 165), (216, 255))
"""Height of each layer's centre in the icon, and its opacity; the last lies on top."""


def ground(size: int) -> Image.Image:
    """A square with round corners, from indigo above to sky blue below."""
    shade = Image.new("RGB", (1, size))
    for y in range(size):
        part = y / (size - 1)
        mixed = tuple(round(a + (b - a) * part) for a, b in zip(TOP, BOTTOM, strict=True))
        shade.putpixel((0, y), mixed)
    mask = Image.new("L", (size, size), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, size - 1, size - 1), radius=size * 22 // 100, fill=255
    )
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    image.paste(shade.resize((size, size)), (0, 0), mask)
    return image


def layer(size: int, height: int, opacity: int) -> Image.Image:
    """A white diamond seen from above and aside, its corners rounded by blur and threshold."""
    half_width, half_height, middle = 168 * SCALE, 92 * SCALE, size // 2
    y = height * SCALE
    corners = [
        (middle, y - half_height),
        (middle + half_width, y),
        (middle, y + half_height),
        (middle - half_width, y),
    ]
    mask = Image.new("L", (size, size), 0)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    soft = mask.filter(ImageFilter.GaussianBlur(9 * SCALE))
    round_mask = soft.point(lambda value: 255 if value > 127 else 0)
    drawn = Image.new("RGBA", (size, size), (255, 255, 255, 0))
    drawn.putalpha(round_mask.point(lambda value: value * opacity // 255))
    return drawn


def main() -> None:
    """Draw large, then shrink: that smooths the edges."""
    size = SIZE * SCALE
    image = ground(size)
    for height, opacity in LAYERS:
        image = Image.alpha_composite(image, layer(size, height, opacity))
    image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    image.save(Path(__file__).with_name("icon.png"), optimize=True)


if __name__ == "__main__":
    main()
