"""Write every page under docs/reference anew."""

from rich.console import Console

from ops.reference.pages import write

if __name__ == "__main__":
    changed = write()
    Console().print(f"written anew: {', '.join(changed)}" if changed else "docs/reference is fresh")
