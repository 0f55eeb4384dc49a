"""Labs: everything that one experiment needs, in one place."""

from tlhelpers.labs.lab import Lab
from tlhelpers.labs.load import LABS, load_lab

__all__ = ["LABS", "Lab", "load_lab"]
