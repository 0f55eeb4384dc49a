"""``tlhelpers pretrain``: make the network of the digits lab again."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlhelpers.course.arguments import Commands, add_command


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
    command.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed (default: %(default)s)"
    )
    command.add_argument(
        "--fresh", action="store_true", help="start again instead of continuing a stopped run"
    )


def run(args: argparse.Namespace) -> int:
    """Train the network, save it, and print how good it is."""
    from tlhelpers.course.pretrain import make_weights

    make_weights(args.out, pictures=args.pictures, seed=args.seed, fresh=args.fresh)
    return 0
