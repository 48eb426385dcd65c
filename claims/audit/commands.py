"""`unsettled sign` and `unsettled verify`: an audit bound to what it was made from, by a key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

AuditFile = Annotated[Path, typer.Argument(metavar="AUDIT", help="An audit that `pytest claims/` wrote.")]
NEEDS = "signing needs the extra `sign`: pip install 'unsettled[sign]'"


@app.command()
def sign(
    audit: AuditFile,
    key: Annotated[Path, typer.Option(help="A private key (PEM, Ed25519, ECDSA or RSA).")],
    out: Annotated[Path | None, typer.Option(help="Where the envelope goes; AUDIT.sig.json beside the audit by default.")] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make the key first, and its public half beside it (.pub).")] = False,
) -> None:
    """Sign an audit with the digests of its ledger, records, checkpoints and examples: an in-toto statement in a DSSE envelope."""
    import json

    from unsettled.measure.errors import UserError
    from unsettled.measure.support.files import write_whole
    from unsettled.measure.support.text import harmless

    try:
        from unsettled.claims.audit import signing
    except ImportError:
        raise UserError(NEEDS) from None
    if new_key:
        signing.new_key(key)
    path = out or audit.with_name(f"{audit.stem}.sig.json")
    write_whole(path, json.dumps(signing.sign(audit, key), indent=1) + "\n", what="signature")
    typer.echo(harmless(f"{path}: {audit} signed; check it with: unsettled verify {audit} --signature {path} --key PUBLIC.pub"))


@app.command()
def verify(
    audit: AuditFile,
    key: Annotated[Path, typer.Option(help="The public key (PEM).")],
    signature: Annotated[Path | None, typer.Option(help="The envelope; AUDIT.sig.json beside the audit by default.")] = None,
    ledger: Annotated[Path | None, typer.Option(help="A ledger that must be the one that was judged.")] = None,
) -> None:
    """Check that an audit is the signed one, and that the ledger and the records that lie here are those it was made from.

    Exit code 0 where all holds, 1 where something does not, 2 for files that cannot be read.
    """
    from unsettled.claims.audit.audit import read_audit
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.figures import plural
    from unsettled.measure.support.text import harmless

    try:
        from unsettled.claims.audit import signing
    except ImportError:
        raise UserError(NEEDS) from None
    found = read_audit(audit)
    problems = signing.verify(signature or audit.with_name(f"{audit.stem}.sig.json"), key, audit)
    problems += signing.inputs_changed(found, ledger)
    for problem in problems:
        typer.echo(harmless(problem))
    if problems:
        raise typer.Exit(1)
    typer.echo(harmless(f"{audit}: signed by {key}, {plural(len(found.verdicts), 'verdict')} on ledger {found.ledger.digest[:12]}"))
