"""A signed audit: an in-toto statement on the audit and on all that it was made from, in a DSSE envelope, by securesystemslib.

The statement names sha256 digests: of ``audit.json`` as its subject; of the ledger, and of the record, checkpoint and examples of every
population as its materials. Signed is what was judged, by whom holds the key; not that the measurement was honest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as LibraryError
from securesystemslib.signer import CryptoSigner, SSlibKey

from unsettled.claims.audit.audit import Audit, read_audit
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record
from unsettled.measure.support.files import digest_of, write_whole
from unsettled.measure.support.limits import check_file

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "urn:unsettled:audit:1"


def new_key(path: Path) -> None:
    """Write a new Ed25519 key: the private one to ``path``, and the public one beside it, with the suffix `.pub`.

    Raises:
        UserError: there is a file of that name, or it cannot be written.
    """
    if path.exists():
        raise UserError("there is a file of that name", where=path, hint="a new key never takes the place of another")
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_whole(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), what="key", only_new=True)
    path.chmod(0o600)
    write_whole(path.with_suffix(".pub"), public, what="key")


def sign(path: Path, key: Path) -> dict[str, Any]:
    """The envelope on an audit's file. Raises UserError for an audit or a key that cannot be read."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": path.name, "digest": {"sha256": digest_of(path)}}],
        "predicateType": PREDICATE,
        "predicate": predicate(read_audit(path)),
    }
    envelope = Envelope(json.dumps(statement, sort_keys=True).encode(), PAYLOAD, {})
    envelope.sign(CryptoSigner(_private(key)))
    return dict(envelope.to_dict())


def predicate(audit: Audit) -> dict[str, Any]:
    """What the audit was made from and came to."""
    return {
        "tool": {"name": audit.tool.name, "version": audit.tool.version},
        "ledger": {"path": audit.ledger.path, "sha256": audit.ledger.digest},
        "populations": {p.name: p.fingerprints for p in audit.populations if p.rows},
        "counts": {name: number for name, number in audit.counts.items() if number},
        "complete": audit.complete,
        "seed": audit.seed,
    }


def verify(envelope: Path, key: Path, audit: Path) -> list[str]:
    """What is wrong, a line each; empty where the signature is of that key and the audit is the signed one, made from what it says.

    Raises:
        UserError: a file cannot be read, or is none of its kind.
    """
    found = _envelope(envelope)
    try:
        found.verify([_public(key)], 1)
    except LibraryError:
        return [f"{envelope}: the signature is not of {key}, or what it signs was changed"]
    try:
        statement = json.loads(found.payload)
        signed, made = statement["subject"][0]["digest"]["sha256"], statement["predicate"]
        if found.payload_type != PAYLOAD or (statement["_type"], statement["predicateType"]) != (STATEMENT, PREDICATE):
            raise KeyError("type")
    except (ValueError, KeyError, IndexError, TypeError):
        return [f"{envelope}: it signs something other than an audit"]
    if digest_of(audit) != signed:
        return [f"{audit}: this is not the audit that was signed"]
    return [] if made == predicate(read_audit(audit)) else [f"{audit}: it was made from other files than the signature says"]


def inputs_changed(audit: Audit, ledger: Path | None) -> list[str]:
    """What of the audit's inputs lies here and is not what was judged, a line each."""
    changed = []
    if ledger is not None and digest_of(ledger) != audit.ledger.digest:
        changed.append(f"{ledger}: another ledger than the one that was judged")
    for population in audit.populations:
        path = Path(population.record).expanduser() if population.record else None
        if path is not None and path.exists() and read_record(path).digest() != population.fingerprints.get("record"):
            changed.append(f"{path}: another record of {population.name} than the one that was judged")
    return changed


def _envelope(path: Path) -> Envelope:
    check_file(path, "signature")
    try:
        return Envelope.from_dict(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    except (ValueError, KeyError, TypeError, AttributeError, LibraryError):
        raise UserError("not a DSSE envelope", where=path, hint="`unsettled sign` writes one") from None


def _private(path: Path) -> Any:
    try:
        return load_pem_private_key(_bytes(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UserError("not an unencrypted private key in PEM", where=path, hint="`unsettled sign --new-key` writes one") from None


def _public(path: Path) -> SSlibKey:
    try:
        return SSlibKey.from_crypto(load_pem_public_key(_bytes(path)))
    except (ValueError, TypeError, UnsupportedAlgorithm, LibraryError):
        raise UserError("not a public key in PEM", where=path) from None


def _bytes(path: Path) -> bytes:
    check_file(path, "key")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
