"""The routes, one file for each thing that they are about."""

from graftwork.server.routes import (
    application,
    bases,
    data,
    flows,
    nodes,
    places_inside,
    projects,
    runs,
)

__all__ = ["ROUTERS"]

ROUTERS = tuple(m.router for m in (application, projects, flows, nodes, bases, data, runs, places_inside))
