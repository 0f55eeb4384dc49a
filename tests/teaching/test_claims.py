"""Claims: what a reader sees of one, and what a program does."""

import html
import re

from tlhelpers.teaching import claims


def test_a_claim_is_a_sentence_that_can_wrap_and_a_fact_for_programs(monkeypatch):
    seen = []
    monkeypatch.setattr(claims, "publish", seen.append)
    claims.claim(True, "5 < 6 & <b>4</b> is less")
    (data,) = seen
    inside = re.fullmatch("<p>([^<>]*)</p>", data["text/html"]).group(1)
    assert html.unescape(inside) == data["text/plain"] == "✔ 5 < 6 & <b>4</b> is less"
    assert data[claims.CLAIM_TYPE] == {"sentence": "5 < 6 & <b>4</b> is less"}
