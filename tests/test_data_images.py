"""PNG files: read as they are, refused where they are not, folders of them, and own drawings made like MNIST's."""

from __future__ import annotations

import random
import statistics
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import picture_tools
import pytest

import nn
from nn.data.drawing import looks_prepared, prepare_drawing
from nn.data.images import GreyImage, ImageError, load_folder, read_png, write_png

pytest.importorskip("PIL", reason="PNG files need Pillow (pip install -e '.[plots]')")
from PIL import Image

TEST = nn.data.mnist.load("test", subset="paper")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(columns: int, rows: int, data: bytes = b"") -> bytes:
    """A grey PNG file by its specification, whatever sizes it claims."""
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data or b"\0"))
        + chunk(b"IEND", b"")
    )


def mnist_digit(i: int) -> GreyImage:
    return GreyImage(TEST.stored([i])[0], 28, 28)


def test_a_file_of_the_specification_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(2, 2, b"\0\x01\x02" + b"\0\xfe\xff"))
    assert read_png(tmp_path / "a.png") == GreyImage(b"\x01\x02\xfe\xff", 2, 2)


MODES: list[tuple[str, Any, int]] = [
    ("L", 100, 100),
    ("1", 1, 255),
    ("RGB", (255, 0, 0), 76),  # 0.299 of 255
    ("I;16", 257 * 100, 100),
    ("LA", (0, 0), 255),  # nothing to be seen: paper
    ("RGBA", (0, 0, 0, 255), 0),
]


@pytest.mark.parametrize(("mode", "colour", "grey"), MODES, ids=[mode for mode, _, _ in MODES])
def test_every_kind_of_pixel_becomes_grey(tmp_path: Path, mode: str, colour: Any, grey: int) -> None:
    Image.new(mode, (3, 2), colour).save(tmp_path / "a.png")
    assert read_png(tmp_path / "a.png") == GreyImage(bytes([grey] * 6), 2, 3)


@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0, 255), 255), ((255, 255, 255, 255), 0)])
def test_what_is_transparent_is_paper_of_the_other_shade(
    tmp_path: Path, ink: tuple[int, int, int, int], paper: int
) -> None:
    picture = Image.new("RGBA", (4, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), ink)
    picture.save(tmp_path / "a.png")
    assert read_png(tmp_path / "a.png").pixels == bytes([paper, ink[0], paper, paper])


def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", mnist_digit(0))
    whole, path = (tmp_path / "a.png").read_bytes(), tmp_path / "b.png"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            assert read_png(path) == mnist_digit(0)
            assert length > len(whole) - 12 - 4 - 6  # IEND, and the sums and the padding of IDAT
        except ImageError as error:
            assert "b.png" in str(error)


def test_damaged_files_raise_nothing_but_image_errors(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", mnist_digit(0))
    whole, path, rng, refused = bytearray((tmp_path / "a.png").read_bytes()), tmp_path / "b.png", random.Random(0), 0
    for _ in range(150):
        damaged = whole.copy()
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            read_png(path)
        except ImageError:
            refused += 1
    assert refused > 125


BAD = [
    ("a.png", b"", "is not a PNG file (it is empty)"),
    ("a.png", b"no picture", "is not a PNG file; save it as PNG"),
    ("a.png", b"\xff\xd8\xff\xe0", "not a PNG file but JPEG"),
    ("a.png", png(60_000, 60_000), "claims 60,000 x 60,000 pixels, over the limit"),
    ("a.png", png(2**31 - 1, 2**31 - 1), "over the limit"),
    ("a.png", png(0, 5), "5 x 0 pixels; there is nothing in it"),
    ("a.png", png(500, 500), "truncated PNG"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD, ids=[said[:30] for _, _, said in BAD])
def test_bad_files_are_told_what_is_wrong(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=name) as caught:
        read_png(tmp_path / name)
    assert said in str(caught.value)


def test_without_pillow_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-lists\[plots\]'"):
        read_png(tmp_path / "a.png")


def test_a_folder_becomes_the_data_set_that_it_was(tmp_path: Path) -> None:
    for i in range(6):
        (tmp_path / str(TEST.label(i))).mkdir(exist_ok=True)
        write_png(tmp_path / str(TEST.label(i)) / f"{i}.png", mnist_digit(i))
    (tmp_path / "7" / "notes.txt").write_text("left alone")
    (tmp_path / "7" / "._0.png").write_text("left alone, too")
    data = load_folder(tmp_path)
    assert data.labels == [0, 1, 1, 2, 4, 7]
    for i, first in enumerate([3, 2, 5, 1, 4, 0]):
        assert data.image(i) == TEST.image(first)
    images, _ = next(iter(nn.data.DataLoader(data, 6)))
    assert nn.paper.network()(images).shape == (6, 10)


def test_bad_folders_are_told_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no PNG files"):
        load_folder(tmp_path)
    (tmp_path / "3").mkdir()
    write_png(tmp_path / "3" / "wide.png", GreyImage(bytes(60), 2, 30))
    with pytest.raises(ImageError, match=r"wide\.png has 2 x 30 pixels, expected 28 x 28"):
        load_folder(tmp_path)
    (tmp_path / "three").mkdir()
    with pytest.raises(ImageError, match="three does not stand for a label"):
        load_folder(tmp_path)


def inked(pixels: bytes, limit: int = 0) -> tuple[int, int, int, int]:
    """First row, first column, height, width of what is lighter than the limit."""
    rows = [i for i in range(28) if max(pixels[28 * i : 28 * i + 28]) > limit]
    columns = [j for j in range(28) if max(pixels[j::28]) > limit]
    return rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def mass(pixels: bytes) -> tuple[float, float]:
    total = sum(pixels)
    return (
        sum((i // 28 + 0.5) * level for i, level in enumerate(pixels)) / total,
        sum((i % 28 + 0.5) * level for i, level in enumerate(pixels)) / total,
    )


def sheet(rows: int, columns: int, box: tuple[int, int, int, int], ink: int = 0, paper: int = 255) -> GreyImage:
    """A filled rectangle: top, left, bottom, right."""
    pixels = bytearray([paper]) * (rows * columns)
    for row in range(box[0], box[2]):
        pixels[row * columns + box[1] : row * columns + box[3]] = bytes([ink]) * (box[3] - box[1])
    return GreyImage(bytes(pixels), rows, columns)


@pytest.mark.parametrize("ink", [0, 255])
def test_it_fits_a_box_of_20_and_keeps_its_aspect_ratio(ink: int) -> None:
    pixels = prepare_drawing(sheet(200, 100, (10, 5, 110, 35), ink, 255 - ink))
    assert inked(pixels)[2:] == (20, 6)
    pixels = prepare_drawing(sheet(100, 300, (60, 200, 72, 260), ink, 255 - ink))
    assert inked(pixels)[2:] == (4, 20)


def test_the_centre_of_mass_and_not_of_the_box_is_in_the_middle() -> None:
    """A stroke with a blob at its foot: the box's middle is far above its centre of mass."""
    stroke, blob = sheet(100, 100, (10, 48, 90, 52)), sheet(100, 100, (66, 38, 90, 62))
    pixels = prepare_drawing(GreyImage(bytes(map(min, stroke.pixels, blob.pixels)), 100, 100))
    down, across = mass(pixels)
    assert abs(down - 14.5) <= 0.5
    assert abs(across - 14.5) <= 0.5
    top, _, height, _ = inked(pixels)
    assert abs(top + height / 2 - 14.5) > 2


def test_mnists_own_images_stay_what_they_are() -> None:
    """Its makers' steps once more change little: the same box, the same place, almost the same pixels."""
    places, overlaps = [], []
    for i in range(20):
        digit = mnist_digit(i)
        again = prepare_drawing(digit)
        assert prepare_drawing(GreyImage(bytes(255 - level for level in digit.pixels), 28, 28)) == again
        assert max(inked(again)[2:]) == 20
        overlaps.append(overlap(digit.pixels, again))
        places.append([abs(a - b) for a, b in zip(inked(digit.pixels, 99), inked(again, 99), strict=True)])
    assert statistics.median(overlaps) > 0.75
    assert max(max(place) for place in places) <= 1
    assert looks_prepared(mnist_digit(0))


def test_shadow_noise_and_chalk_do_no_harm() -> None:
    """Drawn in ink, photographed under a lamp, or in chalk: nearly the same pixels for the network."""
    script = picture_tools.make()
    ink = prepare_drawing(script.drawing("3", 8, 0, 255))
    photograph = prepare_drawing(script.photograph(script.drawing("3", 8, 60, 190)))
    for other in (photograph, prepare_drawing(script.drawing("3", 8, 240, 40))):
        assert overlap(ink, other) > 0.8
        assert inked(other)[2:] == inked(ink)[2:]


def test_dust_is_wiped_off_and_a_second_stroke_stays() -> None:
    dusty = sheet(100, 100, (20, 30, 80, 38))
    pixels = bytearray(dusty.pixels)
    for row, column in ((2, 2), (95, 90), (50, 97)):
        pixels[row * 100 + column : row * 100 + column + 3] = bytes(3)
    assert prepare_drawing(GreyImage(bytes(pixels), 100, 100)) == prepare_drawing(dusty)
    two = GreyImage(bytes(map(min, dusty.pixels, sheet(100, 100, (20, 50, 28, 60)).pixels)), 100, 100)
    assert inked(prepare_drawing(two))[3] > inked(prepare_drawing(dusty))[3]


def test_a_hairline_is_thickened() -> None:
    script = picture_tools.make()
    ink, hairline = (prepare_drawing(script.drawing("3", pen, 0, 255)) for pen in (8, 1.5))
    assert overlap(ink, hairline) > 0.4
    assert max(hairline) == 255
    assert sum(hairline) > 0.5 * sum(ink)  # unthickened, it would have a fifth


def overlap(a: bytes, b: bytes) -> float:
    """Share of the ink of either that both have."""
    return sum(map(min, a, b)) / sum(map(max, a, b))


def test_an_empty_sheet_is_refused() -> None:
    rng = random.Random(0)
    noise = GreyImage(bytes(200 + rng.randint(-5, 5) for _ in range(10_000)), 100, 100)
    for blank in (GreyImage(b"\xff" * 2500, 50, 50), GreyImage(b"\0", 1, 1), noise):
        with pytest.raises(ImageError, match=r"mine\.png: nothing is drawn on it"):
            prepare_drawing(blank, "mine.png")


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (2, 2), (3, 500)])
def test_odd_sizes_work(size: tuple[int, int]) -> None:
    rows, columns = size
    pixels = bytearray(b"\xff" * (rows * columns))
    pixels[rows * columns // 2] = 0
    try:
        assert len(prepare_drawing(GreyImage(bytes(pixels), rows, columns))) == 784
    except ImageError as error:
        assert "nothing is drawn" in str(error)
