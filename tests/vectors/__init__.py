"""The tables of vectors: what a server sends and what its user gets, what a user asks and is sent.

Data only. `tests.unit.test_vectors` runs the responses, `tests.unit.test_request_vectors` the
requests; the fuzz targets take their octets as seeds.
"""

from typing import Final

from tests.vectors import (
    chunks,
    endings,
    fields,
    interim,
    lengths,
    limits,
    persistence,
    request_bodies,
    request_fields,
    request_lines,
    request_trailers,
    status_lines,
    transfer_codings,
)
from tests.vectors.request_vector import RequestVector
from tests.vectors.response_vector import ResponseVector

RESPONSES: Final[tuple[ResponseVector, ...]] = (
    *status_lines.VECTORS,
    *fields.VECTORS,
    *limits.VECTORS,
    *lengths.VECTORS,
    *transfer_codings.VECTORS,
    *chunks.VECTORS,
    *interim.VECTORS,
    *persistence.VECTORS,
    *endings.VECTORS,
)

REQUESTS: Final[tuple[RequestVector, ...]] = (
    *request_lines.VECTORS,
    *request_fields.VECTORS,
    *request_bodies.VECTORS,
    *request_trailers.VECTORS,
)
