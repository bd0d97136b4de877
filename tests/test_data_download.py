"""Downloads, against a server on this machine that can do everything wrong that a mirror can."""

from __future__ import annotations

import hashlib
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nn.data.download import ChecksumError, DownloadError, RemoteFile, check_sum, download
from nn.data.idx import IdxArray, gzip_bytes, read_idx
from nn.data.progress import download_progress

SIZE = 300_000
CONTENT = IdxArray((SIZE,), random.Random(0).randbytes(SIZE))
PLAIN = CONTENT.header + CONTENT.data
PACKED = gzip_bytes(PLAIN)
FILE = RemoteFile("numbers-idx1-ubyte", len(PLAIN), hashlib.sha256(PLAIN).hexdigest())


@dataclass
class Mirror:
    """A mirror's behaviour, and the ``Range`` header of each request that it got."""

    body: bytes = PACKED
    ranges: bool = True
    cut: list[int] = field(default_factory=list)  # Close the connection after so many bytes: one entry a request.
    say_length: bool = True
    status: int | None = None
    wrong_content_range: bool = False
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        if self.status is not None:
            handler.send_error(self.status)
            return
        start = 0
        if wanted and self.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])  # type: ignore[index]
            if start >= len(self.body):
                handler.send_error(416)
                return
            handler.send_response(206)
            said = start + 1 if self.wrong_content_range else start
            handler.send_header("Content-Range", f"bytes {said}-{len(self.body) - 1}/{len(self.body)}")
        else:
            handler.send_response(200)
        if self.say_length:
            handler.send_header("Content-Length", str(len(self.body) - start))
        handler.end_headers()
        length = self.cut.pop(0) if self.cut else len(self.body)
        handler.wfile.write(self.body[start : start + length])


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mirror], Mirror]]:
    """Give a function that puts a mirror behind a free port of 127.0.0.1."""
    monkeypatch.setenv("no_proxy", "*")
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(mirror: Mirror) -> Mirror:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == f"/mnist/{FILE.name}.gz"
                mirror.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test's stderr for the test."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        mirror.url = f"http://127.0.0.1:{server.server_port}/mnist/"
        return mirror

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a port at which nobody listens."""
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/mnist/"


Serve = Callable[[Mirror], Mirror]


def part_of(folder: Path) -> Path:
    return folder / f"{FILE.name}.gz.part"


def assert_whole(path: Path, folder: Path) -> None:
    """The file is there under its own name, and nothing but the (empty) lock file beside it."""
    assert path == folder / f"{FILE.name}.gz"
    assert read_idx(path) == CONTENT
    assert sorted(file.name for file in folder.iterdir()) == [f"{FILE.name}.gz", f"{FILE.name}.lock"]


def test_a_file_is_downloaded_with_progress(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror())
    seen: list[tuple[str, int, int | None]] = []
    folder = tmp_path / "new" / "folder"
    path = download(FILE, folder, [mirror.url], progress=lambda *call: seen.append(call))
    assert_whole(path, folder)
    assert mirror.asked == [None]
    received = [call[1] for call in seen]
    assert received == sorted(received)
    assert len(received) > 3
    assert seen[-1] == (FILE.name, len(PACKED), len(PACKED))


def test_a_whole_file_is_not_asked_for_again(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror())
    download(FILE, tmp_path, [mirror.url])
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert len(mirror.asked) == 1


def test_a_cut_connection_is_taken_up_where_it_broke(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(cut=[len(PACKED) // 2, 70_000]))
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    half = len(PACKED) // 2
    assert mirror.asked == [None, f"bytes={half}-", f"bytes={half + 70_000}-"]


def test_a_connection_cut_after_one_byte_is_told_from_a_wrong_file(serve: Serve, tmp_path: Path) -> None:
    """One byte is not yet known to be gzip: only the length that the server said shows that more was to come."""
    mirror = serve(Mirror(cut=[1]))
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [None, "bytes=1-"]
    broken = serve(Mirror(cut=[0]))
    with pytest.raises(DownloadError, match=f"the connection closed after 0 of {len(PACKED):,} bytes"):
        download(FILE, tmp_path / "other", [broken.url])


def test_a_part_from_an_earlier_run_is_taken_up(serve: Serve, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(PACKED[:1000])
    mirror = serve(Mirror())
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == ["bytes=1000-"]


def test_a_part_that_was_complete_is_only_renamed(serve: Serve, tmp_path: Path) -> None:
    """A process killed between the last byte and the renaming leaves a whole part; the server answers 416 then."""
    part_of(tmp_path).write_bytes(PACKED)
    mirror = serve(Mirror())
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [f"bytes={len(PACKED)}-"]


@pytest.mark.parametrize(
    "stale", [b"x" * 1000, b"x" * 2 * len(PACKED), PACKED[:10] + bytes(500), gzip_bytes(PLAIN[:-1])]
)
def test_a_part_of_something_else_is_dropped_and_begun_again(serve: Serve, tmp_path: Path, stale: bytes) -> None:
    part_of(tmp_path).write_bytes(stale)
    mirror = serve(Mirror())
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [f"bytes={len(stale)}-", None]


def test_a_part_of_another_mirror_s_longer_file_is_begun_again(serve: Serve, tmp_path: Path) -> None:
    """Two mirrors may compress differently: a part of the one's file can be longer than the other's whole file."""
    short = RemoteFile(FILE.name, 5000, hashlib.sha256(bytes(5000)).hexdigest())
    part_of(tmp_path).write_bytes(gzip_bytes(random.Random(1).randbytes(5000))[:4000])
    mirror = serve(Mirror(body=gzip_bytes(bytes(5000))))
    path = download(short, tmp_path, [mirror.url])
    check_sum(path, short)
    assert mirror.asked == ["bytes=4000-", None]


def test_a_server_without_ranges_sends_everything_again(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(ranges=False, cut=[100_000]))
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [None, "bytes=100000-"]


def test_a_wrong_content_range_is_not_trusted(serve: Serve, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(PACKED[:1000])
    mirror = serve(Mirror(wrong_content_range=True))
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == ["bytes=1000-", None]


def test_a_server_that_says_no_length_is_checked_by_the_file_s_end(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(say_length=False, cut=[100_000]))
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [None, "bytes=100000-"]


def test_wrong_bytes_are_removed_and_both_sums_named(serve: Serve, tmp_path: Path) -> None:
    wrong = PLAIN[:-1] + bytes([PLAIN[-1] ^ 1])
    mirror = serve(Mirror(body=gzip_bytes(wrong)))
    with pytest.raises(DownloadError) as caught:
        download(FILE, tmp_path, [mirror.url])
    message = str(caught.value)
    assert hashlib.sha256(wrong).hexdigest() in message
    assert FILE.sha256 in message
    assert "removed" in message
    assert [file.suffix for file in tmp_path.iterdir()] == [".lock"]
    assert len(mirror.asked) == 1, "the same mirror would send the same bytes again"


@pytest.mark.parametrize(
    "body", [b"<html>Log in to this network</html>", PACKED[:500] + b"\0" * 5000 + PACKED[5500:], b""]
)
def test_what_is_not_the_file_at_all_is_refused(serve: Serve, tmp_path: Path, body: bytes) -> None:
    mirror = serve(Mirror(body=body))
    with pytest.raises(DownloadError, match=FILE.sha256):
        download(FILE, tmp_path, [mirror.url])
    assert [file.suffix for file in tmp_path.iterdir()] == [".lock"]


def test_a_file_cut_short_on_the_server_gives_up(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(body=PACKED[:-100]))
    with pytest.raises(DownloadError, match="cannot download"):
        download(FILE, tmp_path, [mirror.url])
    assert len(mirror.asked) < 8
    good = serve(Mirror())
    assert_whole(download(FILE, tmp_path, [mirror.url, good.url]), tmp_path)


def test_a_server_that_sends_without_end_is_stopped(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(body=bytes(4_000_000), say_length=False))
    with pytest.raises(DownloadError, match=r"sends more than .* bytes"):
        download(FILE, tmp_path, [mirror.url])
    assert not part_of(tmp_path).exists()


def test_a_gzip_bomb_is_not_unfolded(serve: Serve, tmp_path: Path) -> None:
    mirror = serve(Mirror(body=gzip_bytes(bytes(200_000_000))))
    expected_prefix = hashlib.sha256(bytes(FILE.size + 1)).hexdigest()
    with pytest.raises(DownloadError, match=expected_prefix):
        download(FILE, tmp_path, [mirror.url])


def test_the_next_mirror_is_asked_and_goes_on_with_the_part(serve: Serve, tmp_path: Path, closed: str) -> None:
    absent = serve(Mirror(status=404))
    broken = serve(Mirror(cut=[200_000, 0]))
    good = serve(Mirror())
    assert_whole(download(FILE, tmp_path, [closed, absent.url, broken.url, good.url]), tmp_path)
    assert absent.asked == [None]
    assert broken.asked == [None, "bytes=200000-"]
    assert good.asked == ["bytes=200000-"]


def test_offline_says_what_happened_and_what_to_do(serve: Serve, tmp_path: Path, closed: str) -> None:
    absent = serve(Mirror(status=503))
    part_of(tmp_path).write_bytes(PACKED[:1000])
    with pytest.raises(DownloadError) as caught:
        download(FILE, tmp_path, [closed, absent.url], advice="Do this instead")
    message = str(caught.value)
    assert message.startswith(f"cannot download {FILE.name}.gz ({closed}{FILE.name}.gz: ")
    assert "Connection refused" in message
    assert f"{absent.url}{FILE.name}.gz: HTTP Error 503" in message
    assert message.endswith(". Do this instead")
    assert "\n" not in message
    assert part_of(tmp_path).read_bytes() == PACKED[:1000], "what came earlier is kept for the next try"


def test_a_silent_server_runs_into_the_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mnist/"
        with pytest.raises(DownloadError, match="timed out"):
            download(FILE, tmp_path, [url], timeout=0.2)


def test_a_server_that_does_not_speak_http_is_a_failed_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 ready\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(DownloadError, match="220 ready"):
            download(FILE, tmp_path, [f"http://127.0.0.1:{server.getsockname()[1]}/mnist/"])
        thread.join()


def test_a_full_disk_is_not_the_mirror_s_fault(serve: Serve, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    part_of(tmp_path).symlink_to(full)
    first, second = serve(Mirror()), serve(Mirror())
    with pytest.raises(DownloadError, match=r"part: cannot write \(No space left on device\)"):
        download(FILE, tmp_path, [first.url, second.url])
    assert (first.asked, second.asked) == ([None], [])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, closed: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(
        DownloadError, match=r"file/inner: cannot write the download there \(Not a directory\). Do that"
    ):
        download(FILE, tmp_path / "file" / "inner", [closed], advice="Do that")


def test_ctrl_c_keeps_what_came(serve: Serve, tmp_path: Path) -> None:
    def interrupt(name: str, received: int, total: int | None) -> None:
        if received > 100_000:
            raise KeyboardInterrupt

    mirror = serve(Mirror())
    with pytest.raises(KeyboardInterrupt):
        download(FILE, tmp_path, [mirror.url], progress=interrupt)
    kept = part_of(tmp_path).stat().st_size
    assert kept > 100_000
    assert_whole(download(FILE, tmp_path, [mirror.url]), tmp_path)
    assert mirror.asked == [None, f"bytes={kept}-"]


def test_two_downloads_at_once_do_not_spoil_each_other(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="file locks are POSIX only")
    mirror = serve(Mirror())
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(download(FILE, tmp_path, [mirror.url]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert_whole(paths[0], tmp_path)
    assert mirror.asked == [None], "one downloads, the others wait and find the file"


def test_check_sum_rejects_one_wrong_bit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for blob in (PLAIN, PACKED):
        path.write_bytes(blob)
        check_sum(path, FILE)
    for blob in (PLAIN[:-1], PLAIN + b"\0", bytes([PLAIN[0] ^ 1]) + PLAIN[1:]):
        path.write_bytes(blob)
        with pytest.raises(ChecksumError, match=rf"file: wrong SHA-256 \w{{64}}, expected {FILE.sha256}"):
            check_sum(path, FILE)


def test_progress_is_a_line_at_the_start_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with download_progress() as progress:
        assert progress is not None
        for received in (1_000_000, 2_000_000, 3_000_000):
            progress("digits", received, 3_000_000)
        progress("labels", 10, None)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "downloading digits (3.0 MB)",
        "downloaded digits (3.0 MB)",
        "downloading labels",
    ]
    assert captured.out == ""


def test_progress_is_a_bar_when_someone_looks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with download_progress() as progress:
        assert progress is not None
        progress("digits", 1_000_000, 3_000_000)
        progress("digits", 3_000_000, 3_000_000)
    shown = capsys.readouterr().err
    assert "digits" in shown
    assert "3.0/3.0 MB" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_without_rich_there_are_still_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setitem(__import__("sys").modules, "rich", None)
    with download_progress() as progress:
        assert progress is not None
        progress("digits", 1, 2)
    assert capsys.readouterr().err == "downloading digits (0.0 MB)\n"
