"""Fixtures of the conformance tests."""

import pytest

from tests.integration.certificates import TlsContexts, make_tls_contexts


@pytest.fixture(scope="session")
def tls_contexts(tmp_path_factory: pytest.TempPathFactory) -> TlsContexts:
    """Both ends of TLS for localhost, 127.0.0.1 and ::1, and a server of another name."""
    return make_tls_contexts(tmp_path_factory.mktemp("tls"))
