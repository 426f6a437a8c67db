"""The configuration file: found upwards, checked, with paths that work from here."""

import json
import pickle
from pathlib import Path

import pytest

from curifactory.config import Configuration, find_configuration_file, get_configuration
from curifactory.exceptions import BadInputError, ConfigurationError


def configure(folder: Path, **values: object) -> None:
    (folder / "curifactory_config.json").write_text(json.dumps(values), encoding="utf-8")


def test_without_a_file_the_documented_defaults_hold(folder: Path) -> None:
    configuration = get_configuration()

    assert configuration == Configuration()
    assert configuration["experiments_module_name"] == "experiments"
    assert configuration["params_module_name"] == "params"
    assert configuration["manager_cache_path"] == "data/"
    assert configuration["cache_path"] == "data/cache"
    assert configuration["runs_path"] == "data/runs"
    assert configuration["logs_path"] == "logs/"
    assert configuration["notebooks_path"] == "notebooks/"
    assert configuration["reports_path"] == "reports/"
    assert configuration["report_css_path"] == "reports/style.css"


def test_values_of_the_file_replace_the_defaults(folder: Path) -> None:
    configure(folder, cache_path="elsewhere/cache", params_module_name="settings")

    configuration = get_configuration()

    assert configuration.cache_path == "elsewhere/cache"
    assert configuration.params_module_name == "settings"
    assert configuration.logs_path == "logs/"


@pytest.mark.parametrize("depth", [1, 3])
def test_a_file_in_a_parent_folder_holds_with_paths_from_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    configure(folder, cache_path="my_cache", experiments_module_name="my_experiments")
    below = folder.joinpath(*"abc"[:depth])
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    configuration = get_configuration()

    up = "../" * depth
    assert configuration.cache_path == f"{up}my_cache"
    assert configuration.reports_path == f"{up}reports/"
    assert configuration.experiments_module_name == "my_experiments"
    assert Path(configuration.root).resolve() == folder.resolve()


def test_an_absolute_path_stays_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(folder, cache_path=str(folder / "shared"))
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")

    assert get_configuration().cache_path == str(folder / "shared")


def test_the_nearest_file_holds(folder: Path) -> None:
    (folder / "below").mkdir()
    configure(folder)
    configure(folder / "below")

    found = find_configuration_file(str(folder / "below"))

    assert found == str(folder / "below" / "curifactory_config.json")


def test_an_unknown_key_names_the_nearest_known_one(folder: Path) -> None:
    configure(folder, cahce_path="data")

    with pytest.raises(ConfigurationError, match=r"'cahce_path'\. Did you mean 'cache_path'"):
        get_configuration()


def test_the_old_key_is_accepted_with_a_warning(folder: Path) -> None:
    configure(folder, run_path="data/old_runs")

    with pytest.warns(DeprecationWarning, match="'run_path' is called 'runs_path' now"):
        configuration = get_configuration()

    assert configuration.runs_path == "data/old_runs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must hold a JSON object"),
        ('{"cache_path": 5}', "'cache_path' must be a string, not 5"),
        ('{"on_stale": "sometimes"}', "one of warn, rerun, ignore, not 'sometimes'"),
        ('{"root": "/"}', "unknown key 'root'"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    folder: Path, text: str, message: str
) -> None:
    (folder / "curifactory_config.json").write_text(text, encoding="utf-8")

    with pytest.raises(BadInputError, match=message) as caught:
        get_configuration()

    assert str(folder / "curifactory_config.json") in str(caught.value)


def test_an_unknown_key_cannot_be_read() -> None:
    with pytest.raises(KeyError, match="unknown"):
        Configuration()["unknown"]


def test_given_values_replace_those_of_the_file() -> None:
    updated = Configuration(cache_path="a").updated({"cache_path": "b", "logs_path": None})

    assert (updated.cache_path, updated.logs_path) == ("b", "logs/")


def test_a_configuration_is_a_value() -> None:
    one, same = Configuration(logs_path="a"), Configuration().updated({"logs_path": "a"})

    assert (one, hash(one), repr(one)) == (same, hash(same), repr(same))
    assert one != Configuration()
    assert "logs_path='a'" in repr(one)
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_configuration_does_not_change() -> None:
    configuration = Configuration()

    with pytest.raises(AttributeError, match="'logs_path' cannot be set"):
        configuration.logs_path = "a"
    with pytest.raises(TypeError, match="has no 'lgos_path'"):
        Configuration(lgos_path="a")
