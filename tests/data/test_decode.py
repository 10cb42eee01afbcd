"""Every mode that files come in becomes the RGB picture that a person would see."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.data.decode import UndecodableImage, decode_image, make_thumbnail, to_rgb

Photo = Callable[..., Image.Image]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def rgb_of(data: bytes) -> np.ndarray:
    return np.asarray(to_rgb(decode_image(data)))


def test_rgb_png_keeps_every_pixel(photo: Photo) -> None:
    image = photo(1)
    assert np.array_equal(rgb_of(encoded(image)), np.asarray(image))


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (6, lambda a: np.rot90(a, -1)),
        (8, lambda a: np.rot90(a, 1)),
    ],
)
def test_exif_orientation_turns_the_image_upright(photo: Photo, orientation: int, turn: Any) -> None:
    image = photo(2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(rgb_of(encoded(image, exif=exif)), turn(np.asarray(image)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_malformed_exif_does_not_lose_the_image(photo: Photo) -> None:
    data = encoded(photo(2), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert rgb_of(data).shape == (48, 64, 3)


def test_palette_gives_its_colors() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    assert rgb_of(encoded(image)).tolist() == [[[10, 20, 30], [200, 100, 50]]]


def test_transparent_pixels_lie_over_white() -> None:
    pixels = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 51]]], np.uint8)
    # 51/255 = one fifth of black over white: 255 · 4/5 = 204
    assert rgb_of(encoded(Image.fromarray(pixels))).tolist() == [[[255] * 3, [255, 0, 0], [204] * 3]]


def test_transparent_palette_and_grey_lie_over_white() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putdata([0, 1])
    assert rgb_of(encoded(palette, transparency=0)).tolist() == [[[255] * 3, [200, 100, 50]]]
    grey = Image.fromarray(np.array([[[7, 255], [7, 0]]], np.uint8), mode=None)
    assert grey.mode == "LA"
    assert rgb_of(encoded(grey)).tolist() == [[[7] * 3, [255] * 3]]


def test_grey_is_the_same_in_all_channels() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(rgb_of(encoded(Image.fromarray(grey))), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    deep = np.array([[0, 1000, 20000, 65535]], np.uint16)
    # 65535 = 255 · 257, so the 8-bit values are 1000 / 257 = 3.9 and 20000 / 257 = 77.8
    assert rgb_of(encoded(Image.fromarray(deep), kind))[..., 0].tolist() == [[0, 4, 78, 255]]


def test_float_and_signed_images_are_scaled() -> None:
    shares = np.array([[0.0, 0.2, 1.0]], np.float32)
    assert rgb_of(encoded(Image.fromarray(shares), "TIFF"))[..., 0].tolist() == [[0, 51, 255]]
    signed = np.array([[-100, -20, 155]], np.int32)
    assert rgb_of(encoded(Image.fromarray(signed), "TIFF"))[..., 0].tolist() == [[0, 80, 255]]


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(np.array([[True, False]]))
    assert rgb_of(encoded(image))[..., 0].tolist() == [[255, 0]]


def test_cmyk_jpeg_gives_the_colors_of_its_inks() -> None:
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow make red
    assert rgb_of(encoded(inks, "JPEG", quality=95))[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_truncated_file_is_refused(photo: Photo, kind: str) -> None:
    data = encoded(photo(3), kind)
    with pytest.raises(UndecodableImage):
        decode_image(data[: len(data) // 2])
    with pytest.raises(UndecodableImage):
        decode_image(data[: len(data) // 2], short_side=8)


def test_reasons_are_told_in_words(photo: Photo) -> None:
    with pytest.raises(UndecodableImage, match="the file is empty"):
        decode_image(b"")
    with pytest.raises(UndecodableImage, match="not an image of a known format"):
        decode_image(b"hello, this is no image at all")
    with pytest.raises(UndecodableImage, match="the file is truncated"):
        decode_image(encoded(photo(3), "JPEG")[:-200])


def test_a_twelve_megapixel_jpeg_is_decoded_at_a_quarter() -> None:
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(small).resize((4000, 3000)), "JPEG")
    headers: list[tuple[int, int]] = []
    image = decode_image(data, short_side=256, on_header=headers.append)
    assert headers == [(4000, 3000)]
    assert image.size == (1000, 750)  # an eighth, 375, would be less than twice the 256 needed
    whole = decode_image(data).resize((64, 48), Image.Resampling.BOX)
    scaled = image.resize((64, 48), Image.Resampling.BOX)
    assert np.abs(np.asarray(whole, int) - np.asarray(scaled, int)).mean() < 1.0


def test_small_jpegs_and_other_formats_are_decoded_whole(photo: Photo) -> None:
    assert decode_image(encoded(photo(4, (1000, 900)), "JPEG"), short_side=256).size == (1000, 900)
    assert decode_image(encoded(photo(4, (1000, 900))), short_side=8).size == (1000, 900)


def test_scaled_decoding_keeps_the_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (1600, 800)), "JPEG", exif=exif)
    assert decode_image(data, short_side=50).size == (100, 200)


def test_thumbnail_is_grey_whatever_the_shape(photo: Photo) -> None:
    thumbnail = make_thumbnail(photo(5, (300, 20)))
    assert thumbnail.shape == (32, 32)
    assert thumbnail.dtype == np.uint8
    assert make_thumbnail(Image.new("RGB", (5, 7), (90, 90, 90))).tolist() == [[90] * 32] * 32
