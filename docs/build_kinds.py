"""Write the page on kinds of transfer and its pictures from what the studio shows.

The words are in ``kinds.json``, the drawings in ``pictures/*.svg`` of the studio's view. The page leads only to
screens, commands and pages that are there. Run it with ``make docs``; ``build_files`` returns the files, and a
test compares them with the committed ones.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGES = DOCS.parent / "studio" / "src" / "pages"
KINDS = PAGES / "transfer" / "kinds"
TOKENS = DOCS.parent / "studio" / "src" / "app" / "tokens.css"
PAGE = "kinds-of-transfer.md"
NOTICE = "<!-- Written by docs/build_kinds.py (make docs). Change the studio's kinds.json, not this page. -->"
FRAME = '<rect class="frame" x="0.5" y="0.5" width="199" height="119" rx="7"/>'


def build_files() -> dict[str, str]:
    """Return path below ``docs`` → content: the page, and each picture with colors of its own."""
    content = json.loads((KINDS / "kinds.json").read_text(encoding="utf-8"))
    pictures = sorted((KINDS / "pictures").glob("*.svg"))
    return {PAGE: page(content)} | {
        f"pictures/kinds/{path.name}": picture(path.read_text(encoding="utf-8")) for path in pictures
    }


def page(content: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [NOTICE, f"# {content['title']}", content["intro"], content["legend"]]
    for group in content["groups"]:
        parts.append(f"## {group['title']}")
        for concept in group["concepts"]:
            parts += concept_parts(concept)
    return "\n\n".join(parts) + "\n"


def concept_parts(concept: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {concept['name']}"
    yield f"![{concept['drawing']}](pictures/kinds/{concept['picture']}.svg)"
    yield concept["text"]
    ways = [way for door in concept["doors"] if (way := door_text(door))]
    if ways:
        yield "; ".join(ways) + "."


def door_text(door: Mapping[str, str]) -> str:
    """Return where a door leads: its screen, its command and its page, as far as they are there."""
    from graftwork.cli import VERBS

    shown = []
    if title := views().get(door.get("view", "")):
        shown.append(f"*{title}*")
    if door["command"].split()[1] in VERBS:
        shown.append(f"`{door['command']}`")
    if (DOCS / door["page"]).is_file():
        shown.append(f"[{door['words']}]({door['page']})")
    return ", ".join(shown)


def views() -> dict[str, str]:
    """Return address → title of the studio's views that a door may lead to."""
    found = {}
    for folder in ("choose", "transfer"):
        text = (PAGES / folder / "views.ts").read_text(encoding="utf-8")
        for name, words in re.findall(r'name: "(\w+)", words: "([^"]+)"', text):
            found[f"{folder}/{name}"] = f"{folder.capitalize()} › {words}"
    return found


def picture(drawing: str) -> str:
    """Return a drawing as a file that can stand alone: the studio's look of it, light and dark, on a frame."""
    rules = re.findall(r"\.picture (?::global\(([^)]+)\)|(text)) \{\s*(.*?)\s*\}", looks(), re.S)
    style = [f"{named or kind} {{ {' '.join(body.split())} }}" for named, kind, body in rules]
    light, dark = colors("light"), colors("dark")
    lines = [
        "<style>",
        f":root {{ {light} }}",
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}",
        ".frame { fill: var(--s2); stroke: var(--line); }",
        *style,
        "</style>",
        FRAME,
    ]
    head, _, body = drawing.partition("\n")
    head = head.replace(" viewBox", ' width="200" height="120" viewBox')
    return "\n".join([head, *(f"  {line}" for line in lines)]) + f"\n{body}"


def looks() -> str:
    return (KINDS / "kinds.module.css").read_text(encoding="utf-8")


def colors(theme: str) -> str:
    """Return the tokens that the drawings use, with their values in a theme of the studio."""
    part = (
        TOKENS.read_text(encoding="utf-8").partition(f':root[data-theme="{theme}"] {{')[2].partition("}")[0]
    )
    values = dict(re.findall(r"(--[\w-]+): ([^;]+);", part))
    used = sorted(
        {"--s2", "--line", *re.findall(r"var\((--[\w-]+)\)", "".join(_picture_rules()))} & set(values)
    )
    return " ".join(f"{name}: {values[name]};" for name in used)


def _picture_rules() -> Iterable[str]:
    return re.findall(r"\.picture [^{]*\{[^}]*\}", looks())


def main() -> int:
    """Write what changed; returns how many files did."""
    changed = 0
    for name, content in build_files().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            changed += 1
    print(f"{changed} files on kinds of transfer changed.", file=sys.stderr)
    return changed


if __name__ == "__main__":
    main()
