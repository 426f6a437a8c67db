"""What is stored beside every artifact about it, its record and its run."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curifactory.caching.locating import METADATA, locate
from curifactory.caching.verifying import relative_path
from curifactory.hashing import describe_parameters
from curifactory.lineage import lineage

if TYPE_CHECKING:
    from curifactory.caching.cacheable import Cacheable
    from curifactory.calls import StageCall
    from curifactory.record import Record


def describe_artifact(cacher: "Cacheable", record: "Record") -> Mapping[str, Any]:
    """Return the documented metadata of an artifact of ``record``."""
    from curifactory.freshness import freshness_of  # only where something is stored

    params, call = record.params, cacher.call
    return {
        "artifact_generated": datetime.now().isoformat(timespec="seconds"),
        "params_hash": record.get_hash() if call is None else call.hash,
        "params_name": None if params is None else params.name,
        "record_name": record.get_reference_name(),
        "stage": cacher.stage,
        "artifact_name": cacher.name,
        "cacher_type": str(type(cacher)),
        "record_prior_stages": record.stages if call is None else record.stages[: call.position],
        "prior_records": [prior.get_reference_name() for prior in record.input_records],
        "params": None if params is None else describe_parameters(params),
        "manager_run_info": record.manager.run.provenance(),
        "preview": cacher._preview,
        "lineage": None if call is None else lineage(call),
        "execution": None if call is None else call.execution,
        **({} if call is None else freshness_of(record.manager).facts(call)),
        "seconds": None if call is None else call.seconds,
        "reported": None if call is None else record.manager.reported.count(call),
        "tracked": [] if call is None else _tracked(cacher, call),
    }


def _tracked(cacher: "Cacheable", call: "StageCall") -> list[str]:
    """Return what the stage wrote besides its outputs, relative to the metadata's folder."""
    if not call.tracked:
        return []
    folder = os.path.dirname(locate(cacher, METADATA))
    return [relative_path(path, folder) for path in call.tracked if os.path.exists(path)]
