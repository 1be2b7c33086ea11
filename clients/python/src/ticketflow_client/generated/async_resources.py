"""The API's operations, by resource, for asyncio.

Written by tools/client.py from openapi.json; edit the API's routes and schemas instead.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any, Literal

from ticketflow_client.calls import OMITTED, Call, Omitted, Upload, given, segment
from ticketflow_client.following import Position
from ticketflow_client.generated import schemas
from ticketflow_client.resource import AsyncResource, AsyncSender


class AsyncAnswers(AsyncResource):
    """Articles and answers: `client.answers`."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[Literal["draft", "approved"]] | None = None,
    ) -> schemas.AnswerPage:
        """List answers.

        Answers by label, archived ones left out unless `status` asks for them.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `status`: Any of these.

        Needs the scope `articles:read`.
        """
        return await self._send(
            Call("GET", "/v1/answers", schemas.AnswerPage, query={"limit": limit, "cursor": cursor, "status": status})
        )

    def iterate(
        self, *, limit: int | None = None, status: Sequence[Literal["draft", "approved"]] | None = None
    ) -> AsyncIterator[schemas.AnswerOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these.
        """
        return self._pages(lambda cursor: self.list(limit=limit, status=status, cursor=cursor))

    async def write(
        self,
        *,
        label: str,
        title: str | Omitted = OMITTED,
        body: str | Omitted = OMITTED,
        status: Literal["draft", "approved"] | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        team: str | Omitted | None = OMITTED,
        language: str | Omitted | None = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.AnswerOut:
        """Write an answer.

        Store an answer, as a draft unless it says otherwise. A second one with the same label is refused with
        409, and `existing_id` names the first.

        - `label`: The answer's name in imports, decisions and statistics; it stays.
        - `title`: A readable title; made from the label when left out.
        - `body`: What the customer reads; {requester_name} is filled in.
        - `status`: Only approved answers are sent by the agent.
        - `category`: The category of tickets that it answers.
        - `team`: Who takes tickets with this answer when a human is needed.
        - `language`: A code such as `en`.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `articles:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/answers",
                schemas.AnswerOut,
                body={
                    "label": label,
                    **given(
                        {
                            "title": title,
                            "body": body,
                            "status": status,
                            "category": category,
                            "team": team,
                            "language": language,
                        }
                    ),
                },
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, answer_id: str) -> schemas.AnswerOut:
        """Read an answer.

        An answer with its record: how often the agent sent it, and how often that was right.

        Needs the scope `articles:read`.
        """
        return await self._send(Call("GET", f"/v1/answers/{segment(answer_id)}", schemas.AnswerOut))

    async def change(
        self,
        answer_id: str,
        *,
        title: str | Omitted = OMITTED,
        body: str | Omitted = OMITTED,
        status: schemas.AnswerStatus | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        team: str | Omitted | None = OMITTED,
        language: str | Omitted | None = OMITTED,
    ) -> schemas.AnswerOut:
        """Change or approve an answer.

        Change some fields. Setting `status` to `approved` lets the agent send the answer without a human; it
        needs a body for that. `archived` takes it out of search and decisions; it can be brought back.

        - `title`: A readable title.
        - `body`: What the customer reads; an approved answer needs one.
        - `status`: `approved` lets the agent send it.
        - `category`: The category of tickets that it answers; null clears it.
        - `team`: Who takes tickets with this answer; null clears it.
        - `language`: A code such as `en`; null clears it.

        Needs the scope `articles:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                f"/v1/answers/{segment(answer_id)}",
                schemas.AnswerOut,
                body=given(
                    {
                        "title": title,
                        "body": body,
                        "status": status,
                        "category": category,
                        "team": team,
                        "language": language,
                    }
                ),
            )
        )


class AsyncArticles(AsyncResource):
    """Articles and answers: `client.articles`."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[schemas.ArticleStatus] | None = None,
    ) -> schemas.ArticlePage:
        """List articles.

        Articles by their last change, newest first, without their texts.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `status`: Any of these; all when left out.

        Needs the scope `articles:read`.
        """
        return await self._send(
            Call("GET", "/v1/articles", schemas.ArticlePage, query={"limit": limit, "cursor": cursor, "status": status})
        )

    def iterate(
        self, *, limit: int | None = None, status: Sequence[schemas.ArticleStatus] | None = None
    ) -> AsyncIterator[schemas.ArticleSummary]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these; all when left out.
        """
        return self._pages(lambda cursor: self.list(limit=limit, status=status, cursor=cursor))

    async def write(
        self,
        *,
        title: str,
        body: str,
        status: schemas.ArticleStatus | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        language: str | Omitted | None = OMITTED,
        external_id: str | Omitted | None = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.ArticleOut:
        """Write an article.

        Store an article; when it is published it is found by the next search. A second one with the same
        `external_id` is refused with 409, and `existing_id` names the first.

        - `title`: One line; searched like the body.
        - `body`: Plain text or Markdown.
        - `status`: Only published articles are found and cited.
        - `category`: What it is about; searches can filter by it.
        - `language`: A code such as `en`; searches can filter by it.
        - `external_id`: The other system's id; a second article with it is refused.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `articles:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/articles",
                schemas.ArticleOut,
                body={
                    "title": title,
                    "body": body,
                    **given({"status": status, "category": category, "language": language, "external_id": external_id}),
                },
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, article_id: str) -> schemas.ArticleOut:
        """Read an article.

        An article at its newest version.

        Needs the scope `articles:read`.
        """
        return await self._send(Call("GET", f"/v1/articles/{segment(article_id)}", schemas.ArticleOut))

    async def revise(
        self,
        article_id: str,
        *,
        title: str,
        body: str,
        version: int,
        if_match: str | None = None,
        status: schemas.ArticleStatus | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        language: str | Omitted | None = OMITTED,
    ) -> schemas.ArticleOut:
        """Revise an article.

        Store the next version of an article as a whole. `version` is the one that was read; when somebody else
        was faster the change is refused with 409, and nothing of theirs is lost.

        - `if_match`: The `ETag` that was read: when the object changed since, the request is refused with 412.
        - `title`: One line; searched like the body.
        - `body`: Plain text or Markdown.
        - `status`: Only published articles are found and cited.
        - `category`: What it is about; searches can filter by it.
        - `language`: A code such as `en`; searches can filter by it.
        - `version`: The version it builds on; refused when there is a newer one.

        Needs the scope `articles:write`.
        """
        return await self._send(
            Call(
                "PUT",
                f"/v1/articles/{segment(article_id)}",
                schemas.ArticleOut,
                headers={"If-Match": if_match},
                body={
                    "title": title,
                    "body": body,
                    "version": version,
                    **given({"status": status, "category": category, "language": language}),
                },
            )
        )


class AsyncAttachments(AsyncResource):
    """Attachments: `client.attachments`."""

    async def read_content(self, attachment_id: str) -> bytes:
        """Read an attachment's content.

        A file's bytes, always as a download. The `ETag` is its digest: with `If-None-Match`, what the caller
        has already is not sent again.

        Needs the scope `tickets:read`.
        """
        return await self._send(Call("GET", f"/v1/attachments/{segment(attachment_id)}/content", bytes))

    async def remove(self, attachment_id: str) -> None:
        """Remove an attachment.

        Remove a file with its content. It cannot be undone.

        Needs the scope `tickets:write`.
        """
        return await self._send(Call("DELETE", f"/v1/attachments/{segment(attachment_id)}", NoneType))


class AsyncAuditLog(AsyncResource):
    """Audit log: `client.audit_log`."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> schemas.AuditLogPage:
        """Read the audit log.

        Changes by people and keys, with what was there before, and attempts to sign in with a link of this
        workspace; newest first. Every filter that is given must hold.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `actor`: Who did it, exactly as `actor` reads.
        - `action`: What was done, such as `session.refused`.
        - `object`: What it was done to.
        - `since`: From this time on.
        - `until`: Before this time.

        Needs the scope `audit-log:read`.
        """
        return await self._send(
            Call(
                "GET",
                "/v1/audit-log",
                schemas.AuditLogPage,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "actor": actor,
                    "action": action,
                    "object": object,
                    "since": since,
                    "until": until,
                },
            )
        )

    def iterate(
        self,
        *,
        limit: int | None = None,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[schemas.AuditEntryOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `actor`: Who did it, exactly as `actor` reads.
        - `action`: What was done, such as `session.refused`.
        - `object`: What it was done to.
        - `since`: From this time on.
        - `until`: Before this time.
        """
        return self._pages(
            lambda cursor: self.list(
                limit=limit, actor=actor, action=action, object=object, since=since, until=until, cursor=cursor
            )
        )


class AsyncAudits(AsyncResource):
    """Audits: `client.audits`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.AuditPage:
        """List what waits for a grade.

        Decisions that the coin drew and that wait for a grade by this key, the oldest first. A second grade is
        asked of another key than gave the first: give every grader one of their own.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `audits:read`.
        """
        return await self._send(Call("GET", "/v1/audits", schemas.AuditPage, query={"limit": limit, "cursor": cursor}))

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.AuditOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def read_summary(self, *, days: int | None = None) -> schemas.SummaryOut:
        """Read how the audit stands.

        What was drawn and graded lately, the share of wrong automatic replies, and whether graders agree.

        - `days`: Those drawn in so many days up to now.

        Needs the scope `audits:read`.
        """
        return await self._send(Call("GET", "/v1/audits/summary", schemas.SummaryOut, query={"days": days}))

    async def read(self, decision_id: str) -> schemas.AuditDetail:
        """Read a drawn decision.

        A decision that the coin drew, with its grades once all of them are given.

        Needs the scope `audits:read`.
        """
        return await self._send(Call("GET", f"/v1/audits/{segment(decision_id)}", schemas.AuditDetail))

    async def grade(
        self,
        decision_id: str,
        *,
        grade: schemas.Grade,
        right_answer_id: str | Omitted | None = OMITTED,
        note: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.GradedOut:
        """Grade a proposed reply.

        Say whether the proposed reply is right. A grade stays: another one by the same key, or of a decision
        that is graded, is refused with 409. One decision in ten waits for a second grade by another key.

        - `grade`: `right`, `incomplete`, `wrong` or `unsafe`, as the rubric says.
        - `right_answer_id`: The answer that would have been right; not with `right`.
        - `note`: Why, in words.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `audits:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/audits/{segment(decision_id)}/grade",
                schemas.GradedOut,
                body={"grade": grade, **given({"right_answer_id": right_answer_id, "note": note})},
                idempotency_key=idempotency_key,
            )
        )


class AsyncAutomation(AsyncResource):
    """Automation: `client.automation`."""

    async def read(self) -> schemas.AutomationOut:
        """Read how automation stands.

        For every segment what the agent may do, from which confidence, on which proof, and how the watch over
        it stands. Where it may not reply by itself, `objections` say why.

        Needs the scope `settings:read`.
        """
        return await self._send(Call("GET", "/v1/automation", schemas.AutomationOut))

    async def stop(
        self, *, reason: str | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> schemas.AutomationOut:
        """Stop automatic replies.

        The kill switch: sets `automation` to false. From this moment no process sends anything by itself,
        replies under way included; tickets go to people, with the agent's proposal. Stopping twice is no error.

        - `reason`: Why, for the event and the audit log.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/automation/stop",
                schemas.AutomationOut,
                body=given({"reason": reason}),
                idempotency_key=idempotency_key,
            )
        )

    async def resume(
        self, *, reason: str | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> schemas.AutomationOut:
        """Resume automatic replies.

        Set `automation` to true again. Certificates and the watch still decide what the agent may send.

        - `reason`: Why, for the event and the audit log.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/automation/resume",
                schemas.AutomationOut,
                body=given({"reason": reason}),
                idempotency_key=idempotency_key,
            )
        )


class AsyncCertificates(AsyncResource):
    """Certificates: `client.certificates`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.CertificatePage:
        """List certificates.

        Certificates and refusals, newest first, those that have ended included.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `settings:read`.
        """
        return await self._send(
            Call("GET", "/v1/certificates", schemas.CertificatePage, query={"limit": limit, "cursor": cursor})
        )

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.CertificateOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def prove(
        self, *, segment: str | Omitted | None = OMITTED, idempotency_key: str | None = None
    ) -> schemas.VerdictsOut:
        """Try for a certificate.

        Look at the graded tickets now, and say for each segment what they prove. A refusal is an answer as
        well: it says what is missing.

        Each look costs a part of the certainty, the next always less likely to prove anything from the same
        tickets. So ask when many have been graded since the last look; the product looks by itself as soon as
        that is promising.

        - `segment`: A category with a share of its own, or empty text for all others; left out, every segment.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/certificates",
                schemas.VerdictsOut,
                body=given({"segment": segment}),
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, certificate_id: str) -> schemas.CertificateOut:
        """Read a certificate.

        A certificate or refusal; `statement` says what it covers and what it does not.

        Needs the scope `settings:read`.
        """
        return await self._send(Call("GET", f"/v1/certificates/{segment(certificate_id)}", schemas.CertificateOut))


class AsyncDecisions(AsyncResource):
    """Decisions: `client.decisions`."""

    async def read(self, decision_id: str) -> schemas.DecisionDetail:
        """Read a decision.

        A decision with everything it was made from: what was read and found, features, versions, threshold,
        certificate, settings.

        Needs the scope `tickets:read`.
        """
        return await self._send(Call("GET", f"/v1/decisions/{segment(decision_id)}", schemas.DecisionDetail))

    async def replay(
        self,
        decision_id: str,
        *,
        settings: schemas.PlainSettingsPatch | Omitted = OMITTED,
        now: bool | Omitted = OMITTED,
        version: str | Omitted | None = OMITTED,
        search_again: bool | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.ReplayOut:
        """Replay a decision.

        Make a decision again from what is stored. With `{}` it must come out the same, byte for byte: `replay`
        says so, or which fields differ. Otherwise `comparison` shows what another configuration would have
        decided. Nothing changes.

        A decision of which something is not stored any more is refused with 404, and the detail names it.

        - `settings`: Other settings by name; those that are not sent stay as they were.
        - `now`: Under today's score version, answers, settings and certificates.
        - `version`: The same under this score version.
        - `search_again`: With the evidence that search finds today.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:read`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/decisions/{segment(decision_id)}/replay",
                schemas.ReplayOut,
                body=given({"settings": settings, "now": now, "version": version, "search_again": search_again}),
                idempotency_key=idempotency_key,
            )
        )


class AsyncErasures(AsyncResource):
    """Data: `client.erasures`."""

    async def erase_data(
        self,
        *,
        requester_email: str | Omitted | None = OMITTED,
        ticket_id: str | Omitted | None = OMITTED,
        dry_run: bool | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.ErasureOut:
        """Erase a person's data.

        Remove tickets with everything that hangs on them or quotes them, in a background run that cannot be
        undone.

        By address: every ticket that it sent, and the imported cases in which it stands. What comes later is
        not included. Numbers without a person stay. The event `data.erased` says that it is done. `dry_run`
        counts and changes nothing.

        - `requester_email`: Where the tickets came from; capitals are equal.
        - `ticket_id`: A ticket.
        - `dry_run`: Only count what would go.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `data:erase`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/erasures",
                schemas.ErasureOut,
                body=given({"requester_email": requester_email, "ticket_id": ticket_id, "dry_run": dry_run}),
                idempotency_key=idempotency_key,
            )
        )


class AsyncEvents(AsyncResource):
    """Runs and events: `client.events`."""

    async def list(
        self,
        *,
        topic: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> schemas.EventPage:
        """Read the event log, or follow it live.

        What happened in the workspace after `after`, oldest first. The log has no gaps: who has read up to a
        seq has missed nothing before it. Shown are events of topics whose scope the caller carries; a page may
        so hold fewer than `limit` of them, even none, while `next_after` moves on.

        With `Accept: text/event-stream` the answer is a stream that begins after `Last-Event-ID`, or else
        `after`, and goes on live; as a WebSocket the same address gives JSON messages. Either may be opened
        with `ticket=…` instead of a key.

        - `topic`: Only events of these topics; `tickets/ID` is one ticket's.
        - `type`: Only events of these types.
        - `after`: Events after this seq. Left out, a list begins with the first, a stream with what comes now.
        - `limit`: Length of a list's page.

        Needs the scope `events:read`.
        """
        return await self._send(
            Call(
                "GET",
                "/v1/events",
                schemas.EventPage,
                query={"topic": topic, "type": type, "after": after, "limit": limit},
            )
        )

    def __call__(
        self,
        *,
        topic: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        limit: int | None = None,
        after: int = 0,
        poll_seconds: float = 1.0,
        outage_seconds: float = 300.0,
    ) -> AsyncIterator[schemas.EventOut]:
        """Every event after `after`, and then each one as it happens; it ends when you stop iterating. To go on
        after a restart, keep the `seq` of the last event and pass it as `after`.

        While the server cannot be reached, up to `outage_seconds`, it waits and goes on where it was.
        `poll_seconds` is the pause when nothing is new, `limit` how many events are fetched at once.

        - `topic`: Only events of these topics; `tickets/ID` is one ticket's.
        - `type`: Only events of these types.
        """
        position = Position(after, poll_seconds, outage_seconds)
        return self._follow(lambda after: self.list(topic=topic, type=type, limit=limit, after=after), position)

    async def make_stream_ticket(self, *, idempotency_key: str | None = None) -> schemas.StreamTicketOut:
        """Make a ticket for a live stream.

        A secret that opens one stream as this caller, within a minute: for browsers, which can send no key with
        a WebSocket or an EventSource. It is spent by opening, so that it may stand in a URL.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `events:read`.
        """
        return await self._send(
            Call("POST", "/v1/events/ticket", schemas.StreamTicketOut, idempotency_key=idempotency_key)
        )


class AsyncExperiments(AsyncResource):
    """Experiments: `client.experiments`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.ExperimentPage:
        """List experiments.

        Experiments, running and stopped, newest first, without their results.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `settings:read`.
        """
        return await self._send(
            Call("GET", "/v1/experiments", schemas.ExperimentPage, query={"limit": limit, "cursor": cursor})
        )

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.ExperimentOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def start(
        self,
        *,
        name: str,
        factor: Literal["threshold", "fusion"],
        sides: schemas.SidesIn,
        share: float | Omitted = OMITTED,
        metric: Literal["right", "resolved", "wrong"] | Omitted | None = OMITTED,
        note: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.ExperimentOut:
        """Start an experiment.

        Compare two thresholds or two ways of weighing search on live tickets: from now on a coin puts new
        tickets on one side or the other. A name that was used is refused with 409, and so is a second
        experiment on the same factor.

        - `name`: Its name, used once in a workspace.
        - `factor`: What differs between the sides: `threshold` or `fusion`.
        - `sides`: What each side applies.
        - `share`: Share of tickets that take part, half on each side.
        - `metric`: Share that is compared: `resolved` (the default) or `wrong` of a threshold, `right` of
          fusion.
        - `note`: Why it is done.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/experiments",
                schemas.ExperimentOut,
                body={
                    "name": name,
                    "factor": factor,
                    "sides": sides,
                    **given({"share": share, "metric": metric, "note": note}),
                },
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, experiment_id: str) -> schemas.ResultOut:
        """Read an experiment's result.

        The experiment, what its audited tickets show of each side by now, and whether that decides. Look as
        often as you like: intervals and e-value allow for it.

        Needs the scope `settings:read`.
        """
        return await self._send(Call("GET", f"/v1/experiments/{segment(experiment_id)}", schemas.ResultOut))

    async def stop(self, experiment_id: str, *, idempotency_key: str | None = None) -> schemas.ExperimentOut:
        """Stop an experiment.

        From now on every ticket gets what is in force; the result stays, and grades that come later still
        count. Stopping an experiment twice is no error.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/experiments/{segment(experiment_id)}/stop",
                schemas.ExperimentOut,
                idempotency_key=idempotency_key,
            )
        )


class AsyncExports(AsyncResource):
    """Data: `client.exports`."""

    async def workspace(self, *, idempotency_key: str | None = None) -> schemas.ExportOut:
        """Export the workspace.

        Write the whole workspace as a ZIP of JSON lines, in the background: without secrets, keys and sessions.

        `ticketflow restore` brings it into an empty workspace, here or elsewhere.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `data:export`.
        """
        return await self._send(Call("POST", "/v1/exports", schemas.ExportOut, idempotency_key=idempotency_key))

    async def read(self, export_id: str) -> schemas.ExportOut:
        """Read an export.

        How far an export is, and what it holds.

        Needs the scope `data:export`.
        """
        return await self._send(Call("GET", f"/v1/exports/{segment(export_id)}", schemas.ExportOut))

    async def download(self, export_id: str) -> bytes:
        """Download an export.

        The ZIP: `manifest.json` with each file's rows and SHA-256, and a file of JSON lines for each kind.

        Needs the scope `data:export`.
        """
        return await self._send(Call("GET", f"/v1/exports/{segment(export_id)}/content", bytes))


class AsyncHealth(AsyncResource):
    """Health: `client.health`."""

    async def welcome(self) -> schemas.WelcomeOut:
        """What this server is.

        The product's name and version, and where to go on.
        """
        return await self._send(Call("GET", "/", schemas.WelcomeOut))

    async def healthz(self) -> schemas.HealthOut:
        """Is the process alive?.

        Answers as long as the process serves requests, whatever its database does.
        """
        return await self._send(Call("GET", "/healthz", schemas.HealthOut))

    async def readyz(self) -> schemas.ReadyOut:
        """Can it serve?.

        Says whether the database answers, its schema is this version's, the encoder is there, workers live, no
        ticket has waited too long for one, and the disk has room; each part with a sentence. Not ready is 503,
        with the same `parts`.
        """
        return await self._send(Call("GET", "/readyz", schemas.ReadyOut))

    async def metrics(self) -> bytes:
        """Figures for Prometheus.

        Counters, gauges and histograms of this process, over all workspaces: requests, runs, steps, decisions,
        language models, encoders, webhooks and the queue. No label holds a workspace, a customer or a text.

        Where the operator set `TICKETFLOW_METRICS_OPEN=true`, no key is asked for.

        Needs the scope `metrics:read`.
        """
        return await self._send(Call("GET", "/metrics", bytes))


class AsyncIntake(AsyncResource):
    """Intake: `client.intake`."""

    async def take(
        self,
        source: str,
        *,
        webhook_id: str,
        webhook_timestamp: str,
        webhook_signature: str,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        idempotency_key: str | None = None,
    ) -> schemas.SourcesIntakeOut:
        """Send tickets from another system.

        One item or a list of up to 100, in the other system's own shape; the source's mapping says what is
        what. `source` is the source's address, such as `default_shop`.

        Signed by Standard Webhooks over the body's bytes. 2xx means that every item is stored, or told why not:
        an item is `known` where the same `webhook-id`, or the same external id, came before, so that sending
        again is safe. A single item that does not fit is refused with 422.

        - `webhook_id`: As Standard Webhooks 1.0 has it.
        - `webhook_timestamp`: As Standard Webhooks 1.0 has it.
        - `webhook_signature`: As Standard Webhooks 1.0 has it.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/intake/{segment(source)}",
                schemas.SourcesIntakeOut,
                headers={
                    "webhook-id": webhook_id,
                    "webhook-timestamp": webhook_timestamp,
                    "webhook-signature": webhook_signature,
                },
                body=body,
                idempotency_key=idempotency_key,
            )
        )


class AsyncKeys(AsyncResource):
    """API keys: `client.keys`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.KeyPage:
        """List API keys.

        The workspace's keys, newest first, those that are over included. Secrets are not stored and cannot be
        shown.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `keys:read`.
        """
        return await self._send(Call("GET", "/v1/keys", schemas.KeyPage, query={"limit": limit, "cursor": cursor}))

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.KeyOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def make(
        self,
        *,
        name: str,
        scopes: Sequence[schemas.Scope],
        expires_at: datetime | Omitted | None = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.KeyMade:
        """Make an API key.

        A new key of this workspace. `key` is its text, which is shown this once. A scope that you do not have
        yourself is refused with 403.

        - `name`: What the key is for.
        - `scopes`: What it may do, and at most what you may do.
        - `expires_at`: When it ends by itself; null is never.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `keys:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/keys",
                schemas.KeyMade,
                body={"name": name, "scopes": scopes, **given({"expires_at": expires_at})},
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, key_id: str) -> schemas.KeyOut:
        """Read an API key.

        A key without its secret: what it may do, when it was last used, whether it is live.

        Needs the scope `keys:read`.
        """
        return await self._send(Call("GET", f"/v1/keys/{segment(key_id)}", schemas.KeyOut))

    async def rotate(
        self,
        key_id: str,
        *,
        overlap_seconds: int | Omitted = OMITTED,
        expires_at: datetime | Omitted | None = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.KeyMade:
        """Rotate an API key.

        A new key with the same name and scopes. The old one goes on for `overlap_seconds`, so that nobody is
        locked out while the new one is put in its places. At most two keys of a line are live: a third is
        refused with 409.

        - `overlap_seconds`: How long the old key still opens the API; 0 ends it at once.
        - `expires_at`: When the new one ends by itself; left out, it lasts as long as the old one was made to
          last.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `keys:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/keys/{segment(key_id)}/rotate",
                schemas.KeyMade,
                body=given({"overlap_seconds": overlap_seconds, "expires_at": expires_at}),
                idempotency_key=idempotency_key,
            )
        )

    async def revoke(self, key_id: str, *, idempotency_key: str | None = None) -> schemas.KeyOut:
        """Revoke an API key.

        End a key for good: every process refuses it within a second. Revoking it twice is no error.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `keys:write`.
        """
        return await self._send(
            Call("POST", f"/v1/keys/{segment(key_id)}/revoke", schemas.KeyOut, idempotency_key=idempotency_key)
        )


class AsyncMe(AsyncResource):
    """Sign-in: `client.me`."""

    async def read(self) -> schemas.MeOut:
        """Who am I?.

        The key or person that asks, with their workspace and scopes; a browser also learns the token that it
        sends with whatever changes something.
        """
        return await self._send(Call("GET", "/v1/me", schemas.MeOut))


class AsyncNotices(AsyncResource):
    """Notices: `client.notices`."""

    async def list(
        self, *, limit: int | None = None, cursor: str | None = None, unread: bool | None = None
    ) -> schemas.NoticePage:
        """List notices.

        Notices, newest first: every move of the watch over automatic replies, and whatever else asks for a
        hand.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `unread`: Only those that nobody has read.

        Needs the scope `events:read`.
        """
        return await self._send(
            Call("GET", "/v1/notices", schemas.NoticePage, query={"limit": limit, "cursor": cursor, "unread": unread})
        )

    def iterate(self, *, limit: int | None = None, unread: bool | None = None) -> AsyncIterator[schemas.NoticeOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `unread`: Only those that nobody has read.
        """
        return self._pages(lambda cursor: self.list(limit=limit, unread=unread, cursor=cursor))

    async def mark_read(self, notice_id: str, *, idempotency_key: str | None = None) -> schemas.NoticeRead:
        """Mark a notice as read.

        From now on it is not among the unread ones. Whoever marked it first stays its reader.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call("POST", f"/v1/notices/{segment(notice_id)}/read", schemas.NoticeRead, idempotency_key=idempotency_key)
        )


class AsyncPeople(AsyncResource):
    """People: `client.people`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.PersonPage:
        """List people.

        Everybody who was added to the workspace, newest first, disabled people included.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `people:read`.
        """
        return await self._send(Call("GET", "/v1/people", schemas.PersonPage, query={"limit": limit, "cursor": cursor}))

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.PersonOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def invite_person(
        self, *, email: str, role: schemas.Role, name: str | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> schemas.PersonOut:
        """Invite a person.

        Add somebody with a role; a role that may do more than you is refused with 403. Nothing is sent: ask for
        a sign-in link next, and hand it over.

        - `email`: Their address; nothing is sent there by this.
        - `name`: What others see; the address when it is left out.
        - `role`: What they may do: at most what you may do.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `people:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/people",
                schemas.PersonOut,
                body={"email": email, "role": role, **given({"name": name})},
                idempotency_key=idempotency_key,
            )
        )

    async def read_person(self, person_id: str) -> schemas.PersonOut:
        """Read a person.

        Somebody's name, address and role.

        Needs the scope `people:read`.
        """
        return await self._send(Call("GET", f"/v1/people/{segment(person_id)}", schemas.PersonOut))

    async def change_person(
        self,
        person_id: str,
        *,
        name: str | Omitted = OMITTED,
        role: schemas.Role | Omitted = OMITTED,
        disabled: bool | Omitted = OMITTED,
    ) -> schemas.PersonOut:
        """Change or disable a person.

        Change name or role, disable or enable. Whoever may do more than you is not yours to change (403), and
        the last owner stays one (409). Who is disabled is signed out everywhere within a second.

        - `name`: What others see.
        - `role`: What they may do: at most what you may do.
        - `disabled`: Whether they may not sign in; their sessions end with it.

        Needs the scope `people:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                f"/v1/people/{segment(person_id)}",
                schemas.PersonOut,
                body=given({"name": name, "role": role, "disabled": disabled}),
            )
        )

    async def link_person(self, person_id: str, *, idempotency_key: str | None = None) -> schemas.SignInLink:
        """Make a sign-in link.

        A link that signs this person in, once, within 15 minutes. Whoever opens it acts in their name, so hand
        it to nobody else; of somebody who may do more than you, none is made (403).

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `people:write`.
        """
        return await self._send(
            Call("POST", f"/v1/people/{segment(person_id)}/link", schemas.SignInLink, idempotency_key=idempotency_key)
        )

    async def list_person_sessions(self, person_id: str) -> schemas.SessionsOut:
        """List a person's sessions.

        The browsers in which somebody is signed in now.

        Needs the scope `people:read`.
        """
        return await self._send(Call("GET", f"/v1/people/{segment(person_id)}/sessions", schemas.SessionsOut))

    async def end_person_sessions(self, person_id: str) -> schemas.SessionsEnded:
        """Sign a person out.

        End every session of a person: all their browsers are refused within a second. They may sign in again.

        Needs the scope `people:write`.
        """
        return await self._send(Call("DELETE", f"/v1/people/{segment(person_id)}/sessions", schemas.SessionsEnded))


class AsyncRuns(AsyncResource):
    """Runs and events: `client.runs`."""

    async def read(self, run_id: str) -> schemas.RunDetail:
        """Read a run.

        A run with each step that is done: what it built on, what it yielded, how long it took and its version.

        Needs the scope `runs:read`.
        """
        return await self._send(Call("GET", f"/v1/runs/{segment(run_id)}", schemas.RunDetail))


class AsyncSearch(AsyncResource):
    """Search: `client.search`."""

    async def __call__(
        self,
        *,
        text: str,
        kinds: Sequence[Literal["case", "article", "answer", "ticket"]] | Omitted = OMITTED,
        filters: schemas.SearchFilters | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.SearchOut:
        """Search.

        Search cases, articles, answers and tickets by meaning and by words at once.

        Only published articles and answers that are not archived are found.

        - `text`: Words or a whole message, in natural language.
        - `kinds`: What to look through.
        - `filters`: What a hit must be.
        - `limit`: Most hits to return.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `search:read`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/search",
                schemas.SearchOut,
                body={"text": text, **given({"kinds": kinds, "filters": filters, "limit": limit})},
                idempotency_key=idempotency_key,
            )
        )


class AsyncSessions(AsyncResource):
    """Sign-in: `client.sessions`."""

    async def sign(self, *, token: str, idempotency_key: str | None = None) -> schemas.MeOut:
        """Sign in.

        Spend what a sign-in link holds for a session of 12 hours, which use prolongs to 7 days at most. The
        session is a cookie that no script can read; a token that was used, is late or was never given out is
        refused with 401.

        - `token`: What stands behind the `#` of the link.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.
        """
        return await self._send(
            Call("POST", "/v1/sessions", schemas.MeOut, body={"token": token}, idempotency_key=idempotency_key)
        )

    async def sign_out(self) -> schemas.SessionsEnded:
        """Sign out.

        End the session that this request comes with; every process refuses its cookie within a second. An API
        key has no session (404); revoke it instead.
        """
        return await self._send(Call("DELETE", "/v1/sessions/current", schemas.SessionsEnded))


class AsyncSettings(AsyncResource):
    """Settings: `client.settings`."""

    async def read(self) -> schemas.SettingsOut:
        """Read the settings.

        The settings in force, defaults included. Of secret ones it says whether they are set, and how they end.

        Needs the scope `settings:read`.
        """
        return await self._send(Call("GET", "/v1/settings", schemas.SettingsOut))

    async def change(
        self,
        *,
        if_match: str | None = None,
        automation: bool | Omitted = OMITTED,
        level: schemas.Level | Omitted = OMITTED,
        levels: Mapping[str, schemas.Level] | Omitted = OMITTED,
        max_wrong: float | Omitted = OMITTED,
        certainty: float | Omitted = OMITTED,
        category_max_wrong: Mapping[str, float] | Omitted = OMITTED,
        sensitive: Sequence[str] | Omitted = OMITTED,
        max_replies_per_day: int | Omitted | None = OMITTED,
        max_replies_per_ticket: int | Omitted = OMITTED,
        max_replies_per_requester: int | Omitted = OMITTED,
        audit_share: float | Omitted = OMITTED,
        audit_days: int | Omitted = OMITTED,
        novelty_share: float | Omitted = OMITTED,
        link_hosts: Sequence[str] | Omitted | None = OMITTED,
        teams: Mapping[str, str] | Omitted = OMITTED,
        default_team: str | Omitted = OMITTED,
        close_after_days: int | Omitted | None = OMITTED,
        after_closing: schemas.AfterClosing | Omitted = OMITTED,
        language_models: bool | Omitted = OMITTED,
        max_model_tokens_per_day: int | Omitted | None = OMITTED,
        max_model_cost_per_day: float | Omitted | None = OMITTED,
        refit_after: int | Omitted = OMITTED,
        retain_tickets_days: int | Omitted | None = OMITTED,
        retain_attachments_days: int | Omitted | None = OMITTED,
        retain_steps_days: int | Omitted | None = OMITTED,
        retain_events_days: int | Omitted | None = OMITTED,
        provider_keys: Mapping[str, str | None] | Omitted = OMITTED,
    ) -> schemas.SettingsOut:
        """Change settings.

        Change some settings. `automation: false` stops every automatic reply at once, those under way included.

        Who asks for fewer wrong replies, or for more certainty, gets automatic replies only once a certificate
        proves it: a look at the graded tickets is queued at once. Keys in `provider_keys` are refused with 403
        in any workspace but the installation's own.

        - `if_match`: The `ETag` that was read: when the object changed since, the request is refused with 412.
        - `automation`: The kill switch: false stops every automatic reply within a second; checked again at the
          moment of sending.
        - `level`: What the agent may do at most: `off`, `shadow`, `assist` or `auto`; it replies by itself only
          under a live certificate.
        - `levels`: The same for single categories, where that is less.
        - `max_wrong`: Largest accepted share of wrong automatic replies, 0 to 0.5; the threshold follows from
          it.
        - `certainty`: How sure a certificate must be that the share is kept, 0.5 to 0.999.
        - `category_max_wrong`: Categories with an accepted share, and so a certificate, of their own.
        - `sensitive`: Categories that are never answered automatically, unless they have a share of their own;
          capitals do not matter.
        - `max_replies_per_day`: Most automatic replies in one day (UTC); null is no limit.
        - `max_replies_per_ticket`: Most automatic replies in one ticket.
        - `max_replies_per_requester`: Most automatic replies to one e-mail address in one day (UTC), so that
          two machines do not write to each other for ever.
        - `audit_share`: Share of tickets that people grade, drawn before anything is known of them, 0 to 1;
          doubled while the watch has its doubts.
        - `audit_days`: Days for grading, 1 to 365; what is not graded then counts as wrong.
        - `novelty_share`: Expected share of tickets that no known answer fits, 0 to 1; learning weighs them so,
          until the history or the audit tells.
        - `link_hosts`: Hosts that links and addresses in replies may name, what lies under them included; where
          the best answer leads elsewhere, the ticket goes to a human. Null is any host.
        - `teams`: Team that takes the tickets of a category.
        - `default_team`: Team that takes every other ticket.
        - `close_after_days`: Days after which a resolved ticket is closed; null closes none by itself.
        - `after_closing`: What a customer's message to a closed ticket does: open a `follow_up` that is linked
          to it, or `reopen` it.
        - `language_models`: Whether the installation's language models are asked about this workspace's
          tickets.
        - `max_model_tokens_per_day`: Most tokens sent to and received from language models in one day (UTC);
          then tickets are decided without. Null is no limit.
        - `max_model_cost_per_day`: The same in money, in the currency of the configured prices; null is no
          limit.
        - `refit_after`: New or changed cases after which learning runs again in the background.
        - `retain_tickets_days`: Days that a resolved or closed ticket stays, with all that hangs on it; null is
          for ever.
        - `retain_attachments_days`: Days that attachments stay; null is for ever.
        - `retain_steps_days`: Days that the inputs and outputs of ended runs' steps stay; null is for ever.
        - `retain_events_days`: Days that events stay in the log; null is for ever.
        - `provider_keys`: Keys of providers whose `key_setting` names them, by that name; only in the workspace
          that `TICKETFLOW_WORKSPACE` names. A key is written and never shown; null removes it.

        Needs the scope `settings:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                "/v1/settings",
                schemas.SettingsOut,
                headers={"If-Match": if_match},
                body=given(
                    {
                        "automation": automation,
                        "level": level,
                        "levels": levels,
                        "max_wrong": max_wrong,
                        "certainty": certainty,
                        "category_max_wrong": category_max_wrong,
                        "sensitive": sensitive,
                        "max_replies_per_day": max_replies_per_day,
                        "max_replies_per_ticket": max_replies_per_ticket,
                        "max_replies_per_requester": max_replies_per_requester,
                        "audit_share": audit_share,
                        "audit_days": audit_days,
                        "novelty_share": novelty_share,
                        "link_hosts": link_hosts,
                        "teams": teams,
                        "default_team": default_team,
                        "close_after_days": close_after_days,
                        "after_closing": after_closing,
                        "language_models": language_models,
                        "max_model_tokens_per_day": max_model_tokens_per_day,
                        "max_model_cost_per_day": max_model_cost_per_day,
                        "refit_after": refit_after,
                        "retain_tickets_days": retain_tickets_days,
                        "retain_attachments_days": retain_attachments_days,
                        "retain_steps_days": retain_steps_days,
                        "retain_events_days": retain_events_days,
                        "provider_keys": provider_keys,
                    }
                ),
            )
        )

    async def list(self) -> schemas.SettingList:
        """List what can be set.

        Every setting with its category, type, default and what it takes, and who changed it when.

        Needs the scope `settings:read`.
        """
        return await self._send(Call("GET", "/v1/settings/schema", schemas.SettingList))


class AsyncSources(AsyncResource):
    """Intake: `client.sources`."""

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.SourcePage:
        """List sources.

        Sources, newest first, without their secrets.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `sources:read`.
        """
        return await self._send(
            Call("GET", "/v1/sources", schemas.SourcePage, query={"limit": limit, "cursor": cursor})
        )

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[schemas.SourceOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    async def add(
        self, *, slug: str, name: str, mapping: schemas.MappingIn, idempotency_key: str | None = None
    ) -> schemas.SourceMade:
        """Add a source.

        From now on it may send tickets to `POST /v1/intake/{address}`, signed with `secret`, shown this once.

        - `slug`: Its part of the address; it never changes.
        - `name`: What it is, for people.
        - `mapping`: What its fields are called here.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `sources:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/sources",
                schemas.SourceMade,
                body={"slug": slug, "name": name, "mapping": mapping},
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, source_id: str) -> schemas.SourceOut:
        """Read a source.

        A source with its mapping, without its secret.

        Needs the scope `sources:read`.
        """
        return await self._send(Call("GET", f"/v1/sources/{segment(source_id)}", schemas.SourceOut))

    async def delete(self, source_id: str) -> schemas.SourceDeleted:
        """Delete a source.

        Nothing that it sends is taken any more; its tickets stay.

        Needs the scope `sources:write`.
        """
        return await self._send(Call("DELETE", f"/v1/sources/{segment(source_id)}", schemas.SourceDeleted))

    async def change(
        self,
        source_id: str,
        *,
        name: str | Omitted = OMITTED,
        mapping: schemas.MappingIn | Omitted = OMITTED,
        state: schemas.SourceState | Omitted = OMITTED,
    ) -> schemas.SourceOut:
        """Change a source.

        Fields that are not sent stay as they are; `mapping` is replaced as a whole.

        - `name`: What it is, for people.
        - `mapping`: In place of the whole one before.
        - `state`: What a disabled source sends is refused with 403.

        Needs the scope `sources:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                f"/v1/sources/{segment(source_id)}",
                schemas.SourceOut,
                body=given({"name": name, "mapping": mapping, "state": state}),
            )
        )

    async def rotate_secret(self, source_id: str, *, idempotency_key: str | None = None) -> schemas.SourceSecretMade:
        """Rotate a source's secret.

        A new secret, shown this once. For 24 hours what is signed with the one before is taken as well.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `sources:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/sources/{segment(source_id)}/rotate",
                schemas.SourceSecretMade,
                idempotency_key=idempotency_key,
            )
        )

    async def try_(
        self, source_id: str, *, sample: Mapping[str, Any], idempotency_key: str | None = None
    ) -> schemas.SampleOut:
        """Try a source's mapping.

        What an item would become. Nothing is stored.

        - `sample`: One item.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `sources:read`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/sources/{segment(source_id)}/test",
                schemas.SampleOut,
                body={"sample": sample},
                idempotency_key=idempotency_key,
            )
        )


class AsyncTickets(AsyncResource):
    """Tickets: `client.tickets`."""

    async def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[schemas.TicketStatus] | None = None,
        category: str | None = None,
        priority: schemas.Priority | None = None,
        team: str | None = None,
        assignee: str | None = None,
        requester: str | None = None,
        tag: str | None = None,
        snoozed: bool | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> schemas.TicketPage:
        """List tickets.

        Tickets by their last change, newest first. A ticket that changes while you page moves to the front.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `status`: Any of these; all when left out.
        - `category`: Exactly this category.
        - `priority`: Exactly this priority.
        - `team`: Exactly this team.
        - `assignee`: Exactly this assignee.
        - `requester`: Exactly this requester's e-mail address.
        - `tag`: Tagged with exactly this.
        - `snoozed`: Only those that are put aside, or only those that are not.
        - `updated_since`: Changed last then or later.
        - `updated_until`: Changed last then or earlier.

        Needs the scope `tickets:read`.
        """
        return await self._send(
            Call(
                "GET",
                "/v1/tickets",
                schemas.TicketPage,
                query={
                    "limit": limit,
                    "cursor": cursor,
                    "status": status,
                    "category": category,
                    "priority": priority,
                    "team": team,
                    "assignee": assignee,
                    "requester": requester,
                    "tag": tag,
                    "snoozed": snoozed,
                    "updated_since": updated_since,
                    "updated_until": updated_until,
                },
            )
        )

    def iterate(
        self,
        *,
        limit: int | None = None,
        status: Sequence[schemas.TicketStatus] | None = None,
        category: str | None = None,
        priority: schemas.Priority | None = None,
        team: str | None = None,
        assignee: str | None = None,
        requester: str | None = None,
        tag: str | None = None,
        snoozed: bool | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> AsyncIterator[schemas.TicketOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these; all when left out.
        - `category`: Exactly this category.
        - `priority`: Exactly this priority.
        - `team`: Exactly this team.
        - `assignee`: Exactly this assignee.
        - `requester`: Exactly this requester's e-mail address.
        - `tag`: Tagged with exactly this.
        - `snoozed`: Only those that are put aside, or only those that are not.
        - `updated_since`: Changed last then or later.
        - `updated_until`: Changed last then or earlier.
        """
        return self._pages(
            lambda cursor: self.list(
                limit=limit,
                status=status,
                category=category,
                priority=priority,
                team=team,
                assignee=assignee,
                requester=requester,
                tag=tag,
                snoozed=snoozed,
                updated_since=updated_since,
                updated_until=updated_until,
                cursor=cursor,
            )
        )

    async def open(
        self,
        *,
        body: str,
        headers: Mapping[str, str] | Omitted = OMITTED,
        subject: str | Omitted = OMITTED,
        external_id: str | Omitted | None = OMITTED,
        channel: str | Omitted = OMITTED,
        requester_name: str | Omitted | None = OMITTED,
        requester_email: str | Omitted | None = OMITTED,
        priority: schemas.Priority | Omitted = OMITTED,
        tags: Sequence[str] | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.TicketAccepted:
        """Open a ticket.

        Store a ticket and start the run that works on it. It is accepted for good before the response is sent;
        what the agent decides is seen on the ticket a moment later.

        A second ticket with the same `external_id` is refused with 409, and `existing_id` names the first.

        - `headers`: Headers of the mail it came by; the agent never answers machines.
        - `subject`: One line; may be empty.
        - `body`: What the customer wrote, as plain text.
        - `external_id`: The other system's id; a second ticket with it is refused.
        - `channel`: Where it came in.
        - `requester_name`: Who asks.
        - `requester_email`: Where to reach them.
        - `priority`: At least this urgent; the agent may raise it.
        - `tags`: Labels of yours.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/tickets",
                schemas.TicketAccepted,
                body={
                    "body": body,
                    **given(
                        {
                            "headers": headers,
                            "subject": subject,
                            "external_id": external_id,
                            "channel": channel,
                            "requester_name": requester_name,
                            "requester_email": requester_email,
                            "priority": priority,
                            "tags": tags,
                        }
                    ),
                },
                idempotency_key=idempotency_key,
            )
        )

    async def read(self, ticket_id: str) -> schemas.TicketDetail:
        """Read a ticket.

        A ticket with its conversation and the agent's newest decision.

        Needs the scope `tickets:read`.
        """
        return await self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}", schemas.TicketDetail))

    async def change(
        self,
        ticket_id: str,
        *,
        if_match: str | None = None,
        status: Literal["waiting", "escalated", "resolved", "reopened", "closed"] | Omitted = OMITTED,
        priority: schemas.Priority | Omitted = OMITTED,
        subject: str | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        team: str | Omitted | None = OMITTED,
        assignee: str | Omitted | None = OMITTED,
        tags: Sequence[str] | Omitted = OMITTED,
        add_tags: Sequence[str] | Omitted = OMITTED,
        remove_tags: Sequence[str] | Omitted = OMITTED,
    ) -> schemas.TicketOut:
        """Change a ticket.

        Change a ticket's status, priority, category, team, assignee, subject or tags; what is so already is no
        change.

        A status that may not follow the one it has is refused with 409, and so is every change of a ticket that
        was merged. Any change stops an automatic reply that is still being prepared, and what it sets stands
        against what the agent finds.

        - `if_match`: The `ETag` that was read: when the object changed since, the request is refused with 412.
        - `status`: What it becomes; docs/guides/tickets.md shows from what.
        - `priority`: How soon it wants a human.
        - `subject`: One line; may be empty.
        - `category`: What it is filed under; null takes it away.
        - `team`: The team that has it; null takes it away.
        - `assignee`: The human who has it; null takes it away.
        - `tags`: Replaces the whole list.
        - `add_tags`: Adds to the list.
        - `remove_tags`: Takes from the list.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                f"/v1/tickets/{segment(ticket_id)}",
                schemas.TicketOut,
                headers={"If-Match": if_match},
                body=given(
                    {
                        "status": status,
                        "priority": priority,
                        "subject": subject,
                        "category": category,
                        "team": team,
                        "assignee": assignee,
                        "tags": tags,
                        "add_tags": add_tags,
                        "remove_tags": remove_tags,
                    }
                ),
            )
        )

    async def add_message(
        self,
        ticket_id: str,
        *,
        author: Literal["requester", "user"],
        body: str,
        headers: Mapping[str, str] | Omitted = OMITTED,
        author_name: str | Omitted | None = OMITTED,
        internal: bool | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.MessageAccepted:
        """Add a message.

        Add the customer's next message, a human's reply, or a human's note.

        A customer's message starts a new run, and opens the ticket again when it was resolved. To a closed
        ticket it opens a follow-up that is linked to it, unless the setting `after_closing` says otherwise, and
        to a merged one it goes to the ticket that it was merged into: `ticket` is the one that has the message.

        A human's reply sets the ticket to `waiting`. Whatever a human writes also stops an automatic reply that
        is still being prepared.

        - `headers`: Headers of the mail it came by; the agent never answers machines.
        - `author`: `requester` for the customer: the agent works on the ticket again. `user` for a human of the
          team.
        - `body`: Plain text.
        - `author_name`: The writer's name.
        - `internal`: A note that the customer never sees; for humans of the team only.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/messages",
                schemas.MessageAccepted,
                body={
                    "author": author,
                    "body": body,
                    **given({"headers": headers, "author_name": author_name, "internal": internal}),
                },
                idempotency_key=idempotency_key,
            )
        )

    async def list_runs(self, ticket_id: str) -> schemas.RunList:
        """List a ticket's runs.

        Every run over the ticket, oldest first: one for its opening and one for each later message of the
        customer.

        Needs the scope `runs:read`.
        """
        return await self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}/runs", schemas.RunList))

    async def similar(
        self,
        ticket_id: str,
        *,
        kinds: Sequence[Literal["case", "article", "answer", "ticket"]] | None = None,
        limit: int | None = None,
    ) -> schemas.SearchOut:
        """Find what resembles a ticket.

        Resolved cases (or articles, answers, other tickets) that are like what the customer still waits for.

        - `kinds`: What to look through.
        - `limit`: Most hits to return.

        Needs the scope `search:read`.
        """
        return await self._send(
            Call(
                "GET",
                f"/v1/tickets/{segment(ticket_id)}/similar",
                schemas.SearchOut,
                query={"kinds": kinds, "limit": limit},
            )
        )

    async def give_feedback(
        self,
        ticket_id: str,
        *,
        kind: schemas.FeedbackKind,
        answer_id: str | Omitted | None = OMITTED,
        score: int | Omitted | None = OMITTED,
        note: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.FeedbackOut:
        """Give feedback.

        Say whether the newest decision on a ticket was right, and which answer would have been. The agent
        learns it.

        - `kind`: What is said of the decision.
        - `answer_id`: The answer that would have been right.
        - `score`: The customer's satisfaction, with kind `csat` only.
        - `note`: Why, in words.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `feedback:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/feedback",
                schemas.FeedbackOut,
                body={"kind": kind, **given({"answer_id": answer_id, "score": score, "note": note})},
                idempotency_key=idempotency_key,
            )
        )

    async def change_tickets(
        self,
        *,
        ticket_ids: Sequence[str],
        status: Literal["waiting", "escalated", "resolved", "reopened", "closed"] | Omitted | None = OMITTED,
        assign: schemas.AssignIn | Omitted | None = OMITTED,
        tag: schemas.TagIn | Omitted | None = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.BulkOut:
        """Change many tickets.

        Do one thing to up to 100 tickets: set their status, assign them, or tag them. Each is changed or
        refused by itself, as its result says; the response is 200 also where all were refused.

        - `ticket_ids`: Each once.
        - `status`: What they become.
        - `assign`: Who gets them.
        - `tag`: What they are tagged with.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/tickets/bulk",
                schemas.BulkOut,
                body={"ticket_ids": ticket_ids, **given({"status": status, "assign": assign, "tag": tag})},
                idempotency_key=idempotency_key,
            )
        )

    async def merge(
        self, ticket_id: str, *, into_ticket_id: str, idempotency_key: str | None = None
    ) -> schemas.TicketOut:
        """Merge a ticket into another.

        Close a ticket for good and let the other one go on with its conversation; the merged one, as it then
        stands.

        Its runs are cancelled. What its customer writes from now on goes to the other ticket. It cannot be
        undone.

        - `into_ticket_id`: The ticket that stays.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/merge",
                schemas.TicketOut,
                body={"into_ticket_id": into_ticket_id},
                idempotency_key=idempotency_key,
            )
        )

    async def list_links(self, ticket_id: str) -> schemas.LinkList:
        """List a ticket's links.

        Tickets that belong to this one, by a person's word or because one continues the other.

        Needs the scope `tickets:read`.
        """
        return await self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}/links", schemas.LinkList))

    async def link(
        self, ticket_id: str, *, other_ticket_id: str, idempotency_key: str | None = None
    ) -> schemas.LinkOut:
        """Link a ticket to another.

        Relate two tickets; each then shows the other. Two that are linked already stay as they are.

        - `other_ticket_id`: The other ticket.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/links",
                schemas.LinkOut,
                body={"other_ticket_id": other_ticket_id},
                idempotency_key=idempotency_key,
            )
        )

    async def unlink(self, ticket_id: str, other_ticket_id: str) -> None:
        """Take a link back.

        Take back a link of the kind `related`; the other kinds tell what became of a ticket, and stay.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call("DELETE", f"/v1/tickets/{segment(ticket_id)}/links/{segment(other_ticket_id)}", NoneType)
        )

    async def snooze(self, ticket_id: str, *, until: datetime, idempotency_key: str | None = None) -> schemas.TicketOut:
        """Put a ticket aside.

        Put a ticket aside until a moment, at which it comes back with the event `ticket.woken`. A message of
        its customer brings it back before. Its status stays; meanwhile it gets no automatic reply.

        - `until`: When it comes back: within the five years that lie ahead.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/snooze",
                schemas.TicketOut,
                body={"until": until},
                idempotency_key=idempotency_key,
            )
        )

    async def unsnooze(self, ticket_id: str) -> schemas.TicketOut:
        """Bring a ticket back.

        Bring a ticket back before its time; one that is not put aside stays as it is.

        Needs the scope `tickets:write`.
        """
        return await self._send(Call("DELETE", f"/v1/tickets/{segment(ticket_id)}/snooze", schemas.TicketOut))

    async def list_attachments(self, ticket_id: str) -> schemas.AttachmentList:
        """List a ticket's attachments.

        The files of a ticket and of those that were merged into it, without their contents.

        Needs the scope `tickets:read`.
        """
        return await self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}/attachments", schemas.AttachmentList))

    async def attach_file(
        self,
        ticket_id: str,
        *,
        name: str,
        body: Upload,
        message_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> schemas.AttachmentOut:
        """Attach a file.

        Send a file of up to 10 MB as the body, whatever its `Content-Type`; up to 20 for one message. What it
        is, is told by its first bytes.

        Attachments are for people: the agent reads none of them, and decides as if they were not there.

        - `name`: The file's name; what is no part of a name is replaced, and the last 190 characters are kept.
        - `message_id`: One of the ticket's messages; the ticket itself when left out.
        - `body`: What to send, as application/octet-stream.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `tickets:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/attachments",
                schemas.AttachmentOut,
                query={"name": name, "message_id": message_id},
                body=body,
                idempotency_key=idempotency_key,
            )
        )


class AsyncWebhooks(AsyncResource):
    """Webhooks: `client.webhooks`."""

    async def list_endpoints(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.EndpointPage:
        """List webhook endpoints.

        Endpoints, newest first, without their secrets.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `webhooks:read`.
        """
        return await self._send(
            Call("GET", "/v1/webhooks/endpoints", schemas.EndpointPage, query={"limit": limit, "cursor": cursor})
        )

    def iterate_endpoints(self, *, limit: int | None = None) -> AsyncIterator[schemas.EndpointOut]:
        """Every item of `list_endpoints`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list_endpoints(limit=limit, cursor=cursor))

    async def add_endpoint(
        self,
        *,
        url: str,
        description: str | Omitted = OMITTED,
        types: Sequence[str] | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> schemas.EndpointMade:
        """Add a webhook endpoint.

        From now on events are sent to it, signed by Standard Webhooks with `secret`, which is shown this once.
        A URL that must not be called is refused with 422.

        - `url`: Where events are sent: https and port 443, unless the operator allows more.
        - `description`: What it is, for people.
        - `types`: Event types, or `ticket.*` for all that begin so; none means all.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call(
                "POST",
                "/v1/webhooks/endpoints",
                schemas.EndpointMade,
                body={"url": url, **given({"description": description, "types": types})},
                idempotency_key=idempotency_key,
            )
        )

    async def read_endpoint(self, endpoint_id: str) -> schemas.EndpointOut:
        """Read a webhook endpoint.

        An endpoint without its secret; where it is disabled, `reason` says why.

        Needs the scope `webhooks:read`.
        """
        return await self._send(Call("GET", f"/v1/webhooks/endpoints/{segment(endpoint_id)}", schemas.EndpointOut))

    async def delete_endpoint(self, endpoint_id: str) -> schemas.EndpointDeleted:
        """Delete a webhook endpoint.

        It is told nothing more, and its deliveries are forgotten.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call("DELETE", f"/v1/webhooks/endpoints/{segment(endpoint_id)}", schemas.EndpointDeleted)
        )

    async def change_endpoint(
        self,
        endpoint_id: str,
        *,
        url: str | Omitted = OMITTED,
        description: str | Omitted = OMITTED,
        types: Sequence[str] | Omitted = OMITTED,
        state: schemas.EndpointState | Omitted = OMITTED,
        after_seq: int | Omitted = OMITTED,
    ) -> schemas.EndpointOut:
        """Change a webhook endpoint.

        Fields that are not sent stay as they are. What waits for its next attempt goes to the new URL.

        - `url`: Where events are sent.
        - `description`: What it is, for people.
        - `types`: Event types, or `ticket.*` for all that begin so; none means all.
        - `state`: Enabled again, it is told of what happens from then on.
        - `after_seq`: Send all events after this one, also those that were sent before.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call(
                "PATCH",
                f"/v1/webhooks/endpoints/{segment(endpoint_id)}",
                schemas.EndpointOut,
                body=given(
                    {"url": url, "description": description, "types": types, "state": state, "after_seq": after_seq}
                ),
            )
        )

    async def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> schemas.SecretMade:
        """Rotate a webhook endpoint's secret.

        A new secret, shown this once. For 24 hours everything is signed with the one before as well, so that
        receivers can change over in their own time; one from an earlier rotation ends now.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/webhooks/endpoints/{segment(endpoint_id)}/rotate",
                schemas.SecretMade,
                idempotency_key=idempotency_key,
            )
        )

    async def test_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> schemas.DeliveryOut:
        """Test a webhook endpoint.

        Send a `webhook.test`, whatever types it asks for. The delivery tells how it went.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/webhooks/endpoints/{segment(endpoint_id)}/test",
                schemas.DeliveryOut,
                idempotency_key=idempotency_key,
            )
        )

    async def list_deliveries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        endpoint_id: str | None = None,
        state: schemas.DeliveryState | None = None,
    ) -> schemas.DeliveryPage:
        """List webhook deliveries.

        Deliveries, newest first, of all endpoints or of one.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `endpoint_id`: Of this endpoint alone.
        - `state`: In this state alone.

        Needs the scope `webhooks:read`.
        """
        return await self._send(
            Call(
                "GET",
                "/v1/webhooks/deliveries",
                schemas.DeliveryPage,
                query={"limit": limit, "cursor": cursor, "endpoint_id": endpoint_id, "state": state},
            )
        )

    def iterate_deliveries(
        self, *, limit: int | None = None, endpoint_id: str | None = None, state: schemas.DeliveryState | None = None
    ) -> AsyncIterator[schemas.DeliveryOut]:
        """Every item of `list_deliveries`, page after page; `limit` is the length of a page.

        - `endpoint_id`: Of this endpoint alone.
        - `state`: In this state alone.
        """
        return self._pages(
            lambda cursor: self.list_deliveries(limit=limit, endpoint_id=endpoint_id, state=state, cursor=cursor)
        )

    async def read_delivery(self, delivery_id: str) -> schemas.DeliveryDetail:
        """Read a webhook delivery.

        A delivery with every attempt: status, error, duration and how the response began.

        Needs the scope `webhooks:read`.
        """
        return await self._send(Call("GET", f"/v1/webhooks/deliveries/{segment(delivery_id)}", schemas.DeliveryDetail))

    async def resend(self, delivery_id: str, *, idempotency_key: str | None = None) -> schemas.DeliveryOut:
        """Send a webhook again.

        Attempt it now, and where that fails by the whole schedule again. The `webhook-id` stays, so that a
        receiver that had it already can tell. 409 where the endpoint is disabled.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `webhooks:write`.
        """
        return await self._send(
            Call(
                "POST",
                f"/v1/webhooks/deliveries/{segment(delivery_id)}/resend",
                schemas.DeliveryOut,
                idempotency_key=idempotency_key,
            )
        )


class AsyncResources:
    """Every part of the API, each as an attribute."""

    def __init__(self, sender: AsyncSender) -> None:
        self.answers = AsyncAnswers(sender)
        self.articles = AsyncArticles(sender)
        self.attachments = AsyncAttachments(sender)
        self.audit_log = AsyncAuditLog(sender)
        self.audits = AsyncAudits(sender)
        self.automation = AsyncAutomation(sender)
        self.certificates = AsyncCertificates(sender)
        self.decisions = AsyncDecisions(sender)
        self.erasures = AsyncErasures(sender)
        self.events = AsyncEvents(sender)
        self.experiments = AsyncExperiments(sender)
        self.exports = AsyncExports(sender)
        self.health = AsyncHealth(sender)
        self.intake = AsyncIntake(sender)
        self.keys = AsyncKeys(sender)
        self.me = AsyncMe(sender)
        self.notices = AsyncNotices(sender)
        self.people = AsyncPeople(sender)
        self.runs = AsyncRuns(sender)
        self.search = AsyncSearch(sender)
        self.sessions = AsyncSessions(sender)
        self.settings = AsyncSettings(sender)
        self.sources = AsyncSources(sender)
        self.tickets = AsyncTickets(sender)
        self.webhooks = AsyncWebhooks(sender)
