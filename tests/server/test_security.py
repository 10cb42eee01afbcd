"""Who may speak to the server: token, host, origin, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tests.server.conftest import TOKEN

from graftwork.errors import UsageError
from graftwork.server.roots import Roots
from graftwork.server.security import is_loopback, kept_token
from graftwork.server.serve import serve
from graftwork.server.state import Studio


def test_nothing_is_told_without_the_token(stranger: TestClient, home: str) -> None:
    for path in ("/api/app", "/api/components", f"{home}/hub", "/api/openapi.json"):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert answer.json()["error"] == "NoToken"


def test_a_page_without_the_token_gets_a_sentence(stranger: TestClient) -> None:
    answer = stranger.get("/")
    assert answer.status_code == 401
    assert "token" in answer.text


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(stranger: TestClient) -> None:
    answer = stranger.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/api/app").status_code == 200


def test_the_rest_of_the_address_stays_and_leads_to_no_other_host(stranger: TestClient) -> None:
    for path, there in (
        ("/p/a b?compare=x&token={}", "/p/a%20b?compare=x"),
        ("//evil.example/?token={}", "/"),
    ):
        answer = stranger.get("http://127.0.0.1" + path.format(TOKEN), follow_redirects=False)
        assert answer.headers["location"].startswith(there)
        assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "x"])
def test_a_wrong_token_opens_nothing(stranger: TestClient, wrong: str) -> None:
    assert stranger.get(f"/?token={wrong}", follow_redirects=False).status_code == 401
    assert stranger.get("/api/app", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"])
def test_a_foreign_name_is_refused_also_with_the_token(page: TestClient, host: str) -> None:
    assert page.get("/api/app", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:8765"])
def test_the_own_names_are_known(page: TestClient, host: str) -> None:
    assert page.get("/api/app", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:81"])
def test_a_page_of_another_origin_may_not_act(page: TestClient, origin: str) -> None:
    answer = page.post("/api/roots", json={"path": "/"}, headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"] == "ForeignOrigin"


def test_a_cross_site_request_without_origin_may_not_act(page: TestClient) -> None:
    answer = page.post("/api/roots", json={"path": "/"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_the_feed_wants_token_and_origin(page: TestClient, stranger: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect("ws://127.0.0.1/api/feed"):
        pass
    with (
        pytest.raises(WebSocketDisconnect),
        page.websocket_connect("ws://127.0.0.1/api/feed", headers={"origin": "http://evil.example"}),
    ):
        pass
    with page.websocket_connect("ws://127.0.0.1/api/feed") as socket:
        assert socket.receive_json()["kind"] == "hello"


def test_answers_forbid_framing_and_guessing(page: TestClient) -> None:
    headers = page.get("/api/app").headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


def test_files_outside_opened_folders_stay_closed(page: TestClient, studio: Studio, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    answer = page.get("/api/files", params={"path": str(outside)})
    assert answer.status_code == 403
    assert answer.json()["error"] == "NotOpened"
    page.post("/api/roots", json={"path": str(outside)}).raise_for_status()
    assert page.get("/api/files", params={"path": str(outside)}).status_code == 200


def test_links_and_dots_lead_out_of_no_root(tmp_path: Path) -> None:
    inside, secret = tmp_path / "inside", tmp_path / "secret"
    inside.mkdir()
    secret.mkdir()
    (inside / "link").symlink_to(secret)
    roots = Roots([inside])
    assert roots.top_of(inside / "a" / "b") == inside
    assert roots.top_of(inside / ".." / "secret") is None
    assert roots.top_of(inside / "link" / "x") is None
    assert roots.top_of(tmp_path / "inside-too") is None


def test_a_flow_that_reads_elsewhere_is_refused(page: TestClient, home: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    flow = {
        "nodes": [
            {"id": "images", "component": "images", "settings": {"source": str(elsewhere)}},
            {"id": "backbone", "component": "backbone", "settings": {}},
        ],
        "edges": [],
    }
    for path, body in (
        ("previews", {"flow": flow, "node": "images"}),
        ("plan", {"flow": flow}),
        ("data", {"settings": {"source": str(elsewhere)}}),
        ("source", {"path": str(elsewhere)}),
    ):
        answer = page.post(f"{home}/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "NotOpened"), path


def test_a_table_leads_to_no_image_outside_opened_folders(
    page: TestClient, home: str, studio: Studio, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        Image.new("RGB", (8, 8)).save(folder / "a.png")
    (inside / "t.csv").write_text(f"image,label\na.png,x\n{outside / 'a.png'},y\n")
    studio.roots.open(inside)
    settings = json.dumps({"source": str(inside / "t.csv")})

    def ask(key: str) -> int:
        query = {"settings": settings, "key": key, "side": 64}
        return page.get(f"{home}/thumbnails/none.jpg", params=query).status_code

    assert ask("a.png") == 200
    keys = (str(outside / "a.png"), "../outside/a.png")
    assert 403 in [ask(key) for key in keys]
    assert 200 not in [ask(key) for key in keys]


def test_the_token_is_kept_for_this_user_alone() -> None:
    from graftwork.project.trust import trust_file

    token = kept_token()
    assert len(token) >= 32
    assert kept_token() == token
    file = trust_file().with_name("studio-token")
    assert file.stat().st_mode & 0o077 == 0
    file.chmod(0o644)  # others may have read it
    assert kept_token() != token


def test_beyond_this_machine_a_token_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="other machines") as caught:
        serve(tmp_path, host="0.0.0.0", on_start=lambda _: None)
    assert "--token" in str(caught.value.hint)
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")
