"""One provider, asked over HTTP. The SDK's own retries are off: ours know the ticket's budget."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel

from ticketflow import origin
from ticketflow.config import ModelProvider

if TYPE_CHECKING:
    from pydantic_ai.models.openai import OpenAIChatModel

MAX_ANSWER_TOKENS = 1_500
NO_KEY = "none"  # the SDK wants one, where a local server does not

Key = str | Callable[[], str | None] | None
"""A provider's key, or what looks it up; looked up each time before a prompt is sent, in the thread that asks."""


class Said(NamedTuple):
    """A message to a model; what it answered is never sent back to it."""

    by: Literal["system", "user"]
    text: str


class Reply(NamedTuple):
    """What a model said, how it ended, and the tokens it counted."""

    text: str
    finish_reason: str | None
    input_tokens: int
    output_tokens: int


class Failed(Exception):
    """The provider gave no answer. `verdict` says why in a word or two; `again`: the same call may work soon.

    `retry_after` is the number of seconds it asked to be left alone for.
    """

    def __init__(self, verdict: str, *, again: bool = False, retry_after: float | None = None) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        self.again = again
        self.retry_after = retry_after


class Gateway(Protocol):
    """What the chain asks of a provider. `ask` runs in the chain's own event loop."""

    @property
    def provider(self) -> ModelProvider:
        """Who it is."""
        ...

    def load(self) -> None:
        """Get ready to ask; once that takes a second. Not in the event loop, which others wait in."""
        ...

    async def ask(self, conversation: Sequence[Said], schema: type[BaseModel], seconds: float) -> Reply:
        """The model's next words, within `seconds`. Raises Failed."""
        ...


class OpenAIGateway:
    """Any endpoint that speaks OpenAI's chat protocol."""

    def __init__(self, provider: ModelProvider, key: Key) -> None:
        self.provider = provider
        self._key_of = key if callable(key) else lambda: key
        self._made: tuple[str | None, OpenAIChatModel] | None = None

    def load(self) -> None:
        """See Gateway.load. Looks the key up as well: another one counts from now on."""
        key = self._key_of()
        if self._made is None or self._made[0] != key:
            self._made = key, self._model(key)

    async def ask(self, conversation: Sequence[Said], schema: type[BaseModel], seconds: float) -> Reply:
        """See Gateway.ask."""
        from pydantic_ai import direct, exceptions
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.output import OutputObjectDefinition
        from pydantic_ai.settings import ModelSettings

        if self._made is None or (self.provider.key_setting is not None and self._made[0] is None):
            raise Failed("no key")
        wanted = ModelRequestParameters()
        if self.provider.native:
            shape = OutputObjectDefinition(json_schema=schema.model_json_schema(), name=schema.__name__, strict=True)
            wanted = ModelRequestParameters(output_mode="native", output_object=shape)
        settings = ModelSettings(temperature=0.0, max_tokens=MAX_ANSWER_TOKENS, timeout=seconds)
        if trace := origin.outgoing():
            settings["extra_headers"] = trace
        try:
            answer = await direct.model_request(
                self._made[1], _messages(conversation), model_settings=settings, model_request_parameters=wanted
            )
        except exceptions.ModelTimeoutError as error:
            raise Failed("timeout", again=True) from error
        except exceptions.ModelConnectionError as error:
            raise Failed("no connection", again=True) from error
        except exceptions.ModelRateLimitError as error:
            raise Failed("rate limited", again=True, retry_after=error.retry_after) from error
        except exceptions.ModelHTTPError as error:
            again = error.status_code >= 500
            raise Failed(f"status {error.status_code}", again=again, retry_after=error.retry_after) from error
        except Exception as error:  # whatever the SDK stumbles over in an answer, such as one without choices
            raise Failed(f"unreadable answer ({type(error).__name__})") from error
        return Reply(
            answer.text or "", answer.finish_reason, answer.usage.input_tokens or 0, answer.usage.output_tokens or 0
        )

    def _model(self, key: str | None) -> "OpenAIChatModel":
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        client = AsyncOpenAI(base_url=str(self.provider.base_url), api_key=key or NO_KEY, max_retries=0)
        return OpenAIChatModel(self.provider.model, provider=OpenAIProvider(openai_client=client))


def _messages(conversation: Sequence[Said]) -> list[Any]:
    from pydantic_ai import messages

    kinds = {"system": messages.SystemPromptPart, "user": messages.UserPromptPart}
    return [messages.ModelRequest(parts=[kinds[said.by](said.text)]) for said in conversation]
