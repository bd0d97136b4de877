"""MNIST: the paper's subset in the package, and the full set from a folder, the cache or a mirror."""

from __future__ import annotations

import ast
import dataclasses
import functools
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nn.data.source
from nn.data import ChecksumError, DataLoader, DownloadError, IdxArray, IdxError, mnist, read_idx, write_idx
from nn.data.download import RemoteFile
from nn.data.make_subset import main, make_subset
from nn.data.mnist import MNIST, SUBSET_FOLDER
from nn.data.source import FOLDER_VARIABLE, IdxSource, cache_folder

ROOM = Path(nn.data.source.__file__).parent
FULL = Path(__file__).resolve().parent.parent.parent / "shared" / "mnist"
needs_full = pytest.mark.skipif(not FULL.is_dir(), reason=f"the full MNIST is not in {FULL}")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has an empty cache, no data folder and no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    return tmp_path / "cache" / "tinygrad-lists" / "mnist"


def no_network(*args: object, **kwargs: object) -> None:
    raise OSError("no network in this test")


def small_set(folder: Path, count: int = 12) -> Path:
    """Write the subset's first images under the full files' names: the images plain, the labels gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    for images_file, labels_file in MNIST.files.values():
        images = read_idx(SUBSET_FOLDER / f"{images_file.name}.gz")
        labels = read_idx(SUBSET_FOLDER / f"{labels_file.name}.gz")
        write_idx(folder / images_file.name, IdxArray((count, 28, 28), images.data[: count * 784]))
        write_idx(folder / f"{labels_file.name}.gz", IdxArray((count,), labels.data[:count]))
    return folder


def small_source(folder: Path) -> IdxSource:
    """A source like MNIST whose published sums are those of the files in ``folder``."""

    def remote(file: RemoteFile) -> RemoteFile:
        path = next(path for path in (folder / file.name, folder / f"{file.name}.gz") if path.exists())
        content = read_idx(path)
        return RemoteFile(file.name, len(content.header) + len(content.data), content.sha256())

    files = {split: (remote(images), remote(labels)) for split, (images, labels) in MNIST.files.items()}
    return dataclasses.replace(MNIST, files=files)


# --- the paper's subset -----------------------------------------------------------------------------------------------


def test_the_paper_s_subset_ships_with_the_package() -> None:
    train, test = mnist.load("train", subset="paper"), mnist.load("test", subset="paper")
    assert (len(train), len(test)) == (1000, 200)
    assert (train.rows, train.columns, train.classes) == (28, 28, 10)
    assert train.labels[:10] == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10] == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    for data in (train, test):
        assert set(data.labels) == set(range(10))
        brightness = [sum(map(sum, data.image(i)[0])) / 784 for i in range(100)]
        assert 0.1 < sum(brightness) / 100 < 0.16, "MNIST's mean pixel is 0.13"


def test_a_limit_takes_the_first_images() -> None:
    train = mnist.load("train", subset="paper", limit=10)
    assert len(train) == 10
    assert list(train) == list(mnist.load("train", "paper")[:10])
    with pytest.raises(ValueError, match="limit 201 is more than the 200 test images of the paper's subset"):
        mnist.load("test", subset="paper", limit=201)


@pytest.mark.parametrize("limit", [0, -3, 2.5, True])
def test_a_bad_limit_is_an_error(limit: object) -> None:
    error = TypeError if limit is True else ValueError
    with pytest.raises(error, match=f"mnist: limit is {limit}; it must be a whole number of at least 1"):
        mnist.load("train", subset="paper", limit=limit)  # type: ignore[arg-type]


def test_unknown_names_are_errors() -> None:
    for subset in ("paper", None):
        with pytest.raises(ValueError, match="mnist: split is 'train' or 'test', not 'valid'"):
            mnist.load("valid", subset=subset)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mnist: subset is 'papers'; it must be 'paper' or None"):
        mnist.load("train", subset="papers")  # type: ignore[arg-type]


def test_the_subset_s_licence_names_authors_source_and_licence() -> None:
    text = (SUBSET_FOLDER / "LICENSE-MNIST.md").read_text(encoding="utf-8")
    for needed in ("Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges", "CC BY-SA 3.0", "yann.lecun.com"):
        assert needed in text
    for files in MNIST.files.values():
        for file in files:
            assert f"{file.name}.gz" in text
            assert file.sha256 in text


@needs_full
def test_the_subset_is_made_again_to_the_byte(tmp_path: Path) -> None:
    again = make_subset(FULL, tmp_path / "again")
    assert sorted(path.name for path in again) == sorted(path.name for path in SUBSET_FOLDER.glob("*.gz"))
    for path in again:
        shipped = SUBSET_FOLDER / path.name
        assert read_idx(path) == read_idx(shipped)
        if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same bytes in another way.
            assert path.read_bytes() == shipped.read_bytes()


@needs_full
def test_make_subset_refuses_files_that_are_not_mnist_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = small_set(tmp_path / "small")
    assert main(["--source", str(source), "--output", str(tmp_path / "out")]) == 2
    assert "train-images-idx3-ubyte: wrong SHA-256" in capsys.readouterr().err
    assert main(["--source", str(tmp_path / "absent"), "--output", str(tmp_path / "out")]) == 2
    assert "absent is not a folder" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []
    assert main(["--source", str(FULL), "--output", str(tmp_path / "out")]) == 0
    assert "t10k-images-idx3-ubyte.gz: 31," in capsys.readouterr().out


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_may_hold_plain_or_gzipped_files(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "folder")
    data = mnist.load("test", folder=folder)
    assert list(data) == list(mnist.load("test", subset="paper", limit=12))
    assert len(mnist.load("test", folder=str(folder), limit=5)) == 5
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte: limit 13 is more than its 12 images"):
        mnist.load("test", folder=folder, limit=13)


def test_file_names_with_a_dot_are_known_too(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "folder")
    (folder / "t10k-images-idx3-ubyte").rename(folder / "t10k-images.idx3-ubyte")
    assert len(mnist.load("test", folder=folder)) == 12


def test_the_subset_of_a_folder_is_its_first_images(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "folder", count=200)
    assert len(mnist.load("test", subset="paper", folder=folder)) == 200
    with pytest.raises(ValueError, match="limit 1000 is more than its 200 images"):
        mnist.load("train", subset="paper", folder=folder)


def test_the_environment_variable_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_set(tmp_path / "flat", count=3)
    small_set(tmp_path / "deep" / "mnist", count=4)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "flat"))
    assert len(mnist.load("test")) == 3
    assert len(mnist.load("test", folder=tmp_path / "deep" / "mnist")) == 4, "the argument comes first"
    assert len(mnist.load("test", subset="paper")) == 200, "the package's subset needs no folder"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "deep"))
    assert len(mnist.load("test")) == 4
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(
        FileNotFoundError, match=r"mnist: .*absent is not a folder; name a folder .*TINYGRAD_LISTS_DATA"
    ):
        mnist.load("test")


def test_a_folder_without_the_file_is_an_error_and_not_a_download(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "folder")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"folder does not hold t10k-labels-idx1-ubyte \(plain or \.gz\); name"):
        mnist.load("test", folder=folder)


def test_verify_checks_a_folder_s_sums(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "folder")
    assert len(small_source(folder).load("test", folder=folder, verify=True)) == 12
    with pytest.raises(ChecksumError, match=f"expected {MNIST.files['test'][0].sha256}"):
        mnist.load("test", folder=folder, verify=True)


def damage_magic(folder: Path) -> None:
    (folder / "t10k-images-idx3-ubyte").write_bytes((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())


def damage_truncate(folder: Path) -> None:
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])


def damage_gzip(folder: Path) -> None:
    path = folder / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9] + bytes(9))


def damage_label(folder: Path) -> None:
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", IdxArray((12,), bytes([1, 2, 3, 10] + [0] * 8)))


def damage_count(folder: Path) -> None:
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", IdxArray((11,), bytes(11)))


def damage_empty(folder: Path) -> None:
    write_idx(folder / "t10k-images-idx3-ubyte", IdxArray((0, 28, 28), b""))


def damage_size(folder: Path) -> None:
    write_idx(folder / "t10k-images-idx3-ubyte", IdxArray((12, 32, 28), bytes(12 * 32 * 28)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_magic, r"t10k-images-idx3-ubyte: wrong magic number 2049 .*expected 2051"),
        (damage_truncate, r"t10k-images-idx3-ubyte: truncated, .* needs 9,408 bytes, got 9,407"),
        (damage_gzip, r"t10k-labels-idx1-ubyte\.gz: damaged gzip file"),
        (damage_label, r"t10k-labels-idx1-ubyte\.gz: mnist test: label 10 at index 3 is out of range"),
        (damage_count, r"t10k-labels-idx1-ubyte\.gz: 11 labels for the 12 images of .*t10k-images-idx3-ubyte"),
        (damage_empty, r"t10k-images-idx3-ubyte: holds zero images"),
        (damage_size, r"t10k-images-idx3-ubyte: images of 32 x 28, expected 28 x 28"),
    ],
)
def test_damaged_files_in_a_folder(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = small_set(tmp_path / "folder")
    damage(folder)
    with pytest.raises(IdxError, match=message) as caught:
        mnist.load("test", folder=folder)
    assert "\n" not in str(caught.value), "the command line prints errors as one line"


# --- cache and download -----------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let ``urlopen`` answer from ``tmp_path / "mirror"``; gives the list of the addresses asked for."""
    import io
    import urllib.error
    from email.message import Message

    asked: list[str] = []

    class Response(io.BytesIO):
        status = 200

    def urlopen(request: object, timeout: float) -> Response:
        url = request.full_url  # type: ignore[attr-defined]
        asked.append(url)
        path = tmp_path / "mirror" / url.rpartition("/")[2]
        if not path.exists():
            raise urllib.error.URLError("no such file on this mirror")
        response = Response(path.read_bytes())
        response.headers = Message()  # type: ignore[attr-defined]
        response.headers["Content-Length"] = str(path.stat().st_size)  # type: ignore[attr-defined]
        return response

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    yield asked


def mirror_of(folder: Path, mirror: Path) -> None:
    mirror.mkdir()
    for path in folder.iterdir():
        write_idx(mirror / f"{path.name.removesuffix('.gz')}.gz", read_idx(path))


def test_the_full_set_is_downloaded_once_into_the_cache(tmp_path: Path, server: list[str], own_cache: Path) -> None:
    folder = small_set(tmp_path / "folder")
    mirror_of(folder, tmp_path / "mirror")
    source = small_source(folder)
    assert list(source.load("train", quiet=True)) == list(source.load("train", folder=folder))
    assert server == [
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
    ]
    assert (own_cache / "train-images-idx3-ubyte.gz").exists()
    assert len(source.load("train", offline=True)) == 12
    assert len(server) == 2, "the second load comes from the cache"


def test_files_put_into_the_cache_by_hand_are_taken(tmp_path: Path, own_cache: Path) -> None:
    small_set(own_cache)
    assert len(small_source(own_cache).load("test")) == 12


def test_a_damaged_file_in_the_cache_is_fetched_again(
    tmp_path: Path, server: list[str], own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = small_set(tmp_path / "folder")
    mirror_of(folder, tmp_path / "mirror")
    source = small_source(folder)
    source.load("test", quiet=True)
    cached = own_cache / "t10k-images-idx3-ubyte.gz"
    for damaged in (cached.read_bytes()[:-20], cached.read_bytes().replace(b"\0", b"\1", 9), b""):
        server.clear()
        cached.write_bytes(damaged)
        assert list(source.load("test")) == list(source.load("test", folder=folder))
        assert len(server) == 1
        assert "downloading it again" in capsys.readouterr().err
    server.clear()
    wrong = read_idx(folder / "t10k-images-idx3-ubyte")
    write_idx(cached, IdxArray(wrong.shape, b"\1" + wrong.data[1:]))
    source.load("test", quiet=True)
    assert len(server) == 1, "a whole IDX file with one wrong pixel is found by its sum"
    assert capsys.readouterr().err == ""


def test_a_damaged_file_in_the_cache_is_kept_when_there_is_no_better(own_cache: Path) -> None:
    small_set(own_cache)
    before = {path.name: path.read_bytes() for path in own_cache.iterdir()}
    with pytest.raises(DownloadError):
        mnist.load("test", quiet=True)
    assert {name: (own_cache / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("offline", [True, False])
def test_offline_the_error_gives_three_ways_out(own_cache: Path, offline: bool) -> None:
    with pytest.raises(DownloadError) as caught:
        mnist.load("train", offline=offline, quiet=True)
    message = str(caught.value)
    for part in (
        "cannot download train-images-idx3-ubyte.gz",
        f"put the IDX files, plain or .gz, into {own_cache}",
        "--data FOLDER",
        'subset="paper"',
        "no mirror was asked" if offline else "no network in this test; https://storage.googleapis.com",
    ):
        assert part in message
    assert "\n" not in message


def test_the_cache_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tinygrad-lists"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/user"))
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    for platform, expected in (
        ("linux", "/home/user/.cache/tinygrad-lists"),
        ("darwin", "/home/user/Library/Caches/tinygrad-lists"),
        ("win32", "/local/tinygrad-lists"),
    ):
        monkeypatch.setattr(nn.data.source.sys, "platform", platform)
        assert cache_folder() == Path(expected)


# --- the full set -----------------------------------------------------------------------------------------------------


@needs_full
@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_the_full_set_has_the_published_sums(split: mnist.Split, count: int) -> None:
    data = mnist.load(split, folder=FULL, verify=True)
    assert len(data) == count
    subset = mnist.load(split, subset="paper")
    assert list(data[: len(subset)]) == list(subset)


@needs_full
def test_the_full_set_stays_bytes() -> None:
    tracemalloc.start()
    try:
        data = mnist.load("train", folder=FULL)
        held, peak = tracemalloc.get_traced_memory()
        for _ in DataLoader(data[:800], 8):
            pass
        after, _ = tracemalloc.get_traced_memory()
        small = mnist.load("train", folder=FULL, limit=1000)
        with_small, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(small) == 1000
    assert held < 48e6, "47 MB of pixels and 60 KB of labels"
    assert peak < 55e6
    assert after < held + 1e6, "batches are let go"
    assert with_small - after < 1e6, "a limited load frees the pixels that it leaves out"


# --- the room ---------------------------------------------------------------------------------------------------------


def imports_of(text: str) -> set[str]:
    """The top-level packages that a module's text imports from outside its own package."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            found.add("." * node.level + (node.module or "").partition(".")[0])
    return found


def test_the_import_finder_finds_imports() -> None:
    text = (
        "import os.path\nfrom . import a\ndef f():\n    from tinygrad_lists.value import V\n    from ..layers import x"
    )
    assert imports_of(text) == {"os", "tinygrad_lists", "..layers"}


def test_the_room_imports_only_the_standard_library_and_what_its_users_have_installed() -> None:
    """rich for progress, Pillow for pictures; of this package, how to write files and to check arguments."""
    own = {"..files", "..checks", "...checks", "..errors", "...errors"}
    allowed = set(sys.stdlib_module_names) | {"rich", "PIL"} | own
    modules = sorted(ROOM.rglob("*.py"))
    assert len(modules) >= 8
    for module in modules:
        text = module.read_text(encoding="utf-8")
        assert imports_of(text) <= allowed, module.name
        assert "rich" not in imports_of(text) or module.name == "progress.py"
        assert "PIL" not in imports_of(text) or module.name in ("images.py", "drawing.py")


def test_loading_the_subset_imports_no_network_and_no_rich() -> None:
    """The package's own data must load in a browser or a sandbox, where there may be no sockets."""
    program = (
        "import sys; before = set(sys.modules); from nn.data import mnist; mnist.load('train', subset='paper');"
        "print(sorted({'urllib.request', 'http.client', 'socket', 'ssl', 'rich'} & (set(sys.modules) - before)))"
    )
    run = functools.partial(subprocess.run, check=True, capture_output=True, text=True)
    done = run([sys.executable, "-c", program], cwd=ROOM.parent.parent)
    assert done.stdout.strip() == "[]"
