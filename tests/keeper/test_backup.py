"""The lines of docs/operations.md that back a journal up and restore it, run as they stand there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.journal.database import file_of, read_url
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.verifying import verify_with_snapshot
from bsip_mplp.rules.inputs import AssetSeen
from tests.databases import altering
from tests.keeper.test_standby import deposit

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
EVERY = 10
WHY = "the page's lines need the program sqlite3: apt install sqlite3"
NEEDS_SQLITE3 = pytest.mark.skipif(shutil.which("sqlite3") is None, reason=WHY)


class FailedError(Exception):
    pass


class Shell:
    """Runs the page's lines on a journal of a test's own, with its backups in a folder of the test's own."""

    def __init__(self, url, folder, programs=None):
        self.folder = folder
        self._address, self._file = read_url(url), file_of(read_url(url))
        path = os.pathsep.join([str(programs), os.environ["PATH"]]) if programs else os.environ["PATH"]
        self._environment = {"PATH": path}
        if self._file is None:
            server = {"PGHOST": self._address.query["host"], "PGUSER": self._address.username}
            self._environment |= {**server, "PGPASSWORD": self._address.password or ""}

    def back_up(self):
        self._run("pg_dump" if self._file is None else r"umask|\.backup")
        (made,) = [one for one in self.folder.glob("mplp-*") if one.stat().st_size]
        return made

    def restore(self, backup):
        self._run(
            "dropdb|pg_restore" if self._file is None else r"umask|\.restore",
            {"….dump": backup.name, "….sqlite": backup.name},
        )

    def _run(self, wanted, names=()):
        """Run the page's lines in which something is found, in one shell."""
        part = PAGE.partition("## Backing up, and restoring")[2].partition("\n## ")[0]
        part = part.partition("To restore:")[2 if names else 0]
        lines = [line for line in re.findall(r"^ {4,}(\S.*)$", part, re.MULTILINE) if re.search(wanted, line)]
        assert len(lines) == len(wanted.split("|"))
        text = "\n".join(lines)
        for old, new in dict(names).items():
            text = text.replace(old, new)
        text = text.replace("/backup/", f"{self.folder}/").replace("/var/lib/mplp/journal.sqlite", str(self._file))
        if self._file is None:
            text = text.replace("-O mplp", f"-O {self._address.username}")
            text = re.sub(r"(?<= )mplp(?=\s|$)", str(self._address.database), text)
        ran = subprocess.run(
            ["bash", "-ec", text], env=self._environment, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        if ran.returncode or ran.stderr:
            raise FailedError(f"{text}: {ran.stderr}")


@pytest.fixture
def shell(url, tmp_path, request):
    is_server = url.startswith("postgresql")
    if not is_server and shutil.which("sqlite3") is None:
        pytest.skip(WHY)
    return Shell(url, tmp_path, request.getfixturevalue("postgres").programs if is_server else None)


@pytest.fixture
def journal(url, monkeypatch):
    """A journal of 24 inputs, with a snapshot at 20."""
    monkeypatch.setattr(Intake, "SNAPSHOT_INPUTS", EVERY)
    with Journal.open(url) as opened:
        Intake.load(opened).take([AssetSeen(time=1, symbol="TEST", precision=2)])
        take(opened, range(2, 25))
        yield opened


def take(journal, numbers):
    intake = Intake.load(journal)
    for number in numbers:
        intake.take([deposit(number)], Cursor(number, number))


def test_a_backup_made_while_a_keeper_has_the_journal_open_is_restored_with_its_own_snapshot(journal, url, shell):
    kept, snapshot = journal.head, journal.snapshot()
    backup = shell.back_up()
    take(journal, range(25, 48))
    last, newer = journal.head, journal.snapshot()
    assert newer.head.seq == 40
    if url.startswith("postgresql"):
        with pytest.raises(FailedError, match="is being accessed by other users"):
            shell.restore(backup)
    journal.close()

    shell.restore(backup)
    with Journal.open(url) as restored:
        assert (restored.head, restored.cursor(), restored.snapshot()) == (kept, Cursor(24, 24), snapshot)
        assert verify_with_snapshot(restored).holds
        take(restored, range(25, 48))  # read again from the chain, each once
        assert (restored.head, restored.snapshot().head) == (last, newer.head)
        assert verify_with_snapshot(restored).holds


def test_a_snapshot_of_what_was_lost_is_left_out(journal, url, shell):
    """As if it had stayed, in whatever way: the journal before it is folded, and goes on."""
    backup = shell.back_up()
    take(journal, range(25, 48))
    newer = journal.snapshot()
    journal.close()
    shell.restore(backup)
    with Journal.open(url) as restored:
        restored.save_snapshot(newer)
        assert restored.snapshot() is None
        take(restored, range(30, 60))
        assert restored.head.seq == 54
        assert verify_with_snapshot(restored).holds


def test_a_backup_from_before_an_upgrade_is_restored_over_newer_tables(journal, url, shell):
    """The tables are then what they were, and `mplp init` brings them up to date again."""
    with altering(url) as database:
        database.execute("DROP TABLE snapshots")
        database.execute("UPDATE alembic_version SET version_num = '0002'")
    kept = journal.head
    backup = shell.back_up()
    journal.close()
    with Journal.open(url, create=True) as upgraded:
        take(upgraded, range(25, 48))
        assert upgraded.snapshot() is not None

    shell.restore(backup)
    with Journal.open(url, create=True) as restored:
        assert (restored.head, restored.snapshot()) == (kept, None)
        take(restored, range(25, 48))
        assert verify_with_snapshot(restored).holds


@NEEDS_SQLITE3
def test_a_damaged_file_is_moved_away_and_the_journal_is_its_owners_alone(tmp_path):
    path = tmp_path / "journal.sqlite"
    shell = Shell(str(path), tmp_path)
    with Journal.open(str(path), create=True) as journal:
        Intake.load(journal).take([AssetSeen(time=1, symbol="TEST", precision=2)])
        kept, backup = journal.head, shell.back_up()
    path.write_bytes(b"junk" * 4096)
    with pytest.raises(FailedError, match="not a database"):
        shell.restore(backup)
    for old in tmp_path.glob("journal.sqlite*"):
        old.rename(tmp_path / f"old-{old.name}")
    shell.restore(backup)
    assert (backup.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o600, 0o600)
    with Journal.open(str(path)) as restored:
        assert restored.head == kept
