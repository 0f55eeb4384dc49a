"""``tlhelpers pretrain``: make the network of the digits lab again."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlhelpers.course.arguments import SEED, Commands, add_command


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "pretrain",
        run,
        "make the pretrained network of the digits lab again",
        "tlhelpers pretrain --out my.weights.h5",
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="where the weights go")
    command.add_argument("--pictures", type=int, metavar="N", help="how many to train on")
    command.add_argument("--seed", **SEED)
    command.add_argument(
        "--fresh", action="store_true", help="start again instead of continuing a stopped run"
    )


def run(args: argparse.Namespace) -> int:
    """Carry the command out, and return the exit status."""
    from tlhelpers.course.pretrain import main

    return main(args)
