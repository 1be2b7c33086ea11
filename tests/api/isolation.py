"""What one workspace's key can see, change or name of another's: every route is tried, and each leak is a sentence.

Made from the routes and their description, so that a route that is added tomorrow is tried as well; one that cannot be
tried is reported too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from filling import Operation, id_fields, is_free_text, operations, put, resolved, seed_of, texts_of, widest

from ticketflow.api.guard import PUBLIC, declared_scope
from ticketflow.api.scopes import Scope
from ticketflow.errors import Misconfigured

ELSEWHERE: Mapping[str, str] = {
    "DELETE /v1/sessions/current": "tests/api/test_api_sessions.py",
    "WEBSOCKET /v1/events": "tests/api/live/test_live_stream.py",
    "POST /v1/tickets/bulk": "tests/api/test_api_ticket_life.py",  # 200 with a result for each, unknown ones included
    "POST /v1/tickets/{ticket_id}/attachments": "tests/api/test_api_attachments.py",
    "GET /v1/attachments/{attachment_id}/content": "tests/api/test_api_attachments.py",
    "GET /v1/exports/{export_id}/content": "tests/api/test_api_data.py",
    "GET /v1/settings/schema": "tests/api/test_api_settings.py",  # what settings there are, the same for everybody
    "GET /metrics": "tests/api/test_api_metrics.py",
}
"""Operations that need a test of their own, such as streams, and the file that holds it."""

TAKEN = (200, 201, 202, 204, 409)
"""What shows that a request got past the look at its ids; 409 tells of the object's state."""

Ask = Callable[..., Any]


@dataclass(frozen=True)
class Side:
    """A workspace: who asks for it with every scope, its objects' ids, and the word that only its texts hold."""

    ask: Ask
    rounds: list[dict[str, str]]
    canary: str

    @property
    def ids(self) -> dict[str, str]:
        return self.rounds[-1]

    def shown_in(self, text: str) -> list[str]:
        """What of this workspace a response holds."""
        known = {number for ids in self.rounds for number in ids.values()}
        return [mark for mark in (self.canary, *sorted(known)) if mark in text]


@dataclass
class Isolation:
    """Tries everything with the key of `mine`. `common` is a word that the texts of both sides hold.

    `refused(scope)` asks with a key that lacks one scope; `stored()` reads all that the database holds of `theirs`.
    """

    app: FastAPI
    mine: Side
    theirs: Side
    common: str
    refused: Callable[[Scope], Ask]
    stored: Callable[[], Any]
    found: list[str] = field(default_factory=list)
    calls: int = 0

    def check(self) -> list[str]:
        """Every leak, and every route that could not be tried."""
        self.routes()
        guarded = [one for one in operations(self.app.openapi()) if "security" in one.spec]
        tried = [one for one in guarded if str(one) not in ELSEWHERE and self.can_try(one)]
        cursors = {str(one): self.their_cursor(one) for one in tried if self.takes(one, "cursor")}
        before = self.stored()
        for one in tried:
            self.foreign_paths(one)
            self.foreign_bodies(one)
        for one in tried:
            if one.reads:
                self.readings(one)
                self.foreign_cursor(one, cursors.get(str(one)))
        for one in sorted(tried, key=lambda one: (one.method == "DELETE", -len(one.names))):
            self.own(one)
        if self.stored() != before:
            self.found.append("Something of the other workspace changed: a write came through, whatever it answered.")
        return self.found

    def routes(self) -> None:
        """Every route has a scope, keeps to it, and stands in the description."""
        described = {str(one) for one in operations(self.app.openapi())}
        for context in iter_route_contexts(self.app.routes):
            if context.endpoint is None:
                continue
            for method in sorted(context.methods or {"WEBSOCKET"}):
                name = f"{method} {context.path}"
                try:
                    scope = declared_scope(context.endpoint)
                except Misconfigured:
                    self.found.append(f"{name}: declares no scope")
                    continue
                if scope == PUBLIC or name in ELSEWHERE:
                    continue
                if name not in described:
                    self.found.append(f"{name}: is not in the description, so nothing tries it; see ELSEWHERE")
                elif scope in set(Scope):
                    self.scope(name, method, str(context.path), Scope(scope))

    def scope(self, name: str, method: str, path: str, scope: Scope) -> None:
        """A key with every other scope is refused, before the body is read."""
        answer = self.call(self.refused(scope), method, path, content=b"\x00 not even JSON")
        if answer.status_code != 403 or answer.json().get("code") != "forbidden":
            self.found.append(f"{name}: answers {answer.status_code} to a key without {scope}")

    def can_try(self, one: Operation) -> bool:
        """Whether every id that it asks for is known, and it speaks JSON."""
        named = [*one.names, *(name for name, _ in id_fields(one))] if one.readable else one.names
        missing = [name for name in named if seed_of(name, self.mine.ids) is None]
        for name in missing:
            self.found.append(f"{one}: nothing is known for `{name}`; add its object to SEEDS in tests/api/seeding.py")
        if not one.readable:
            self.found.append(f"{one}: is not JSON in and out; write a test of its own and name it in ELSEWHERE")
        return one.readable and not missing

    def foreign_paths(self, one: Operation) -> None:
        """A path with another workspace's ids, and with one of them among own ones, leads nowhere."""
        mixtures = [set(one.names), *({name} for name in one.names if len(one.names) > 1)] if one.names else []
        for foreign in mixtures:
            ids = {name: (self.theirs if name in foreign else self.mine).ids[name] for name in one.names}
            answer = self.call(self.mine.ask, one.method, one.path.format(**ids), json=self.own_body(one))
            kind = answer.headers.get("content-type", "").partition(";")[0]
            if (answer.status_code, kind) != (404, "application/problem+json"):
                self.found.append(f"{one}: answers {answer.status_code} {kind} to the other's {', '.join(foreign)}")
            self.look(one, answer, but=set(ids.values()))

    def foreign_bodies(self, one: Operation) -> None:
        """A body that names another workspace's object is refused, and the same one with an own object is not."""
        for name, place in id_fields(one):
            seed = str(seed_of(name, self.mine.ids))
            for side, wanted in ((self.theirs, (404, 422)), (self.mine, TAKEN)):
                body = put(self.own_body(one), place, side.ids[seed])
                answer = self.call(self.mine.ask, one.method, one.path.format(**self.mine.ids), json=body)
                if answer.status_code not in wanted:
                    whose = "the other's" if side is self.theirs else "an own"
                    said = f"{answer.status_code} to {whose} id in `{name}`: {answer.text[:200]}"
                    self.found.append(f"{one}: answers {said}")
                self.look(one, answer, but={self.theirs.ids[seed]})

    def readings(self, one: Operation) -> None:
        """Whatever is asked, nothing of the other workspace shows; and a list is not merely empty."""
        path, own = one.path.format(**self.mine.ids), False
        widened = {known["name"]: widest(one, known["name"], known["schema"]) for known in one.query}
        base = {name: value for name, value in widened.items() if value is not None}
        variants: list[tuple[dict[str, Any], set[str]]] = [(base, set())]
        for parameter in one.query:
            name, seed = parameter["name"], seed_of(parameter["name"], self.theirs.ids)
            if seed is not None:
                variants.append(({**base, name: self.theirs.ids[seed]}, {self.theirs.ids[seed]}))
            elif is_free_text(resolved(parameter["schema"], one.document)) and name != "cursor":
                variants += [({**base, name: word}, set()) for word in (self.common, self.theirs.canary)]
        for query, sent in variants:
            for body in self.widest_bodies(one):
                answer = self.call(self.mine.ask, one.method, path, params=query, json=body)
                if answer.status_code not in TAKEN and not (sent and answer.status_code in (404, 422)):
                    self.found.append(f"{one}: answers {answer.status_code} to an own request: {answer.text[:200]}")
                self.look(one, answer, but=sent)
                own = own or bool(self.mine.shown_in(answer.text))
        if one.lists and not own:
            self.found.append(f"{one}: lists nothing of the own workspace either; seed it in tests/api/seeding.py")

    def own(self, one: Operation) -> None:
        """With own ids the same request is taken: the refusals before were for whose ids they were."""
        if one.reads:
            return
        answer = self.call(self.mine.ask, one.method, one.path.format(**self.mine.ids), json=self.own_body(one))
        if answer.status_code not in TAKEN:
            self.found.append(f"{one}: answers {answer.status_code} to own ids: {answer.text[:200]}")
        self.look(one, answer)

    def their_cursor(self, one: Operation) -> str | None:
        """The other workspace's cursor of a list's second page."""
        page = self.call(self.theirs.ask, one.method, one.path.format(**self.theirs.ids), params={"limit": 1}).json()
        if not page.get("next_cursor"):
            self.found.append(f"{one}: has no second page; seed two in tests/api/seeding.py")
        return page.get("next_cursor")

    def foreign_cursor(self, one: Operation, cursor: str | None) -> None:
        """Another workspace's cursor opens nothing."""
        if cursor is not None:
            query = {"limit": 1, "cursor": cursor}
            answer = self.call(self.mine.ask, one.method, one.path.format(**self.mine.ids), params=query)
            if answer.status_code != 422:
                self.found.append(f"{one}: answers {answer.status_code} to the other's cursor")

    def own_body(self, one: Operation) -> Any:
        """The example, with own ids for those that it makes up."""
        body = one.body
        for name, place in id_fields(one):
            body = put(body, place, self.mine.ids[str(seed_of(name, self.mine.ids))])
        return body

    def widest_bodies(self, one: Operation) -> list[Any]:
        """Bodies of a request that reads: every kind, the longest list, and words that both sides' texts hold."""
        body = self.own_body(one)
        if not body:
            return [body]
        fields = resolved(one.body_schema, one.document)["properties"]
        if one.path.count("{"):
            return [body]  # its words are not looked for in everything there is
        wide = {name: value for name in fields if (value := widest(one, name, fields[name])) is not None}
        texts = texts_of(one)
        return [{**body, **wide, **dict.fromkeys(texts, word)} for word in (self.common, self.theirs.canary)]

    def takes(self, one: Operation, parameter: str) -> bool:
        return any(known["name"] == parameter for known in one.query)

    def look(self, one: Operation, answer: Any, *, but: set[str] | None = None) -> None:
        """Report what of the other workspace a response shows, but for the ids that the request itself named."""
        if leaked := [mark for mark in self.theirs.shown_in(answer.text) if mark not in (but or set())]:
            self.found.append(f"{one}: shows {', '.join(leaked)} of the other workspace")

    def call(self, ask: Ask, method: str, path: str, **options: Any) -> Any:
        self.calls += 1
        return ask(method, path, **{name: value for name, value in options.items() if value is not None})
