"""What the window is made of."""

import pyglet

pyglet.options.shadow_window = False  # before any other part of pyglet is imported, or it opens one
