"""Titles, bypasses and groups are saved; a file says no more than what was chosen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graftwork.documents.flow import Flow, Group, Node, dump_flow, load_flow

OLD = """\
format: 1
name: old
nodes:
- id: a
  component: dropout
  settings: {}
layout:
  a:
  - 1.0
  - 2.0
edges: []
recipe: {}
"""

names = st.sampled_from(("a", "b", "c"))
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
nodes = st.builds(Node, id=names, component=st.just("dropout"), title=texts, is_bypassed=st.booleans())
groups = st.builds(
    Group,
    id=names,
    title=texts,
    nodes=st.lists(names, max_size=3).map(tuple),
    is_collapsed=st.booleans(),
    color=st.sampled_from(("", "teal")),
)


@given(st.lists(nodes, max_size=3).map(tuple), st.lists(groups, max_size=2).map(tuple))
def test_titles_bypasses_and_groups_come_back(nodes, groups):
    flow = Flow(nodes=nodes, groups=groups)
    assert load_flow(dump_flow(flow)) == flow


def test_an_old_file_reads_and_is_written_as_it_was():
    flow = load_flow(OLD)
    assert flow.groups == ()
    assert not flow.node("a").is_bypassed
    assert dump_flow(flow) == OLD


def test_what_is_not_set_is_not_written():
    flow = Flow(
        nodes=(Node(id="a", component="x", title="Mine"), Node(id="b", component="y", is_bypassed=True)),
        groups=(Group(id="g", nodes=("a",)),),
    )
    text = dump_flow(flow)
    assert text.count("title:") == 1
    assert text.count("is_bypassed:") == 1
    assert "is_collapsed" not in text
    assert "color" not in text
