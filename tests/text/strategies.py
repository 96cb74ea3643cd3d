# SPDX-License-Identifier: AGPL-3.0-only
"""Texts for the laws: any Unicode, with the characters that the rules look at made frequent."""

from hypothesis import strategies as st

_INTERESTING = " \n\t\r.,!?:;'\"`|-*#()[]{}/\\@$%=_+&…。、！「」“”«»—’\u00a0\u2028abnotABZ012"
_WORDS = [
    *("src/app_main.py", "v1.2.3", "e.g.", "don't", "can't", "HTTP_PROXY=1", "#123", "3.14"),
    *("https://example.com/a?b=1#c", "foo::bar", "camelCase", "@scope/pkg", "C:\\Users\\me"),
    *("東京都", "ภาษาไทย", "한국어", "straße", "naïve", "👍🏽", "हिन्दी", "العَرَبِيَّة"),
    *("Unless", "never:", "not", "```", "| ", "- ", "1. ", "U.S.", "p.m.", "1,000", "8th"),
    *("2023-05-08", "May", "last week", "since", "latest"),
]

texts = st.lists(
    st.one_of(
        st.sampled_from(list(_INTERESTING)),
        st.sampled_from(_WORDS),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=120,
).map("".join)
