from __future__ import annotations

import pytest

from dugong.protocol.authority import Authority
from dugong.protocol.origin import Origin, direct_origin

HOST = Authority("example.com", 80)


@pytest.mark.parametrize(("secure", "host"), [(False, "example.com"), (True, "example.com:80")])
def test_origin_without_a_proxy(secure: bool, host: str) -> None:
    origin = direct_origin("example.com", 80, secure)
    assert (origin.authority, origin.secure, origin.by_proxy) == (HOST, secure, False)
    assert (origin.host_field, origin.proxy_fields) == (host, {})
    assert direct_origin("example.com", 80, secure) is origin


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        pytest.param(Origin(HOST), "example.com", id="default port"),
        pytest.param(Origin(Authority("a", 443)), "a:443", id="port of https"),
        pytest.param(Origin(Authority("a", 443), secure=True), "a", id="default port of https"),
        pytest.param(Origin(Authority("::1", 81)), "[::1]:81", id="IPv6"),
        pytest.param(Origin(Authority("a", 81), by_proxy=True), "a:81", id="through a proxy"),
    ],
)
def test_host_field_names_the_port_that_is_not_the_usual_one(origin: Origin, host: str) -> None:
    assert origin.host_field == host
