"""The rule that fills a network with weights by the names of its tensors alone, so that no weight file is needed.

A tensor's name is salt + component + "." + key. The first 8 bytes of the name's SHA-256, big-endian and modulo 2^63,
seed NumPy's PCG64, whose raw 64-bit outputs become uniform numbers of mean 0 and variance 1; the scale depends on the
key and the shape. Fixtures state checksums, so a difference in this rule is found before any network runs.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

POSITION_TABLE_SUFFIX = ".pe"


def fill_tensor(key: str, shape: Sequence[int], *, component: str, salt: str) -> Array:
    """One tensor, float32 (indices: int64), computed in float64 and rounded once."""
    shape = tuple(shape)
    if key.endswith(POSITION_TABLE_SUFFIX):
        return position_table(shape)
    if key.endswith("position_ids"):
        return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
    values = _unit_uniform(f"{salt}{component}.{key}", math.prod(shape))
    if len(shape) >= 2:
        values /= math.sqrt(math.prod(shape[1:]))
    elif key.endswith(".weight"):  # the scale of a norm
        values *= 0.1
        values += 1
    else:
        values *= 0.02
    return values.astype(np.float32).reshape(shape)


def position_table(shape: Sequence[int]) -> Array:
    """Sines at even and cosines at odd channels, (1, positions, channels)."""
    _, length, channels = shape
    frequencies = np.exp(np.arange(0, channels, 2) * (-math.log(10_000.0) / channels))
    angles = np.arange(length)[:, None] * frequencies
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(1, length, channels).astype(np.float32)


def checksum(tensors: Mapping[str, Array]) -> str:
    """SHA-256 over key, NUL and little-endian bytes of each tensor, keys in order, without position tables."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        if not key.endswith(POSITION_TABLE_SUFFIX):
            tensor = tensors[key]
            digest.update(key.encode() + b"\0")
            digest.update(np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def _unit_uniform(name: str, count: int) -> npt.NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % 2**63
    raw = np.asarray(np.random.PCG64(seed).random_raw(count), dtype=np.uint64)
    values = (raw >> np.uint64(11)).astype(np.float64)
    values *= 2.0**-53
    values *= 2
    values -= 1
    values *= math.sqrt(3)
    return values
