"""``tlhelpers pretrain``: make the network of the digits lab again."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import Commands, add_command, output_file, whole_number


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "pretrain",
        run,
        "make the pretrained network of the digits lab again",
        "tlhelpers pretrain --out my.weights.h5",
    )
    command.add_argument("--out", type=output_file, metavar="FILE", help="where the weights go")
    command.add_argument(
        "--pictures", type=whole_number(0), metavar="N", help="how many to train on"
    )
    command.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="S", help="seed (default: %(default)s)"
    )
    command.add_argument(
        "--fresh", action="store_true", help="start again instead of continuing a stopped run"
    )


def run(args: argparse.Namespace) -> int:
    """Train the network, save it, and print how good it is."""
    from tlhelpers.course.pretrain import make_weights

    make_weights(args.out, pictures=args.pictures, seed=args.seed, fresh=args.fresh)
    return 0
