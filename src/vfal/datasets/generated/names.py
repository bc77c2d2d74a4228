"""Names for people who never were, and the nations they come from."""

NATIONALITIES = ("Ardania", "Belmora", "Corvessa", "Dunmark", "Estravia", "Farhaven")

_MEN = (
    "Adran", "Belor", "Corvin", "Darek", "Eamor", "Farrin", "Gorun", "Halvor", "Ivarn", "Joren", "Kelvan",
    "Lorcas", "Marrek", "Nevil", "Orsin", "Pavren", "Rogan", "Stefor", "Tavish", "Ulven", "Vasco", "Wendor",
)  # fmt: skip
_WOMEN = (
    "Adela", "Brisa", "Calenna", "Dorina", "Elsbet", "Fiora", "Gwenna", "Helia", "Isaura", "Jolanda", "Kirsa",
    "Lenora", "Mirelle", "Nadira", "Ottilia", "Perla", "Rosmar", "Sabela", "Tamsyn", "Ursa", "Velia", "Ynes",
)  # fmt: skip
_STARTS = (
    "Al", "Bar", "Cal", "Dor", "El", "Fen", "Gar", "Hol", "Is", "Jas", "Kor", "Lam", "Mar", "Nor", "Ol",
    "Per", "Quin", "Ros", "Sal", "Tar", "Ul", "Ver", "Wes", "Yar", "Zan",
)  # fmt: skip
_MIDDLES = (
    "a", "e", "i", "o", "u", "ab", "en", "il", "om", "und", "ar", "ess", "iv", "or", "ur", "and", "el", "ish",
    "ov", "ut",
)  # fmt: skip
_ENDS = (
    "bury", "dale", "den", "fort", "gard", "ham", "ing", "kin", "lan", "mond", "nes", "por", "quist", "ric",
    "sen", "ton", "vic", "well", "wood", "zar",
)  # fmt: skip
_LAST_NAMES = len(_STARTS) * len(_MIDDLES) * len(_ENDS)
_STRIDE = 7_919  # a prime that does not divide 10,000, so that the walk below meets every name once


def first_name(male: bool, draw: int) -> str:
    """A first name; `draw` is any whole number."""
    names = _MEN if male else _WOMEN
    return names[draw % len(names)]


def last_name(number: int, offset: int) -> str:
    """The last name of person `number`; no two of the first 10,000 share one."""
    place = (number * _STRIDE + offset) % _LAST_NAMES
    start, rest = divmod(place, len(_MIDDLES) * len(_ENDS))
    middle, end = divmod(rest, len(_ENDS))
    return _STARTS[start] + _MIDDLES[middle] + _ENDS[end]
