"""Articles and answers over the wire: what is saved is found at once, and nothing is overwritten unseen."""

from typing import Any

import pytest

from ticketflow.store import audit

ARTICLE = {"title": "Descaling", "body": "Vinegar dissolves limescale in a kettle.", "category": "care"}
ANSWER = {"label": "descale_kettle", "body": "Boil vinegar once, then rinse twice."}


def found(caller: Any, text: str, **options: Any) -> list[str]:
    response = caller.post("/v1/search", {"text": text, **options})
    assert response.status_code == 200, response.text
    return [hit["id"] for hit in response.json()["hits"]]


def test_an_article_is_found_right_after_it_is_saved(acme: Any) -> None:
    response = acme.post("/v1/articles", ARTICLE)
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"/v1/articles/{made['id']}"
    assert acme.get(f"/v1/articles/{made['id']}").json() == made
    assert found(acme, "limescale") == [made["id"]]
    assert found(acme, "limescale", filters={"category": "care"}) == [made["id"]]
    assert found(acme, "limescale", filters={"category": "sales"}) == []
    assert found(acme, "limescale", kinds=["case"]) == []
    listed = acme.get("/v1/articles").json()["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    assert "body" not in listed[0]


def test_a_revision_replaces_what_is_found(acme: Any) -> None:
    made = acme.post("/v1/articles", ARTICLE).json()
    path = f"/v1/articles/{made['id']}"
    revised = acme.put(path, {**ARTICLE, "body": "Citric acid is gentler.", "version": 1})
    assert (revised.status_code, revised.json()["version"]) == (200, 2)
    hits = acme.post("/v1/search", {"text": "citric acid"}).json()["hits"]
    assert [hit["text"] for hit in hits if "Citric" in hit["text"]]
    assert not [hit for hit in acme.post("/v1/search", {"text": "vinegar"}).json()["hits"] if "Vinegar" in hit["text"]]


def test_a_revision_of_an_old_version_is_refused_and_loses_nothing(acme: Any) -> None:
    made = acme.post("/v1/articles", ARTICLE).json()
    path = f"/v1/articles/{made['id']}"
    assert acme.put(path, {**ARTICLE, "body": "mine", "version": 1}).status_code == 200
    refused = acme.put(path, {**ARTICLE, "body": "yours", "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert acme.get(path).json()["body"] == "mine"
    assert acme.put("/v1/articles/nothing", {**ARTICLE, "version": 1}).status_code == 404


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_an_article_that_is_not_published_is_not_found(acme: Any, status: str) -> None:
    made = acme.post("/v1/articles", ARTICLE).json()
    path = f"/v1/articles/{made['id']}"
    assert found(acme, "limescale") == [made["id"]]
    acme.put(path, {**ARTICLE, "status": status, "version": 1})
    assert found(acme, "limescale") == []
    assert [item["id"] for item in acme.get(f"/v1/articles?status={status}").json()["items"]] == [made["id"]]
    assert acme.get("/v1/articles?status=published").json()["items"] == []
    acme.put(path, {**ARTICLE, "version": 2})
    assert found(acme, "limescale") == [made["id"]]


def test_a_second_article_with_the_same_external_id_is_refused(acme: Any) -> None:
    acme.post("/v1/articles", {**ARTICLE, "external_id": "kb-1"})
    refused = acme.post("/v1/articles", {**ARTICLE, "external_id": "kb-1"})
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["pointer"] == "/external_id"
    assert len(acme.get("/v1/articles").json()["items"]) == 1


def test_an_answer_is_a_draft_until_it_is_approved(acme: Any, runtime: Any) -> None:
    made = acme.post("/v1/answers", ANSWER).json()
    assert (made["status"], made["title"], made["used"]) == ("draft", "Descale kettle", 0)
    approved = acme.patch(f"/v1/answers/{made['id']}", {"status": "approved", "team": "care"}).json()
    assert (approved["status"], approved["team"], approved["body"]) == ("approved", "care", ANSWER["body"])
    assert approved["version"] == made["version"] + 1
    types = [event["type"] for event in acme.get("/v1/events").json()["items"]]
    assert types == ["answer.created", "answer.approved"]
    with runtime.database.read() as session:
        newest = audit.newest(session, acme.workspace.id)[0]
    assert (newest.action, newest.object, newest.actor) == (
        "answer.approved",
        made["id"],
        f"key:{acme.key.split('_')[2]}",
    )


def test_an_answer_without_a_body_is_never_approved(acme: Any) -> None:
    refused = acme.post("/v1/answers", {"label": "empty", "status": "approved"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/body"
    made = acme.post("/v1/answers", {"label": "empty"}).json()
    path = f"/v1/answers/{made['id']}"
    assert acme.patch(path, {"status": "approved"}).status_code == 422
    assert acme.patch(path, {"status": "approved", "body": "now it says something"}).status_code == 200
    assert acme.patch(path, {"body": ""}).status_code == 422


def test_a_patch_changes_what_it_names_and_clears_what_it_sets_to_null(acme: Any) -> None:
    made = acme.post("/v1/answers", {**ANSWER, "team": "care", "category": "kettles"}).json()
    path = f"/v1/answers/{made['id']}"
    changed = acme.patch(path, {"team": None}).json()
    assert (changed["team"], changed["category"], changed["body"]) == (None, "kettles", ANSWER["body"])
    same = acme.patch(path, {"category": "kettles"}).json()
    assert same["version"] == changed["version"]
    for wrong in ({"body": None}, {"status": None}, {"label": "other"}, {"title": " "}):
        assert acme.patch(path, wrong).status_code == 422
    assert acme.patch("/v1/answers/nothing", {"team": None}).status_code == 404


def test_a_second_answer_with_the_same_label_names_the_first(acme: Any) -> None:
    first = acme.post("/v1/answers", ANSWER).json()
    refused = acme.post("/v1/answers", {**ANSWER, "body": "other"})
    assert (refused.status_code, refused.json()["existing_id"]) == (409, first["id"])


def test_an_archived_answer_leaves_lists_and_search(acme: Any) -> None:
    made = acme.post("/v1/answers", ANSWER).json()
    path = f"/v1/answers/{made['id']}"
    assert found(acme, "vinegar rinse") == [made["id"]]
    acme.patch(path, {"status": "archived"})
    assert found(acme, "vinegar rinse") == []
    assert acme.get("/v1/answers").json()["items"] == []
    assert acme.get(path).json()["status"] == "archived"
    acme.patch(path, {"status": "draft"})
    assert found(acme, "vinegar rinse") == [made["id"]]


def test_answers_are_listed_by_label_page_by_page(acme: Any) -> None:
    for label in ("c", "a", "e", "b", "d"):
        acme.post("/v1/answers", {"label": label, "body": f"answer {label}"})
    acme.post("/v1/answers", {"label": "z", "body": "sent", "status": "approved"})
    first = acme.get("/v1/answers?limit=2&status=draft").json()
    second = acme.get(f"/v1/answers?limit=2&status=draft&cursor={first['next_cursor']}").json()
    third = acme.get(f"/v1/answers?limit=2&status=draft&cursor={second['next_cursor']}").json()
    labels = [item["label"] for page in (first, second, third) for item in page["items"]]
    assert labels == ["a", "b", "c", "d", "e"]
    assert third["next_cursor"] is None


def test_a_long_article_is_found_by_its_end(acme: Any) -> None:
    filler = " ".join(f"word{number}" for number in range(1_500))
    made = acme.post("/v1/articles", {"title": "Manual", "body": f"{filler}\n\nThe fuse hides behind the flap."}).json()
    hits = acme.post("/v1/search", {"text": "where does the fuse hide"}).json()["hits"]
    assert [hit["id"] for hit in hits] == [made["id"]]
    assert "fuse" in hits[0]["text"]


def test_a_search_that_makes_no_sense_is_refused(acme: Any) -> None:
    for wrong in ({"text": ""}, {"text": "x", "kinds": []}, {"text": "x", "kinds": ["run"]}, {"text": "x", "limit": 0}):
        assert acme.post("/v1/search", wrong).status_code == 422, wrong


def test_search_takes_any_text(acme: Any) -> None:
    acme.post("/v1/articles", ARTICLE)
    for text in ('"', "AND OR NOT", "a* -b ^c", "()", "🙂🙂", "x" * 15_000):
        assert acme.post("/v1/search", {"text": text}).status_code == 200, text
