"""Takes personal numbers and addresses out of a text before it is indexed or leaves the house.

A number counts only when its checksum holds, so order numbers and dates stay.
"""

import re
from collections.abc import Callable, Sequence

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", re.I)
_DIGITS = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){12,}(?!\w)")
_GROUP = re.compile(r"[A-Za-z0-9]+")
_CARD_LENGTHS = range(13, 20)
MOST_GROUPS = 19
"""No number is written in more groups than it may have digits."""
_CARD_BEGINS = "23456"
"""First digits of the payment cards there are."""

Holds = Callable[[str], bool]


def redact(text: str) -> tuple[str, int]:
    """The text with e-mail addresses, IBANs and payment card numbers replaced by their kind, and how many."""
    text, emails = _EMAIL.subn("[email]", text)
    text, ibans = _checked(_IBAN, "[iban]", _iban_holds, text, anywhere=False)
    text, cards = _checked(_DIGITS, "[card]", _card_holds, text, anywhere=True)
    return text, emails + ibans + cards


def addresses(text: str) -> list[str]:
    """The e-mail addresses that `redact` takes out of a text."""
    return _EMAIL.findall(text)


def _checked(pattern: re.Pattern[str], word: str, holds: Holds, text: str, *, anywhere: bool) -> tuple[str, int]:
    """Replace what `holds` within each match: whole groups of it, from its beginning or from `anywhere` in it.

    A match may have swallowed neighbours: an order number before a card's, its expiry date, a word after an IBAN.
    """
    count = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal count
        run, kept, position = found.group(), "", 0
        groups = [group.span() for group in _GROUP.finditer(run)]
        first = 0
        while first < len(groups):
            last = _longest(run, groups[first : first + MOST_GROUPS], holds)
            if last is None:
                if not anywhere:
                    break
                first += 1
                continue
            kept += run[position : groups[first][0]] + word
            position = groups[first + last][1]
            first += last + 1
            count += 1
        return kept + run[position:]

    return pattern.sub(replace, text), count


def _longest(run: str, groups: Sequence[tuple[int, int]], holds: Holds) -> int | None:
    """The last of the groups, counted from the first, up to which the number holds; None when it never does."""
    for last in reversed(range(len(groups))):
        if holds(run[groups[0][0] : groups[last][1]]):
            return last
    return None


def _card_holds(text: str) -> bool:
    if text[0] not in _CARD_BEGINS:
        return False
    digits = [int(character) for character in text if character.isdigit()]
    if len(digits) not in _CARD_LENGTHS:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban_holds(text: str) -> bool:
    compact = text.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
