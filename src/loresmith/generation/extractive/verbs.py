"""Why: a question is made of a statement by moving its verb, so verbs must be known by sight.

No tagger is at hand. What is not surely a verb is none here: a question less does no harm.
"""

from __future__ import annotations

import re
from functools import lru_cache

AUXILIARIES = frozenset(
    "is are was were has have had will would can could may might must shall should".split()
)
BE = frozenset(("is", "are", "was", "were", "be", "been", "being"))


@lru_cache(maxsize=8192)
def base_form(word: str) -> str | None:
    """`buy` of `bought`, `raise` of `raised`, `employ` of `employs`; None where it is no verb.

    For a past tense, a past participle, or one of the listed verbs in the present tense.
    """
    lower = word.lower()
    if lower in BE:
        return "be"
    if lower in ("has", "have", "had"):
        return "have"
    if lower in _BASE_OF:
        return _BASE_OF[lower]
    if _REGULAR.fullmatch(lower) and lower not in _NO_VERBS:
        return _base_of_regular(lower)
    return None


def is_past(word: str) -> bool:
    """True for a simple past tense (or a participle that looks like one)."""
    lower = word.lower()
    return lower in _PASTS or (base_form(lower) is not None and lower.endswith("ed"))


def is_past_as_participle(word: str) -> bool:
    """True where past tense and participle are one form: `was bought by X` gives `X bought`."""
    lower = word.lower()
    return is_past(lower) and (lower.endswith("ed") or lower in _PARTICIPLES)


def is_participle(word: str) -> bool:
    """True where the word may follow `has` or `was`."""
    lower = word.lower()
    return lower in _PARTICIPLES or (base_form(lower) is not None and lower.endswith("ed"))


def is_present(word: str) -> bool:
    """True for a listed verb in the third person, such as `employs`."""
    return word.lower() in _PRESENTS


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """What the forms of one word share, enough to tell `measure`, `measured` and `measuring`."""
    lower = re.sub(r"['’]s?$", "", word.lower())
    base = base_form(lower) or lower
    for ending in ("ings", "ing", "ies", "es", "s", "e", "y"):
        if len(base) - len(ending) >= 3 and base.endswith(ending) and not base.endswith("ss"):
            base = base[: -len(ending)]
            break
    return base[:-1] if len(base) > 3 and base[-1] == base[-2] else base


_IRREGULAR = """
become became become|begin began begun|bend bent bent|bind bound bound|break broke broken
bring brought brought|build built built|burn burnt burnt|buy bought bought|catch caught caught
choose chose chosen|come came come|cost cost cost|cut cut cut|deal dealt dealt|draw drew drawn
drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed fed|feel felt felt
fight fought fought|find found found|fly flew flown|forbid forbade forbidden
forget forgot forgotten|freeze froze frozen|get got got|give gave given|go went gone
grow grew grown|hang hung hung|hear heard heard|hide hid hidden|hit hit hit|hold held held
keep kept kept|know knew known|lay laid laid|lead led led|leave left left|lend lent lent
lie lay lain|light lit lit|lose lost lost|make made made|mean meant meant|meet met met
overcome overcame overcome|pay paid paid|put put put|read read read|rebuild rebuilt rebuilt
ride rode ridden|ring rang rung|rise rose risen|run ran run|say said said|see saw seen
seek sought sought|sell sold sold|send sent sent|set set set|shake shook shaken|shoot shot shot
show showed shown|shut shut shut|sing sang sung|sink sank sunk|slide slid slid
speak spoke spoken|spend spent spent|split split split|spread spread spread|stand stood stood
steal stole stolen|strike struck struck|sweep swept swept|swim swam swum|swing swung swung
take took taken|teach taught taught|tear tore torn|tell told told|think thought thought
throw threw thrown|understand understood understood|wear wore worn|weave wove woven|win won won
withdraw withdrew withdrawn|write wrote written
"""
_TRIPLES = [
    tuple(forms.split()) for line in _IRREGULAR.strip().splitlines() for forms in line.split("|")
]
_PASTS = frozenset(past for _, past, _ in _TRIPLES)
_PARTICIPLES = frozenset(participle for _, _, participle in _TRIPLES)
_NOUNS_TOO = frozenset("bend cost cut hit lead lie light ride set slide swing tear".split())
_PRESENT_OF = {
    base: f"{base}es" if base.endswith(("ss", "sh", "ch", "x", "o")) else f"{base}s"
    for base in (
        *(base for base, _, _ in _TRIPLES if base not in _NOUNS_TOO),
        *(
            "allow arrive belong celebrate close collect combine connect consist consume"
            " contain cover cross decide deliver depend describe earn employ end enter"
            " expect export extend feature follow gather govern happen help import include"
            " join last lie live maintain manage manufacture measure move need occupy occur"
            " offer open operate own play prevent produce propose protect provide publish"
            " receive recommend regulate remain remove represent require return sail serve"
            " store supply support treat use visit want weigh"
        ).split(),
    )
}
_PRESENTS = frozenset((*_PRESENT_OF.values(), "carries", "occupies", "supplies", "costs", "lies"))
_BASE_OF = {
    **{third: base for base, third in _PRESENT_OF.items()},
    **{past: base for base, past, _ in _TRIPLES},
    **{participle: base for base, _, participle in _TRIPLES},
    "carries": "carry",
    "occupies": "occupy",
    "supplies": "supply",
    "costs": "cost",
    "lies": "lie",
}
_REGULAR = re.compile(r"[a-z]{2,}ed")
_NO_VERBS = frozenset(
    "hundred indeed need seed speed breed feed weed reed shed sled bed red unprecedented kindred"
    " sacred naked wicked rugged embed exceed proceed succeed agreed freed".split()
)
_TWO_VOWELS = re.compile(r"(?:[aeo][aeiou]|[iu][aeio])[^aeiou]$")
_SILENT_E = re.compile(
    r"(?:[^s]s|z|v|u|c|[^n]g|ang|[bcdfgkptz]l|(?:at|ut|ir|ur|ar|in|im|am|um|il|ul|ap|ad|id|od|ud"
    r"|ak|ik|ok|ib|yp|ip|ot)|iet|plet|let|invit|cit|unit|stor|plor|gnor|scor|hop|phon|pon|wast"
    r"|tast|stat|scal|tun|nam)$"
)
_MUTE_AFTER_TWO = re.compile(r"(?:creat|quir|[iu]at)$")
_STAYS = re.compile(r"(?:focus|\b[hb]ang|pilot|pivot|credit|edit|visit|gallop)$")
_DOUBLED = re.compile(r"([bdgmnprt])\1$|[aeiouy].*[^aeiouy][eo]ll$")


def _base_of_regular(past: str) -> str | None:
    """The base of a form in -ed by the rules of English spelling."""
    body = past[:-2]
    if not re.search(r"[aeiouy]", body):
        return f"{body}e" if body in ("di", "li", "ti") else None
    if body.endswith("i"):
        return f"{body[:-1]}y" if len(body) > 2 else f"{body}e"
    if _DOUBLED.search(body) and len(body) > 3:
        return body[:-1]
    if _STAYS.search(body):
        return body
    if _MUTE_AFTER_TWO.search(body):
        return f"{body}e"
    if body[-1] not in "szvucg" and _TWO_VOWELS.search(body):
        return body
    return f"{body}e" if _SILENT_E.search(body) else body
