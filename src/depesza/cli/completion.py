"""`depesza completion`: a script that a shell reads to complete our commands."""

from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print completion for a shell: source <(depesza completion bash)."""
    from depesza.cli import build

    print(build().generate_completion(prog_name="depesza", shell=shell))
