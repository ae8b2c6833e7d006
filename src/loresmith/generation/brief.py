"""What a teacher is told about every passage alike: how to write, and which subjects there are."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.records import TagPath


class Brief(NamedTuple):
    """Told with each request of a project."""

    style: str = ""
    """A style guide, in the words of whoever wants it; empty for none."""
    tags: tuple[TagPath, ...] = ()
    """The subjects of the domain tree that a question can belong to; none without a tree."""

    @property
    def numbered(self) -> tuple[str, ...]:
        """The subjects as a teacher is shown them: `2.1 Results > Revenue`."""
        return tuple(
            f"{number} {' > '.join(path)}" for number, path in numbered_paths(self.tags).items()
        )

    def tag(self, answer: str) -> TagPath:
        """The subject that a teacher's answer names, by number or by label; () for no known one."""
        by_number = numbered_paths(self.tags)
        number, _, label = answer.strip().partition(" ")
        found = by_number.get(number.rstrip("."))
        if found is not None:
            return found
        label = answer.rpartition(">")[2].strip()
        named = [path for path in self.tags if path[-1] == label]
        return named[0] if len(named) == 1 else ()


NO_BRIEF = Brief()


def numbered_paths(paths: tuple[TagPath, ...]) -> dict[str, TagPath]:
    """Each path under its number in the tree: `2.1` is the first child of the second subject."""
    numbers: dict[TagPath, str] = {}
    children: dict[TagPath, int] = {}
    for path in paths:
        for depth in range(1, len(path) + 1):
            node = path[:depth]
            if node not in numbers:
                above = node[:-1]
                children[above] = children.get(above, 0) + 1
                before = f"{numbers[above]}." if above else ""
                numbers[node] = f"{before}{children[above]}"
    return {numbers[path]: path for path in paths}
