"""Every error the product raises on purpose.

TicketFlowError                 code, HTTP status, retryable
├── InvalidInput          422   what the caller sent is not acceptable; names the field, line or option
│   ├── InvalidFile             a file as a whole cannot be read: encoding, columns, format
│   ├── AddressRefused          a URL leads, or may lead, where nobody else may send this installation
│   └── TooLarge          413   a body, file or field is over its limit
├── NotFound              404   no such object in this workspace
├── Conflict              409   the object changed, exists already, or is in another state
│   ├── KeyTaken                another transaction stored the same key first; retryable
│   └── EncoderSwitched         another encoder came into force meanwhile; retryable
├── Unauthenticated       401   no key or session, or not a live one
├── Forbidden             403   the key or the role lacks the scope, or a browser's request its token
├── NotReady              503   the product cannot serve now and says what is missing; retryable
│   ├── StorageUnavailable      the database cannot be reached, is locked or its disk is full
│   ├── EncoderUnavailable      the sentence encoder, asked over a network, gives no answer
│   └── MigrationNeeded         the schema is not at this version's revision
├── NotSent               502   an outlet is certain that nothing was accepted; retryable
│   └── Refused                 the other side refused for good; not retryable
├── NoAnswer              502   something was sent, and no usable answer came: what became of it is not known; retryable
├── LeaseLost             409   a run was claimed by another worker; the step's work is dropped
└── Misconfigured         500   the installation is wrong: names the variable or file and the remedy
"""

from typing import ClassVar


class TicketFlowError(Exception):
    """Base of all. `str(error)` is a sentence for a person; `remedy` says what to do about it."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message


class InvalidInput(TicketFlowError):
    """What the caller sent is not acceptable."""

    code = "invalid_input"
    status = 422


class InvalidFile(InvalidInput):
    """A file cannot be read as what it claims to be."""

    code = "invalid_file"


class AddressRefused(InvalidInput):
    """A URL is not of the one form that is taken, or leads to an address that nobody else may choose."""

    code = "address_refused"


class TooLarge(InvalidInput):
    """A body, file or field is over its limit."""

    code = "too_large"
    status = 413


class NotFound(TicketFlowError):
    """No such object in this workspace."""

    code = "not_found"
    status = 404


class Conflict(TicketFlowError):
    """The object changed meanwhile, exists already, or is in a state that forbids this."""

    code = "conflict"
    status = 409


class KeyTaken(Conflict):
    """Another transaction stored the same key, or removed what this belongs to; now it would be seen."""

    code = "key_taken"
    retryable = True


class EncoderSwitched(Conflict):
    """Another sentence encoder came into force while this was made with the one before."""

    code = "encoder_switched"
    retryable = True


class Unauthenticated(TicketFlowError):
    """No API key or session was given, or it is not a live one."""

    code = "unauthenticated"
    status = 401


class Forbidden(TicketFlowError):
    """The caller does not carry the scope that this needs, or their browser was talked into asking."""

    code = "forbidden"
    status = 403


class NotReady(TicketFlowError):
    """The product cannot serve this now; trying again later may work."""

    code = "not_ready"
    status = 503
    retryable = True


class StorageUnavailable(NotReady):
    """The database cannot be reached or written."""

    code = "storage_unavailable"


class EncoderUnavailable(NotReady):
    """The sentence encoder is asked over a network and gives no usable answer."""

    code = "encoder_unavailable"


class MigrationNeeded(NotReady):
    """The database schema is older or newer than this version of the product."""

    code = "migration_needed"
    retryable = False


class NotSent(TicketFlowError):
    """It is proven that nothing was accepted: no connection could be made, or the other side said so. Tried again."""

    code = "not_sent"
    status = 502
    retryable = True


class Refused(NotSent):
    """The other side refused for good, and accepted nothing: a human gets the draft."""

    code = "refused"
    retryable = False


class NoAnswer(TicketFlowError):
    """Something was sent, and no usable answer came; whether it was accepted is not known."""

    code = "no_answer"
    status = 502
    retryable = True


class LeaseLost(TicketFlowError):
    """Another worker holds the run now."""

    code = "lease_lost"
    status = 409


class Misconfigured(TicketFlowError):
    """The installation's configuration is wrong."""

    code = "misconfigured"
