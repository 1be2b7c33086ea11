"""Takes personal numbers and addresses out of a text before it is indexed or leaves the house.

A number counts only when its checksum holds, so order numbers and dates stay.
"""

import re
from collections.abc import Callable

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")


def redact(text: str) -> tuple[str, int]:
    """The text with e-mail addresses, IBANs and payment card numbers replaced by their kind, and how many."""
    text, emails = _EMAIL.subn("[email]", text)
    text, ibans = _checked(_IBAN, "[iban]", _iban_holds, text)
    text, cards = _checked(_CARD, "[card]", _luhn_holds, text)
    return text, emails + ibans + cards


def _checked(pattern: re.Pattern[str], word: str, holds: Callable[[str], bool], text: str) -> tuple[str, int]:
    count = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal count
        if not holds(found.group()):
            return found.group()
        count += 1
        return word

    return pattern.sub(replace, text), count


def _luhn_holds(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban_holds(text: str) -> bool:
    compact = text.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
