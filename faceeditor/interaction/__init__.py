"""Gestures, hit tests, strokes, view transforms, preset mixing and number text: pure functions, no Qt."""
