"""The API's operations, by resource.

Written by tools/client.py from openapi.json; edit the API's routes and schemas instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ticketflow_client.calls import OMITTED, Call, Omitted, given, segment
from ticketflow_client.following import Position
from ticketflow_client.generated import schemas
from ticketflow_client.resource import Resource, Sender


class Answers(Resource):
    """Articles and answers: `client.answers`."""

    def list(
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
        return self._send(
            Call("GET", "/v1/answers", schemas.AnswerPage, query={"limit": limit, "cursor": cursor, "status": status})
        )

    def iterate(
        self, *, limit: int | None = None, status: Sequence[Literal["draft", "approved"]] | None = None
    ) -> Iterator[schemas.AnswerOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these.
        """
        return self._pages(lambda cursor: self.list(limit=limit, status=status, cursor=cursor))

    def write(
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
        return self._send(
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

    def read(self, answer_id: str) -> schemas.AnswerOut:
        """Read an answer.

        An answer with its record: how often the agent sent it, and how often that was right.

        Needs the scope `articles:read`.
        """
        return self._send(Call("GET", f"/v1/answers/{segment(answer_id)}", schemas.AnswerOut))

    def change(
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
        return self._send(
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


class Articles(Resource):
    """Articles and answers: `client.articles`."""

    def list(
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
        return self._send(
            Call("GET", "/v1/articles", schemas.ArticlePage, query={"limit": limit, "cursor": cursor, "status": status})
        )

    def iterate(
        self, *, limit: int | None = None, status: Sequence[schemas.ArticleStatus] | None = None
    ) -> Iterator[schemas.ArticleSummary]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these; all when left out.
        """
        return self._pages(lambda cursor: self.list(limit=limit, status=status, cursor=cursor))

    def write(
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
        return self._send(
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

    def read(self, article_id: str) -> schemas.ArticleOut:
        """Read an article.

        An article at its newest version.

        Needs the scope `articles:read`.
        """
        return self._send(Call("GET", f"/v1/articles/{segment(article_id)}", schemas.ArticleOut))

    def revise(
        self,
        article_id: str,
        *,
        title: str,
        body: str,
        version: int,
        status: schemas.ArticleStatus | Omitted = OMITTED,
        category: str | Omitted | None = OMITTED,
        language: str | Omitted | None = OMITTED,
    ) -> schemas.ArticleOut:
        """Revise an article.

        Store the next version of an article as a whole. `version` is the one that was read; when somebody else
        was faster the change is refused with 409, and nothing of theirs is lost.

        - `title`: One line; searched like the body.
        - `body`: Plain text or Markdown.
        - `status`: Only published articles are found and cited.
        - `category`: What it is about; searches can filter by it.
        - `language`: A code such as `en`; searches can filter by it.
        - `version`: The version it builds on; refused when there is a newer one.

        Needs the scope `articles:write`.
        """
        return self._send(
            Call(
                "PUT",
                f"/v1/articles/{segment(article_id)}",
                schemas.ArticleOut,
                body={
                    "title": title,
                    "body": body,
                    "version": version,
                    **given({"status": status, "category": category, "language": language}),
                },
            )
        )


class Audits(Resource):
    """Audits: `client.audits`."""

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.AuditPage:
        """List what waits for a grade.

        Decisions that the coin drew and that wait for a grade by this key, the oldest first. A second grade is
        asked of another key than gave the first: give every grader one of their own.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `audits:read`.
        """
        return self._send(Call("GET", "/v1/audits", schemas.AuditPage, query={"limit": limit, "cursor": cursor}))

    def iterate(self, *, limit: int | None = None) -> Iterator[schemas.AuditOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    def read_summary(self, *, days: int | None = None) -> schemas.SummaryOut:
        """Read how the audit stands.

        What was drawn and graded lately, the share of wrong automatic replies, and whether graders agree.

        - `days`: Those drawn in so many days up to now.

        Needs the scope `audits:read`.
        """
        return self._send(Call("GET", "/v1/audits/summary", schemas.SummaryOut, query={"days": days}))

    def read(self, decision_id: str) -> schemas.AuditDetail:
        """Read a drawn decision.

        A decision that the coin drew, with its grades once all of them are given.

        Needs the scope `audits:read`.
        """
        return self._send(Call("GET", f"/v1/audits/{segment(decision_id)}", schemas.AuditDetail))

    def grade(
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
        return self._send(
            Call(
                "POST",
                f"/v1/audits/{segment(decision_id)}/grade",
                schemas.GradedOut,
                body={"grade": grade, **given({"right_answer_id": right_answer_id, "note": note})},
                idempotency_key=idempotency_key,
            )
        )


class Automation(Resource):
    """Automation: `client.automation`."""

    def read(self) -> schemas.AutomationOut:
        """Read how automation stands.

        For every segment what the agent may do, from which confidence, on which proof, and how the watch over
        it stands. Where it may not reply by itself, `objections` say why.

        Needs the scope `settings:read`.
        """
        return self._send(Call("GET", "/v1/automation", schemas.AutomationOut))

    def stop(self, *, reason: str | Omitted = OMITTED, idempotency_key: str | None = None) -> schemas.AutomationOut:
        """Stop automatic replies.

        The kill switch: sets `automation` to false. From this moment no process sends anything by itself,
        replies under way included; tickets go to people, with the agent's proposal. Stopping twice is no error.

        - `reason`: Why, for the event and the audit log.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return self._send(
            Call(
                "POST",
                "/v1/automation/stop",
                schemas.AutomationOut,
                body=given({"reason": reason}),
                idempotency_key=idempotency_key,
            )
        )

    def resume(self, *, reason: str | Omitted = OMITTED, idempotency_key: str | None = None) -> schemas.AutomationOut:
        """Resume automatic replies.

        Set `automation` to true again. Certificates and the watch still decide what the agent may send.

        - `reason`: Why, for the event and the audit log.
        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return self._send(
            Call(
                "POST",
                "/v1/automation/resume",
                schemas.AutomationOut,
                body=given({"reason": reason}),
                idempotency_key=idempotency_key,
            )
        )


class Certificates(Resource):
    """Certificates: `client.certificates`."""

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.CertificatePage:
        """List certificates.

        Certificates and refusals, newest first, those that have ended included.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `settings:read`.
        """
        return self._send(
            Call("GET", "/v1/certificates", schemas.CertificatePage, query={"limit": limit, "cursor": cursor})
        )

    def iterate(self, *, limit: int | None = None) -> Iterator[schemas.CertificateOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    def prove(
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
        return self._send(
            Call(
                "POST",
                "/v1/certificates",
                schemas.VerdictsOut,
                body=given({"segment": segment}),
                idempotency_key=idempotency_key,
            )
        )

    def read(self, certificate_id: str) -> schemas.CertificateOut:
        """Read a certificate.

        A certificate or refusal; `statement` says what it covers and what it does not.

        Needs the scope `settings:read`.
        """
        return self._send(Call("GET", f"/v1/certificates/{segment(certificate_id)}", schemas.CertificateOut))


class Decisions(Resource):
    """Decisions: `client.decisions`."""

    def read(self, decision_id: str) -> schemas.DecisionDetail:
        """Read a decision.

        A decision with everything it was made from: what was read and found, features, versions, threshold,
        certificate, settings.

        Needs the scope `tickets:read`.
        """
        return self._send(Call("GET", f"/v1/decisions/{segment(decision_id)}", schemas.DecisionDetail))

    def replay(
        self,
        decision_id: str,
        *,
        settings: schemas.SettingsPatch | Omitted = OMITTED,
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
        return self._send(
            Call(
                "POST",
                f"/v1/decisions/{segment(decision_id)}/replay",
                schemas.ReplayOut,
                body=given({"settings": settings, "now": now, "version": version, "search_again": search_again}),
                idempotency_key=idempotency_key,
            )
        )


class Events(Resource):
    """Runs and events: `client.events`."""

    def list(self, *, after: int | None = None, limit: int | None = None) -> schemas.EventPage:
        """Read the event log.

        What happened in the workspace after `after`, oldest first. The log has no gaps: who has read up to a
        seq has missed nothing before it.

        - `after`: Events after this seq; 0 begins with the first.
        - `limit`: Length of the page.

        Needs the scope `events:read`.
        """
        return self._send(Call("GET", "/v1/events", schemas.EventPage, query={"after": after, "limit": limit}))

    def __call__(
        self, *, limit: int | None = None, after: int = 0, poll_seconds: float = 1.0, outage_seconds: float = 300.0
    ) -> Iterator[schemas.EventOut]:
        """Every event after `after`, and then each one as it happens; it ends when you stop iterating. To go on
        after a restart, keep the `seq` of the last event and pass it as `after`.

        While the server cannot be reached, up to `outage_seconds`, it waits and goes on where it was.
        `poll_seconds` is the pause when nothing is new, `limit` how many events are fetched at once.
        """
        position = Position(after, poll_seconds, outage_seconds)
        return self._follow(lambda after: self.list(limit=limit, after=after), position)


class Experiments(Resource):
    """Experiments: `client.experiments`."""

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> schemas.ExperimentPage:
        """List experiments.

        Experiments, running and stopped, newest first, without their results.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.

        Needs the scope `settings:read`.
        """
        return self._send(
            Call("GET", "/v1/experiments", schemas.ExperimentPage, query={"limit": limit, "cursor": cursor})
        )

    def iterate(self, *, limit: int | None = None) -> Iterator[schemas.ExperimentOut]:
        """Every item of `list`, page after page; `limit` is the length of a page."""
        return self._pages(lambda cursor: self.list(limit=limit, cursor=cursor))

    def start(
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
        return self._send(
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

    def read(self, experiment_id: str) -> schemas.ResultOut:
        """Read an experiment's result.

        The experiment, what its audited tickets show of each side by now, and whether that decides. Look as
        often as you like: intervals and e-value allow for it.

        Needs the scope `settings:read`.
        """
        return self._send(Call("GET", f"/v1/experiments/{segment(experiment_id)}", schemas.ResultOut))

    def stop(self, experiment_id: str, *, idempotency_key: str | None = None) -> schemas.ExperimentOut:
        """Stop an experiment.

        From now on every ticket gets what is in force; the result stays, and grades that come later still
        count. Stopping an experiment twice is no error.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return self._send(
            Call(
                "POST",
                f"/v1/experiments/{segment(experiment_id)}/stop",
                schemas.ExperimentOut,
                idempotency_key=idempotency_key,
            )
        )


class Health(Resource):
    """Health: `client.health`."""

    def welcome(self) -> schemas.WelcomeOut:
        """What this server is.

        The product's name and version, and where to go on.
        """
        return self._send(Call("GET", "/", schemas.WelcomeOut))

    def healthz(self) -> schemas.HealthOut:
        """Is the process alive?.

        Answers as long as the process serves requests, whatever its database does.
        """
        return self._send(Call("GET", "/healthz", schemas.HealthOut))

    def readyz(self) -> schemas.ReadyOut:
        """Can it serve?.

        Says whether the database answers, its schema is this version's, and the encoder is loaded; and which is
        not.
        """
        return self._send(Call("GET", "/readyz", schemas.ReadyOut))


class Notices(Resource):
    """Notices: `client.notices`."""

    def list(
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
        return self._send(
            Call("GET", "/v1/notices", schemas.NoticePage, query={"limit": limit, "cursor": cursor, "unread": unread})
        )

    def iterate(self, *, limit: int | None = None, unread: bool | None = None) -> Iterator[schemas.NoticeOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `unread`: Only those that nobody has read.
        """
        return self._pages(lambda cursor: self.list(limit=limit, unread=unread, cursor=cursor))

    def mark_read(self, notice_id: str, *, idempotency_key: str | None = None) -> schemas.NoticeRead:
        """Mark a notice as read.

        From now on it is not among the unread ones. Whoever marked it first stays its reader.

        - `idempotency_key`: A name for this call; the same one again is not done twice. By default a new one.

        Needs the scope `settings:write`.
        """
        return self._send(
            Call("POST", f"/v1/notices/{segment(notice_id)}/read", schemas.NoticeRead, idempotency_key=idempotency_key)
        )


class Runs(Resource):
    """Runs and events: `client.runs`."""

    def read(self, run_id: str) -> schemas.RunDetail:
        """Read a run.

        A run with each step that is done: what it built on, what it yielded, how long it took and its version.

        Needs the scope `runs:read`.
        """
        return self._send(Call("GET", f"/v1/runs/{segment(run_id)}", schemas.RunDetail))


class Search(Resource):
    """Search: `client.search`."""

    def __call__(
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
        return self._send(
            Call(
                "POST",
                "/v1/search",
                schemas.SearchOut,
                body={"text": text, **given({"kinds": kinds, "filters": filters, "limit": limit})},
                idempotency_key=idempotency_key,
            )
        )


class Settings(Resource):
    """Settings: `client.settings`."""

    def read(self) -> schemas.SettingsOut:
        """Read the settings.

        The settings in force, defaults included.

        Needs the scope `settings:read`.
        """
        return self._send(Call("GET", "/v1/settings", schemas.SettingsOut))

    def change(
        self,
        *,
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
        language_models: bool | Omitted = OMITTED,
        max_model_tokens_per_day: int | Omitted | None = OMITTED,
        max_model_cost_per_day: float | Omitted | None = OMITTED,
        refit_after: int | Omitted = OMITTED,
    ) -> schemas.SettingsOut:
        """Change settings.

        Change some settings. `automation: false` stops every automatic reply at once, those under way included.

        Who asks for fewer wrong replies, or for more certainty, gets automatic replies only once a certificate
        proves it: a look at the graded tickets is queued at once.

        - `automation`: The kill switch: false stops every automatic reply.
        - `level`: What the agent may do at most.
        - `levels`: The same for single categories; replaces the whole table.
        - `max_wrong`: Largest accepted share of wrong automatic replies.
        - `certainty`: How sure a certificate must be that it is kept.
        - `category_max_wrong`: Categories with a share of their own; replaces the whole table.
        - `sensitive`: Categories that are never automatic; replaces the whole list.
        - `max_replies_per_day`: Most automatic replies in one day (UTC); null takes the limit away.
        - `max_replies_per_ticket`: Most automatic replies in one ticket.
        - `max_replies_per_requester`: Most automatic replies to one e-mail address in one day.
        - `audit_share`: Share of tickets that people grade.
        - `audit_days`: Days for grading, after which a ticket counts as wrong.
        - `novelty_share`: Expected share of tickets that no known answer fits.
        - `link_hosts`: Hosts that links in replies may name; replaces the list; null: any.
        - `teams`: Replaces the whole table.
        - `default_team`: Team that takes every other ticket.
        - `language_models`: Whether language models read this workspace's tickets.
        - `max_model_tokens_per_day`: Most tokens for language models in one day; null takes the limit away.
        - `max_model_cost_per_day`: Most money for language models in one day; null takes the limit away.
        - `refit_after`: New or changed cases before learning runs again.

        Needs the scope `settings:write`.
        """
        return self._send(
            Call(
                "PATCH",
                "/v1/settings",
                schemas.SettingsOut,
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
                        "language_models": language_models,
                        "max_model_tokens_per_day": max_model_tokens_per_day,
                        "max_model_cost_per_day": max_model_cost_per_day,
                        "refit_after": refit_after,
                    }
                ),
            )
        )


class Tickets(Resource):
    """Tickets: `client.tickets`."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[schemas.TicketStatus] | None = None,
        category: str | None = None,
    ) -> schemas.TicketPage:
        """List tickets.

        Tickets by their last change, newest first. A ticket that changes while you page moves to the front.

        - `limit`: Length of the page.
        - `cursor`: `next_cursor` of the page before; leave it out for the first.
        - `status`: Any of these; all when left out.
        - `category`: Exactly this category.

        Needs the scope `tickets:read`.
        """
        return self._send(
            Call(
                "GET",
                "/v1/tickets",
                schemas.TicketPage,
                query={"limit": limit, "cursor": cursor, "status": status, "category": category},
            )
        )

    def iterate(
        self,
        *,
        limit: int | None = None,
        status: Sequence[schemas.TicketStatus] | None = None,
        category: str | None = None,
    ) -> Iterator[schemas.TicketOut]:
        """Every item of `list`, page after page; `limit` is the length of a page.

        - `status`: Any of these; all when left out.
        - `category`: Exactly this category.
        """
        return self._pages(lambda cursor: self.list(limit=limit, status=status, category=category, cursor=cursor))

    def open(
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
        return self._send(
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

    def read(self, ticket_id: str) -> schemas.TicketDetail:
        """Read a ticket.

        A ticket with its conversation and the agent's newest decision.

        Needs the scope `tickets:read`.
        """
        return self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}", schemas.TicketDetail))

    def add_message(
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

        A customer's message starts a new run, and opens the ticket again when it was resolved or closed. A
        human's reply sets the ticket to `waiting`. Whatever a human writes also stops an automatic reply that
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
        return self._send(
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

    def list_runs(self, ticket_id: str) -> schemas.RunList:
        """List a ticket's runs.

        Every run over the ticket, oldest first: one for its opening and one for each later message of the
        customer.

        Needs the scope `runs:read`.
        """
        return self._send(Call("GET", f"/v1/tickets/{segment(ticket_id)}/runs", schemas.RunList))

    def similar(
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
        return self._send(
            Call(
                "GET",
                f"/v1/tickets/{segment(ticket_id)}/similar",
                schemas.SearchOut,
                query={"kinds": kinds, "limit": limit},
            )
        )

    def give_feedback(
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
        return self._send(
            Call(
                "POST",
                f"/v1/tickets/{segment(ticket_id)}/feedback",
                schemas.FeedbackOut,
                body={"kind": kind, **given({"answer_id": answer_id, "score": score, "note": note})},
                idempotency_key=idempotency_key,
            )
        )


class Resources:
    """Every part of the API, each as an attribute."""

    def __init__(self, sender: Sender) -> None:
        self.answers = Answers(sender)
        self.articles = Articles(sender)
        self.audits = Audits(sender)
        self.automation = Automation(sender)
        self.certificates = Certificates(sender)
        self.decisions = Decisions(sender)
        self.events = Events(sender)
        self.experiments = Experiments(sender)
        self.health = Health(sender)
        self.notices = Notices(sender)
        self.runs = Runs(sender)
        self.search = Search(sender)
        self.settings = Settings(sender)
        self.tickets = Tickets(sender)
