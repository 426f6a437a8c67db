"""The commands about the cache."""

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NoReturn

from curifactory.cli.asking import Questions
from curifactory.cli.caches.parsing import add_arguments
from curifactory.cli.caches.showing import (
    artifact_lines,
    eviction_lines,
    list_lines,
    run_name,
    total,
    usage_lines,
    usage_rows,
)
from curifactory.cli.commands import Context
from curifactory.cli.runs.exporting import as_json
from curifactory.cli.terminal import Terminal, counted, warn
from curifactory.config import Configuration
from curifactory.exceptions import BadInputError
from curifactory.exiting import ExitCode
from curifactory.importing import unknown
from curifactory.plugins import UPKEEP, require
from curifactory.upkeep import CachedArtifact, Upkeep

Given = Mapping[str, Any]


__all__ = ["add_arguments", "perform"]


def perform(given: dict[str, Any], context: Context) -> int:
    """Do what was asked for and return the exit code.

    Raises
    ------
    BadInputError
        If something named is not there.

    """
    configuration, folder = context.configuration, given.get("cache")
    if folder is not None:
        if not os.path.isdir(folder):
            raise BadInputError(f"there is no cache {folder!r}; name a folder that exists.")
        from curifactory.lending import cache_folder  # imports what makes sessions

        configuration = configuration.updated({"cache_path": cache_folder(folder)})
    if given["action"] == "accept":
        return _accept(given["stage"], configuration, context.out)
    commands = Commands(configuration, context.out, context.err, as_data="json" in given)
    return int(getattr(commands, f"do_{given['action']}")(given))


def _accept(stage: str, configuration: Configuration, out: Terminal) -> int:
    from curifactory.accepting import accept  # imports what reads code

    count = accept(configuration, stage)
    if count:
        out.line(f"{counted(count, 'result')} accepted as what {stage!r} computes now")
    else:
        out.line(f"there is nothing to accept: no result of {stage!r} is stale")
    return ExitCode.COMPLETE


class Commands:
    """What can be asked of the cache of a project."""

    def __init__(
        self, configuration: Configuration, out: Terminal, err: Terminal, *, as_data: bool
    ) -> None:
        source = require(UPKEEP, "cache", "looking after the cache comes", "curifactory-cache")
        self._upkeep: Upkeep = source(configuration)
        self._configuration = configuration
        self._out, self._err = out, err
        self._questions = Questions(err if as_data else out)

    def do_ls(self, given: Given) -> int:
        """List artifacts."""
        if "stale" in given and "no_check" in given:
            raise BadInputError("--stale needs the check that --no-check leaves out.")
        artifacts = self._selected(given)
        stale = {} if "no_check" in given else self._upkeep.stale(artifacts)
        if "stale" in given:
            artifacts = [each for each in artifacts if stale.get(each.name)]
        if "json" in given:
            self._json([self._exported(each, stale) for each in artifacts])
            return ExitCode.COMPLETE
        self._out.lines(list_lines(artifacts, stale, self._out))
        return ExitCode.COMPLETE

    def do_du(self, given: Given) -> int:
        """Show what takes how much space."""
        rows = usage_rows(self._selected(given), given["by"])
        if "json" in given:
            self._json(rows)
        else:
            for line in usage_lines(rows, given["by"]):
                self._out.line(line)
        return ExitCode.COMPLETE

    def do_show(self, given: Given) -> int:
        """Show everything about one artifact."""
        artifact = self._find(given["name"])
        stale = {} if "no_check" in given else self._upkeep.stale([artifact])
        reason = self._upkeep.needed([artifact]).get(artifact.name)
        metadata = self._upkeep.metadata(artifact)
        if "json" in given:
            facts = {**self._exported(artifact, stale), "needed": reason, "metadata": metadata}
            self._json(facts)
            return ExitCode.COMPLETE
        for line in artifact_lines(artifact, metadata, stale, reason, self._out.width):
            self._out.line(line)
        return ExitCode.COMPLETE

    def do_verify(self, given: Given) -> int:
        """Read everything and tell what is wrong."""
        checked = [each for each in self._selected(given) if each.state in {"complete", "damaged"}]
        problems = {each.name: self._upkeep.verify(each) for each in checked}
        damaged = [each for each in checked if problems[each.name] is not None]
        if "set_aside" in given:
            for artifact in damaged:
                self._upkeep.set_aside(artifact)
        if "json" in given:
            rows = [{"name": name, "problem": problem} for name, problem in problems.items()]
            self._json({"artifacts": rows, "set_aside": "set_aside" in given})
        else:
            for artifact in damaged:
                self._out.line(f"{artifact.name}: {problems[artifact.name]}")
            found = counted(len(checked), "artifact")
            self._out.line(f"{found} read, {len(damaged)} damaged{self._what_now(given, damaged)}")
        return ExitCode.FAILED if damaged else ExitCode.COMPLETE

    @staticmethod
    def _what_now(given: Given, damaged: Sequence[CachedArtifact]) -> str:
        if not damaged:
            return ""
        if "set_aside" in given:
            return " and set aside"
        return "; 'verify --set-aside' renames what is damaged"

    def do_gc(self, given: Given) -> int:
        """Remove what is worth least."""
        if "max_size" not in given and "older_than" not in given:
            raise BadInputError("how much is to stay? Give --max-size, --older-than, or both.")
        plan = self._upkeep.plan_eviction(
            max_size=given.get("max_size"), max_age=given.get("older_than")
        )
        if "json" not in given:
            for line in eviction_lines(plan):
                self._out.line(line)
        missed = given.get("max_size") is not None and plan.size_after > given["max_size"]
        if missed:
            warn(self._err, "what is left is needed, and still more than --max-size.")
        removed = self._remove(plan.evicted, given)
        if "json" in given:
            self._json(
                {
                    "evicted": [each.export() for each in plan.evicted],
                    "kept": dict(plan.kept),
                    "size_before": plan.size_before,
                    "size_after": plan.size_after,
                    "seconds_lost": plan.seconds_lost,
                    "removed": removed,
                }
            )
        return ExitCode.COMPLETE

    def do_rm(self, given: Given) -> int:
        """Remove artifacts."""
        if not given["names"] and not any(key in given for key in _CHOOSING):
            raise BadInputError("what is to go? Give names, or an option such as --stage.")
        chosen = self._selected(given)
        if "stale" in given:
            stale = self._upkeep.stale(chosen)
            chosen = [each for each in chosen if stale.get(each.name)]
        if not chosen:
            raise BadInputError("no artifact fits; 'curifactory cache ls' lists what there is.")
        if "json" not in given:
            for artifact in chosen:
                self._out.line(artifact.name)
        removed = self._remove(chosen, given)
        if "json" in given:
            self._json({"artifacts": [each.export() for each in chosen], "removed": removed})
        return ExitCode.COMPLETE

    def do_pin(self, given: Given) -> int:
        """Add pins, or list them."""
        pins = self._upkeep.pins()
        if given["names"]:
            pins = list(dict.fromkeys([*pins, *given["names"]]))
            self._upkeep.set_pins(pins)
        return self._show_pins(pins, given)

    def do_unpin(self, given: Given) -> int:
        """Take pins away."""
        pins = self._upkeep.pins()
        for name in given["names"]:
            if name not in pins:
                raise BadInputError(
                    f"{name!r} is not pinned. Pinned: {', '.join(map(repr, pins)) or 'nothing'}."
                )
        pins = [pin for pin in pins if pin not in given["names"]]
        self._upkeep.set_pins(pins)
        return self._show_pins(pins, given)

    # -- common --------------------------------------------------------------------------------

    def _show_pins(self, pins: list[str], given: Given) -> int:
        if "json" in given:
            self._json(pins)
        elif not pins:
            self._out.line("nothing is pinned")
        else:
            for pin in pins:
                self._out.line(pin)
        return ExitCode.COMPLETE

    def _json(self, value: Any) -> None:
        self._out.line(as_json(value))

    @staticmethod
    def _exported(artifact: CachedArtifact, stale: Mapping[str, list[str]]) -> dict[str, Any]:
        reasons = stale.get(artifact.name)
        fresh = None if reasons is None else not reasons
        return {**artifact.export(), "fresh": fresh, "stale_because": reasons or []}

    def _selected(self, given: Given) -> list[CachedArtifact]:
        names = given.get("names") or []
        artifacts = self._upkeep.artifacts()
        _require_known(artifacts, given)
        for name in names:
            if not any(fnmatchcase(each.name, name) for each in artifacts):
                self._not_there(name, artifacts)
        return [
            each
            for each in artifacts
            if (not names or any(fnmatchcase(each.name, name) for name in names))
            and _fits(each, given)
        ]

    def _find(self, name: str) -> CachedArtifact:
        artifacts = self._upkeep.artifacts()
        found = [each for each in artifacts if each.name == name or name in each.paths]
        found = found or [each for each in artifacts if fnmatchcase(each.name, name)]
        if len(found) > 1:
            raise BadInputError(
                f"{name!r} fits {len(found)} artifacts, such as {found[0].name!r} and "
                f"{found[1].name!r}. Give the name of one."
            )
        return found[0] if found else self._not_there(name, artifacts)

    def _not_there(self, name: str, artifacts: Sequence[CachedArtifact]) -> NoReturn:
        import difflib  # only for this message

        near = difflib.get_close_matches(name, [each.name for each in artifacts], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadInputError(
            f"no artifact {name!r} in {self._configuration.cache_path!r}.{hint} "
            "'curifactory cache ls' lists what there is."
        )

    def _remove(self, artifacts: Sequence[CachedArtifact], given: Given) -> bool:
        """Remove artifacts if that is wanted, and tell whether it was."""
        if not artifacts or "dry_run" in given:
            return False
        if "yes" not in given and not self._confirmed(artifacts):
            self._questions.out.line("nothing was removed")
            return False
        self._upkeep.remove(artifacts)
        if "json" not in given:
            self._out.line(f"removed {counted(len(artifacts), 'artifact')}")
        return True

    def _confirmed(self, artifacts: Sequence[CachedArtifact]) -> bool:
        what = f"{counted(len(artifacts), 'artifact')} ({total(artifacts)})"
        return self._questions.yes(f"Remove {what}?", default=False)


_SELECTORS = {"stage": "stage", "experiment": "experiment", "run": "run", "set": "parameter_set"}
_CHOOSING = (*_SELECTORS, "hash", "stale")


def _require_known(artifacts: Sequence[CachedArtifact], given: Given) -> None:
    """Make sure that some artifact has what each option asks for, where there are any.

    Raises
    ------
    BadInputError
        If none has; the message names what there is.

    """
    for option, fact in _SELECTORS.items():
        if option == "run" and any(given.get("run") == run_name(each.run) for each in artifacts):
            continue
        known = sorted({str(getattr(each, fact)) for each in artifacts} - {"None"})
        if option in given and known and given[option] not in known:
            raise BadInputError(unknown(f"--{option}", given[option], known))


def _fits(artifact: CachedArtifact, given: Given) -> bool:
    if not str(artifact.hash or "").startswith(given.get("hash", "")):
        return False
    return all(
        given[option] in {getattr(artifact, fact), fact == "run" and run_name(artifact.run)}
        for option, fact in _SELECTORS.items()
        if option in given
    )
