"""Things to do with your hands in a notebook: upload, draw, turn a knob and see what happens.

What a widget does is a plain function of its module, so that it works, and is
tested, without a browser; the view below it only puts fields around.  Where
widgets do not run (a page on the web, a PDF) a picture stands in.
"""

from tlhelpers.teaching.widgets.adapting import explore_adaptation
from tlhelpers.teaching.widgets.analogies import explore_analogies
from tlhelpers.teaching.widgets.attending import explore_attention
from tlhelpers.teaching.widgets.budget import explore_budget
from tlhelpers.teaching.widgets.draw_digit import draw
from tlhelpers.teaching.widgets.drawing import to_picture, to_sheet
from tlhelpers.teaching.widgets.freezing import explore_freezing
from tlhelpers.teaching.widgets.inside import look_inside
from tlhelpers.teaching.widgets.keep_drawings import draw_pictures, drawings_folder
from tlhelpers.teaching.widgets.label_budget import explore_labels
from tlhelpers.teaching.widgets.next_token import explore_next_token
from tlhelpers.teaching.widgets.recorded import recorded_drawings
from tlhelpers.teaching.widgets.upload_fields import upload
from tlhelpers.teaching.widgets.uploads import uploads_folder

__all__ = [
    "draw",
    "draw_pictures",
    "drawings_folder",
    "explore_adaptation",
    "explore_analogies",
    "explore_attention",
    "explore_budget",
    "explore_freezing",
    "explore_labels",
    "explore_next_token",
    "look_inside",
    "recorded_drawings",
    "to_picture",
    "to_sheet",
    "upload",
    "uploads_folder",
]
