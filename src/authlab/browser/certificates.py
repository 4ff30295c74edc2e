"""A certificate authority for one run, and the fingerprint that makes Chromium trust it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from authlab.model.errors import Unavailable

MISSING = "The browser lab needs the packages playwright and trustme. Remedy: pip install 'authlab[browser]'"


@dataclass(frozen=True)
class Certificate:
    """Files for nginx, and the value of `--ignore-certificate-errors-spki-list`, which makes nothing else trusted."""

    chain: Path
    key: Path
    fingerprint: str


def make_certificate(folder: Path, names: Sequence[str]) -> Certificate:
    """Make a certificate for `names` in `folder` (private; only its owner can read the key).

    Raises `Unavailable` if trustme is not installed.
    """
    try:
        import trustme
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    except ImportError as error:
        raise Unavailable(MISSING) from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = trustme.CA().issue_cert(*names)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.private_key_pem.bytes())
    public = x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes()).public_key()
    digest = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return Certificate(chain, key, base64.b64encode(digest).decode())
