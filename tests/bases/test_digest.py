"""The digest sees every value and nothing but the values."""

from __future__ import annotations

import hashlib

import torch

from graftwork.bases import digest_tensors


def tensors() -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    return {
        "b.weight": torch.randn((3, 4), generator=source),
        "a.weight": torch.randn((5,), generator=source).to(torch.bfloat16),
        "count": torch.tensor(7),
        "none": torch.zeros((0, 3)),
    }


def test_number_by_hand() -> None:
    # Written out byte by byte from the format: name, type, shape, then little-endian values.
    expected = hashlib.sha256(b"n\0torch.int64\0(2,)\0" + b"\1" + bytes(7) + b"\2" + bytes(7)).hexdigest()
    assert digest_tensors({"n": torch.tensor([1, 2])}) == expected
    assert digest_tensors({}) == hashlib.sha256(b"").hexdigest()


def test_order_and_strides_do_not_matter() -> None:
    first = tensors()
    second = dict(reversed(list(first.items())))
    second["b.weight"] = first["b.weight"].t().contiguous().t()
    assert not second["b.weight"].is_contiguous()
    assert digest_tensors(first) == digest_tensors(second)


def test_one_flipped_bit_matters_in_each_type() -> None:
    before = digest_tensors(tensors())
    for name in ("a.weight", "b.weight", "count"):
        changed = tensors()
        flat = changed[name].reshape(-1).view(torch.uint8)
        flat[0] ^= 1
        assert digest_tensors(changed) != before, name


def test_name_type_and_shape_matter() -> None:
    value = torch.zeros(4)
    digests = {
        digest_tensors({"a": value}),
        digest_tensors({"b": value}),
        digest_tensors({"a": value.to(torch.int32)}),
        digest_tensors({"a": value.reshape(2, 2)}),
    }
    assert len(digests) == 4
