"""What `xprov check-wheel` says of a file: the verdict, the table, the JSON. Pure."""

from __future__ import annotations

import textwrap
from enum import Enum
from typing import TYPE_CHECKING, Any

from xprov.glibc import format_version
from xprov.output import count
from xprov.records import dataclass
from xprov.wheel.finding import Severity, make_finding
from xprov.wheel.names import Family
from xprov.wheel.proof.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.wheel.examine import Examined
    from xprov.wheel.finding import Finding
    from xprov.wheel.proof.model import Proof


# Of what a Python printed; a traceback has some ten.
_MOST_LINES = 40


class Verdict(str, Enum):
    """What a wheel is, in a word."""

    OK = "ok"
    BREAKS = "breaks"
    """For somebody that its tag promises to run for, or for who publishes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A file with all that was found: without running it, and by the proof, None where none was asked for.

    Where the proof is required, one that was not run to its end is a finding.
    """

    examined: Examined
    proof: Proof | None = None
    proof_required: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        found = [*self.examined.findings, *(self.proof.findings if self.proof else ())]
        if self.proof_required and self.proof and self.proof.outcome in (Outcome.PARTLY, Outcome.NOT_RUN):
            found.append(make_finding("not-proven", f"`--require-proof`, and it was {_proven(self.proof)}"))
        return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))

    @property
    def verdict(self) -> Verdict:
        broken = any(finding.severity is Severity.ERROR for finding in self.findings)
        return Verdict.BREAKS if broken else Verdict.OK


def verdict_line(checked: Checked) -> str:
    """Return the verdict on a file in one line."""
    found = checked.findings
    severities = [finding.severity for finding in found]
    counts = [
        count(severities.count(severity), severity.value)
        for severity in (Severity.ERROR, Severity.WARNING)
        if severity in severities
    ]
    parts = [" and ".join(counts), _promise(checked.examined), _proven(checked.proof)]
    said = "; ".join(part for part in parts if part)
    return f"{printable(checked.examined.path.name)}: {checked.verdict.value}{f': {said}' if said else ''}"


def rows(findings: Sequence[Finding]) -> list[tuple[str, str, str, str]]:
    """Return the table of `findings`; what is said of several members stands once."""
    groups: dict[tuple[str, Severity, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.severity, finding.what), []).append(finding)
    return [
        (severity.value, kind, f"{printable(group[0].member or '-')}{_others(group)}", printable(what))
        for (kind, severity, what), group in groups.items()
    ]


def advice(findings: Sequence[Finding], width: int) -> list[str]:
    """Return why each kind of finding matters and what to do about it, in lines of no more than `width`."""
    lines: list[str] = []
    for kind, why, fix in dict.fromkeys((finding.id, finding.why, finding.fix) for finding in findings):
        for text, indent in ((f"{kind}: {why}", "  "), (f"  fix: {fix}", "       ")):
            lines += textwrap.wrap(
                text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
    return lines


def said_by(proof: Proof | None) -> list[str]:
    """Return what the Python wrote, indented, where something went wrong: the end of it, where that was much."""
    if proof is None or not proof.findings or not proof.output.strip():
        return []
    lines = proof.output.rstrip().splitlines()
    cut = ["  ..."] if len(lines) > _MOST_LINES else []
    return ["", f"What {proof.by} said:", *cut, *(f"  {line}" for line in lines[-_MOST_LINES:])]


def printable(text: str) -> str:
    """Return `text` without what a terminal obeys: names in a wheel are anybody's."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _others(group: Sequence[Finding]) -> str:
    return f" (and {len(group) - 1} more)" if len(group) > 1 else ""


HEAD = ("SEVERITY", "FINDING", "WHERE", "WHAT")


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {"version": 1, "files": [_described(each) for each in checked]}


def _promise(examined: Examined) -> str:
    """Return what is needed of the machine beside what is promised: `needs glibc 2.17 of manylinux_2_28's 2.28`."""
    if examined.name is None or examined.floor is None:
        return ""
    needs = f"needs glibc {format_version(examined.floor.version)}"
    promised = [found for found in examined.name.promises if found.family is Family.MANYLINUX and found.version]
    oldest = min((platform.version or () for platform in promised), default=None)
    return f"{needs}, the tag promises {format_version(oldest)}" if oldest else needs


def _proven(proof: Proof | None) -> str:
    if proof is None:
        return ""
    match proof.outcome:
        case Outcome.PASSED:
            return f"imported by {proof.by}"
        case Outcome.FAILED:
            return f"failed in {proof.by}"
        case Outcome.PARTLY:
            return f"{_part(proof)} by {proof.by}"
        case Outcome.NOT_RUN:
            return f"not run: {proof.reason}"


def _part(proof: Proof) -> str:
    """Return how far it went without what the wheel requires."""
    if proof.imported:
        return "imported in part"
    return "loaded, and not imported," if proof.loaded else "not imported"


def _described(checked: Checked) -> dict[str, Any]:
    examined = checked.examined
    name, floor, proof = examined.name, examined.floor, checked.proof
    return {
        "file": str(examined.path),
        "verdict": checked.verdict.value,
        "distribution": name.distribution if name else None,
        "version": name.version if name else None,
        "tags": [f"{tag.interpreter}-{tag.abi}-{tag.platform}" for tag in name.tags] if name else [],
        "promises": [
            {
                "tag": platform.tag,
                "machine": platform.machine,
                "libc": platform.libc if platform.machine else None,
            }
            for platform in (name.promises if name else ())
        ],
        "glibc": {
            "version": format_version(floor.version),
            "symbol": floor.symbol_version,
            "member": floor.file.as_posix(),
        }
        if floor
        else None,
        "bundled": list(examined.bundled),
        "system_libraries": list(examined.system),
        "requires": list(examined.requires),
        "proof": _described_proof(proof) if proof else None,
        "findings": [
            {
                "id": finding.id,
                "severity": finding.severity.value,
                "member": finding.member,
                "what": finding.what,
                "why": finding.why,
                "fix": finding.fix,
            }
            for finding in checked.findings
        ],
    }


def _described_proof(proof: Proof) -> dict[str, Any]:
    return {
        "outcome": proof.outcome.value,
        "by": proof.by,
        "reason": proof.reason,
        "imported": list(proof.imported),
        "loaded": list(proof.loaded),
        "output": proof.output,
        "seconds": round(proof.seconds, 2),
    }
