"""How a share is written for people, the same everywhere."""


def percent(share: float) -> str:
    """A share in 0..1 as per cent with up to three digits."""
    return f"{100 * share:.3g} %"
