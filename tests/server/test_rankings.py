"""Rankings over HTTP: made, kept, checked by runs, and within opened folders."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from graftwork.documents.ranking import Ranking
from graftwork.graph.flows import transfer_flow
from graftwork.server.state import OpenProject, Studio

from ..conftest import TINY_BASE


def test_a_ranking_is_made_kept_and_checked(
    page: TestClient, home: str, opened: OpenProject, studio: Studio, stripes: Path, tmp_path: Path
) -> None:
    studio.roots.open(stripes)
    flow = transfer_flow(str(stripes), image_size=32, strategy="all_layers").model_dump(mode="json")
    before = page.post(f"{home}/rankings/state", json={"flow": flow}).json()
    assert before == {"ranking": None, "num_unchecked": 0}
    refused = page.post(f"{home}/rankings/check", json={"flow": flow})
    assert (refused.status_code, "Rank the bases first." in refused.json()["hint"]) == (422, True)
    wanted = [TINY_BASE, "bundled:efficientnet_lite0"]
    answer = page.post(f"{home}/rankings", json={"flow": flow, "bases": wanted, "max_images": 20})
    assert answer.status_code == 200, answer.text
    made = Ranking.model_validate(answer.json())
    assert made.best == "bundled:efficientnet_lite0"
    kept = page.post(f"{home}/rankings/state", json={"flow": flow}).json()
    assert Ranking.model_validate(kept["ranking"]) == made
    assert kept["num_unchecked"] == 1
    outside = f"file:{tmp_path / 'elsewhere.pth'}@timm:resnet18"
    refused = page.post(f"{home}/rankings", json={"flow": flow, "bases": [outside]})
    assert refused.status_code == 403
    started = page.post(f"{home}/rankings/check", json={"flow": flow}).json()
    assert [(card["strategy"], card["base"]) for card in started] == [("head_only", made.best)]
    opened.project.force_stop(started[0]["id"])
