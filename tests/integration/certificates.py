"""TLS for the tests: one certificate authority of our own, made anew for each session with trustme.

It owns keys and contexts; it never listens. Peers take the contexts, real servers the files.
"""

import ssl
from pathlib import Path

import attrs
import trustme


@attrs.frozen
class TlsContexts:
    """The two ends of TLS on loopback.

    Attributes:
        server: With a certificate for localhost, 127.0.0.1 and ::1.
        wrong_name_server: With a certificate of the same authority for another name.
        client: Trusts the authority, and nothing else; checks names.
        authority_file: The authority's certificate (PEM), for clients that are given a file.
        certificate_file: The certificate of `server` (PEM).
        key_file: The private key of `server` (PEM).
    """

    server: ssl.SSLContext
    wrong_name_server: ssl.SSLContext
    client: ssl.SSLContext
    authority_file: Path
    certificate_file: Path
    key_file: Path


def make_tls_contexts(directory: Path) -> TlsContexts:
    """Make an authority, its certificates and contexts; the files are written to *directory*."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    client = ssl.create_default_context()
    authority.configure_trust(client)
    contexts = TlsContexts(
        server=_make_server_context(certificate),
        wrong_name_server=_make_server_context(authority.issue_cert("wrong-name.example")),
        client=client,
        authority_file=directory / "authority.pem",
        certificate_file=directory / "certificate.pem",
        key_file=directory / "key.pem",
    )
    authority.cert_pem.write_to_path(str(contexts.authority_file))
    contexts.certificate_file.write_bytes(
        b"".join(part.bytes() for part in certificate.cert_chain_pems)
    )
    certificate.private_key_pem.write_to_path(str(contexts.key_file))
    return contexts


def _make_server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context
