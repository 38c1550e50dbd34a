from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byeori.core.errors import DataError
from byeori.modalities.images.decode import decode, strict
from byeori.modalities.images.lens import Lens

GREY = Lens(height=16, width=16, channels=1)
COLOUR = Lens(height=16, width=16, channels=3)


@pytest.fixture
def image(paint: Any) -> Image.Image:
    return Image.fromarray(paint(1, 16))


def _near(a: Any, b: Any, most: int = 2) -> bool:
    return int(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max()) <= most


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.JPG", "a.gif", "a.webp"])
def test_formats(tmp_path: Path, image: Image.Image, name: str) -> None:
    image.save(tmp_path / name)
    pixels = decode(tmp_path / name, COLOUR).pixels
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels.astype(int) - np.asarray(image)).mean() < 30


def test_a_wrong_suffix_does_not_matter(tmp_path: Path, image: Image.Image) -> None:
    image.save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert _near(decode(str(tmp_path / "a.jpg"), COLOUR).pixels, image, 0)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "YCbCr", "PA", "I;16", "I", "F"])
def test_modes(image: Image.Image, mode: str) -> None:
    if mode in ("I;16", "I", "F"):
        source = Image.fromarray(np.asarray(image.convert("L")).astype({"I;16": "<u2", "I": "<i4", "F": "<f4"}[mode]))
    elif mode == "PA":
        source = image.convert("P").convert("PA")
    elif mode == "LA":
        source = image.convert("L").convert("LA")
    else:
        source = image.convert(mode)
    picture = decode(source, GREY)
    wanted = image.convert("1").convert("L") if mode == "1" else image.convert("L")
    assert picture.pixels.shape == (16, 16, 1)
    assert np.abs(picture.pixels[..., 0].astype(int) - np.asarray(wanted)).mean() < (12 if "P" in mode else 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_transparent_pictures_are_laid_on_white(tmp_path: Path, mode: str) -> None:
    clear = Image.new(mode, (16, 16), 7 if mode in "PL" else 0)
    if mode == "P":
        clear.putpalette(bytes(range(9)) * 3)
    clear.putpixel((8, 8), {"RGBA": (0, 0, 0, 255), "LA": (0, 255), "P": 0, "L": 0}[mode])
    clear.save(tmp_path / "a.png", **({"transparency": 7} if mode in "PL" else {}))
    pixels = decode(tmp_path / "a.png", COLOUR).pixels
    assert pixels[0, 0].tolist() == [255] * 3
    assert pixels[8, 8].max() < 3


def test_sixteen_bits_are_scaled_by_the_range_of_the_lens() -> None:
    array = np.linspace(0, 4095, 256).reshape(16, 16).astype(np.uint16)
    lens = Lens(height=16, width=16, channels=1, high=4095)
    for item in (array, Image.fromarray(array)):
        picture = decode(item, lens)
        assert (picture.pixels.min(), picture.pixels.max(), picture.high) == (0, 255, 4095)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert decode(tmp_path / "a.gif", COLOUR).pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_exif_turns_the_picture(tmp_path: Path, name: str) -> None:
    lying = Image.new("L", (32, 16))
    lying.paste(255, (16, 0, 32, 16))  # white to the right
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise: white comes to lie below
    lying.save(tmp_path / name, exif=exif)
    picture = decode(tmp_path / name, GREY)
    assert picture.size == (16, 32)
    assert picture.pixels[2].mean() < 10
    assert picture.pixels[13].mean() > 245


def test_padding_keeps_the_aspect(paint: Any) -> None:
    wide = Image.fromarray(paint(1, 64)).resize((64, 16))
    pixels = decode(wide, Lens(height=16, width=16, channels=3, pad=True)).pixels
    assert (pixels[:6] == 128).all()
    assert (pixels[10:] == 128).all()
    assert not (pixels[6:10] == 128).all()


def test_colour_is_noticed_where_grey_is_wanted(image: Image.Image) -> None:
    assert decode(image, GREY).coloured
    assert not decode(image.convert("L").convert("RGB"), GREY).coloured


def test_large_pictures_are_shrunk_without_aliases() -> None:
    stripes = np.zeros((640, 640), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(decode(Image.fromarray(stripes), GREY).pixels.astype(int) - 127).max() <= 2


def test_the_picture_of_the_caller_is_left_alone(tmp_path: Path, image: Image.Image) -> None:
    image.resize((256, 256)).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as opened:
        decode(opened, GREY)
        assert opened.size == (256, 256)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.gif", "a.bmp"])
def test_cut_off_files_are_refused(tmp_path: Path, paint: Any, name: str) -> None:
    Image.fromarray(paint(1, 128)).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with strict(), pytest.raises(DataError, match=r"is cut off|is damaged|is no image"):
        decode(tmp_path / name, GREY)


def test_what_is_no_image_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    for name, why in (
        ("empty.png", r"is empty \(0 bytes\)"),
        ("text.png", "is no image"),
        ("none.png", "is not there"),
    ):
        with pytest.raises(DataError, match=why):
            decode(tmp_path / name, GREY)
    with pytest.raises(DataError, match="is damaged"):
        decode(tmp_path / "folder.png", GREY)
    with pytest.raises(DataError, match="not finite"):
        decode(np.full((4, 4), np.nan), GREY)


@pytest.mark.parametrize("side", [8_000, 10_000, 20_000])
def test_bombs_are_refused(tmp_path: Path, side: int) -> None:
    header = b"IHDR" + side.to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    chunk = b"\x00\x00\x00\x0d" + header + zlib.crc32(header).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\x00\x00\x00\x00IDAT" + b"\x35\xaf\x06\x1e")
    with strict(), pytest.raises(DataError, match="megapixels"):
        decode(tmp_path / "bomb.png", GREY)
