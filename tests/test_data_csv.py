"""CSV files of labels and pixels: with and without a header, gzipped, and all that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from nn.data import CsvError, csv
from nn.data.idx import gzip_bytes

SMALL = b"7,0,51,255,1\n1,2,3,4,5\n"


def small(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "small.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        SMALL,
        SMALL.rstrip(),
        b"label,pixel0,pixel1,pixel2,pixel3\n" + SMALL,
        b"label,1x1,1x2,2x1,2x2\r\n" + SMALL.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + SMALL,
        b'"label","a","b","c","d"\n"7","0","51","255","1"\n\n1, 2, 3, 4, 5\n\n',
        gzip_bytes(SMALL),
    ],
    ids=["plain", "no newline", "Kaggle", "mnist_train.csv", "byte order mark", "quotes", "gzip"],
)
def test_every_common_form_is_read(tmp_path: Path, content: bytes) -> None:
    data = csv.load(small(tmp_path, content), rows=2, columns=2)
    assert data.labels == [7, 1]
    assert data.stored([0, 1]) == (bytes([0, 51, 255, 1, 2, 3, 4, 5]), bytes([7, 1]))
    assert (data.name, data.rows, data.columns) == ("small.csv", 2, 2)


def test_mnist_as_csv_is_mnist(tmp_path: Path) -> None:
    digits = nn.data.mnist.load("test", subset="paper")[:20]
    pixels, labels = digits.stored(range(20))
    rows = [[labels[i], *pixels[784 * i : 784 * i + 784]] for i in range(20)]
    path = small(tmp_path, "".join(f"{','.join(map(str, row))}\n" for row in rows).encode())
    assert csv.load(path).stored(range(20)) == (pixels, labels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SMALL + b"1,2,3,4\n", r"small\.csv, line 3: 4 fields, expected 5, a label and 2 x 2 pixels; mend"),
        (b"label,a,b,c,d\n1,2,3,4,5,6\n", "line 2: 6 fields, expected 5"),
        (b"1,2,3,4,256\n", "line 1: pixel 4 is '256', expected a whole number from 0 to 255"),
        (SMALL + b"1,2,-3,4,5\n", "line 3: pixel 2 is '-3'"),
        (SMALL + b"1,2,0.5,4,5\n", r"line 3: pixel 2 is '0\.5'"),
        (SMALL + b"0001,2,3,4," + b"9" * 900 + b"\n", "line 3: pixel 4 is '9{40}'"),
        (SMALL + b"1,2,,4,5\n", "line 3: pixel 2 is ''"),
        (SMALL + b"one,2,3,4,5\n", "line 3: label is 'one'"),
        (b"a,b,c,d,e\nf,g,h,i,j\n", "line 2: label is 'f'"),
        (b"10,2,3,4,5\n", "line 1: label 10 is out of range; 10 classes have labels 0 to 9, and the label must be the"),
        (b"", r"small\.csv: holds zero images"),
        (b"label,a,b,c,d\n", r"small\.csv: holds zero images"),
        (b"1,2,3,4,5\n" + b"1" * 5000, r"line 2: over .* bytes, too long for 5 fields; is this CSV\?"),
        (b"1,2,3,4,\xff\n", r"line 1: not text; is this CSV\?"),
        (gzip_bytes(SMALL)[:-9], "truncated gzip file .*; fetch the file again"),
        (gzip_bytes(SMALL)[:-8] + bytes(8), "damaged gzip file .*; fetch the file again"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CsvError, match=message):
        csv.load(small(tmp_path, content), rows=2, columns=2)


@given(noise=st.binary(max_size=60), place=st.integers(0, len(SMALL)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_only_csv_error_escapes_from_noise(tmp_path: Path, noise: bytes, place: int) -> None:
    try:
        data = csv.load(small(tmp_path, SMALL[:place] + noise + SMALL[place:]), rows=2, columns=2)
    except CsvError as error:
        assert "small.csv" in str(error)
    else:
        assert len(data) >= 1


def test_a_missing_file_and_bad_sizes_are_the_usual_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        csv.load(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="csv: rows is 0; it must be a whole number of at least 1"):
        csv.load(tmp_path / "absent.csv", rows=0)
