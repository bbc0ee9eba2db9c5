"""The command in this process."""

import pytest

from jwstpipe.cli.main import main


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Run the command in this process and give exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call
