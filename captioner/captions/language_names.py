"""What languages are called in English, for those who are told to write or speak one."""

from __future__ import annotations

_NAMES = dict(
    pair.split("=")
    for pair in (
        "af=Afrikaans ar=Arabic az=Azerbaijani be=Belarusian bg=Bulgarian bn=Bengali bs=Bosnian "
        "ca=Catalan cs=Czech cy=Welsh da=Danish de=German el=Greek en=English eo=Esperanto "
        "es=Spanish et=Estonian eu=Basque fa=Persian fi=Finnish fil=Filipino fr=French ga=Irish "
        "gl=Galician gu=Gujarati he=Hebrew hi=Hindi hr=Croatian hu=Hungarian hy=Armenian "
        "id=Indonesian is=Icelandic it=Italian ja=Japanese ka=Georgian kk=Kazakh km=Khmer "
        "kn=Kannada ko=Korean ky=Kyrgyz lo=Lao lt=Lithuanian lv=Latvian mk=Macedonian ml=Malayalam "
        "mn=Mongolian mr=Marathi ms=Malay mt=Maltese my=Burmese nb=Norwegian ne=Nepali nl=Dutch "
        "nn=Norwegian no=Norwegian pa=Punjabi pl=Polish ps=Pashto pt=Portuguese ro=Romanian "
        "ru=Russian si=Sinhala sk=Slovak sl=Slovenian so=Somali sq=Albanian sr=Serbian sv=Swedish "
        "sw=Swahili ta=Tamil te=Telugu th=Thai tl=Tagalog tr=Turkish uk=Ukrainian ur=Urdu uz=Uzbek "
        "vi=Vietnamese yue=Cantonese zh=Chinese zu=Zulu"
    ).split()
)


def language_name(tag: str) -> str:
    """The name with its BCP 47 tag, `Portuguese (pt-BR)`; of one without a name here the tag."""
    name = _NAMES.get(tag.split("-")[0].lower())
    return f"{name} ({tag})" if name else tag


def same_language(tag: str, other: str) -> bool:
    """Whether two tags are of one language, wherever it is spoken or however it is written."""
    return tag.split("-")[0].lower() == other.split("-")[0].lower()
