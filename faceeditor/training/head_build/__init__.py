"""Builds the learnt head model from its sources: `python -m faceeditor.training.head_build --sources ... --faces ...`.

The sources (scan modes of ICT-FaceKit, the MakeHuman head, photographs with fitted coefficients) stay outside of the
project; only what is learnt from them is kept in `resources/head`.
"""
