"""The routes, one file for each thing that they are about."""

from graftwork.server.routes import (
    adaptation,
    advice,
    application,
    averaging,
    bases,
    curve,
    data,
    data_quality,
    depth,
    evaluation,
    find_rate,
    flows,
    maps,
    nodes,
    one_image,
    places_inside,
    projects,
    race,
    rankings,
    reports,
    runs,
    tuning,
)

__all__ = ["ROUTERS"]

ROUTERS = tuple(
    m.router
    for m in (
        application,
        projects,
        flows,
        nodes,
        bases,
        data,
        runs,
        averaging,
        curve,
        data_quality,
        depth,
        evaluation,
        find_rate,
        maps,
        one_image,
        places_inside,
        rankings,
        race,
        reports,
        advice,
        adaptation,
        tuning,
    )
)
