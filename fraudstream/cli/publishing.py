"""`fraudstream rules keygen, publish, approve, rollback, unpack`: rulesets as signed files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from fraudstream.cli.console import PLAIN, fail, one_line_errors, out
from fraudstream.cli.kernels import fill_cache
from fraudstream.cli.service import Bootstrap
from fraudstream.cli.targets import Target, target_of
from fraudstream.config import load_topology
from fraudstream.engine.step import Settings
from fraudstream.rules.ruleset import Ruleset
from fraudstream.stores.audit_log import utc_now
from fraudstream.stores.bundles.bundle import Bundle, Draft
from fraudstream.stores.bundles.canonical import is_person
from fraudstream.stores.bundles.keys import (
    ENVIRONMENT,
    PUBLIC_SUFFIX,
    key_id,
    read_signing_key,
    write_key_pair,
)
from fraudstream.stores.bundles.shelf import KEEP, Shelf, kept_by, newest_of, unpack_to
from fraudstream.workbench.fitness import Fit, fit_directory, fit_files

To = Annotated[
    Path,
    typer.Option(
        "--to",
        metavar="TARGET",
        help="A bundle file, a directory (rules.bundle in it), or a topology: where its workers look.",
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=f"The private key, unless {ENVIRONMENT} holds it."),
]
Author = Annotated[str, typer.Option("--author", envvar="FRAUDSTREAM_AUTHOR", help="Who publishes.")]
Comment = Annotated[str, typer.Option("--comment", help="Why.")]
Keep = Annotated[int, typer.Option("--keep", min=1, max=1_000, help="How many bundles the history keeps.")]
Audit = Annotated[
    Path | None,
    typer.Option("--audit", metavar="FILE", help="The audit log, unless it is beside bundle or topology."),
]
TopologyFile = Annotated[
    Path | None, typer.Option("--topology", help="A topology file, whose own columns rules may then name.")
]
From = Annotated[
    Path, typer.Argument(metavar="TARGET", help="Where `fraudstream rules publish` wrote: as its --to.")
]


def keygen(
    to: Annotated[
        Path, typer.Argument(metavar="FILE", help="The private key to write; FILE.pub is beside it.")
    ],
) -> None:
    """Make a key pair for one person: the private key stays with her, topologies name the public one."""
    with one_line_errors():
        key = write_key_pair(to)
    out.print(
        f"key {key_id(key.public)}: {to} (keep it to yourself), {to}{PUBLIC_SUFFIX} (give it away)", **PLAIN
    )


def publish(
    *,
    to: To,
    author: Author,
    rules: Annotated[Path, typer.Option("--rules", metavar="DIR", help="The rule directory.")] = Path(
        "rules"
    ),
    key: Key = None,
    comment: Comment = "",
    keep: Keep = KEEP,
    audit: Audit = None,
    topology: TopologyFile = None,
    kafka: Bootstrap = None,
) -> None:
    """Pack a rule directory that lints and passes its tests into a signed bundle, under the next sequence."""
    with one_line_errors():
        target = target_of(to, kafka)
        settings = _settings(topology, target)
    shelf = Shelf(target.place, audit or target.audit, keep)
    _publish(shelf, key, author, comment, lambda: fit_directory(rules, settings, fill_cache))


def rollback(
    *,
    to: To,
    author: Author,
    sequence: Annotated[
        int | None,
        typer.Option("--sequence", help="Which bundle; by default the newest with another ruleset."),
    ] = None,
    key: Key = None,
    comment: Comment = "",
    keep: Keep = KEEP,
    audit: Audit = None,
    topology: TopologyFile = None,
    kafka: Bootstrap = None,
) -> None:
    """Publish an earlier ruleset of the target's history again, under a new sequence."""
    with one_line_errors():
        target = target_of(to, kafka)
        settings = _settings(topology, target)
        shelf = Shelf(target.place, audit or target.audit, keep)
        earlier = shelf.earlier(sequence)
    _publish(
        shelf,
        key,
        author,
        comment,
        lambda: fit_files(earlier.files, settings, fill_cache),
        earlier.manifest.sequence,
    )


def approve(
    where: From,
    approver: Annotated[str, typer.Option("--approver", metavar="NAME", help="Who approves.")],
    key: Key = None,
    ruleset: Annotated[
        str | None,
        typer.Option(
            "--ruleset", metavar="VERSION", help="The ruleset that you have read; no other is approved."
        ),
    ] = None,
    audit: Audit = None,
    kafka: Bootstrap = None,
) -> None:
    """Sign for a bundle of somebody else; read it first, see `fraudstream rules unpack`."""
    _check_person("--approver", approver)
    with one_line_errors():
        target = target_of(where, kafka)
        shelf = Shelf(target.place, audit or target.audit)
        made = shelf.approve(approver, utc_now(), read_signing_key(key), ruleset)
    out.print(
        f"{target.place.beside}: bundle {made.sequence}, ruleset {made.ruleset}, approved by {approver}",
        **PLAIN,
    )


def unpack(
    where: From,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A directory that is not there yet.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", help="Which bundle of the history; by default the newest.")
    ] = None,
    kafka: Bootstrap = None,
) -> None:
    """Write the rule files of a bundle into a new directory, to read, test or compare them."""
    with one_line_errors():
        place = target_of(where, kafka).place
        found = newest_of(place) if sequence is None else kept_by(place, sequence)
    try:
        unpack_to(found, to)
    except OSError as error:
        raise fail(f"{to}: cannot be written ({error.strerror}): choose a new directory") from None
    out.print(f"{to}: {len(found.files)} files of {_described(found)}", **PLAIN)


def _publish(
    shelf: Shelf,
    key_file: Path | None,
    author: str,
    comment: str,
    fit: Callable[[], Fit],
    repeats: int | None = None,
) -> None:
    _check_person("--author", author)
    with one_line_errors():
        key = read_signing_key(key_file)
        ruleset, files = fit()
        bundle = shelf.publish(files, _draft(ruleset, author, comment, repeats), key)
    out.print(f"{shelf.place.where}: {_described(bundle)}", **PLAIN)


def _draft(ruleset: Ruleset, author: str, comment: str, repeats: int | None) -> Draft:
    try:
        return Draft(
            ruleset=ruleset.version, published_at=utc_now(), author=author, comment=comment, repeats=repeats
        )
    except ValidationError:
        raise fail("--comment: has more than 2,000 characters: say it shorter") from None


def _check_person(option: str, name: str) -> None:
    if not is_person(name):
        raise fail(f"{option}: {name!r} is no name: write 1 to 200 characters on one line")


def _described(bundle: Bundle) -> str:
    manifest = bundle.manifest
    again = "" if manifest.repeats is None else f", bundle {manifest.repeats} again"
    signed = f"signed by {key_id(bundle.key)}" if bundle.key else "signed by nobody"
    return f"{bundle}{again}, published by {manifest.author} at {manifest.published_at}, {signed}"


def _settings(topology: Path | None, target: Target) -> Settings:
    """Return what the columns are, of the topology that is named, or published to."""
    named = target.topology if topology is None else load_topology(topology)
    return Settings() if named is None else named.settings()
