from __future__ import annotations

import ssl
from typing import Any

import pytest

from dugong.network.route import Route, parse_route
from dugong.protocol.authority import Authority

FIELDS = {"Proxy-Authorization": "Basic x"}


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    return ssl.create_default_context()


def test_port_is_by_default_that_of_the_scheme(context: ssl.SSLContext) -> None:
    assert parse_route("a", None, None, None, None).origin == Authority("a", 80)
    assert parse_route("a", None, context, None, None).origin == Authority("a", 443)
    assert parse_route("a", 80, context, None, None).origin == Authority("a", 80)


def test_way_without_a_proxy(context: ssl.SSLContext) -> None:
    route = parse_route("a", None, context, None, None)
    assert route.ssl_context is context
    assert route.proxy is None
    assert route.proxy_fields == {}


def test_way_with_a_proxy(context: ssl.SSLContext) -> None:
    route = parse_route("a", None, context, ("p", 3128), FIELDS)
    assert route.ssl_context is context
    assert route.proxy == Authority("p", 3128)
    assert route.proxy_fields == FIELDS
    assert parse_route("a", None, None, ("p", 3128), None).proxy_fields == {}


def test_fields_for_the_proxy_are_copied() -> None:
    fields = dict(FIELDS)
    route = parse_route("a", None, None, ("p", 3128), fields)
    fields["Via"] = "x"
    assert route.proxy_fields == FIELDS


@pytest.mark.parametrize("wrong", [True, "context", object()])
def test_context_is_one_of_tls(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"must be an ssl\.SSLContext"):
        parse_route("a", None, wrong, None, None)


@pytest.mark.parametrize("wrong", ["p:80", ["p", 80], ("p",), ("p", 80, 0), 80])
def test_proxy_is_a_name_and_a_port(wrong: Any) -> None:
    with pytest.raises(TypeError, match="proxy must be a tuple"):
        parse_route("a", None, None, wrong, None)


def test_fields_for_a_proxy_that_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="without a proxy"):
        parse_route("a", None, None, None, FIELDS)


def test_wrong_fields_for_the_proxy_are_refused() -> None:
    with pytest.raises(ValueError, match="proxy_headers"):
        parse_route("a", None, None, ("p", 3128), {"Host": "b"})


def test_requests_go_to_the_server(context: ssl.SSLContext) -> None:
    for given in (None, context):
        origin = Route(Authority("a", 80), given).request_origin()
        assert origin.authority == Authority("a", 80)
        assert origin.secure is (given is not None)
        assert not origin.by_proxy
        assert origin.proxy_fields == {}


def test_plain_requests_go_to_the_proxy_with_its_fields() -> None:
    origin = Route(Authority("a", 80), None, Authority("p", 3128), FIELDS).request_origin()
    assert origin.by_proxy
    assert origin.proxy_fields == FIELDS
    assert not origin.secure


def test_requests_through_a_tunnel_have_nothing_for_the_proxy(context: ssl.SSLContext) -> None:
    origin = Route(Authority("a", 443), context, Authority("p", 3128), FIELDS).request_origin()
    assert not origin.by_proxy
    assert origin.proxy_fields == {}
    assert origin.secure
