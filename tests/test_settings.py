import pytest
from pydantic import BaseModel

from jwstpipe.errors import UsageError
from jwstpipe.settings import as_environment, load_settings


@pytest.fixture
def toml(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text('home = "from-file"\n[archive]\nsource = "s3"\nserver = "http://file"\n')
    return path


def test_arguments_win_over_environment_over_file_over_defaults(toml, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_ARCHIVE__SERVER", "http://environment/")
    monkeypatch.setenv("JWSTPIPE_CATALOG", "environment.sqlite")
    settings = load_settings(toml, catalog="argument.sqlite")
    assert str(settings.home) == "from-file"
    assert settings.archive.server == "http://environment"
    assert settings.archive.source == "s3"
    assert settings.catalog_address == "argument.sqlite"
    assert settings.archive.files_at_once == 3
    assert settings.store_root == "from-file/store"


def test_a_file_beside_or_named_by_a_variable_is_read(toml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings().archive.source == "auto"
    monkeypatch.setenv("JWSTPIPE_CONFIG", str(toml))
    assert load_settings().archive.source == "s3"
    monkeypatch.delenv("JWSTPIPE_CONFIG")
    toml.rename(tmp_path / "jwstpipe.toml")
    assert load_settings().archive.source == "s3"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 3", "'colour': Extra inputs"),
        ("[archive]\nsource = 'ftp'", r"'archive\.source'"),
        ("[archive]\nfiles_at_once = 0", r"'archive\.files_at_once'"),
        ("[archive]\nserver = 'mast'", "starts with http"),
        ("home = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path, text, says):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        load_settings(tmp_path / "wrong.toml")
    assert "wrong.toml" in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(UsageError, match=r"cannot read the configuration nowhere\.toml"):
        load_settings("nowhere.toml")


def test_settings_written_as_variables_come_back(toml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(toml, store="s3://bucket/prefix")
    for key, value in as_environment(settings).items():
        monkeypatch.setenv(key, value)
    again = load_settings()
    assert again == settings.model_copy(update={"home": tmp_path / "from-file"})


def test_the_example_shows_every_key_with_its_default(monkeypatch, tmp_path):
    from pathlib import Path

    example = Path(__file__).parents[1] / "configs" / "jwstpipe.toml"
    monkeypatch.chdir(tmp_path)
    text = example.read_text()
    shown = "\n".join(line.removeprefix("#: ") for line in text.splitlines() if line.startswith(("#: ", "[")))
    (tmp_path / "uncommented.toml").write_text(shown)
    assert load_settings(tmp_path / "uncommented.toml") == load_settings()
    for section in (load_settings(), load_settings().archive, load_settings().archive.s3, load_settings().execution):
        for key, field in type(section).model_fields.items():
            default = field.get_default()
            if default is not None and not isinstance(default, BaseModel):
                assert f"#: {key} = " in text, key
