"""Where YAML does not parse and why, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from graftwork.documents.wording import shown

__all__ = ["YamlFault", "yaml_fault"]


@dataclass(frozen=True)
class YamlFault:
    """Where YAML does not parse, counted from 1, and why."""

    message: str
    line: int | None = None
    column: int | None = None
    hint: str = "Correct that place."


# What the reader of YAML says, what that means, and what to do.
_YAML_WORDS = (
    (
        "mapping values are not allowed",
        "a second ':' stands in one line",
        "Put text that holds ': ' into quotes.",
    ),
    ("\\t", "a tab stands where spaces are wanted", "Indent with spaces."),
    ("could not find expected ':'", "a ':' is missing after the name before it", "Write name: value."),
    ("expected ',' or ']'", "a list that '[' opens is not closed", "Close it with ']'."),
    ("expected ',' or '}'", "a mapping that '{' opens is not closed", "Close it with '}'."),
    (
        "expected the node content",
        "something is missing here",
        "Close what a bracket opens, or write a value.",
    ),
    ("end of stream", "a quote is not closed", "Close it."),
    ("expected <block end>", "the line is not indented as those before it", "Indent alike with spaces."),
    ("undefined alias", "a name after '*' is defined nowhere", "Put text that begins with '*' into quotes."),
    ("constructor for the tag", "a tag with '!' is not read", "Write plain values without tags."),
    ("special characters", "a character there cannot be in a text file", "Save the file as UTF-8 text."),
)


def yaml_fault(error: yaml.YAMLError, text: str) -> YamlFault:
    """Return in one sentence where YAML does not parse, what stands there, and why.

    Args:
        error: as raised by the parser.
        text: what was parsed.
    """
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]
    words, hint = next(((w, h) for mark_, w, h in _YAML_WORDS if mark_ in said), (said, YamlFault.hint))
    if mark is None:
        place = getattr(error, "position", None)
        if not isinstance(place, int):
            return YamlFault(words, hint=hint)
        before = text[:place]
        line, column = before.count("\n") + 1, place - before.rfind("\n")
    else:
        line, column = mark.line + 1, mark.column + 1
    return YamlFault(f"{words} at line {line}, column {column} ({_there(text, line)})", line, column, hint)


def _there(text: str, line: int) -> str:
    lines = text.splitlines()
    if line > len(lines) or not lines[line - 1].strip():
        return "the end of the file" if line >= len(lines) else "an empty line"
    return shown(lines[line - 1].strip())
