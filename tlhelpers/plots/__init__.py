"""Every figure of the course, in one style.

The colours are those of Okabe and Ito 2008, "Color universal design", which
people with any kind of colour vision can tell apart; each curve also has its
own marker.  Figures keep a white ground, so that they read the same in light
and dark themes.
"""

from tlhelpers.plots.answers import bars, confusion, intervals, reliability, scatter
from tlhelpers.plots.blocks import block_diagrams
from tlhelpers.plots.curves import label_curves, training_curves
from tlhelpers.plots.figure_style import STRATEGIES, show, style
from tlhelpers.plots.pictures import heat_maps, image_grid, top_answers
from tlhelpers.plots.trade_off import trade_off

__all__ = [
    "STRATEGIES",
    "bars",
    "block_diagrams",
    "confusion",
    "heat_maps",
    "image_grid",
    "intervals",
    "label_curves",
    "reliability",
    "scatter",
    "show",
    "style",
    "top_answers",
    "trade_off",
    "training_curves",
]
