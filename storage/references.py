"""What makes an effect one and the same: its key, the mark that finds it again, and an e-mail's digest."""

import hashlib

# No letter that is taken for a digit, so that the mark survives being read aloud.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MARK_LETTERS = 8


def key(*parts: str | int) -> str:
    """The same parts give the same key; 64 hexadecimal digits.

    >>> key("acme", 1) == key("acme", "1"), key("ab", "c") == key("a", "bc")
    (True, False)
    """
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def mark(effect_key: str) -> str:
    """The reference that people see under what was written.

    >>> mark(key("acme", 1))
    'IVW-JY8R-6B8N'
    """
    number = int(effect_key, 16)
    letters = "".join(ALPHABET[number >> (5 * place) & 31] for place in range(MARK_LETTERS))
    return f"IVW-{letters[:4]}-{letters[4:]}"


def line(reference: str) -> str:
    """The line that ends what is written to a timeline.

    >>> line("IVW-ABCD-EFGH")
    'Ref IVW-ABCD-EFGH'
    """
    return f"Ref {reference}"


def is_marked(text: str | None, reference: str) -> bool:
    """True when the mark stands in the text, whatever was made of its line by whoever shows it."""
    return text is not None and reference in text


def email_digest(account_id: str, email: str) -> str:
    """The same address gives the same digest within an account, whatever its case."""
    return key("e-mail", account_id, email.strip().casefold())
