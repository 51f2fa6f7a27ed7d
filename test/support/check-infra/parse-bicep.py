"""Prints the syntax trees of Bicep files as JSON: {file: {tree, problems}}. Punctuation and blank lines are left out."""

import json
import re
import sys

import tree_sitter_bicep
from tree_sitter import Language, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
# The grammar knows no parameter files; their one statement of its own has the form of a variable.
PARAMETER = re.compile(rb"^param (?=\w+ =)", re.MULTILINE)


def read(path):
    with open(path, "rb") as file:
        source = file.read()
    return PARAMETER.sub(b"var   ", source) if path.endswith(".bicepparam") else source


def shown(node, field=None):
    children = [
        shown(child, node.field_name_for_child(at))
        for at, child in enumerate(node.children)
        if child.is_named or node.field_name_for_child(at) == "operator"
    ]
    shape = {"type": node.type, "line": node.start_point.row + 1}
    if field is not None:
        shape["field"] = field
    if children:
        shape["children"] = children
    else:
        shape["text"] = node.text.decode()
    return shape


def problems(node):
    if node.type == "ERROR" or node.is_missing:
        what = f"{node.type} is missing" if node.is_missing else f"cannot be read: {node.text.decode()[:60]!r}"
        yield {"line": node.start_point.row + 1, "message": what}
        return
    for child in node.children:
        yield from problems(child)


def parsed(path):
    root = PARSER.parse(read(path)).root_node
    return {"tree": shown(root), "problems": list(problems(root))}


print(json.dumps({path: parsed(path) for path in sys.argv[1:]}))
