"""IDX files: what is written is read back, and a damaged file gives an ``IdxError`` and nothing else."""

from __future__ import annotations

import gzip
import math
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.data import IdxArray, IdxError, read_idx, write_idx
from nn.data.idx import ELEMENT_TYPES, gzip_bytes

IMAGES = IdxArray((2, 3, 4), bytes(range(24)))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "file"


@st.composite
def idx_arrays(draw: st.DrawFn) -> IdxArray:
    element_type = draw(st.sampled_from(sorted(ELEMENT_TYPES)))
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=1, max_size=4)))
    size = math.prod(shape) * ELEMENT_TYPES[element_type][1]
    return IdxArray(shape, draw(st.binary(min_size=size, max_size=size)), element_type)


@given(content=idx_arrays(), compress=st.booleans())
def test_what_is_written_is_read_back(scratch: Path, content: IdxArray, compress: bool) -> None:
    write_idx(scratch, content, compress=compress)
    assert (scratch.read_bytes()[:2] == b"\x1f\x8b") is compress
    assert read_idx(scratch) == content


def test_a_hand_made_file_is_read_as_the_format_says(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(bytes.fromhex("00000801 00000003 050004"))
    content = read_idx(path, dimensions=1)
    assert (content.shape, content.data, content.magic) == ((3,), b"\x05\x00\x04", 2049)
    assert IMAGES.magic == 2051


def test_elements_of_every_type_are_big_endian(tmp_path: Path) -> None:
    samples: dict[int, list[int] | list[float]] = {
        0x08: [0, 255],
        0x09: [-128, 127],
        0x0B: [-300, 7],
        0x0C: [-(2**31), 5],
        0x0D: [0.5, -2.0],
        0x0E: [0.1, 1e300],
    }
    assert samples.keys() == ELEMENT_TYPES.keys()
    for element_type, numbers in samples.items():
        code = ELEMENT_TYPES[element_type][0]
        write_idx(tmp_path / "x", IdxArray((2,), struct.pack(f">2{code}", *numbers), element_type))
        assert read_idx(tmp_path / "x").values().tolist() == numbers


def test_gzip_is_found_out_by_content_and_not_by_name(tmp_path: Path) -> None:
    write_idx(tmp_path / "plain.gz", IMAGES, compress=False)
    write_idx(tmp_path / "packed", IMAGES, compress=True)
    assert read_idx(tmp_path / "plain.gz") == read_idx(tmp_path / "packed") == IMAGES


def test_the_suffix_decides_how_to_write(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "a", IMAGES)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == (tmp_path / "a").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.gz"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a"
    write_idx(target, IMAGES)

    def full(self: Path, blob: bytes) -> int:
        with self.open("wb") as out:
            out.write(blob[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_idx(target, IdxArray((1,), b"x"))
    assert read_idx(target) == IMAGES
    assert list(tmp_path.iterdir()) == [target]


@given(st.binary(max_size=2000))
def test_gzip_bytes_is_what_the_gzip_module_reads(blob: bytes) -> None:
    packed = gzip_bytes(blob)
    assert gzip.decompress(packed) == blob
    assert packed[4:8] == bytes(4), "the time in the header is zero"


# --- damaged files ---------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(data=st.data(), compress=st.booleans())
def test_only_idx_error_escapes_from_a_damaged_file(scratch: Path, data: st.DataObject, compress: bool) -> None:
    """Cut, lengthen or overwrite any part: either it still is a whole IDX file, or the reader says what is wrong."""
    blob = IMAGES.header + IMAGES.data
    blob = bytearray(gzip_bytes(blob) if compress else blob)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(blob)))
        match data.draw(st.sampled_from(["cut", "insert", "overwrite"])):
            case "cut":
                del blob[place:]
            case "insert":
                blob[place:place] = data.draw(st.binary(max_size=9))
            case "overwrite":
                noise = data.draw(st.binary(max_size=9))
                blob[place : place + len(noise)] = noise
    scratch.write_bytes(blob)
    try:
        content = read_idx(scratch, max_bytes=1 << 20)
    except IdxError as error:
        assert str(scratch) in str(error)
    else:
        assert len(content.data) == math.prod(content.shape) * ELEMENT_TYPES[content.element_type][1]


@given(st.binary(max_size=60))
def test_only_idx_error_escapes_from_noise(scratch: Path, blob: bytes) -> None:
    scratch.write_bytes(blob)
    try:
        content = read_idx(scratch)
    except IdxError as error:
        assert str(scratch) in str(error)
    else:
        assert content.header + content.data == blob


@given(st.integers(0, 39))
def test_every_truncation_is_found(scratch: Path, length: int) -> None:
    blob = IMAGES.header + IMAGES.data
    assert len(blob) == 40
    scratch.write_bytes(blob[:length])
    with pytest.raises(IdxError, match="truncated"):
        read_idx(scratch)


def test_truncation_names_expected_and_got(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes((IMAGES.header + IMAGES.data)[:-7])
    with pytest.raises(IdxError, match=r"images: truncated, shape \(2, 3, 4\) needs 24 bytes, got 17; fetch"):
        read_idx(path)
    path.write_bytes(b"")
    with pytest.raises(IdxError, match="truncated header, expected at least 4 bytes, got 0"):
        read_idx(path)
    path.write_bytes(IMAGES.header[:9])
    with pytest.raises(IdxError, match=r"truncated header, expected 16 bytes for 3 dimension\(s\), got 9"):
        read_idx(path)


def test_trailing_bytes_are_an_error_in_plain_and_gzipped_files(tmp_path: Path) -> None:
    blob = IMAGES.header + IMAGES.data + b"!"
    (tmp_path / "plain").write_bytes(blob)
    (tmp_path / "packed").write_bytes(gzip_bytes(blob))
    for name in ("plain", "packed"):
        with pytest.raises(IdxError, match="trailing bytes after the 24 bytes"):
            read_idx(tmp_path / name)


def test_a_wrong_magic_number_is_named_beside_the_right_one(tmp_path: Path) -> None:
    write_idx(tmp_path / "labels", IdxArray((3,), b"abc"))
    with pytest.raises(
        IdxError, match=r"magic number 2049 \(0x00000801\), expected 2051 .*labels, are the two.*swapped"
    ):
        read_idx(tmp_path / "labels", dimensions=3)
    write_idx(tmp_path / "images", IMAGES)
    with pytest.raises(
        IdxError, match=r"magic number 2051 \(0x00000803\), expected 2049 .*images, are the two.*swapped"
    ):
        read_idx(tmp_path / "images", dimensions=1)
    (tmp_path / "png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(IdxError, match=r"0x89504e47.*expected 0x0000TTDD.*not an IDX file"):
        read_idx(tmp_path / "png")
    for damaged in ("00000a01", "00000800"):
        (tmp_path / "odd").write_bytes(bytes.fromhex(damaged) + bytes(8))
        with pytest.raises(IdxError, match=f"0x{damaged}"):
            read_idx(tmp_path / "odd")


def test_damaged_gzip_is_told_from_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    packed = gzip_bytes(IMAGES.header + IMAGES.data)
    path.write_bytes(packed[:-3])
    with pytest.raises(IdxError, match=r"x\.gz: truncated gzip file"):
        read_idx(path)
    wrong_sum = bytearray(packed)
    wrong_sum[-8] ^= 1
    path.write_bytes(wrong_sum)
    with pytest.raises(IdxError, match=r"x\.gz: damaged gzip file .*CRC"):
        read_idx(path)
    path.write_bytes(packed[:10] + b"\xff" * 30)
    with pytest.raises(IdxError, match="damaged gzip file"):
        read_idx(path)


def test_a_claim_of_terabytes_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.write_bytes(struct.pack(">I3I", 0x803, 2**32 - 1, 28, 28))
    with pytest.raises(IdxError, match=r"claims shape .*, 3,367,254,359,280 bytes, over the limit of 1,073,741,824"):
        assert_small_peak(path)
    path.write_bytes(struct.pack(">I255I", 0x8FF, *[2**32 - 1] * 255))
    with pytest.raises(IdxError, match=r"\.\.\. 255 sizes\), more than 2\*\*63 bytes, over the limit") as caught:
        assert_small_peak(path)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_a_claim_under_the_limit_costs_no_more_than_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    path.write_bytes(struct.pack(">II", 0x801, 1 << 30) + bytes(100))
    with pytest.raises(IdxError, match="needs 1,073,741,824 bytes, got 100"):
        assert_small_peak(path)


def test_a_gzip_bomb_is_not_unfolded(tmp_path: Path) -> None:
    """A gzip file of 64 KB whose header claims ten bytes and which holds 64 MB is given up at the eleventh byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(struct.pack(">II", 0x801, 10))]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(64)]
    path = tmp_path / "bomb.gz"
    path.write_bytes(b"".join(parts) + packer.flush())
    assert path.stat().st_size < 1 << 17
    with pytest.raises(IdxError, match="trailing bytes after the 10 bytes"):
        assert_small_peak(path)


def assert_small_peak(path: Path) -> None:
    """Read the file and let its error through, but fail if more than 4 MB were held on the way."""
    tracemalloc.start()
    try:
        read_idx(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20


def test_the_memory_checker_sees_a_large_read(tmp_path: Path) -> None:
    """The checker of the tests above must fail when the reader does hold a lot."""
    write_idx(tmp_path / "large", IdxArray((8 << 20,), bytes(8 << 20)))
    with pytest.raises(AssertionError):
        assert_small_peak(tmp_path / "large")


def test_a_missing_file_is_the_usual_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")


def test_an_array_must_fit_its_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\) needs 4 bytes, got 3"):
        IdxArray((2, 2), b"abc")
    with pytest.raises(ValueError, match="element type 0x0a"):
        IdxArray((1,), b"a", element_type=0x0A)
    for shape in ((), (-1, -1), (2**32,)):
        with pytest.raises(ValueError, match="does not fit IDX"):
            IdxArray(shape, b"a")


def test_reading_needs_no_second_copy_of_the_pixels(tmp_path: Path) -> None:
    """Reading n bytes holds little more than n: the 47 MB of MNIST must not need 94."""
    size = 16 << 20
    write_idx(tmp_path / "large.gz", IdxArray((size,), bytes(size)))
    tracemalloc.start()
    try:
        content = read_idx(tmp_path / "large.gz")
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sys.getsizeof(content.data) < size + 100
    assert held < 1.05 * size
    assert peak < 1.25 * size
