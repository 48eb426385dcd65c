"""One entry of the hub onto this machine: through huggingface_hub, resumed after an interruption, accepted only by its digest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unsettled.measure.errors import UserError
from unsettled.measure.hub.registry import COMMIT, HubEntry, Trusted, check_digest, entry_of, expected_digests, read_trust, write_trust
from unsettled.measure.support.files import digest_of
from unsettled.measure.support.lock import sole_writer


def fetch(name: str, folder: Path) -> Path:
    """Fetch an entry into ``folder``/NAME and return its main file; nothing is asked of the hub when all is there.

    Raises:
        UserError: the name is unknown, the hub is not reached or lacks a file, the download was interrupted (it is kept
            and resumed), or a digest is wrong (the download is deleted).
    """
    entry = entry_of(name)
    target = folder / name
    try:
        target.mkdir(parents=True, exist_ok=True)
        with sole_writer(folder / "fetch", what="fetch"):
            _fetch_files(name, entry, folder)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", where=target) from None
    return target / entry.main_file


def _fetch_files(name: str, entry: HubEntry, folder: Path) -> None:
    target, expected, kept = folder / name, expected_digests(name, folder), read_trust(folder).get(name)
    commit = kept.commit if kept is not None and kept.repo == entry.repo else ""
    if COMMIT.fullmatch(entry.revision):
        commit = entry.revision
    found = {}
    for file, digest in expected.items():
        path = target / file
        if path.is_file() and digest:
            check_digest(path, digest)
            found[file] = digest
            continue
        # a file of unknown origin is not trusted because it lies there
        found[file], commit = _download(entry, file, commit or entry.revision, path, digest)
        write_trust(folder, name, Trusted(repo=entry.repo, commit=commit, files={**expected_known(expected), **found}))


def expected_known(expected: dict[str, str]) -> dict[str, str]:
    """The digests that are known."""
    return {file: digest for file, digest in expected.items() if digest}


def _download(entry: HubEntry, file: str, revision: str, path: Path, expected: str) -> tuple[str, str]:
    """Get one file at a revision; returns (sha256, commit). The bytes come under the name of their etag until they are whole."""
    with _no_telemetry():
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it is documented, and not in its __all__

    source = f"{entry.repo}@{revision}/{file}"
    with _told(source):
        # token=False: public files need none, and what others may do with one is theirs
        url = hf_hub_url(entry.repo, file, repo_type=entry.repo_type, revision=revision)
        headers = build_hf_headers(token=False)
        facts = get_hf_file_metadata(url, token=False)
        if not facts.etag or not facts.commit_hash or not COMMIT.fullmatch(facts.commit_hash):
            raise UserError("the hub told no commit or no etag", where=source)
        if COMMIT.fullmatch(revision) and facts.commit_hash != revision:
            raise UserError(f"the hub answered with commit {facts.commit_hash}", where=source)
        partial = path.with_name(f"{file}.{''.join(c for c in facts.etag if c.isalnum())[:64]}.partial")
        # what lies there under a name that others can guess is only gone on with if it is a plain file of that one name
        if partial.is_symlink() or (partial.exists() and (not partial.is_file() or partial.stat().st_nlink > 1)):
            partial.unlink()
        size = partial.stat().st_size if partial.exists() else 0
        if facts.size is not None and size > facts.size:
            partial.unlink()
            size = 0
        with partial.open("ab") as sink:
            http_get(
                facts.location,
                sink,
                resume_size=size,
                headers={**headers, "Accept-Encoding": "identity"},
                expected_size=facts.size,
                displayed_filename=file,
            )
        if facts.size is not None and partial.stat().st_size != facts.size:
            raise UserError(
                f"broke off after {partial.stat().st_size:,} of {facts.size:,} bytes",
                where=source,
                hint="the partial download is kept; fetch it again to resume",
            )
    digest = digest_of(partial)
    if expected and digest != expected:
        partial.unlink()
        raise UserError(
            f"has sha256 {digest}, expected is {expected}",
            where=source,
            hint="checksum mismatch: the download was deleted; do not use this source",
        )
    partial.replace(path)
    return digest, facts.commit_hash


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """What else runs on this machine is nobody's business: a variable that the library reads when it is first imported."""
    name, given = "HF_HUB_DISABLE_TELEMETRY", os.environ.get("HF_HUB_DISABLE_TELEMETRY")
    os.environ[name] = given or "1"
    try:
        yield
    finally:
        if given is None:
            del os.environ[name]


@contextmanager
def _told(source: str) -> Iterator[None]:
    """Say in one line what the hub's library, or the connection, complained of."""
    import httpx2
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    missing: dict[type[Exception], str] = {
        GatedRepoError: "is open to registered users only",
        RepositoryNotFoundError: "there is no such repository, or it is not public",
        RevisionNotFoundError: "there is no such revision",
        EntryNotFoundError: "there is no such file",
    }
    again = "the partial download is kept; fetch it again to resume"
    try:
        yield
    except OfflineModeIsEnabled:
        raise UserError("was not fetched: HF_HUB_OFFLINE is set", where=source) from None
    except tuple(missing) as error:
        raise UserError(next(text for kind, text in missing.items() if isinstance(error, kind)), where=source) from None
    except HfHubHTTPError as error:
        raise UserError(f"the hub refused: {_line(error)}", where=source) from None
    except httpx2.HTTPError as error:
        raise UserError(f"the connection failed: {_line(error)}", where=source, hint=again) from None
    except OSError as error:
        if error.errno is not None:  # of this machine: a full disk, a missing right
            raise
        raise UserError(f"broke off: {_line(error)}", where=source, hint=again) from None


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
