"""``tlhelpers pretrain``: make a bundled network again, that of the digits lab or the GPT."""

from __future__ import annotations

import argparse

from tlhelpers.course.arguments import Commands, add_command, output_file, whole_number


def add(commands: Commands) -> None:
    """Declare the command."""
    command = add_command(
        commands,
        "pretrain",
        run,
        "make a pretrained network of the course again",
        "tlhelpers pretrain --out my.weights.h5",
    )
    command.add_argument(
        "network",
        nargs="?",
        choices=("digits", "gpt"),
        default="digits",
        help="which: that of the digits lab, or the small GPT (default: %(default)s)",
    )
    command.add_argument("--out", type=output_file, metavar="FILE", help="where the weights go")
    command.add_argument(
        "--pictures", type=whole_number(0), metavar="N", help="how many to train on (digits)"
    )
    command.add_argument(
        "--blocks", type=whole_number(0), metavar="N", help="how long to train (gpt)"
    )
    command.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="S", help="seed (default: %(default)s)"
    )
    command.add_argument(
        "--fresh", action="store_true", help="start again instead of continuing a stopped run"
    )


def run(args: argparse.Namespace) -> int:
    """Train the network, save it, and print how good it is."""
    from tlhelpers.course.notebooks import CannotDo

    if args.network == "gpt":
        from tlhelpers.course.pretrain_gpt import make_gpt

        if args.pictures is not None:
            raise CannotDo("--pictures is for the digits network. For the GPT, give --blocks.")
        make_gpt(args.out, blocks=args.blocks, seed=args.seed, fresh=args.fresh)
        return 0
    from tlhelpers.course.pretrain import make_weights

    if args.blocks is not None:
        raise CannotDo("--blocks is for the GPT. For the digits network, give --pictures.")
    make_weights(args.out, pictures=args.pictures, seed=args.seed, fresh=args.fresh)
    return 0
