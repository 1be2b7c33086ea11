"""Why an embeddings endpoint gave no vectors, in words for whoever runs the product: what it did, and what to do."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from ticketflow.config import EncoderProvider


class Failed(Exception):
    """One try came to nothing. `str(error)` goes on after the encoder's name; `again`: another try may work soon.

    `retry_after` is the number of seconds it asked to be left alone for; `not_taken` blames the request itself.
    Nothing of what the endpoint wrote is in it: that may quote the key or a customer's text.
    """

    def __init__(
        self,
        what: str,
        remedy: str,
        *,
        again: bool = False,
        retry_after: float | None = None,
        not_taken: bool = False,
    ) -> None:
        super().__init__(what)
        self.remedy = remedy
        self.again = again
        self.retry_after = retry_after
        self.not_taken = not_taken


def of_connection(error: Exception, *, again: bool) -> Failed:
    """What a connection that failed comes to."""
    remedy = "Check base_url of the encoder, and whether this machine may connect there."
    return Failed(f"cannot be reached, or broke off ({type(error).__name__})", remedy, again=again)


def of_status(status: int, headers: Mapping[str, str], provider: EncoderProvider) -> Failed:
    """What an HTTP status that is no success comes to."""
    told = f"(status {status})"
    if status in (401, 403):
        return Failed(f"refuses the key {told}", _about_the_key(provider))
    if status == 402:
        return Failed(f"wants to be paid first {told}", "Check the balance of the account there.")
    if status in (404, 405):
        return Failed(f"knows no such address or model {told}", f"Check base_url and model ({provider.model}).")
    if status in (400, 413, 422):
        return Failed(f"refuses the request {told}", _about_the_request(provider), not_taken=True)
    wait = _retry_after(headers)
    if status == 429:
        asked = "" if wait is None else f" and asks for {wait:.3g} s of rest"
        remedy = "Try again later, or have the account's limits raised."
        return Failed(f"is asked too often {told}{asked}", remedy, again=True, retry_after=wait)
    if status == 408 or status >= 500:
        return Failed(f"is out of order {told}", "Try again later.", again=True, retry_after=wait)
    return Failed(f"answered with no embeddings {told}", "Check base_url of the encoder.")


def of_no_key(provider: EncoderProvider) -> str:
    """What to do where an endpoint has no key, or none that can be sent."""
    if provider.key_setting is not None:
        return f"Store the key {provider.key_setting} in the setting provider_keys."
    return f"Check the environment variable {provider.key_variable}."


def _about_the_key(provider: EncoderProvider) -> str:
    if provider.key_setting is not None:
        return f"Check the key {provider.key_setting} in the setting provider_keys, and what the account may do."
    if provider.key_variable is None:
        return "Name the environment variable that holds its key in the encoder's key_variable."
    return f"Check the key in the environment variable {provider.key_variable}, and what the account may do."


def _about_the_request(provider: EncoderProvider) -> str:
    remedy = f"Check model ({provider.model}), dimension ({provider.dimension}) and batch ({provider.batch})"
    if provider.send_dimensions:
        remedy += "; set send_dimensions to false where it does not take that field"
    return f"{remedy}."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, given as such or as a date: that is held against the answer's own date, not against our clock."""
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(given) - parsedate_to_datetime(headers["date"])).total_seconds()
        except (ValueError, TypeError, KeyError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
