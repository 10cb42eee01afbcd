"""L8: the project. The one object that server, command line and notebook share; it delegates."""

from __future__ import annotations

from graftwork.project.project import Project
from graftwork.project.run import Run
from graftwork.project.using import Prediction

__all__ = ["Prediction", "Project", "Run"]
